"""Envoy Gateway 1.9."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 9),
    newest="1.9.1",
    end_of_life=date(2027, 2, 14),
    gateway_api="1.6.1",
    envoy_images={
        "1.9.1": "docker.io/envoyproxy/envoy:distroless-v1.39.1"
        "@sha256:eb2c01c13125d1629637cb4e4cce7207009fb7cc2c8027f9742758549d15b6f4"
    },
    new_versions={("TCPRoute", "v1"): "v1alpha2", ("UDPRoute", "v1"): "v1alpha2"},
    new_fields=frozenset(
        {
            ("EnvoyExtensionPolicy", "mergeType"),
            ("EnvoyProxy", "mergeBackends"),
            ("SecurityPolicy", "csrf"),
        }
    ),
    new_config_fields=frozenset(
        {"xdsServer.maxReceiveMessageSize", "extensionApis.enableLua", "rateLimit.backend.redis.urlRef"}
    ),
    disabled_extensions=frozenset({"enableLua"}),
)
