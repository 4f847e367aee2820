"""The conformance suite: its flags, its output, and when a run is a success."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from rich.console import Console

from local.errors import UserError
from local.toolchain.pins import ARTEFACTS, GATEWAY_API, GROUPS, GoTest
from tools.conformance import images, leftovers, run, suite
from tools.conformance.arguments import arguments
from tools.conformance.description import Description
from tools.conformance.exclusions import FEATURES
from tools.conformance.outcome import Outcome
from tools.conformance.report import Report
from tools.conformance.results import Result, finished
from tools.conformance.target import Target
from tools.stack import Stack

DESCRIPTION = Description(
    version="v1.6.1",
    tests=("HTTPRouteWeight", "HTTPRouteMatching"),
    images=("registry.k8s.io/gateway-api/echo-basic:v1",),
    cluster_scoped=("gatewayclass/bumped", "namespace/suite-infra", "namespace/suite-web"),
)
TARGET = Target(gateway_class="app-gatewayclass", features=(), controller="v1.9.1")


class ClusterOnPaper:
    """A stack whose `kubectl` answers from a table: kind to objects."""

    name, context, typed_up = "dev", "other", "make up CONTEXT=other"

    def __init__(self, objects: dict[str, Any], refusal: str = "") -> None:
        self._objects = objects
        self._refusal = refusal
        self.asked: list[tuple[str, ...]] = []

    def kubectl(self, *arguments: str, timeout_s: float = 0) -> subprocess.CompletedProcess[str]:
        self.asked.append(arguments)
        if self._refusal:
            return subprocess.CompletedProcess(arguments, 1, "", self._refusal)
        return subprocess.CompletedProcess(arguments, 0, json.dumps(self._objects.get(arguments[1])), "")


def _cluster(
    classes: list[dict[str, Any]] | None = None, version: str = "v1.6.1", image: str = "example.com/gateway:v1.9.1"
) -> Stack:
    usual = {"metadata": {"name": "app-gatewayclass"}, "status": {}}
    annotations = {"gateway.networking.k8s.io/bundle-version": version}
    controller = {"spec": {"template": {"spec": {"containers": [{"image": image}]}}}}
    objects = {
        "gatewayclass": {"items": [usual] if classes is None else classes},
        "crd": {"metadata": {"annotations": annotations}},
        "deployment": {"items": [controller]},
    }
    return cast(Stack, ClusterOnPaper(objects))


def _namespaces(**labels: dict[str, str]) -> ClusterOnPaper:
    items = [{"metadata": {"name": name.replace("_", "-"), "labels": found}} for name, found in labels.items()]
    return ClusterOnPaper({"namespaces": {"items": items}})


# --- what is pinned


def test_the_suite_is_the_one_of_the_gateway_api_that_envoy_gateway_is_built_with() -> None:
    modules = [(GROUPS[group].directory / "go.mod").read_text() for group in ("conformance", "cluster")]
    named = [re.findall(r"sigs\.k8s\.io/gateway-api(?:/conformance)? v(\S+)", module) for module in modules]
    assert named == [[GATEWAY_API, GATEWAY_API], [GATEWAY_API]]


def test_the_suite_is_built_from_tests_and_its_key_says_so() -> None:
    (step,) = ARTEFACTS["conformance"].recipe
    assert isinstance(step, GoTest)
    assert repr(step).startswith("GoTest(")
    assert step.program in ARTEFACTS["conformance"].programs


# --- images


def test_every_tag_of_an_image_of_the_suite_is_built_from_the_same_program() -> None:
    repository = "registry.k8s.io/gateway-api/echo-basic"
    entries = images.entries([f"{repository}:v1.5.1", f"{repository}:v1.6.0-dev.3"])
    assert [entry.reference for entry in entries] == [f"{repository}:v1.5.1", f"{repository}:v1.6.0-dev.3"]
    assert {entry.tool for entry in entries} == {"echo-basic"}


def test_an_image_that_cannot_be_built_is_named() -> None:
    with pytest.raises(UserError, match=r"cannot be built here: example\.com/new:v1\."):
        images.entries(["registry.k8s.io/coredns/coredns:v1", "example.com/new:v1"])


# --- flags


def test_without_features_in_the_class_all_but_the_excluded_ones_are_tested() -> None:
    flags = arguments(TARGET, "", Path("/report"), {"mine": "yes"})
    assert "-all-features" in flags
    assert f"-exempt-features={','.join(FEATURES)}" in flags
    assert "-report-output=/report" in flags
    assert "-namespace-labels=mine=yes" in flags


def test_the_features_in_the_status_of_the_class_are_tested() -> None:
    flags = arguments(replace(TARGET, features=("Gateway", "HTTPRoute")), "", Path("/report"), {"mine": "yes"})
    assert "-supported-features=Gateway,HTTPRoute" in flags
    assert not [flag for flag in flags if flag.startswith(("-all-features", "-exempt-features"))]


def test_a_single_test_has_no_report() -> None:
    flags = arguments(TARGET, "HTTPRouteWeight", Path("/report"), {"mine": "yes"})
    assert "-run-test=HTTPRouteWeight" in flags
    assert not [flag for flag in flags if "report" in flag or "profiles" in flag]


# --- the target


def test_class_features_and_the_controllers_version_are_read_from_the_cluster() -> None:
    features = [{"name": "Gateway"}, {"name": "HTTPRoute"}]
    found = {"metadata": {"name": "mine"}, "status": {"supportedFeatures": features}}
    image = "example.com:5000/gateway:v1.9.1@sha256:00"
    assert Target.of(_cluster([found], image=image), "v1.6.1") == Target(
        gateway_class="mine", features=("Gateway", "HTTPRoute"), controller="v1.9.1"
    )


def test_a_cluster_without_the_class_of_a_stack_is_refused_with_the_command_that_creates_it() -> None:
    with pytest.raises(UserError, match="other has no GatewayClass") as refused:
        Target.of(_cluster([]), "v1.6.1")
    assert refused.value.fix == "Type: make up CONTEXT=other"


def test_another_version_of_the_gateway_api_is_refused_before_anything_is_created() -> None:
    with pytest.raises(UserError, match=r"has Gateway API v1\.3\.0, but the conformance suite here tests v1\.6\.1"):
        Target.of(_cluster(version="v1.3.0"), "v1.6.1")


def test_a_cluster_that_does_not_answer_is_reported_with_kubectls_message() -> None:
    with pytest.raises(UserError, match="kubectl get gatewayclass failed on other: connection refused"):
        Target.of(cast(Stack, ClusterOnPaper({}, refusal="connection refused\n")), "v1.6.1")


# --- leftovers


def test_the_namespaces_of_an_earlier_run_from_here_are_found() -> None:
    mark = leftovers.mark(cast(Stack, ClusterOnPaper({})))
    cluster = _namespaces(default={}, suite_infra=mark | {"gateway-conformance": "infra"})
    assert leftovers.found(cast(Stack, cluster), DESCRIPTION) == ["suite-infra"]


@pytest.mark.parametrize("label", [None, "of another machine"])
def test_the_namespaces_of_another_run_are_never_deleted(label: str | None) -> None:
    mark = leftovers.mark(cast(Stack, ClusterOnPaper({})))
    theirs = {} if label is None else dict.fromkeys(mark, label)
    cluster = _namespaces(suite_infra=mark, suite_web=theirs)
    with pytest.raises(UserError, match="another machine or user created: suite-web"):
        leftovers.found(cast(Stack, cluster), DESCRIPTION)
    assert [arguments[0] for arguments in cluster.asked] == ["get"]


def test_the_objects_of_the_suite_are_deleted_and_nothing_else() -> None:
    cluster = ClusterOnPaper({})
    leftovers.remove(cast(Stack, cluster), DESCRIPTION)
    ((verb, *named),) = cluster.asked
    assert verb == "delete"
    assert [name for name in named if "/" in name] == list(DESCRIPTION.cluster_scoped)


def test_objects_that_cannot_be_deleted_are_reported_with_the_command_to_type() -> None:
    with pytest.raises(UserError, match="timed out") as raised:
        leftovers.remove(cast(Stack, ClusterOnPaper({}, refusal="timed out")), DESCRIPTION)
    assert "kubectl --context other delete gatewayclass/bumped namespace/suite-infra" in (raised.value.fix or "")


# --- what the suite says

OUTPUT = """\
\x16=== RUN   TestConformance
    suite.go:1: Supported Features: [Gateway]
\x16=== RUN   TestConformance/MeshBasic
    conformance.go:56: Skipping MeshBasic: suite does not support Mesh
\x16--- SKIP: TestConformance/MeshBasic (0.00s)
\x16=== RUN   TestConformance/HTTPRouteWeight
\x16=== RUN   TestConformance/HTTPRouteWeight/Requests_are_spread
    weight.go:60:
        \tError Trace:\t/weight.go:60
        \tError:      \tReceived unexpected error:
        \t            \ttoo few
        \tMessages:   \t[host] expected
\x16--- FAIL: TestConformance/HTTPRouteWeight/Requests_are_spread (1.20s)
\x16=== NAME  TestConformance/HTTPRouteWeight
    apply.go:1: Deleting
\x16--- FAIL: TestConformance/HTTPRouteWeight (1.30s)
\x16=== RUN   TestConformance/HTTPRouteMatching
\x16=== RUN   TestConformance/HTTPRouteMatching/a
\x16--- PASS: TestConformance/HTTPRouteMatching/a (0.10s)
\x16--- PASS: TestConformance/HTTPRouteMatching (0.20s)
\x16--- FAIL: TestConformance (9.00s)
FAIL
""".splitlines(keepends=True)
RESULTS = tuple(finished(OUTPUT))


def test_every_test_of_the_suite_counts_once_with_its_last_messages() -> None:
    skipped, failed, passed = RESULTS
    said = ("Received unexpected error:", "[host] expected")
    assert skipped == Result(name="MeshBasic", verdict="SKIP", seconds=0.0, feature="Mesh")
    assert failed == Result(name="HTTPRouteWeight", verdict="FAIL", seconds=1.3, reasons=said)
    assert passed == Result(name="HTTPRouteMatching", verdict="PASS", seconds=0.2)


def test_a_test_is_reported_as_soon_as_it_has_ended() -> None:
    lines = iter(OUTPUT)
    assert next(finished(lines)).name == "MeshBasic"
    assert next(lines) == "\x16=== RUN   TestConformance/HTTPRouteWeight\n"


# --- reports and outcomes


def _report(tmp_path: Path, **core: Any) -> Path:
    level = {"result": "success", "statistics": {"Passed": 37, "Failed": 0, "Skipped": 0}} | core
    document = {
        "implementation": {"project": "envoy-gateway", "version": "v1.9.1"},
        "gatewayAPIVersion": "v1.6.1",
        "profiles": [{"name": "GATEWAY-HTTP", "core": level}],
        "succeededProvisionalTests": ["UDPRoute"],
    }
    file = tmp_path / "report.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


PASSED = (Result(name="HTTPRouteMatching", verdict="PASS", seconds=0.2),)


def test_a_report_is_read_level_by_level_and_extended_may_be_missing(tmp_path: Path) -> None:
    report = Report.read(_report(tmp_path))
    assert [(level.profile, level.level, level.passed) for level in report.levels] == [("GATEWAY-HTTP", "core", 37)]
    assert (report.implementation, report.provisional) == ("envoy-gateway v1.9.1", ("UDPRoute",))
    assert report.conforms


@pytest.mark.parametrize("text", ["", "profiles: 3", "[", "a: b"])
def test_a_report_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.yaml").write_text(text)
    with pytest.raises(UserError, match="report cannot be read"):
        Report.read(tmp_path / "report.yaml")


@pytest.mark.parametrize("result", ["partial", "failure"])
def test_a_level_that_is_not_a_success_does_not_conform(tmp_path: Path, result: str) -> None:
    report = Report.read(_report(tmp_path, result=result))
    assert not report.conforms
    assert not Outcome(results=PASSED, report=report, exit_code=0).well


def test_a_run_is_a_success_when_suite_tests_and_report_agree(tmp_path: Path) -> None:
    report = Report.read(_report(tmp_path))
    assert Outcome(results=PASSED, report=report, exit_code=0).well
    assert Outcome(results=PASSED, report=None, exit_code=0).well
    assert not Outcome(results=PASSED, report=report, exit_code=1).well
    assert not Outcome(results=RESULTS, report=report, exit_code=0).well
    assert not Outcome(results=RESULTS[:1], report=None, exit_code=0).well


def test_the_summary_has_the_numbers_each_exclusion_with_its_reason_and_each_failure(tmp_path: Path) -> None:
    console = Console(record=True, width=300)
    Outcome(results=RESULTS, report=Report.read(_report(tmp_path)), exit_code=1).print(console)
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert "GATEWAY-HTTP core 37 0 0" in lines
    assert lines[lines.index(f"Mesh: {FEATURES['Mesh']}") + 1] == "MeshBasic"
    assert lines[lines.index("HTTPRouteWeight") + 1 :][:2] == ["Received unexpected error:", "[host] expected"]
    assert "1 passed, 1 failed." in lines


def test_a_feature_that_the_class_does_not_list_is_left_out_for_that_reason() -> None:
    console = Console(record=True, width=300)
    skipped = Result(name="NewTest", verdict="SKIP", seconds=0.0, feature="NewFeature")
    Outcome(results=(skipped,), report=None, exit_code=0).print(console)
    assert "does not list it" in console.export_text()


# The command


def test_an_unknown_test_is_refused_with_tests_of_a_similar_name() -> None:
    DESCRIPTION.check_test(DESCRIPTION.tests[0])
    with pytest.raises(UserError) as refused:
        DESCRIPTION.check_test("HTTPRouteWeigth")
    assert refused.value.message == "The conformance suite has no test HTTPRouteWeigth."
    assert "HTTPRouteWeight" in (refused.value.fix or "")


def test_a_report_that_would_have_no_directory_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a directory"):
        run.run(Stack("dev", "other", named=True), "", str(tmp_path / "none" / "report.yaml"))


def test_an_interrupted_suite_is_killed(tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/pid; printf '\\026--- PASS: TestConformance/A (0.00s)\\n'; exec sleep 60"

    def interrupted(_: Result) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        suite.follow(["sh", "-c", script], {"PATH": "/usr/bin:/bin"}, tmp_path / "log", interrupted)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
    assert (tmp_path / "log").read_text() == "--- PASS: TestConformance/A (0.00s)\n"
