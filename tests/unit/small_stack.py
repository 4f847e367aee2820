"""The stack that __main__.py declares, with a small release."""

import runpy
from contextlib import nullcontext
from functools import cache
from typing import Any
from unittest import mock

import pulumi
import pulumi_kubernetes as k8s

from components.platform import platform
from components.platform.cert_manager_release import CertManagerRelease
from components.platform.release import Release
from config import Stack
from diagnostics.render import Located, render
from plans.recording import Recording
from preview import preview as preview_block
from tests.unit import program, release
from tests.unit.recording import record
from tests.unit.stacks import resolved

TIMEOUT_S = 60
NAMESPACE = "synergychat"
CONTEXT = "a-context"


def stack(**keys: Any) -> Stack:
    """A stack with these keys in its config."""
    return resolved({"context": CONTEXT, "timeoutSeconds": str(TIMEOUT_S), **keys})


def on_cluster() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[k8s.Provider("cluster", context=CONTEXT)])


@cache
def _release() -> Release:
    return release.release(*release.with_every_kind())


def declare(stack: Stack, cert_manager: CertManagerRelease | None = None, *, validated: bool = False) -> None:
    """Run __main__.py. Objects are not validated unless `validated` is set."""
    with (
        mock.patch("config.load", lambda: stack),
        nullcontext() if validated else mock.patch("preview.Preview", lambda **_: nullcontext(mock.Mock())),
        mock.patch("kube.provider.connect", lambda *_: on_cluster()),
        mock.patch.object(platform, "load_envoy_gateway", lambda *_, **__: _release()),
        mock.patch.object(platform, "load_cert_manager", lambda _: cert_manager),
    ):
        runpy.run_path(str(program.ROOT / "__main__.py"))


def build(*, preview: bool = False, cert_manager: CertManagerRelease | None = None, **keys: Any) -> Recording:
    """All resources of a stack with these keys in its config."""
    wanted = stack(**keys)
    return record(lambda: declare(wanted, cert_manager), preview=preview)


def problems(**keys: Any) -> list[Located]:
    """The problems that a preview finds in the objects of a stack with these keys in its config."""
    wanted = stack(**keys)
    with mock.patch.object(preview_block, "render", wraps=render) as rendered:
        record(lambda: declare(wanted, validated=True), preview=True)
    return list(rendered.call_args.args[0]) if rendered.called else []
