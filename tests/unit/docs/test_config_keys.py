"""Every key of the config, its default and its meaning have one home: what repeats them is held to it."""

from pathlib import Path
from typing import Any, Literal, cast, get_origin

import yaml
from pydantic.fields import FieldInfo

from config import Section, StackConfig
from tools.docs import config_keys

ROOT = Path(__file__).resolve().parents[3]
_TYPES: dict[Any, str] = {int: "integer", str: "string", bool: "boolean"}


def _declared(field: FieldInfo) -> dict[str, Any]:
    """How Pulumi.yaml has to declare a key for the engine to check and to show it."""
    is_list = get_origin(field.annotation) is tuple
    plain = str if get_origin(field.annotation) is Literal else field.annotation
    declared: dict[str, Any] = {"type": "array" if is_list else _TYPES.get(plain, "object")}
    declared["description"] = field.description
    if is_list:
        declared["items"] = {"type": "object"}
    if not field.is_required():
        section = isinstance(field.default, Section)
        declared["default"] = (
            field.default.model_dump(mode="json", by_alias=True, exclude_none=True)
            if section
            else list(field.default)
            if is_list
            else field.default
        )
    return declared


def test_pulumi_yaml_declares_every_key_with_the_type_the_default_and_the_meaning_that_the_models_have() -> None:
    project = cast(dict[str, Any], yaml.safe_load((ROOT / "Pulumi.yaml").read_text()))
    assert project["config"] == {field.alias: _declared(field) for field in StackConfig.model_fields.values()}


def test_every_key_is_described() -> None:
    sections = [field.annotation for field in StackConfig.model_fields.values() if isinstance(field.default, Section)]
    models = [StackConfig, *cast(list[type[Section]], sections)]
    unexplained = [
        f"{model.__name__}.{n}" for model in models for n, f in model.model_fields.items() if not f.description
    ]
    assert len(models) == 7
    assert unexplained == []


def test_the_reference_is_the_one_that_the_models_give() -> None:
    # `python -m tools.docs` writes it.
    assert (ROOT / "docs" / "config.md").read_text() == config_keys.render()


def test_the_reference_says_for_every_key_what_it_may_be() -> None:
    page = config_keys.render()
    for row in (
        "| `gateway.nodePort` | a whole number from 30000 to 32767 | not set |",
        "| `context` | text that is not empty | **required** |",
        "| `web.hostname` | a host name in lower case, no IP address, no wildcard | `synchat.internal` |",
        "| `envoyGateway.sha256` | a list, each a SHA-256: 64 of 0-9 and a-f | `[]` |",
        "| `crawler.keywords` | a list of at least one, each a word without a comma | `[",
        "| 1.5 | 2026-02-13 |",
    ):
        assert f"\n{row}" in page
