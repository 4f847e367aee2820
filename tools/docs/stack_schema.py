"""The JSON Schema of a stack's file, by which an editor completes and checks it."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from config import StackConfig
from config.values import Rule, TextOr
from tools.effective_config import PROJECT

_SECURE = {
    "type": "object",
    "description": "What `pulumi config set --secret` wrote.",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_WORDS = "patternErrorMessage"
"""By which the YAML language server says what a pattern means."""
_AS_TEXT = {
    "integer": {"type": "string", "pattern": "^[0-9]+$"},
    "boolean": {"type": "string", "enum": ["true", "false"]},
}
"""How Pulumi writes a key's number or truth value when it writes the file itself."""
_OF_NUMBERS = ("type", "minimum", "maximum")
_OF_PULUMI = {"type": "string", "description": "Pulumi's own: how the file's secrets are encrypted."}


def render() -> str:
    """The file, as it must be committed."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """Of a whole `Pulumi.<stack>.yaml`.

    What it refuses, the program refuses too. The rules between keys, and what the release's CRDs say of fields in wire
    form, are left to the program.
    """
    model = StackConfig.model_json_schema(by_alias=True, schema_generator=_Generator)
    keys: dict[str, Any] = model["properties"]
    for key in keys.values():
        if "$ref" in key:
            key.pop("default", None)  # which an editor would write out as a whole
        if text := _AS_TEXT.get(key.get("type", "")):
            key["anyOf"] = [{name: key.pop(name) for name in _OF_NUMBERS if name in key}, text]
    secrets = keys["secrets"]
    for named in secrets["patternProperties"].values():
        named["patternProperties"] = {
            pattern: {"anyOf": [text, _SECURE]} for pattern, text in named["patternProperties"].items()
        }
    # All of them at once may have been encrypted too.
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
            "encryptionsalt": _OF_PULUMI,
            "encryptedkey": _OF_PULUMI,
            "secretsprovider": _OF_PULUMI,
            "environment": {"description": "Pulumi's own: environments that the stack imports."},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": model["$defs"],
    }


class _Generator(GenerateJsonSchema):
    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """What of a rule can be said in JSON Schema."""
        below = super().function_before_schema(schema)
        rule = schema["function"]["function"]
        if not isinstance(rule, Rule):
            return below
        if isinstance(rule, TextOr):
            return {"anyOf": [{"type": "string"}, below]}
        words = {_WORDS: rule.text} if "pattern" in rule.schema else {}
        return {**below, **rule.schema, **words}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Without a name that breaks its rule."""
        below = super().dict_schema(schema)
        below.get("propertyNames", {}).pop(_WORDS, None)
        return below | {"additionalProperties": False} if "patternProperties" in below else below

    def field_title_should_be_set(self, schema: Any) -> bool:
        """The key says as much."""
        return False
