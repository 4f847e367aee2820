"""The xDS resources of a Gateway, changed so that an Envoy on this machine can use them.

What decides the answer to a request stays. Listeners get a free port of 127.0.0.1, endpoints become stubs, and what
needs another server is left out: Envoy must reach nothing but itself. For the resources see
https://www.envoyproxy.io/docs/envoy/latest/api-v3/api.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Resources = Mapping[str, Sequence[Mapping[str, Any]]]

_READY = "envoy-gateway-proxy-ready"
"""Start of the name of a listener that only kubelet uses."""
_CONNECTION_MANAGER = "http_connection_manager.v3.HttpConnectionManager"
_TCP_PROXY = "tcp_proxy.v3.TcpProxy"
_PROXY_PROTOCOL = "envoy.filters.listener.proxy_protocol"
_HTTP_2 = "http2ProtocolOptions"
_NEED_OTHERS = {
    "dynamic_forward_proxy": "",  # it resolves the host; its cluster has a stub
    "dynamic_modules": "a dynamic module",
    "ext_authz": "an external authorization server",
    "ext_proc": "an external processor",
    "geoip": "a GeoIP database",
    "ratelimit": "the server of global rate limits",
    "wasm": "a Wasm module",
}
"""HTTP filters that need a server or a file, and what that is."""
_OF_UPSTREAM = (
    "healthChecks",
    "transportSocket",
    "transportSocketMatches",
    "upstreamBindConfig",
    "upstreamConnectionOptions",
)
"""Fields of a cluster that a stub cannot serve, or that decide nothing about a single request."""
_OF_DISCOVERY = ("clusterType", "dnsResolvers", "edsClusterConfig", "typedDnsResolverConfig")


@dataclass(kw_only=True)
class Loopback:
    """A configuration of Envoy in a directory, and what it stands for."""

    directory: Path
    ports: dict[str, int] = field(default_factory=dict[str, int])
    """The port of each TCP listener in the pods of the Gateway, by name."""
    expect_proxy_protocol: set[str] = field(default_factory=set[str])
    """Listeners whose connections begin with a PROXY header."""
    backends: list[str] = field(default_factory=list[str])
    """What each stub stands for; its place is the number in the stub's socket."""
    left_out: set[str] = field(default_factory=set[str])

    @property
    def bootstrap(self) -> Path:
        return self.directory / "bootstrap.json"

    @property
    def admin(self) -> Path:
        return self.directory / "admin"

    @property
    def log(self) -> Path:
        return self.directory / "requests.log"

    def write(self, resources: Resources) -> None:
        """Write the file that Envoy reads. Everything in it is static, so that Envoy ends if it refuses a part."""
        tables = {each["name"]: each for each in resources.get("routes", ())}
        endpoints = {each["clusterName"]: each for each in resources.get("endpoints", ())}
        listeners = [self._listener(each) for each in resources.get("listeners", ()) if _is_asked(each)]
        clusters = [self._cluster(each, endpoints) for each in resources.get("clusters", ())]
        secrets = list({each["name"]: each for each in resources.get("secrets", ())}.values())
        static = self._changed({"listeners": listeners, "clusters": clusters, "secrets": secrets}, tables)
        static["listeners"] += [self._stub(number) for number in range(len(self.backends))]
        self.bootstrap.write_text(json.dumps(self._bootstrap(static)))

    def _bootstrap(self, static: Mapping[str, Any]) -> dict[str, Any]:
        # The runtime is that of Envoy Gateway's own bootstrap.
        runtime = {"re2.max_program_size.error_level": 4294967295, "re2.max_program_size.warn_level": 1000}
        return {
            "node": {"id": "ask", "cluster": "ask"},
            "admin": {"address": {"pipe": {"path": str(self.admin)}}},
            "layeredRuntime": {"layers": [{"name": "global", "staticLayer": runtime}]},
            "staticResources": static,
        }

    def _changed(self, value: Any, tables: Mapping[str, Any]) -> Any:
        """The value with the tables of routes in their places, and without filters that need others."""
        if isinstance(value, list):
            return [self._changed(each, tables) for each in value]
        if not isinstance(value, dict):
            return value
        changed = dict(value)
        changed.pop("sdsConfig", None)  # without it, a secret is found by its name
        if str(value.get("@type", "")).endswith(_CONNECTION_MANAGER):
            changed = self._connection_manager(changed, tables)
        elif str(value.get("@type", "")).endswith(_TCP_PROXY):
            changed["accessLog"] = [self._access_log()]
        if "typedPerFilterConfig" in value:
            filters = value["typedPerFilterConfig"].items()
            changed["typedPerFilterConfig"] = {key: each for key, each in filters if _need(key) is None}
        return {key: self._changed(each, tables) for key, each in changed.items()}

    def _connection_manager(self, manager: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
        needs = {each["name"]: _need(each["name"]) for each in manager.get("httpFilters", ())}
        self.left_out |= {need for need in needs.values() if need}
        filters = [each for each in manager.get("httpFilters", ()) if needs[each["name"]] is None]
        kept = {key: each for key, each in manager.items() if key not in ("rds", "tracing")}
        if "rds" in manager:
            kept["routeConfig"] = tables[manager["rds"]["routeConfigName"]]
        return {**kept, "httpFilters": filters, "accessLog": [self._access_log()]}

    def _access_log(self) -> dict[str, Any]:
        """A line for each request. The client's address joins it to the connection."""
        operators = {
            "client": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
            "route": "%ROUTE_NAME%",
            "details": "%RESPONSE_CODE_DETAILS%",
            "cluster": "%UPSTREAM_CLUSTER%",
            "upstream": "%UPSTREAM_HOST%",
        }
        return {
            "name": "envoy.access_loggers.file",
            "typedConfig": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": str(self.log),
                "logFormat": {"jsonFormat": operators},
            },
        }

    def _listener(self, listener: Mapping[str, Any]) -> dict[str, Any]:
        name = listener["name"]
        self.ports[name] = listener["address"]["socketAddress"]["portValue"]
        if any(each["name"] == _PROXY_PROTOCOL for each in listener.get("listenerFilters", ())):
            self.expect_proxy_protocol.add(name)
        address = {"socketAddress": {"address": "127.0.0.1", "portValue": 0}}
        kept = {key: each for key, each in listener.items() if key not in ("accessLog", "additionalAddresses")}
        return {**kept, "address": address}

    def _cluster(self, cluster: Mapping[str, Any], endpoints: Mapping[str, Any]) -> dict[str, Any]:
        name = cluster.get("edsClusterConfig", {}).get("serviceName") or cluster["name"]
        unknown = {"clusterName": name, "endpoints": [{"lbEndpoints": [{}]}]}
        given = endpoints.get(name) or cluster.get("loadAssignment") or unknown
        changed = {key: each for key, each in cluster.items() if key not in (*_OF_UPSTREAM, *_OF_DISCOVERY)}
        changed |= {"type": "STATIC", "loadAssignment": self._endpoints(given)}
        options = changed.get("typedExtensionProtocolOptions", {})
        changed["typedExtensionProtocolOptions"] = {name: _without_alpn(each) for name, each in options.items()}
        return changed

    def _endpoints(self, assignment: Mapping[str, Any]) -> dict[str, Any]:
        """The endpoints of a cluster, each at the stub of its backend."""
        localities = [
            {
                **locality,
                "lbEndpoints": [
                    {**each, "endpoint": self._endpoint(assignment, locality, each)}
                    for each in locality.get("lbEndpoints", ())
                ],
            }
            for locality in assignment.get("endpoints", ())
        ]
        return {**assignment, "endpoints": localities}

    def _endpoint(
        self, assignment: Mapping[str, Any], locality: Mapping[str, Any], endpoint: Mapping[str, Any]
    ) -> dict[str, Any]:
        backend = _backend(locality) or _address_text(endpoint) or str(assignment["clusterName"])
        if backend not in self.backends:
            self.backends.append(backend)
        given = endpoint.get("endpoint", {})
        # A filter may put the backend's name into the header Host.
        address = given.get("address", {}).get("socketAddress", {}).get("address", "")
        name = given.get("hostname") or ("" if _is_ip_address(address) else address)
        return {"hostname": name, "address": {"pipe": {"path": str(self._socket(self.backends.index(backend)))}}}

    def _socket(self, number: int) -> Path:
        return self.directory / f"backend-{number}"

    def backend_of(self, socket: str) -> str:
        """What the stub with this socket stands for; empty if it is none."""
        number = socket.rpartition("backend-")[2]
        return self.backends[int(number)] if number.isdecimal() else ""

    def _stub(self, number: int) -> dict[str, Any]:
        """A backend that logs what it gets, and answers 200. It takes HTTP/1.1 and HTTP/2."""
        code = _STUB % number
        lua = {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "defaultSourceCode": {"inlineString": code},
        }
        router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
        manager = {
            "@type": f"type.googleapis.com/envoy.extensions.filters.network.{_CONNECTION_MANAGER}",
            "statPrefix": f"backend-{number}",
            "generateRequestId": False,
            "skipXffAppend": True,
            "upgradeConfigs": [{"upgradeType": "websocket"}],
            "serverHeaderTransformation": "PASS_THROUGH",
            "httpFilters": [
                {"name": "envoy.filters.http.lua", "typedConfig": lua},
                {"name": "envoy.filters.http.router", "typedConfig": router},
            ],
            "routeConfig": {
                "virtualHosts": [
                    {
                        "name": "all",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "directResponse": {"status": 200}}],
                    }
                ]
            },
        }
        filters = [{"name": "envoy.filters.network.http_connection_manager", "typedConfig": manager}]
        address = {"pipe": {"path": str(self._socket(number))}}
        return {"name": f"backend-{number}", "address": address, "filterChains": [{"filters": filters}]}


_STUB = """
function envoy_on_request(handle)
  local lines = {}
  for name, value in pairs(handle:headers()) do table.insert(lines, name .. ": " .. value) end
  handle:logWarn("RECEIVED %d " .. handle:base64Escape(table.concat(lines, "\\n")))
  handle:respond({[":status"] = "200"}, "")
end
"""


def _is_asked(listener: Mapping[str, Any]) -> bool:
    """Whether clients use the listener, and over TCP."""
    address = listener["address"]["socketAddress"]
    return not listener["name"].startswith(_READY) and address.get("protocol", "TCP") == "TCP"


def _need(name: str) -> str | None:
    """What an HTTP filter needs of others; None if nothing."""
    return _NEED_OTHERS.get(name.partition("/")[0].removeprefix("envoy.filters.http."))


def _without_alpn(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Options that do not choose the protocol in the TLS handshake, which a stub does not have."""
    automatic = options.get("autoConfig")
    if automatic is None:
        return options
    chosen = {_HTTP_2: automatic[_HTTP_2]} if _HTTP_2 in automatic else {"httpProtocolOptions": {}}
    return {key: each for key, each in options.items() if key != "autoConfig"} | {"explicitHttpConfig": chosen}


def _backend(locality: Mapping[str, Any]) -> str:
    """The object that the endpoints of a locality belong to, from Envoy Gateway's metadata."""
    found = locality.get("metadata", {}).get("filterMetadata", {}).get("envoy-gateway", {}).get("resources", ())
    for each in found:
        port = f", port {each['sectionName']}" if each.get("sectionName") else ""
        return f"{each['kind']} {each['namespace']}/{each['name']}{port}"
    return ""


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _address_text(endpoint: Mapping[str, Any]) -> str:
    address = endpoint.get("endpoint", {}).get("address", {}).get("socketAddress", {})
    return f"{address['address']}:{address['portValue']}" if "portValue" in address else ""
