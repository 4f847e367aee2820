"""Envoy Gateway 1.8."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 8),
    newest="1.8.3",
    end_of_life=date(2026, 11, 8),
    gateway_api="1.5.1",
    manifests={
        "1.8.0": "9ca6b723eea2771cd806e5ae4372ba941b158e0205335501736aa4c886af7248",
        "1.8.1": "d1bf4e4854c4f701cd8dc676d0a110a43b6c64cefee15fdf5c305ecdf8bcce5b",
        "1.8.2": "58a265a7cd515d2c782964a9f27ba20427259e1f4ab5ea015ec218ef3f737e08",
        "1.8.3": "37a62afe9bb07d87e86c5c2cff32f046f17397cb4fca9f2a741165826212d781",
    },
    new_versions={("ListenerSet", "v1"): "", ("ReferenceGrant", "v1"): "v1beta1", ("TLSRoute", "v1"): "v1alpha2"},
    new_fields=frozenset(
        {
            ("BackendTrafficPolicy", "admissionControl"),
            ("BackendTrafficPolicy", "bandwidthLimit"),
            ("ClientTrafficPolicy", "grpc"),
            ("EnvoyExtensionPolicy", "dynamicModule"),
            ("EnvoyProxy", "dynamicModules"),
            ("EnvoyProxy", "geoIP"),
            ("EnvoyProxy", "mergeType"),
            ("SecurityPolicy", "mergeType"),
        }
    ),
    new_config_fields=frozenset(
        {
            "extensionManagers",
            "extensionManager.name",
            "extensionApis.enableSDSSecretRef",
            "telemetry.traces",
        }
    ),
)
