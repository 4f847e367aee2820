"""The keys of the gateway: its controller, its listeners, its Envoys."""

from pydantic import Field

from checks.graph.hostnames import intersection
from config.section import Fields, OpenSection, Section
from config.values import Exposure, Image, Label, NodePort, Port, Protocol, Sha256, Subdomain, Text, Version
from releases import ENVOY_GATEWAY_MANIFEST


class EnvoyGatewayConfig(Section):
    version: Version = Field(default="1.9.1", description="Release of Envoy Gateway to install.")
    manifest: Text | None = Field(
        default=None,
        description="Where its objects come from: a URL, a file, or the directory of its Helm chart (rendered with the "
        "`helm` on the PATH). Not set: the release's own install.yaml.",
    )
    sha256: tuple[Sha256, ...] = Field(
        default=(),
        description="Accepted SHA-256 sums of that manifest. A download must match one of them; a file or a chart must "
        "where any is given. More than one, because the same release can be had as different bytes: downloaded, or "
        "rendered from its chart where its host cannot be reached.",
    )
    namespace: Label = Field(
        default="envoy-gateway-system", description="Namespace of the controller and of its Envoys."
    )
    config: Fields = Field(
        default={},
        description="Fields of the controller's own configuration, laid over the release's: `extensionApis`, "
        "`logging`, `rateLimit`. Another value restarts the controller.",
    )

    @property
    def product(self) -> str:
        return "Envoy Gateway"

    @property
    def key(self) -> str:
        return "envoyGateway"

    @property
    def release(self) -> str:
        return ENVOY_GATEWAY_MANIFEST.format(version=self.version)

    @property
    def chart_arguments(self) -> tuple[str, ...]:
        return ("eg",)


class ListenerConfig(OpenSection):
    """A listener of the Gateway, as https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#listener has it."""

    name: Label = Field(description="Its name.")
    protocol: Protocol = Field(description="What it speaks.")
    port: Port = Field(description="Port that it serves.")
    self_signed: bool = Field(
        default=False, description="Whether the program makes its certificate, for every host name of the stack."
    )

    issued: bool = Field(
        default=False,
        description="Whether certManager's issuer signs its certificate, for its host name, or every one of the stack.",
    )

    @property
    def hostname(self) -> str:
        """Empty for any."""
        return str(self.fields.get("hostname", ""))


class GatewayConfig(Section):
    class_name: Subdomain = Field(default="app-gatewayclass", description="Name of the GatewayClass.")
    name: Label = Field(default="app-gateway", description="Name of the Gateway.")
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
        description="Image of the Envoys that carry the traffic. Not set: the one that the release was made with.",
    )
    listeners: tuple[ListenerConfig, ...] = Field(default=(), description="Further listeners.")
    redirect_to_https: bool = Field(
        default=False, description="Whether HTTP only redirects to HTTPS, and routes are for the other listeners."
    )
    annotations: dict[str, str] = Field(
        default={}, description="Annotations of the Gateway, such as `cert-manager.io/cluster-issuer`."
    )
    spec: Fields = Field(default={}, description="Further fields of the Gateway's spec: `addresses`, `infrastructure`.")
    proxy: Fields = Field(
        default={}, description="Fields of the EnvoyProxy's spec, laid over what the program sets in it."
    )

    @property
    def all_listeners(self) -> tuple[ListenerConfig, ...]:
        """Those of `listeners` first: a place among all is then a place in the config."""
        return *self.listeners, ListenerConfig(name=self.listener, protocol="HTTP", port=self.port)

    def secure(self, hostname: str) -> ListenerConfig | None:
        """The first listener by which this name is served with HTTPS."""
        secure = (each for each in self.listeners if each.protocol == "HTTPS")
        return next((each for each in secure if intersection(each.hostname, [hostname])), None)

    def url(self, hostname: str) -> str:
        """At which clients reach the name: with HTTPS, if any listener serves it so."""
        secure = self.secure(hostname)
        if secure is not None:
            return f"https://{hostname}" + ("" if secure.port == 443 else f":{secure.port}")
        port = self.node_port or self.port
        return f"http://{hostname}" + ("" if port == 80 else f":{port}")

    @property
    def secure_port(self) -> int | None:
        """The port of the first listener for HTTPS."""
        return next((listener.port for listener in self.listeners if listener.protocol == "HTTPS"), None)
