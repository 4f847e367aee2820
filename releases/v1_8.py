"""Envoy Gateway 1.8."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 8),
    newest="1.8.3",
    end_of_life=date(2026, 11, 8),
    gateway_api="1.5.1",
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
