"""Job: an app that runs to its end."""

from typing import Any

import pytest

from plans.recording import Recorded, Recording
from tests.unit.components.apps.app import IMAGE, build


def only(recording: Recording, kind: str) -> Recorded:
    (found,) = recording.of_kind(kind)
    return found


def test_a_job_runs_to_its_end_with_its_environment_and_files() -> None:
    recording = build(kind="Job", env={"A": "1"}, files={"/b": "2"})
    spec = only(recording, "Job").inputs["spec"]["template"]["spec"]
    assert spec["restartPolicy"] == "Never"
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports"} & spec["containers"][0].keys()
    assert recording.waits_for("shop-job", "shop-configmap")
    assert recording.waits_for("shop-job", "shop-files")
    assert recording.of_kind("Service") == recording.of_kind("Deployment") == []


def test_an_update_waits_until_a_job_has_succeeded() -> None:
    # The provider waits unless an annotation changes that.
    annotations = only(build(kind="Job"), "Job").inputs["metadata"]["annotations"]
    assert not {"pulumi.com/skipAwait", "pulumi.com/waitFor"} & annotations.keys()


def test_a_cronjob_runs_by_its_schedule_and_never_twice_at_once() -> None:
    spec = only(build(kind="CronJob", schedule="0 3 * * *"), "CronJob").inputs["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 3 * * *", "Etc/UTC", "Forbid")
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


@pytest.mark.parametrize(
    ("keys", "path"),
    [({"kind": "Job"}, ()), ({"kind": "CronJob", "schedule": "@daily"}, ("jobTemplate", "spec"))],
    ids=["Job", "CronJob"],
)
def test_fields_of_a_job_are_merged_over_the_programs(keys: dict[str, Any], path: tuple[str, ...]) -> None:
    spec = only(build(**keys, job={"backoffLimit": 0, "completions": 2}), keys["kind"]).inputs["spec"]
    for step in path:
        spec = spec[step]
    assert (spec["backoffLimit"], spec["completions"]) == (0, 2)
    assert spec["template"]["spec"]["containers"][0]["image"] == IMAGE
