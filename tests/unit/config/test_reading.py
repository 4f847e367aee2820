"""Reading the config of the running stack, and the report of everything that is wrong with it."""

import json
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from config import ConfigError, Stack, StackConfig, load, reading
from tests.unit.recording import PROJECT, record
from tests.unit.stacks import CONTEXT, parse, passed, problems, rejected

SECRET = "s3cr3t-Value"
"""A value in upper case, which no rule accepts as a name."""


# Values


def test_a_stack_must_set_only_its_context() -> None:
    config = reading.parse(PROJECT, passed({"context": CONTEXT}))
    assert config.model_dump() == StackConfig(context=CONTEXT).model_dump()


def test_a_missing_context_is_rejected() -> None:
    with pytest.raises(ConfigError) as raised:
        reading.parse(PROJECT, {})
    assert [(found.place, found.problem.code) for found in raised.value.problems] == [
        ("synergychat:context", "config-required")
    ]


def test_a_value_replaces_its_default_and_no_other() -> None:
    web = parse({"web": {"port": 9090}}).web
    assert (web.port, web.hostname, web.service_name) == (9090, "synchat.internal", "web-service")


def test_a_context_that_looks_like_json_stays_a_text() -> None:
    assert reading.parse(PROJECT, {"synergychat:context": "123"}).context == "123"


def test_keys_of_pulumi_and_of_other_projects_are_ignored() -> None:
    others = {"pulumi:disable-default-providers": '["kubernetes"]', "aws:region": "eu-west-1"}
    assert reading.parse(PROJECT, {**passed({"context": CONTEXT}), **others}) == parse({})


def test_a_config_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValidationError):
        parse({}).web.port = 1  # type: ignore[misc] # the type checker knows that it is frozen


# All problems at once


def test_all_problems_are_reported_at_once_in_the_order_of_their_keys() -> None:
    config = {
        "web": {"port": 0, "hostname": "synchatapi.internal"},
        "api": {"replicas": -1, "imagee": "nginx"},
        "gateway": {"exposure": "NodePort", "port": "eighty"},
    }
    with pytest.raises(ConfigError) as raised:
        reading.parse(PROJECT, passed(config))
    assert [(found.place, found.problem.code) for found in raised.value.problems] == [
        ("synergychat:api.hostname", "names-must-differ"),
        ("synergychat:api.imagee", "config-key-unknown"),
        ("synergychat:api.replicas", "config-number"),
        ("synergychat:context", "config-required"),
        ("synergychat:gateway.nodePort", "node-port-required"),
        ("synergychat:gateway.port", "config-number"),
        ("synergychat:web.port", "config-number"),
    ]
    assert str(raised.value) == "\n".join(str(found) for found in raised.value.problems)


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ({"web": {"port": 0}}, 0),
        ({"web": {"hostnme": "a.example"}}, "a.example"),
        ({"web": {"hostname": "b.example"}, "api": {"hostname": "b.example"}}, "b.example"),
        ({"web": {"hostname": "synchatapi.internal"}}, "synchatapi.internal"),
        ({"gateway": {"exposure": "NodePort"}}, None),
    ],
    ids=str,
)
def test_a_problem_has_the_value_at_its_place(config: dict[str, Any], value: object) -> None:
    (found,) = rejected(config)
    assert found.value == value


def test_a_long_value_is_cut_so_that_its_rule_is_seen() -> None:
    (found,) = rejected({"web": {"image": "A" * 1000}})
    assert len(str(found)) < 250
    assert found.problem.rule in str(found)


# Secrets


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("context", " "),
        ("web", {"hostname": SECRET, "port": SECRET, "image": SECRET + ":", "unknown": SECRET}),
        ("gateway", {"exposure": SECRET, "nodePort": SECRET, "name": SECRET}),
        ("crawler", {"keywords": [f"{SECRET},"], "serviceName": SECRET}),
        ("envoyGateway", {"version": SECRET, "sha256": [SECRET], "manifest": [SECRET]}),
        ("web", SECRET),
        ("unheardOf", {"token": SECRET}),
        ("timeoutSeconds", SECRET),
    ],
)
def test_a_secret_value_is_never_shown(key: str, value: object) -> None:
    found = rejected({key: value}, secret_keys=[key])
    lines = [str(problem) for problem in found]
    assert SECRET not in "".join(lines)
    assert all(line.startswith(f"synergychat:{key}") and "[secret]" in line for line in lines)


def test_only_secrets_may_hold_secret_values() -> None:
    config = {"secrets": {"users": {"ada": "x"}}, "objects": []}
    assert parse(config, ["secrets"]).secrets == {"users": {"ada": "x"}}
    assert problems(config, ["secrets", "objects"]) == [("objects", "secret-in-clear")]


@pytest.mark.parametrize(("secret_keys", "warned"), [([], True), (["synergychat:secrets"], False)])
def test_secrets_in_plain_text_cause_a_warning(
    monkeypatch: pytest.MonkeyPatch, secret_keys: list[str], warned: bool
) -> None:
    pass_config(monkeypatch, {"context": CONTEXT, "secrets": {"users": {"ada": "planted"}}}, secret_keys)
    log = record(load).log
    assert [line.partition(" in Pulumi.")[0] for line in log] == ["synergychat:secrets is in plain text"] * warned
    assert "planted" not in str(log)


# The program


def pass_config(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], secret_keys: list[str]) -> None:
    """Pass a config to the program as Pulumi does."""
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(passed(config)))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(secret_keys))


def test_a_program_ends_with_all_problems_of_its_config_and_registers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"context": CONTEXT, "web": {"port": 0}, "api": {"hostname": "Hidden"}}
    pass_config(monkeypatch, config, ["synergychat:api"])
    recording = record(lambda: (load(), pulumi.export("reached", True)), stack="staging")
    (message,) = recording.log
    assert message.startswith("3 problems in stack staging:\n")
    lines = [line.strip() for line in message.splitlines() if line.startswith("  synergychat:")]
    assert [(line.partition(": ")[0], line.rpartition(" ")[2]) for line in lines] == [
        ("synergychat:api = [secret]", "[secret-in-clear]"),
        ("synergychat:api.hostname = [secret]", "[hostname-upper-case]"),
        ("synergychat:web.port = 0", "[config-number]"),
    ]
    assert (
        "\nEdit Pulumi.staging.yaml, or type: pulumi config set --stack staging --path 'synergychat:KEY' VALUE\n"
        in message
    )
    # The exit code by which Pulumi's language host knows that the user has seen an explanation.
    assert recording.exit_code == 32
    assert recording.resources == {}
    assert recording.outputs == {}


def test_a_single_problem_is_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pass_config(monkeypatch, {}, [])
    assert record(load).log[0].startswith("1 problem in stack dev:\n")


def test_a_valid_config_is_loaded_as_pulumi_passes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"timeoutSeconds": 60, "web": {"port": 9090}}
    pass_config(monkeypatch, {"context": CONTEXT, **config}, [])
    loaded: list[Stack] = []
    recording = record(lambda: loaded.append(load()))
    assert [stack.config for stack in loaded] == [parse(config)]
    assert recording.log == []
