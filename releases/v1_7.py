"""Envoy Gateway 1.7."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 7),
    newest="1.7.5",
    end_of_life=date(2026, 8, 5),
    gateway_api="1.4.1",
    manifests={
        "1.7.0": "76768563dd83e4f41073a4b5de60c576be2baae60d1c6de4e77168581e7de40d",
        "1.7.1": "ff21430dcbdf12c09972331d12e9d20207dcc93249a4dcc6b8aad8f97209c2f1",
        "1.7.2": "6627713e21afc966d8d1101c190b43864697e21964c20a0258f7b7c614e5b9c1",
        "1.7.3": "0f49d89e8ba355259ba768dbbfeb24aa3ed6befdd9dd69f6f6a431fdcb2e97fc",
        "1.7.4": "09a1e09bb1c35cbe130dd74aa978243cc4592ee9b62c3958e44d790535b6145b",
        "1.7.5": "331b9cae195da94db4c3f9d0f52b3df2a22be40a7da04c162fab079b14aa0eba",
    },
    new_fields=frozenset(
        {
            ("BackendTrafficPolicy", "routingType"),
            ("ClientTrafficPolicy", "scheme"),
            ("HTTPRouteFilter", "matches"),
        }
    ),
    new_config_fields=frozenset({"logging.encoder", "extensionApis.disableLua", "gatewayAPI", "envoyProxy"}),
)
