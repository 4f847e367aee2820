"""What a SecurityPolicy needs to judge clients by where they are: a database, and a way to tell their address.

https://gateway.envoyproxy.io/docs/api/extension_types/#geoip
"""

from collections.abc import Iterator

from diagnostics.problem import Mistake, Path
from gatewayapi.attachment import attachments
from gatewayapi.fleets import proxies
from gatewayapi.listeners import gateway_of
from gatewayapi.objects import ENVOY_GATEWAY, GATEWAY_API, ROUTES, Stack, Wire, namespace_of, shown
from gatewayapi.references import reference
from kube.read import NotKnown, items, judged, read

_DATABASES = {
    "country": ("countryDbSource", "cityDbSource"),
    "region": ("cityDbSource",),
    "city": ("cityDbSource",),
    "asn": ("asnDbSource",),
    "isp": ("ispDbSource",),
    "anonymous": ("anonymousIpDbSource",),
}


@judged
def mistakes(stack: Stack, policy: Wire) -> Iterator[Mistake]:
    asked = [
        place
        for rule, _ in items(policy, "spec", "authorization", "rules")
        for place, _ in items(policy, *rule, "principal", "clientIPGeoLocations")
    ]
    for gateway in _gateways(stack, policy) if asked else []:
        found = [*_of_databases(stack, policy, asked, gateway), *_of_addresses(stack, asked, gateway)]
        if found:
            yield from found
            return


@judged
def _of_databases(stack: Stack, policy: Wire, asked: list[Path], gateway: Wire) -> Iterator[Mistake]:
    known = [read(proxy, "spec", "geoIP", "provider", "maxMind", default={}) for proxy in proxies(stack, gateway)]
    for place in asked:
        for field, databases in _DATABASES.items():
            if read(policy, *place, field) is None or any(each in one for one in known for each in databases):
                continue
            yield Mistake(
                path=(*place, field),
                rule=f"the EnvoyProxy of {shown(gateway)} has no {' or '.join(databases)} to tell it by",
                cure="add it to geoIP.provider.maxMind of the EnvoyProxy, `gateway.proxy` in stack config",
            )


@judged
def _of_addresses(stack: Stack, asked: list[Path], gateway: Wire) -> Iterator[Mistake]:
    home = namespace_of(gateway)
    if not stack.declares(home):
        raise NotKnown
    of_clients = [each for each in stack.of(ENVOY_GATEWAY, "ClientTrafficPolicy") if namespace_of(each) == home]
    if not any(read(each, "spec", "clientIPDetection") for each in of_clients):
        yield Mistake(
            path=asked[0],
            rule=f"no ClientTrafficPolicy of {shown(gateway)} says how a client's address is told",
            cure="give it one with clientIPDetection, such as directSourceIP: {}",
        )


def _gateways(stack: Stack, policy: Wire) -> list[Wire]:
    """Those whose traffic the policy's targets are in, each once."""
    found: dict[int, Wire] = {}
    for path, value in items(policy, "spec", "targetRefs"):
        ref = reference(policy, path, value, GATEWAY_API, "Gateway")
        target = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
        if target is None:
            continue
        owners = [each.listener.owner for each in attachments(stack, target)] if ref.kind in ROUTES else [target]
        found |= {id(gateway): gateway for owner in owners if (gateway := gateway_of(stack, owner)) is not None}
    return list(found.values())
