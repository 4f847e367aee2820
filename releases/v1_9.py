"""Envoy Gateway 1.9."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 9),
    newest="1.9.1",
    end_of_life=date(2027, 2, 14),
    gateway_api="1.6.1",
    manifests={
        "1.9.0": "a83dea73466ee6528f0d23f86d36573fbf1f305c822d986a63e262e32594481a",
        "1.9.1": "72b3971364f172eb0b9636c7142cc84ff695467bc065897958bde85a3c06cfd5",
        "1.9.2": "0412a72907e57ff9b73c56a7bf6df5190bf0f6e4f8bb4bba34e38630bbab5778",
    },
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
