"""An update of a stack whose namespace is gone, as after a destroy that has not ended."""

import json

from tests.live.live_stack import LiveStack

PLATFORM = "envoy-gateway-system"


def test_an_update_that_lacks_its_namespace_ends_and_says_how_to_bring_it_back(stack: LiveStack, original: str) -> None:
    assert original
    state = json.loads(stack.cli("stack", "export").stdout)["deployment"]["resources"]
    urns = [each["urn"] for each in state if each["type"].startswith("kubernetes:")]
    (namespace,) = [urn for urn in urns if urn.endswith(f"-{PLATFORM}") and "/v1:Namespace::" in urn]
    targets = [argument for urn in urns if urn != namespace for argument in ("--target", urn)]
    done = stack.cli("destroy", "--yes", *targets)
    assert done.returncode == 0, done.stdout
    stack.kubectl("delete", "namespace", PLATFORM)
    # More objects fail than Pulumi creates at once, and each waits for its explanation.
    done = stack.cli("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert f"the namespace {PLATFORM} does not exist" in done.stdout
    assert "pulumi up --refresh" in done.stdout
    done = stack.cli("up", "--yes", "--skip-preview", "--refresh")
    assert done.returncode == 0, done.stdout
    assert stack.request("GET", "http://synchat.internal").status_code == 200
