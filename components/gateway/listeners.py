"""Listeners of a Gateway: which of them serve a route, with which certificates, and their manifests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.gateway import manifests
from config import ListenerConfig, ServingConfig
from diagnostics.source import Source, derived, with_sources
from gatewayapi import hostnames
from gatewayapi.kinds import route_kinds
from kube.manifest import Manifest
from kube.merge import merge


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """All listeners of a Gateway, in the order of `GatewaySettings.listeners`."""

    gateway_name: str
    all: Sequence[ListenerConfig]
    keys: ServingConfig

    def default_for(self, kind: str, hosts: Sequence[str]) -> list[str]:
        """Names of the listeners that a route of `kind` attaches to when it names none.

        These are all that can serve the kind and one of its host names, except those that only redirect and those that
        select namespaces. Where none serves the host names: all that can serve the kind, and the checks say why.
        """
        redirects = self.keys.redirect_to_https
        candidates = [
            listener
            for listener in self.all
            if not (redirects and listener.protocol == "HTTP") and not listener.selects_namespaces
        ]
        able = [listener for listener in candidates if kind in route_kinds(listener.protocol, listener.tls_mode)]
        return [listener.name for listener in able if self._hosts(listener, hosts)] or [
            listener.name for listener in able
        ]

    def certified_hosts(self, listener: ListenerConfig, hosts: Sequence[str]) -> list[str]:
        """Host names for a certificate that only this listener has.

        Envoy Gateway turns off HTTP/2 on listeners of one port whose certificates share a host name.
        """
        return sorted(self._hosts(listener, hosts)) or [listener.hostname or "*"]

    def secret_name(self, listener: ListenerConfig) -> str:
        """Name of the listener's TLS Secret, or its prefix when the config names none."""
        return f"{self.gateway_name}-{listener.name}"

    def manifests(self, secrets: Mapping[str, str]) -> list[Manifest]:
        """The listeners in the form of a Gateway's spec; `secrets` are names of TLS Secrets by listener."""
        return [self._manifest(index, listener, secrets) for index, listener in enumerate(self.all)]

    @property
    def issued(self) -> list[ListenerConfig]:
        """Listeners whose certificates cert-manager issues."""
        return [listener for listener in self.all if listener.issuer is not None]

    @property
    def known_secrets(self) -> dict[str, str]:
        """TLS Secrets by listener, as far as their names are known beforehand."""
        given = {listener.name: listener.secret for listener in self.all if listener.secret is not None}
        return given | {listener.name: self.secret_name(listener) for listener in self.issued}

    @property
    def node_ports(self) -> list[Manifest]:
        """One entry of a Service's `ports` for each listener port with a `nodePort`."""
        return list(
            {
                listener.port: manifests.node_port(
                    port=listener.port, protocol=listener.protocol, node_port=listener.node_port
                )
                for listener in self.all
                if listener.node_port is not None
            }.values()
        )

    @property
    def plain(self) -> list[str]:
        """Names of the HTTP listeners."""
        return [listener.name for listener in self.all if listener.protocol == "HTTP"]

    @property
    def https_port(self) -> int:
        """The port at which clients find HTTPS."""
        return next((listener.public_port for listener in self.all if listener.protocol == "HTTPS"), 443)

    def _manifest(self, index: int, listener: ListenerConfig, secrets: Mapping[str, str]) -> Manifest:
        base: Manifest = {"name": listener.name, "protocol": listener.protocol, "port": listener.port}
        if "allowedRoutes" not in listener.fields:
            base["allowedRoutes"] = {"namespaces": {"from": "Same"}}
        if listener.name in secrets:
            refs = [{"name": secrets[listener.name]}]
            source = listener.at("secret") if listener.secret else listener.at()
            base["tls"] = {"certificateRefs": derived(source, refs)}
        manifest = merge(base, listener.fields)
        if index < len(self.keys.listeners):
            typed_keys = {key: Source(listener.at(key)) for key in ("name", "protocol", "port")}
            return with_sources(manifest, **typed_keys)
        if listener.protocol == "HTTP":
            own = {"name": Source(self.keys.at("listener")), "port": Source(self.keys.at("port"))}
            return with_sources(derived(self.keys.at(), manifest), **own)
        return derived(listener.at(), manifest)

    def _hosts(self, listener: ListenerConfig, hosts: Sequence[str]) -> list[str]:
        """Host names under which a listener serves a route."""
        others = {other.hostname for other in self.all if other.port == listener.port}
        return hostnames.served(listener.hostname, hosts, others)
