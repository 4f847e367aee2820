"""The listeners of a Gateway: whom each serves, and with which certificate. Knows nothing of Pulumi."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.gateway import manifests
from components.gateway.manifests import Wire
from config import ListenerConfig, ServingConfig
from gatewayapi.hostnames import intersection
from gatewayapi.kinds import carried
from kube.merge import overlaid
from preview.recorder import Parts, Shortcut


@dataclass(frozen=True, kw_only=True)
class Listeners:
    gateway_name: str
    all: Sequence[ListenerConfig]
    redirecting: bool
    """Whether those for HTTP only redirect to HTTPS."""

    def serving(self, kind: str, hostnames: Sequence[str]) -> list[str]:
        """The names of those that a route is for when it does not say: all that can carry its kind and serve one of its
        host names, but those that only redirect and those for other namespaces.

        Where none serves them, all that carry its kind; where none does that either, none: the checks say why.
        """
        ours = [each for each in self.all if not ((self.redirecting and each.protocol == "HTTP") or each.is_for_others)]
        able = [each for each in ours if kind in carried(each.protocol, each.tls_mode)]
        return [each.name for each in able if self._hosts(each, hostnames)] or [each.name for each in able]

    def certified(self, listener: ListenerConfig, hostnames: Sequence[str]) -> list[str]:
        """What a certificate of its own is for, of these host names and its own.

        Two for one name on a port, and Envoy Gateway turns off HTTP/2 on both.
        """
        return sorted(self._hosts(listener, hostnames)) or [listener.hostname or "*"]

    def secret(self, listener: ListenerConfig) -> str:
        """Of which its certificate is, or what the name of that begins with, where none is named."""
        return f"{self.gateway_name}-{listener.name}"

    def wires(self, secrets: Mapping[str, str]) -> list[Wire]:
        """As the Gateway has them, with the names of the Secrets of some."""
        return [
            manifests.listener(
                name=each.name,
                protocol=each.protocol,
                port=each.port,
                fields=overlaid(_certificate(secrets[each.name]), each.fields) if each.name in secrets else each.fields,
            )
            for each in self.all
        ]

    @property
    def ordered(self) -> list[ListenerConfig]:
        """Those whose certificates cert-manager is asked for."""
        return [each for each in self.all if each.issuer is not None]

    @property
    def named_secrets(self) -> dict[str, str]:
        """By listener: the Secrets whose names are known beforehand."""
        named = {each.name: each.secret for each in self.all if each.secret is not None}
        return named | {each.name: self.secret(each) for each in self.ordered}

    @property
    def node_ports(self) -> list[Wire]:
        """One for each port that has one."""
        return list(
            {
                each.port: manifests.node_port(port=each.port, protocol=each.protocol, node_port=each.node_port)
                for each in self.all
                if each.node_port is not None
            }.values()
        )

    @property
    def plain(self) -> list[str]:
        """Names of those for HTTP."""
        return [each.name for each in self.all if each.protocol == "HTTP"]

    @property
    def secure_port(self) -> int:
        """Where clients find HTTPS."""
        return next((each.public_port for each in self.all if each.protocol == "HTTPS"), 443)

    def _hosts(self, listener: ListenerConfig, hostnames: Sequence[str]) -> set[str]:
        """Under which a listener serves a route. A host that another one of its port names is that one's."""
        others = {each.hostname for each in self.all if each.port == listener.port}
        return set(intersection(listener.hostname, hostnames)) - (others - {listener.hostname})


def parts(settings: ServingConfig, listeners: Sequence[ListenerConfig]) -> Parts:
    """Where the config has what of a Gateway with these `listeners`, which follow from its `settings`."""
    typed, last = len(settings.listeners), len(listeners) - 1
    hosts = settings.https.hosts if settings.https is not None else {}
    typed_keys = [f"listeners[{index}]" for index in range(typed)]
    https = [f"https.hosts.{each.hostname}" if each.hostname in hosts else "https" for each in listeners[typed:last]]
    secrets = [(index, key) for index, key in enumerate([*typed_keys, *https]) if listeners[index].secret is not None]
    return {
        ("metadata", "annotations"): "annotations",
        ("spec",): "spec",
        ("spec", "gatewayClassName"): Shortcut("className"),
        **{("spec", "listeners", index): key for index, key in enumerate(typed_keys)},
        **{("spec", "listeners", typed + index): Shortcut(key) for index, key in enumerate(https)},
        **{("spec", "listeners", index, "tls", "certificateRefs"): Shortcut(f"{key}.secret") for index, key in secrets},
        ("spec", "listeners", last): Shortcut(""),
        ("spec", "listeners", last, "name"): "listener",
        ("spec", "listeners", last, "port"): "port",
    }


def _certificate(secret: str) -> Wire:
    return {"tls": {"certificateRefs": [{"name": secret}]}}
