"""The generated files agree with the models, which define every key, its default and its meaning."""

from pathlib import Path

import yaml

from config import Section, StackConfig
from tools.docs import config_keys, project

ROOT = Path(__file__).resolve().parents[3]


def test_pulumi_yaml_declares_every_key_of_the_models() -> None:
    # `python -m tools.docs` writes it.
    assert (ROOT / "Pulumi.yaml").read_text() == project.render()


def test_every_key_is_described() -> None:
    fields = StackConfig.model_fields.values()
    sections = [field.annotation for field in fields if isinstance(field.annotation, type)]
    models = [StackConfig, *(section for section in sections if issubclass(section, Section))]
    undescribed = [
        f"{model.__name__}.{n}" for model in models for n, f in model.model_fields.items() if not f.description
    ]
    assert len(models) == 7
    assert undescribed == []


def test_the_reference_is_up_to_date() -> None:
    # `python -m tools.docs` writes it.
    assert (ROOT / "docs" / "config.md").read_text() == config_keys.render()


def test_the_reference_shows_the_allowed_values_and_the_default_of_a_key() -> None:
    page = config_keys.render()
    for row in (
        "| `gateway.nodePort` | a whole number from 30000 to 32767 | not set |",
        "| `context` | text that is not empty | **required** |",
        "| `web.hostname` | a host name in lower case, not an IP address and not a wildcard | `synchat.internal` |",
        "| `envoyGateway.sha256` | a list, each a SHA-256 checksum (64 of 0-9 and a-f) | `[]` |",
        "| `crawler.keywords` | a list of at least one, each a word without a comma | `[",
        "| 1.5 | 2026-02-13 |",
    ):
        assert f"\n{row}" in page


def test_a_list_is_declared_with_the_type_of_its_items() -> None:
    # The engine refuses a stack whose value has another type.
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    lists = {key: of["items"]["type"] for key, of in declared.items() if of["type"] == "array"}
    assert lists == {"include": "string", "adopt": "string", "objects": "object"}
