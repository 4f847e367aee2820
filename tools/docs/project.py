"""Pulumi.yaml: the project, with every key that a stack can set."""

from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from config import Section, StackConfig
from config.keys import plain
from tools.environment import PROJECT

_TYPES: dict[Any, str] = {int: "integer", str: "string", bool: "boolean"}
_HEAD = f"""# Written by `python -m tools.docs` from the models in `config/`: edit those.
name: {PROJECT}
description: SynergyChat behind Envoy Gateway, on any Kubernetes cluster
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: .venv
"""


def render() -> str:
    """The content of Pulumi.yaml."""
    declared = {field.alias: _declared(field) for field in StackConfig.model_fields.values()}
    return _HEAD + yaml.safe_dump({"config": declared}, sort_keys=False, width=120, allow_unicode=True)


def _declared(field: FieldInfo) -> dict[str, Any]:
    """The declaration of a key for the engine. A group is empty by default, because its model has the defaults."""
    is_list = get_origin(field.annotation) is tuple
    declared: dict[str, Any] = {"type": "array" if is_list else _type(field.annotation)}
    declared["description"] = field.description
    if is_list:
        declared["items"] = {"type": _type(get_args(field.annotation)[0])}
    if not field.is_required():
        default = field.get_default(call_default_factory=True, validated_data={})
        declared["default"] = {} if isinstance(default, Section) else [] if is_list else default
    return declared


def _type(annotation: Any) -> str:
    value_type = plain(annotation)
    return "string" if get_origin(value_type) is Literal else _TYPES.get(value_type, "object")
