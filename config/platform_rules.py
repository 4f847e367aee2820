"""Rules of a stack on an external platform."""

from collections.abc import Iterator

from config.stack import StackConfig
from diagnostics import Problem, problem
from kube.read import read

_KEYS_OF_ANY_STACK = ("version", "manifest", "sha256", "namespace")
"""Keys of `envoyGateway` that describe the installed release. All others are for the stack that installs it."""


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Keys that only the stack which manages the platform can set."""
    if stack.platform != "external":
        return
    release = stack.envoy_gateway
    for name, field in type(release).model_fields.items():
        key = field.alias or name
        if key not in _KEYS_OF_ANY_STACK and getattr(release, name) != field.default:
            yield problem("platform-managed-only", release.at(key))
    if stack.cert_manager.install:
        yield problem("platform-managed-only", stack.cert_manager.at("install"), True)
    path = ("infrastructure", "parametersRef")
    if read(stack.gateway.spec, *path) is not None:
        yield problem("field-has-own-key", stack.gateway.at("spec", *path), key="gateway.proxy")
