"""Keys of the Gateways: listeners, certificates and Envoys."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from config.base import Fields, OpenSection, Section
from config.certificates import CertificateConfig, HttpsConfig
from config.values import Exposure, Image, Label, NodePort, Port, Preset, Protocol, Subdomain
from diagnostics import Path
from gatewayapi.hostnames import ANY, intersection, specificity
from kube.read import read


class TrafficConfig(Section):
    preset: Preset = Field(
        description="Settings for all traffic: gentle for known clients, strict for the internet. See docs/gateway.md."
    )
    client: Fields = Field(default={}, description="Fields of the ClientTrafficPolicy, merged over the preset's.")
    backend: Fields = Field(default={}, description="Fields of the BackendTrafficPolicy, merged over the preset's.")


class ListenerConfig(CertificateConfig, OpenSection):
    """A listener, as in https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#listener."""

    name: Subdomain = Field(description="Its name.")
    protocol: Protocol = Field(description="Its protocol.")
    port: Port = Field(description="Its port.")
    node_port: NodePort | None = Field(
        default=None, description="Port on every node; only allowed with exposure NodePort."
    )

    @property
    def hostname(self) -> str:
        """The host name that it serves; empty for every host."""
        return str(self.fields.get("hostname", ""))

    @property
    def tls_mode(self) -> str | None:
        return read(self.fields, "tls", "mode")

    @property
    def selects_namespaces(self) -> bool:
        """Whether it allows routes by their namespace's labels, or none at all."""
        return read(self.fields, "allowedRoutes", "namespaces", "from", default="Same") not in ("Same", "All")

    @property
    def public_port(self) -> int:
        """The port that clients connect to."""
        return self.node_port or self.port


class ServingConfig(Section):
    """Keys that every Gateway has."""

    listener: Label = Field(default="http", description="Name of its HTTP listener.")
    port: Port = Field(default=80, description="Port of the HTTP listener, to which clients connect.")
    exposure: Exposure = Field(
        default="LoadBalancer",
        description="How clients reach Envoy: at an address of a load balancer, at a port of every node, or only "
        "inside "
        "the cluster.",
    )
    node_port: NodePort | None = Field(
        default=None, description="Port on every node; required with exposure NodePort, and only allowed there."
    )
    envoy_image: Image | None = Field(
        default=None,
        description="Image of the Envoys. Default: the one that the release pins by digest, or on the local cluster, "
        "which builds it from source, the one of the same tag. An image without a tag gets that tag.",
    )
    https: HttpsConfig | None = Field(default=None, description="HTTPS for all host names of the Gateway's routes.")
    listeners: tuple[ListenerConfig, ...] = Field(default=(), description="Extra listeners.")
    redirect_to_https: bool = Field(
        default=False,
        description="Answer every HTTP request with a redirect to HTTPS, on the HTTP listeners of `listeners` too. "
        "A route that sets no `listeners` is then served with HTTPS only. All HTTPS listeners must have the same port.",
    )
    traffic: TrafficConfig | None = Field(
        default=None, description="Settings for clients and backends, unless a policy replaces them."
    )
    annotations: dict[str, str] = Field(
        default={}, description="Annotations of the Gateway, such as `external-dns.alpha.kubernetes.io/target`."
    )
    spec: Fields = Field(default={}, description="Other fields of the Gateway's spec: `addresses`, `infrastructure`.")
    proxy: Fields = Field(
        default={}, description="Fields of the EnvoyProxy's spec, merged over those that the program sets."
    )

    def served(self, hostnames: Sequence[str]) -> tuple[ListenerConfig, ...]:
        """All listeners of a Gateway that serves these host names by HTTP and HTTPS.

        Those of `listeners` come first, so that an index into all of them is an index into the config.
        """
        plain = _listener(self.at(), name=self.listener, protocol="HTTP", port=self.port, nodePort=self.node_port)
        return *self.listeners, *self._https(hostnames), plain

    def secure(self, hostname: str) -> ListenerConfig | None:
        """The HTTPS listener for a host name; the most specific one of several."""
        serving = [listener for listener in self.served([hostname]) if listener.protocol == "HTTPS"]
        matching = [listener for listener in serving if intersection(listener.hostname, [hostname])]
        return max(matching, key=lambda listener: specificity(listener.hostname or ANY), default=None)

    def url(self, hostname: str) -> str:
        """The URL of a host name, with HTTPS if a listener serves it so."""
        secure = self.secure(hostname)
        if secure is not None:
            return f"https://{hostname}" + ("" if secure.public_port == 443 else f":{secure.public_port}")
        port = self.node_port or self.port
        return f"http://{hostname}" + ("" if port == 80 else f":{port}")

    def _https(self, hostnames: Sequence[str]) -> Iterator[ListenerConfig]:
        https = self.https
        if https is None:
            return
        elsewhere = {listener.hostname for listener in self.listeners if listener.port == https.port}
        others = [hostname for hostname in hostnames if hostname not in https.hosts and hostname not in elsewhere]
        if https.issuer is not None:
            # A certificate that is not issued yet, or never, must not hold up the others.
            yield from (_https_listener(https, https, hostname) for hostname in others)
        elif https.sources:
            yield _https_listener(https, https)
        yield from (_https_listener(https, certificate, hostname) for hostname, certificate in https.hosts.items())


def _https_listener(https: HttpsConfig, certificate: CertificateConfig, hostname: str = "") -> ListenerConfig:
    return _listener(
        certificate.at(),
        name=f"https-{hostname.replace('*', 'wildcard')}" if hostname else "https",
        protocol="HTTPS",
        port=https.port,
        nodePort=https.node_port,
        hostname=hostname or None,
        selfSigned=certificate.self_signed,
        secret=certificate.secret,
        issuer=certificate.issuer,
    )


def _listener(path: Path, **keys: object) -> ListenerConfig:
    """A listener that follows from the config at `path`."""
    listener = ListenerConfig.model_validate({key: value for key, value in keys.items() if value is not None})
    listener.place_at(path)
    return listener


class GatewayConfig(ServingConfig):
    class_name: Subdomain = Field(default="app-gatewayclass", description="Name of the GatewayClass.")
    name: Label = Field(default="app-gateway", description="Name of the Gateway.")


class ExtraGatewayConfig(ServingConfig):
    class_name: Subdomain | None = Field(
        default=None, description="Name of an existing GatewayClass. Default: that of `gateway`."
    )
