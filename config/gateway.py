"""The keys of the Gateways: their listeners, their Envoys."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from config.base import Fields, OpenSection, Section
from config.certificates import CertificateConfig, HttpsConfig
from config.raw import group
from config.values import Exposure, Image, Label, NodePort, Port, Preset, Protocol, Subdomain
from gatewayapi.hostnames import ANY, intersection, specificity


class TrafficConfig(Section):
    preset: Preset = Field(
        description="What is set: gentle, for clients that are known, or strict, for the internet. See docs/gateway.md."
    )
    client: Fields = Field(default={}, description="Fields of the ClientTrafficPolicy, laid over the preset's.")
    backend: Fields = Field(default={}, description="Fields of the BackendTrafficPolicy, laid over the preset's.")


class ListenerConfig(CertificateConfig, OpenSection):
    """A listener of the Gateway, as https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#listener has it."""

    name: Subdomain = Field(description="Its name.")
    protocol: Protocol = Field(description="What it speaks.")
    port: Port = Field(description="Port that it serves.")
    node_port: NodePort | None = Field(
        default=None, description="The port of every node that leads to it; only with exposure NodePort."
    )

    @property
    def hostname(self) -> str:
        """Empty for any."""
        return str(self.fields.get("hostname", ""))

    @property
    def tls_mode(self) -> str | None:
        return group(self.fields.get("tls")).get("mode")

    @property
    def is_for_others(self) -> bool:
        """Whether it chooses by labels, or not at all, of which namespaces it takes routes."""
        allowed = group(group(self.fields.get("allowedRoutes")).get("namespaces"))
        return allowed.get("from", "Same") not in ("Same", "All")

    @property
    def public_port(self) -> int:
        """Where clients find it."""
        return self.node_port or self.port


class ServingConfig(Section):
    """What every Gateway can say."""

    listener: Label = Field(default="http", description="Name of its listener.")
    port: Port = Field(default=80, description="Port that the listener serves.")
    exposure: Exposure = Field(
        default="LoadBalancer",
        description="How clients reach Envoy: an address from a load balancer, a port of every node, or from inside "
        "the cluster only.",
    )
    node_port: NodePort | None = Field(
        default=None, description="The port of every node; needed with exposure NodePort, and only there."
    )
    envoy_image: Image | None = Field(
        default=None,
        description="Image of the Envoys that carry the traffic. Not set: the one that the release was made with; "
        "without a tag: that one's.",
    )
    https: HttpsConfig | None = Field(default=None, description="HTTPS for all host names of the Gateway's routes.")
    listeners: tuple[ListenerConfig, ...] = Field(default=(), description="Further listeners.")
    redirect_to_https: bool = Field(
        default=False, description="Whether HTTP only redirects to HTTPS, and routes are for the other listeners."
    )
    traffic: TrafficConfig | None = Field(
        default=None, description="How it treats clients and apps, unless a policy says otherwise."
    )
    annotations: dict[str, str] = Field(
        default={}, description="Annotations of the Gateway, such as `external-dns.alpha.kubernetes.io/target`."
    )
    spec: Fields = Field(default={}, description="Further fields of the Gateway's spec: `addresses`, `infrastructure`.")
    proxy: Fields = Field(
        default={}, description="Fields of the EnvoyProxy's spec, laid over what the program sets in it."
    )

    def served(self, hostnames: Sequence[str]) -> tuple[ListenerConfig, ...]:
        """All listeners, with these host names to serve by HTTP and HTTPS.

        Those of `listeners` come first: a place among all is then a place in the config.
        """
        plain = _listener(name=self.listener, protocol="HTTP", port=self.port, nodePort=self.node_port)
        return *self.listeners, *self._https(hostnames), plain

    def secure(self, hostname: str) -> ListenerConfig | None:
        """The listener by which this name is served with HTTPS; of several the one that is most for it."""
        serving = [each for each in self.served([hostname]) if each.protocol == "HTTPS"]
        taking = [each for each in serving if intersection(each.hostname, [hostname])]
        return max(taking, key=lambda each: specificity(each.hostname or ANY), default=None)

    def url(self, hostname: str) -> str:
        """At which clients reach the name: with HTTPS, if any listener serves it so."""
        secure = self.secure(hostname)
        if secure is not None:
            return f"https://{hostname}" + ("" if secure.public_port == 443 else f":{secure.public_port}")
        port = self.node_port or self.port
        return f"http://{hostname}" + ("" if port == 80 else f":{port}")

    def _https(self, hostnames: Sequence[str]) -> Iterator[ListenerConfig]:
        https = self.https
        if https is None:
            return
        elsewhere = {each.hostname for each in self.listeners if each.port == https.port}
        others = [each for each in hostnames if each not in https.hosts and each not in elsewhere]
        if https.issuer is not None:
            # One that has no certificate yet, or never gets it, holds up no other one.
            yield from (_for_https(https, https, hostname) for hostname in others)
        elif https.is_given:
            yield _for_https(https, https)
        yield from (_for_https(https, certificate, hostname) for hostname, certificate in https.hosts.items())


def _for_https(https: HttpsConfig, certificate: CertificateConfig, hostname: str = "") -> ListenerConfig:
    return _listener(
        name=f"https-{hostname.replace('*', 'wildcard')}" if hostname else "https",
        protocol="HTTPS",
        port=https.port,
        nodePort=https.node_port,
        hostname=hostname or None,
        selfSigned=certificate.self_signed,
        secret=certificate.secret,
        issuer=certificate.issuer,
    )


def _listener(**keys: object) -> ListenerConfig:
    return ListenerConfig.model_validate({key: value for key, value in keys.items() if value is not None})


class GatewayConfig(ServingConfig):
    class_name: Subdomain = Field(default="app-gatewayclass", description="Name of the GatewayClass.")
    name: Label = Field(default="app-gateway", description="Name of the Gateway.")


class FurtherGatewayConfig(ServingConfig):
    class_name: Subdomain | None = Field(
        default=None, description="Name of a GatewayClass that is there. Not set: that of `gateway`."
    )
