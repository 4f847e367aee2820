"""Envoy Gateway 1.7."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 7),
    newest="1.7.5",
    end_of_life=date(2026, 8, 5),
    gateway_api="1.4.1",
    new_fields=frozenset(
        {
            ("BackendTrafficPolicy", "routingType"),
            ("ClientTrafficPolicy", "scheme"),
            ("HTTPRouteFilter", "matches"),
        }
    ),
    new_config_fields=frozenset({"logging.encoder", "extensionApis.disableLua", "gatewayAPI", "envoyProxy"}),
)
