"""The rules between the keys of a Gateway."""

from collections.abc import Iterator
from itertools import chain

from config.certificates import CertificateConfig
from config.raw import Broken, Given, Place, group, items

_SOURCES = [str(field.alias) for field in CertificateConfig.model_fields.values()]
"""Keys that say where a certificate comes from."""


def rules(given: Given) -> Broken:
    """Of every Gateway of a stack."""
    yield from _of_one(("gateway",), group(given.get("gateway")))
    for name, gateway in group(given.get("gateways")).items():
        yield from _of_one(("gateways", name), group(gateway))


def _of_one(place: Place, gateway: Given) -> Broken:
    for path, rule in chain.from_iterable(
        rules(gateway) for rules in (_exposure, _listeners, _spec, _https, _redirect, _proxy)
    ):
        yield (*place, *path), rule


def _exposure(gateway: Given) -> Broken:
    led: dict[object, object] = {}
    for place, wanted, port, node_port in _doors(gateway):
        if gateway.get("exposure") != "NodePort" and node_port is not None:
            yield place, "goes only with exposure NodePort"
        if gateway.get("exposure") == "NodePort" and node_port is None and wanted:
            yield place, "is required with exposure NodePort: a whole number from 30000 to 32767"
        if node_port is not None and led.setdefault(node_port, port) != port:
            yield place, f"leads to port {led[node_port]} already"


def _doors(gateway: Given) -> Iterator[tuple[Place, bool, object, object]]:
    """Of each port: the place of its `nodePort`, whether URLs need one, the port and its `nodePort`."""
    yield ("nodePort",), True, gateway.get("port", 80), gateway.get("nodePort")
    if https := group(gateway.get("https")):
        yield ("https", "nodePort"), True, https.get("port", 443), https.get("nodePort")
    for index, each in enumerate(map(group, items(gateway.get("listeners")))):
        place = ("listeners", str(index), "nodePort")
        yield place, each.get("protocol") == "HTTPS", each.get("port"), each.get("nodePort")


def _listeners(gateway: Given) -> Broken:
    for index, each in enumerate(map(group, items(gateway.get("listeners")))):
        place = ("listeners", str(index))
        yield from _certificate(place, each)
        if "issuer" in each and "hostname" not in each:
            yield (*place, "issuer"), "needs a hostname beside it, which the certificate is ordered for"
        for key in _sources(each) if each.get("protocol") not in ("HTTPS", "TLS") else ():
            yield (*place, key), "goes only with protocol HTTPS or TLS"


def _spec(gateway: Given) -> Broken:
    for key, said_by in {"listeners": "listeners", "gatewayClassName": "className"}.items():
        if key in group(gateway.get("spec")):
            yield ("spec", key), f"is what {said_by} says"


def _https(gateway: Given) -> Broken:
    if "https" not in gateway:
        return
    https = group(gateway["https"])
    hosts = group(https.get("hosts"))
    yield from _certificate(("https",), https)
    if not (_sources(https) or hosts):
        yield ("https",), f"needs one of {', '.join(_SOURCES)}, or hosts"
    for hostname, certificate in hosts.items():
        place = ("https", "hosts", hostname)
        yield from _certificate(place, group(certificate))
        if not _sources(group(certificate)):
            yield place, f"needs one of {', '.join(_SOURCES)}"


def _certificate(place: Place, given: Given) -> Broken:
    first, *others = _sources(given) or [""]
    for key in others:
        yield (*place, key), f"does not go together with {first}"


def _sources(given: Given) -> list[str]:
    return [key for key in _SOURCES if given.get(key) not in (None, False)]


def _redirect(gateway: Given) -> Broken:
    if gateway.get("redirectToHttps") is not True:
        return
    listeners = map(group, items(gateway.get("listeners")))
    secure = {str(each.get("port")) for each in listeners if each.get("protocol") == "HTTPS"}
    secure |= {str(group(gateway["https"]).get("port", 443))} if "https" in gateway else set()
    if not secure:
        yield ("redirectToHttps",), "needs https, or a listener with protocol HTTPS"
    if len(secure) > 1:
        yield ("redirectToHttps",), f"needs HTTPS on one port alone, not on {' and '.join(sorted(secure))}"


def _proxy(gateway: Given) -> Broken:
    """Envoy Gateway takes both, and the number of replicas counts for nothing."""
    kubernetes = gateway.get("proxy")
    for key in ("provider", "kubernetes"):
        kubernetes = group(kubernetes).get(key)
    place = ("proxy", "provider", "kubernetes", "envoyDeployment", "replicas")
    if "envoyHpa" in group(kubernetes) and "replicas" in group(group(kubernetes).get("envoyDeployment")):
        yield place, "does not go together with envoyHpa, which sets the number: keep one of the two"
