"""Rules between the keys of an extra app."""

from typing import Any

import pytest

from tests.unit.config.workloads import SHOP
from tests.unit.stacks import explained, problems, rejected


def app(**keys: Any) -> dict[str, Any]:
    """A config with the app `shop`."""
    return {"apps": {"shop": SHOP | keys}}


@pytest.mark.parametrize(
    ("config", "place", "kinds"),
    [
        (app(kind="Job", port=1), "port", "Deployment"),
        (app(kind="Job", ports=[{"port": 1}]), "ports", "Deployment"),
        (app(kind="CronJob", schedule="@daily", replicas=2), "replicas", "Deployment"),
        (app(schedule="0 3 * * *"), "schedule", "CronJob"),
        (app(job={"backoffLimit": 0}), "job", "Job or CronJob"),
    ],
    ids=str,
)
def test_a_key_is_for_the_kinds_of_apps_that_can_have_it(config: dict[str, Any], place: str, kinds: str) -> None:
    assert explained(config) == [(f"apps.shop.{place}", "key-needs-kind", {"kinds": kinds})]


def test_a_cron_job_has_a_schedule() -> None:
    assert problems(app(kind="CronJob")) == [("apps.shop.schedule", "schedule-required")]


@pytest.mark.parametrize(
    ("config", "place"),
    [
        (app(port=None, ports=[{"port": 1}]), "ports"),
        (app(port=None, hostname="shop.internal"), "hostname"),
    ],
    ids=["ports", "hostname"],
)
def test_an_app_that_serves_requests_has_a_port(config: dict[str, Any], place: str) -> None:
    assert explained(config) == [(f"apps.shop.{place}", "port-needed", {"port": "apps.shop.port"})]


def test_the_pods_of_a_job_have_keys_of_their_own() -> None:
    assert explained(app(kind="Job", job={"template": {}})) == [
        ("apps.shop.job.template", "field-has-own-key", {"key": "pod and container"})
    ]


@pytest.mark.parametrize("name", ["web", "api", "crawler"])
def test_an_app_has_another_name_than_the_chats_own_workloads(name: str) -> None:
    assert explained({"apps": {name: SHOP}}) == [(f"apps.{name}", "name-taken", {"name": "a workload of the chat"})]


@pytest.mark.parametrize(
    ("config", "value"),
    [
        (app(kind="Job", port=1), 1),
        (app(kind="CronJob", schedule="@daily", replicas=2), 2),
        (app(schedule="0 3 * * *"), "0 3 * * *"),
        (app(port=None, hostname="shop.internal"), "shop.internal"),
        (app(hostname="synchat.internal"), "synchat.internal"),
        (app(serviceName="web-service"), "web-service"),
        (app(kind="CronJob"), None),
    ],
    ids=str,
)
def test_a_problem_of_an_app_has_the_value_at_its_place(config: dict[str, Any], value: object) -> None:
    (found,) = rejected(config)
    assert found.value == value
