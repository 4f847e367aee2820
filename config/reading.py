"""Read the config of the running stack, and report everything that is wrong with it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args, get_origin

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.resolved import Stack
from config.rules import broken_rules
from config.stack import StackConfig
from diagnostics import Path, Problem, problem, suggest
from diagnostics.catalogue import catalogue
from diagnostics.exit import stop
from diagnostics.problem import reason
from diagnostics.render import Located, config_key, render

_HIDDEN = "[secret]"
_OF_PYDANTIC = {
    "missing": "config-required",
    "model_type": "config-group",
    "model_attributes_type": "config-group",
    "dict_type": "config-group",
    "tuple_type": "config-list",
    "too_short": "field-empty",
    "bool_type": "config-bool",
    "string_type": "config-text",
}
"""Codes for pydantic's own errors."""


class ConfigError(Exception):
    """Every problem in a stack's config, each with its key and value."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load() -> Stack:
    """The running stack's config. Ends the program with all problems in it."""
    project, name = pulumi.get_project(), pulumi.get_stack()
    secret_keys = pulumi.runtime.get_config_secret_keys_env()
    try:
        config = parse(project, pulumi.runtime.get_config_env(), secret_keys)
    except ConfigError as error:
        stop(explain(error, project, name))
    if config.secrets and f"{project}:secrets" not in secret_keys:
        pulumi.log.warn(
            f"{project}:secrets is in plain text in Pulumi.{name}.yaml. "
            f"Encrypt each value: pulumi config set --secret --path '{project}:secrets.NAME.KEY' VALUE"
        )
    return Stack(config)


def explain(error: ConfigError, project: str, stack: str) -> str:
    """The text that a user reads."""
    advice = f"Edit Pulumi.{stack}.yaml, or type: pulumi config set --path '{project}:KEY' VALUE"
    return render(error.problems, stack, [advice])


def parse(project: str, values: Mapping[str, str], secret_keys: Iterable[str] = ()) -> StackConfig:
    """The config among `values`, as Pulumi passes it: objects and numbers as JSON. Raises ConfigError.

    Keys of other projects and of Pulumi itself are ignored. Values of `secret_keys` are left out of messages.
    """
    prefix = f"{project}:"
    raw = {key.removeprefix(prefix): _decode(key, value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key.removeprefix(prefix) for key in secret_keys}
    config, problems = _validate(raw)
    in_clear = [problem("secret-in-clear", (key,)) for key in sorted(secret) if key in raw and key != "secrets"]
    replaced = {found.path for found in in_clear}
    problems = [*in_clear, *(found for found in problems if found.path not in replaced)]
    problems += [found for found in broken_rules(config) if not _may_follow(found, problems)]
    if problems:
        hidden = {*secret, "secrets"}
        raise ConfigError([_located(project, found, raw, hidden) for found in problems])
    return config


def _validate(raw: Mapping[str, object]) -> tuple[StackConfig, list[Problem]]:
    """The config, and the problem of each wrong value. A wrong value is replaced, so that all others can be read."""
    problems: list[Problem] = []
    removed: set[Path] = set()
    rest: Any = json.loads(json.dumps(raw))
    while True:
        try:
            config = StackConfig.model_validate_json(json.dumps(rest), by_alias=True, by_name=False)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                path: Path = detail["loc"]
                if path not in removed:
                    problems.append(_problem(detail, raw))
                removed.add(path)
                _replace(rest, path, detail["type"])
        else:
            config.place_at(())
            return config, problems


def _replace(rest: Any, path: Path, kind: str) -> None:
    """Remove the wrong value at `path`, or fill in the missing one."""
    *parents, last = path[:-1] if path[-1] == "[key]" else path
    group = rest
    try:
        for step in parents:
            group = group[step]
        if kind == "missing":
            group[last] = _placeholder(path)
        elif isinstance(group, list):
            # The items before it keep their indices.
            del cast(list[Any], group)[cast(int, last) :]
        else:
            del group[last]
    except (KeyError, IndexError, TypeError):
        return  # gone with another wrong value


def _placeholder(path: Path) -> Any:
    """A valid value for a required key."""
    annotation: Any = StackConfig
    for part in path:
        annotation = _below(annotation, part)
    if choices := get_args(annotation):
        return choices[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {}
    return 1 if annotation is int else _TEXTS.get(str(path[-1]), "placeholder")


_TEXTS = {"size": "1Gi"}


def _problem(detail: ErrorDetails, raw: Mapping[str, object]) -> Problem:
    path, kind = detail["loc"], detail["type"]
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        suggestion = suggest(path[-1], known) or f"known here: {', '.join(known)}"
        return problem("config-key-unknown", path, _value(raw, path), suggestion=suggestion)
    if kind == "literal_error":
        options = str(detail.get("ctx", {}).get("expected", "")).replace("'", "")
        return problem("config-choice", path, _value(raw, path), options=options)
    words = {name: word for name, word in detail.get("ctx", {}).items() if name != "code"}
    code = kind if kind in catalogue() else _OF_PYDANTIC.get(kind, "config-invalid")
    if code == "config-invalid":
        words = {"message": detail["msg"]}
    if path[-1] == "[key]":
        return problem("config-name", path[:-1], rule=reason(code, **words).rule)
    return problem(code, path, _value(raw, path), **words)


def _may_follow(broken: Problem, problems: Iterable[Problem]) -> bool:
    """Whether a rule between keys may be broken only because of a wrong value in the same group."""
    for found in problems:
        group = found.path[:-1]
        if found.code == "config-name" or not group:
            continue
        if broken.path[: len(group)] == group and (found.code != "config-key-unknown" or broken.path[:-1] == group):
            return True
    return False


def _decode(key: str, value: str) -> object:
    field = next((f for f in StackConfig.model_fields.values() if f.alias == key.rpartition(":")[2]), None)
    if field is not None and field.annotation is str:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _known_keys(path: Path) -> list[str]:
    annotation: Any = StackConfig
    for part in path:
        annotation = _below(annotation, part)
    return [str(field.alias) for field in _model(annotation).model_fields.values()]


def _model(annotation: Any) -> type[BaseModel]:
    """The model in an annotation that may also allow None."""
    return next(
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    )


def _below(annotation: Any, part: str | int) -> Any:
    """The annotation of a key of a model or mapping, or of an item of a list."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    return next(field.annotation for field in _model(annotation).model_fields.values() if field.alias == part)


def _value(raw: Any, path: Path) -> Any:
    """The value at `path`; None when there is none."""
    for step in path:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _located(project: str, found: Problem, raw: Mapping[str, object], hidden: Iterable[str]) -> Located:
    value = found.value if found.value is not None else _value(raw, found.path)
    if value is not None and str(found.path[0]) in hidden:
        value = _HIDDEN
    return Located(place=config_key(project, found.path), problem=found, value=value)
