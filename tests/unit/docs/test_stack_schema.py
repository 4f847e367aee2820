"""The JSON Schema of a stack's file agrees with the program."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin

import jsonschema_rs
import pytest
import yaml
from pydantic import BeforeValidator

import config
from config import values
from config.values import Rule
from tools.docs import stack_schema, stacks

ROOT = Path(__file__).resolve().parents[3]
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))
"""Those of a team too, which may have added its own."""
SCHEMA = cast(dict[str, Any], json.loads((ROOT / "config.schema.json").read_text()))
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")
CONTEXT = {"synergychat:context": "a-context"}


def errors(document: object) -> list[str]:
    """The errors that an editor would show, each with its path in the file."""
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_the_one_that_the_models_give() -> None:
    # `python -m tools.docs` writes it.
    assert (ROOT / "config.schema.json").read_text() == stack_schema.render()


def test_the_schema_is_valid() -> None:
    assert jsonschema_rs.meta.is_valid(SCHEMA)


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_an_editor_finds_no_error_in_a_stack_file(file: Path) -> None:
    assert errors(yaml.safe_load(file.read_text())) == []


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_an_editor_finds_the_schema_of_a_stack_file(stack: str) -> None:
    file = ROOT / f"Pulumi.{stack}.yaml"
    named = LINE.match(file.read_text())
    assert named is not None
    assert (file.parent / named[1]).samefile(ROOT / "config.schema.json")


def test_every_recipe_is_valid() -> None:
    text = (ROOT / "docs" / "gateway.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    recipes = [block.get("config", block) for block in blocks if isinstance(block, dict)]
    of_config = [recipe for recipe in recipes if any(str(key).startswith("synergychat:") for key in recipe)]
    assert len(of_config) > 20
    assert [errors({"config": CONTEXT | recipe}) for recipe in of_config] == [[]] * len(of_config)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"config": {}}, '"synergychat:context" is a required property'),
        ({"config": CONTEXT | {"synergychat:webb": {}}}, "'synergychat:webb' was unexpected"),
        ({"config": CONTEXT, "confg": {}}, "'confg' was unexpected"),
        ({"config": CONTEXT | {"synergychat:web": {"hostnam": "a.example.com"}}}, "'hostnam' was unexpected"),
        ({"config": CONTEXT | {"synergychat:web": {"servicePort": 0}}}, "0 is less than the minimum of 1"),
        ({"config": CONTEXT | {"synergychat:web": {"servicePort": "80"}}}, 'is not of type "integer"'),
        ({"config": CONTEXT | {"synergychat:web": {"hostname": "10.0.0.1"}}}, "does not match"),
        ({"config": CONTEXT | {"synergychat:gateway": {"exposure": "Loadbalancer"}}}, "is not one of"),
        ({"config": CONTEXT | {"synergychat:routes": {"A Route": {}}}}, "'A Route' was unexpected"),
        ({"config": CONTEXT | {"synergychat:policies": {"p": {}}}}, '"kind" is a required property'),
        ({"config": CONTEXT | {"synergychat:secrets": {"s": {"a": 5}}}}, "is not valid under any"),
        ({"config": CONTEXT | {"synergychat:secrets": {"s": {"secure": {"a": "b"}}}}}, "is not valid under any"),
    ],
)
def test_an_error_in_a_stack_file_is_marked(document: object, words: str) -> None:
    found = errors(document)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    "secrets",
    [
        {"users": {".htpasswd": {"secure": "v1:abc"}, "clear": "a text"}},
        {"secure": "v1:abc"},
    ],
)
def test_a_secret_may_be_encrypted_by_itself_or_with_all_others(secrets: object) -> None:
    assert errors({"config": CONTEXT | {"synergychat:secrets": secrets}}) == []


def test_a_number_or_a_boolean_may_be_a_string_as_pulumi_writes_it() -> None:
    assert errors({"config": CONTEXT | {"synergychat:timeoutSeconds": "300"}}) == []
    assert errors({"config": CONTEXT | {"synergychat:requireDigests": "true"}}) == []
    assert len(errors({"config": CONTEXT | {"synergychat:timeoutSeconds": "long"}})) == 1
    assert len(errors({"config": CONTEXT | {"synergychat:timeoutSeconds": 5}})) == 1


def test_pulumis_own_keys_are_left_to_pulumi() -> None:
    config = CONTEXT | {"pulumi:disable-default-providers": ["kubernetes"], "kubernetes:context": "other"}
    assert errors({"config": config, "encryptionsalt": "v1:a", "secretsprovider": "awskms://alias/a"}) == []


# The same rules in the schema and in the program


def rules() -> Iterator[tuple[str, Rule]]:
    for name, value in vars(values).items():
        if get_origin(value) is Annotated:
            yield from (
                (name, validator.func)
                for validator in get_args(value)[1:]
                if isinstance(validator, BeforeValidator) and isinstance(validator.func, Rule)
            )


RULES = dict(rules())
GIVEN: list[object] = [
    *("", " ", "a", "A", "a-b", "-a", "a-", "1a", "a.b", "a..b", ".a", "a.", "a,b", "a b", "ä", "a\n", "\na", "1"),
    *("10.0.0.1", "a.0x1f", "a.b.example.com", "*.example.com", "http://a", "a/b", "a" * 63, "a" * 64, "1.9.1", "1.9"),
    *("1.10.0", "2.0.0", "0" * 64, "0" * 63, "F" * 64, ".".join(["a" * 63] * 4), "web:latest", "registry:5000/a/b:c"),
    *(f"a@sha256:{'0' * 64}", f"a:b@sha256:{'0' * 64}", "a@sha256:0", "localhost/a", "a//b", "A/b", "a:", "@daily"),
    *("/", "/a", "/a/b.c", "/a//b", "/a/..", "/a/../b", "/..a", "/a b", "1Gi", "1.5e3", "0 3 * * *", "0 3 * *"),
    *(0, 1, 9, 10, 80, 100, 101, 3600, 3601, 29999, 30000, 32767, 32768, 65535, 65536, -1),
]
LAXER = {("Hostname", "a" * 64), ("HostnameOrWildcard", "a" * 64)}
"""Values that only the program refuses: the pattern does not limit the length of a label."""


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.schema])
def test_a_rule_allows_the_same_values_in_the_schema_and_in_the_program(name: str) -> None:
    rule = RULES[name]
    of_type = int if "minimum" in rule.schema else str
    validator = jsonschema_rs.Draft202012Validator(dict(rule.schema))
    given = [item for item in GIVEN if type(item) is of_type and (name, item) not in LAXER]
    verdicts = {item: (rule.find(item) is None, validator.is_valid(item)) for item in given}
    assert {item: verdict for item, verdict in verdicts.items() if verdict[0] != verdict[1]} == {}
    assert {verdict[0] for verdict in verdicts.values()} == {True, False}


def test_every_rule_has_a_form_in_the_schema() -> None:
    assert [name for name, rule in RULES.items() if not rule.schema] == []


def test_the_schema_and_the_program_have_the_same_keys() -> None:
    keys = {f"synergychat:{field.alias}" for field in config.StackConfig.model_fields.values()}
    assert SCHEMA["properties"]["config"]["properties"].keys() == keys
