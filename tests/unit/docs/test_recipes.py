"""The Python of docs/workloads.md, in the program where a reader puts it."""

from pathlib import Path

from tests.live.recipes import programs, with_programs
from tests.unit import program


def test_an_app_in_python_has_a_route_a_policy_that_lets_the_gateway_in_and_a_url(
    tmp_path: Path, pinned_manifest: Path, preview: bool
) -> None:
    main = tmp_path / "main.py"
    main.write_text(with_programs((program.ROOT / "__main__.py").read_text(), programs("workloads.md").values()))
    recording = program.run(tmp_path, preview=preview, manifest=pinned_manifest, main=main)
    assert (recording.log, recording.exit_code) == ([], None)
    assert recording["shop-route"].inputs["spec"]["hostnames"] == ["shop.internal"]
    policy = recording["shop-from-gateway"].inputs["spec"]
    assert policy["podSelector"]["matchLabels"] == recording["shop-service"].inputs["spec"]["selector"]
    of_web = recording["network-policies-synergychat-web"].inputs["spec"]
    assert policy["ingress"] == of_web["ingress"]
    assert recording.exports["shop"] == "http://shop.internal"
