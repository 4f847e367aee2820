"""`make config`: the value of every key, and where it comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

import config
from local.errors import UserError
from tools import show_config as command
from tools.effective_config import SECRET, Entry, Layer, defaults, effective, layers
from tools.stack import Stack

FILE = "Pulumi.dev.yaml"
PROJECT = defaults()


def entries(**given: Any) -> dict[str, Entry]:
    """Entries by key, for a stack whose file sets these keys."""
    values = {"synergychat:context": "a-context", "pulumi:disable-default-providers": ["kubernetes"]}
    values |= {f"synergychat:{key}": value for key, value in given.items()}
    return {entry.key: entry for entry in effective([Layer(name=FILE, values=values), PROJECT])}


@pytest.mark.parametrize(
    ("key", "value", "origin"),
    [
        ("context", "a-context", FILE),
        ("web.hostname", "chat.example.com", FILE),
        ("web.port", "8080", "program"),
        ("api.hostname", "synchatapi.internal", "program"),
        ("envoyGateway.manifest", "not set", "program"),
        ("crawler.keywords", '["love", "hate"]', FILE),
        ("gateway.listeners[0].port", "443", FILE),
        ("gateway.listeners[0].selfSigned", "false", "program"),
        ("routes.shop.rules[0].backendRefs[0].workload", "web", FILE),
        ('gateway.annotations["example.com/owner"]', "chat team", FILE),
        ("policies", "{}", "Pulumi.yaml"),
    ],
)
def test_every_value_is_shown_with_where_it_comes_from(key: str, value: str, origin: str) -> None:
    found = entries(
        web={"hostname": "chat.example.com"},
        crawler={"keywords": ["love", "hate"]},
        gateway={
            "listeners": [{"name": "https", "protocol": "HTTPS", "port": 443}],
            "annotations": {"example.com/owner": "chat team"},
        },
        routes={"shop": {"rules": [{"backendRefs": [{"workload": "web"}]}]}},
    )[key]
    assert (found.value, found.origin) == (value, origin)


def test_entries_of_an_included_file_are_shown_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.effective_config.REPOSITORY", tmp_path)
    (tmp_path / "shop.yaml").write_text(
        "routes: {shop: {backend: web, hostnames: [shop.internal]}}\n"
        "objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}}]\n"
    )
    own = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own"}}]
    found = entries(include=["shop.yaml"], routes={"old": {"backend": "api"}}, objects=own)
    shown = {key: (found[key].value, found[key].origin) for key in found if key.startswith(("routes", "objects"))}
    assert shown["routes.old.backend"] == ("api", FILE)
    assert shown["routes.shop.backend"] == ("web", "shop.yaml")
    assert shown["routes.shop.kind"] == ("HTTPRoute", "program")
    assert shown["objects[0].metadata.name"] == ("own", FILE)
    assert shown["objects[1].metadata.name"] == ("shop", "shop.yaml")


def test_the_first_layer_that_sets_a_key_wins() -> None:
    given = [
        Layer(name="CONTEXT=", values={"synergychat:context": "kind"}),
        Layer(name=FILE, values={"synergychat:context": "minikube"}),
    ]
    assert effective(given)[0] == Entry(key="context", value="kind", origin="CONTEXT=")


def test_every_key_of_the_config_is_shown() -> None:
    keys = {entry.partition(".")[0].partition("[")[0] for entry in entries()}
    assert keys == {field.alias for field in config.StackConfig.model_fields.values()}


@pytest.mark.parametrize(
    "secrets",
    [
        {"users": {".htpasswd": "planted"}},
        {"users": {".htpasswd": {"secure": "planted"}}},
        {"secure": "planted"},
    ],
)
def test_no_secret_is_shown(secrets: dict[str, Any]) -> None:
    found = [entry for key, entry in entries(secrets=secrets).items() if key.startswith("secrets")]
    assert [entry.value for entry in found] == [SECRET]
    assert "planted" not in str(found)


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("web", {"web": {"hostname": {"secure": "planted"}}}),
        ("web", {"web": {"secure": "planted"}}),
        ("policies", {"policies": {"p": {"kind": "SecurityPolicy", "basicAuth": {"users": {"secure": "planted"}}}}}),
        ("web", {"secrets": {"users": {"planted": {"secure": "planted"}}}, "web": {"port": {"secure": "planted"}}}),
    ],
)
def test_a_secret_in_a_wrong_place_is_reported_and_not_shown(key: str, given: dict[str, Any]) -> None:
    with pytest.raises(config.ConfigError) as raised:
        entries(**given)
    found = raised.value.problems[0]
    assert (found.place, found.problem.code) == (f"synergychat:{key}", "secret-in-clear")
    assert f" = {SECRET}: " in str(found)
    assert "planted" not in str(raised.value)


def test_the_command_prints_a_line_per_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _file(tmp_path, monkeypatch, {"synergychat:context": "a-context", "synergychat:namespace": "n" * 60})
    assert command.run(Stack.of("mine", "")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["key", "from", "value"]
    assert lines[2].split() == ["namespace", "Pulumi.mine.yaml", "n" * 60]
    assert len(lines) > 30


def test_the_command_reports_problems_as_the_program_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path, monkeypatch, {"synergychat:context": "a-context", "synergychat:web": {"port": 0, "hostnam": "a"}})
    stack = Stack.of("mine", "")
    with pytest.raises(config.ConfigError) as found:
        effective(layers(stack))
    with pytest.raises(UserError) as raised:
        command.run(stack)
    assert str(raised.value) == config.explain(found.value, "synergychat", "mine")
    assert [(problem.place, problem.problem.code, problem.value) for problem in found.value.problems] == [
        ("synergychat:web.hostnam", "config-key-unknown", "a"),
        ("synergychat:web.port", "config-number", 0),
    ]
    assert found.value.problems[0].problem.words["suggestion"] == "did you mean hostname?"


def _file(directory: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]) -> None:
    file = directory / "Pulumi.mine.yaml"
    file.write_text(json.dumps({"config": values}))
    monkeypatch.setattr("tools.stack.stack_file", lambda stack: file)
    monkeypatch.setattr("tools.effective_config.stack_file", lambda stack: file)
