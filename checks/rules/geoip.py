"""Client locations in SecurityPolicies: they need a database, and a way to detect the client's address.

https://gateway.envoyproxy.io/docs/api/extension_types/#geoip
"""

from collections.abc import Iterator

from diagnostics import Path, Problem, problem
from gatewayapi.fleets import envoy_proxies
from gatewayapi.kinds import ENVOY_GATEWAY, ROUTES
from gatewayapi.listeners import gateway_of
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, namespace_of
from kube.read import NotKnown, items, read, skip_unknown

_DATABASES = {
    "country": ("countryDbSource", "cityDbSource"),
    "region": ("cityDbSource",),
    "city": ("cityDbSource",),
    "asn": ("asnDbSource",),
    "isp": ("ispDbSource",),
    "anonymous": ("anonymousIpDbSource",),
}
"""Databases of which one is enough, by the field of `clientIPGeoLocations`."""


@skip_unknown
def unknown_locations(topology: Topology, policy: Manifest) -> Iterator[Problem]:
    """Locations that Envoy cannot look up on a Gateway that the policy applies to."""
    locations = [
        place
        for rule, _ in items(policy, "spec", "authorization", "rules")
        for place, _ in items(policy, *rule, "principal", "clientIPGeoLocations")
    ]
    for gateway in _gateways(topology, policy) if locations else []:
        found = [
            *_without_database(topology, policy, locations, gateway),
            *_without_address(topology, locations, gateway),
        ]
        if found:
            yield from found
            return


@skip_unknown
def _without_database(
    topology: Topology, policy: Manifest, locations: list[Path], gateway: Manifest
) -> Iterator[Problem]:
    proxies = envoy_proxies(topology.objects, gateway)
    known = [read(proxy, "spec", "geoIP", "provider", "maxMind", default={}) for proxy in proxies]
    for place in locations:
        for field, databases in _DATABASES.items():
            if read(policy, *place, field) is None or any(name in one for one in known for name in databases):
                continue
            yield problem(
                "geoip-database-missing",
                (*place, field),
                gateway=ObjectName.of(gateway),
                databases=" or ".join(databases),
            )


@skip_unknown
def _without_address(topology: Topology, locations: list[Path], gateway: Manifest) -> Iterator[Problem]:
    home = namespace_of(gateway)
    if not topology.objects.declares(home):
        raise NotKnown
    policies = topology.objects.of_kind(ENVOY_GATEWAY, "ClientTrafficPolicy")
    if not any(read(policy, "spec", "clientIPDetection") for policy in policies if namespace_of(policy) == home):
        yield problem("geoip-client-address-missing", locations[0], gateway=ObjectName.of(gateway))


def _gateways(topology: Topology, policy: Manifest) -> list[Manifest]:
    """Gateways whose traffic the policy's targets handle, each once."""
    found: dict[int, Manifest] = {}
    for target in topology.targets(policy):
        manifest = topology.objects.find(target.to.object)
        if manifest is None:
            continue
        if target.to.object.kind in ROUTES:
            gateways = [listener.gateway for listener, _ in topology.attached(manifest)]
        else:
            gateways = [gateway for gateway in [gateway_of(topology.objects, manifest)] if gateway is not None]
        found |= {id(gateway): gateway for gateway in gateways}
    return list(found.values())
