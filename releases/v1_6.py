"""Envoy Gateway 1.6."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 6),
    newest="1.6.7",
    end_of_life=date(2026, 5, 13),
    gateway_api="1.4.0",
    manifests={
        "1.6.0": "b622097b5df36d2d26e40fce5e9dada26f61c73884b211b33016898b3c667321",
        "1.6.1": "f82b6679d88a0bc61d735c37d239742e8f36d284ccf967e0a9636d4d60f886dd",
        "1.6.2": "9153c858acd780494fbb9784feea294c2ef03f38dc4ebae4ea0db5a476b133a3",
        "1.6.3": "16790d2300d44fe04a477762df862b149adc0c523505a0735fcf61a6e95fb0c7",
        "1.6.4": "6bf5e10d14201e9a843709bffb8f79a1a0f5a2377ccac252d50a763e07c06008",
        "1.6.5": "2b6ba40f696351367d96197078665ab7022dc453dd148f443a6b3782addc04e8",
        "1.6.6": "6add6556bba2ccc7c579a5a91e82714b8ab976e3fb57b648f7ea82f521819dd8",
        "1.6.7": "9a250c698d78b92c670d9d2bd6bd54615f1dee41ddd520ece9704edf63088df8",
    },
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
