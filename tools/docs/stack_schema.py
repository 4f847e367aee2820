"""config.schema.json, the JSON Schema with which an editor completes and checks a stack's file."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from config import StackConfig
from config.values import Rule, TextOr
from tools.environment import PROJECT

_SECURE = {
    "type": "object",
    "description": "An encrypted value, written by `pulumi config set --secret`.",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_PATTERN_MESSAGE = "patternErrorMessage"
"""Keyword of the YAML language server: the message to show when a pattern does not match."""
_AS_TEXT = {
    "integer": {"type": "string", "pattern": "^[0-9]+$"},
    "boolean": {"type": "string", "enum": ["true", "false"]},
}
"""Pulumi writes numbers and booleans as strings when it writes the file itself."""
_NUMBER_KEYWORDS = ("type", "minimum", "maximum")
_ENCRYPTION = {"type": "string", "description": "Set by Pulumi: how the secrets of this file are encrypted."}


def render() -> str:
    """The content of config.schema.json."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The schema of a whole `Pulumi.<stack>.yaml`.

    The program refuses everything that the schema refuses, and more: only the program checks rules between keys, and
    fields of Kubernetes objects against the CRDs of the release.
    """
    model = StackConfig.model_json_schema(by_alias=True, schema_generator=_Generator)
    keys: dict[str, Any] = model["properties"]
    for key in keys.values():
        if "$ref" in key:
            key.pop("default", None)  # an editor would insert the whole group
        if text := _AS_TEXT.get(key.get("type", "")):
            key["anyOf"] = [{name: key.pop(name) for name in _NUMBER_KEYWORDS if name in key}, text]
    secrets = keys["secrets"]
    for secret in secrets["patternProperties"].values():
        secret["patternProperties"] = {
            pattern: {"anyOf": [text, _SECURE]} for pattern, text in secret["patternProperties"].items()
        }
    # All Secrets can also be encrypted together, as one value.
    keys["secrets"] = {"description": secrets.pop("description"), "anyOf": [secrets, _SECURE]}
    config: dict[str, Any] = {
        "type": "object",
        "properties": {f"{PROJECT}:{key}": value for key, value in keys.items()},
        "patternProperties": {rf"^(?!{PROJECT}:)[^:]+:": {}},
        "additionalProperties": False,
        "required": [f"{PROJECT}:{key}" for key in model["required"]],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of synergychat",
        "description": "Written by `python -m tools.docs` from the models in `config/`: edit those.",
        "type": "object",
        "properties": {
            "config": config,
            "encryptionsalt": _ENCRYPTION,
            "encryptedkey": _ENCRYPTION,
            "secretsprovider": _ENCRYPTION,
            "environment": {"description": "A key of Pulumi: environments that the stack imports."},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": model["$defs"],
    }


class _Generator(GenerateJsonSchema):
    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """The part of a rule that JSON Schema can express."""
        below = super().function_before_schema(schema)
        rule = schema["function"]["function"]
        if not isinstance(rule, Rule):
            return below
        if isinstance(rule, TextOr):
            return {"anyOf": [{"type": "string"}, below]}
        message = {_PATTERN_MESSAGE: rule.text} if "pattern" in rule.schema else {}
        return {**below, **rule.schema, **message}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A mapping whose keys all follow their rule."""
        below = super().dict_schema(schema)
        below.get("propertyNames", {}).pop(_PATTERN_MESSAGE, None)
        return below | {"additionalProperties": False} if "patternProperties" in below else below

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No title, because it would repeat the key."""
        return False
