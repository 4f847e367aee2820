"""Envoy Gateway 1.6."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 6),
    newest="1.6.7",
    end_of_life=date(2026, 5, 13),
    gateway_api="1.4.0",
    new_versions={("BackendTLSPolicy", "v1"): "v1alpha3", ("TLSRoute", "v1alpha3"): "v1alpha2"},
    new_fields=frozenset(
        {
            ("BackendTrafficPolicy", "compressor"),
            ("Gateway", "defaultScope"),
            ("Gateway", "tls"),
            ("GRPCRoute", "useDefaultGateways"),
            ("HTTPRoute", "useDefaultGateways"),
        }
    ),
    new_config_fields=frozenset(
        {
            "xdsServer",
            "provider.kubernetes.rateLimitPDB",
            "extensionManager.service.tls.clientCertificateRef",
        }
    ),
)
