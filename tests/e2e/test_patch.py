"""A patch of Envoy's own settings, tested as a client sees it."""

import yaml

from tests.live.live_stack import LiveStack
from tests.live.recipes import Config, file_with

PATCHED: Config = yaml.safe_load("""
synergychat:envoyGateway:
  config: {extensionApis: {enableEnvoyPatchPolicy: true}}
synergychat:policies:
  told:
    kind: EnvoyPatchPolicy
    type: JSONPatch
    jsonPatches:
      - type: type.googleapis.com/envoy.config.route.v3.RouteConfiguration
        name: synergychat/app-gateway/http
        operation:
          op: add
          path: /response_headers_to_add
          value: [{header: {key: x-patched, value: "yes"}}]
""")


def test_what_a_patch_adds_to_envoys_settings_a_client_sees(stack: LiveStack, original: str) -> None:
    assert "x-patched" not in stack.request("GET", "http://synchat.internal/").headers
    stack.file.write_text(file_with(original, [PATCHED]))
    stack.up()
    assert stack.request("GET", "http://synchat.internal/").headers["x-patched"] == "yes"
