"""The rules of a stack on a platform that is not its own."""

from config.envoy_gateway import EnvoyGatewayConfig
from config.raw import Broken, Given, group

_OF_A_RELEASE = {"version", "manifest", "sha256", "namespace"}
"""What says which release is there, and where. All else is for who installs it."""


def rules(given: Given) -> Broken:
    if given.get("platform") != "external":
        return
    defaults = EnvoyGatewayConfig().model_dump(mode="json", by_alias=True)
    for key, value in group(given.get("envoyGateway")).items():
        # Pulumi.yaml says the defaults.
        if key not in _OF_A_RELEASE and value != defaults.get(key, value):
            yield ("envoyGateway", key), "goes only with platform managed: it is for the stack that has the controller"
    if group(given.get("certManager")).get("install") is True:
        yield ("certManager", "install"), "goes only with platform managed: the platform's cert-manager is others' too"
    infrastructure = group(group(given.get("gateway")).get("spec")).get("infrastructure")
    if "parametersRef" in group(infrastructure):
        place = ("gateway", "spec", "infrastructure", "parametersRef")
        yield place, "is, with platform external, what gateway.proxy and the keys beside it say"
