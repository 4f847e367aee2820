"""Reading the config of the running stack, and saying what is wrong with it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args, get_origin

import pulumi
from pydantic import BaseModel, ValidationError

from config.cross_field import across
from config.stack import StackConfig
from config.words import meant
from diagnostics.exit import stop

_SHOWN = (
    "holds a secret value, which would be shown and kept in clear: only those of synergychat:secrets are not. "
    "Put it there, and name that Secret"
)


class ConfigError(Exception):
    """Every mistake in a stack's config, one per line: the key as it is typed, its value, the rule."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load() -> StackConfig:
    """The running stack's config. Ends the program when it has mistakes, with all of them."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    secret_keys = pulumi.runtime.get_config_secret_keys_env()
    try:
        settings = parse(project, pulumi.runtime.get_config_env(), secret_keys)
    except ConfigError as error:
        stop(told(error, project, stack))
    if settings.secrets and f"{project}:secrets" not in secret_keys:
        pulumi.log.warn(
            f"{project}:secrets stand in clear in Pulumi.{stack}.yaml. "
            f"For each, type: pulumi config set --secret --path '{project}:secrets.NAME.KEY' VALUE"
        )
    return settings


def told(error: ConfigError, project: str, stack: str) -> str:
    """What a person reads of it."""
    count = "One mistake" if len(error.mistakes) == 1 else f"{len(error.mistakes)} mistakes"
    lines = "\n".join(f"  {mistake}" for mistake in error.mistakes)
    return (
        f"{count} in the config of stack {stack}:\n{lines}\n"
        f"Edit Pulumi.{stack}.yaml, or type: pulumi config set --path '{project}:KEY' VALUE"
    )


def parse(project: str, values: Mapping[str, str], secret_keys: Iterable[str] = ()) -> StackConfig:
    """Read the keys of `project` among `values`, as Pulumi hands them over: objects and numbers as JSON.

    Keys of other projects and of Pulumi itself are not looked at. Values of `secret_keys` are left out of messages.
    """
    prefix = f"{project}:"
    given = {key.removeprefix(prefix): _decoded(key, value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key.removeprefix(prefix) for key in secret_keys}
    hidden = {*secret, "secrets"}
    mistakes: dict[tuple[str, ...], str] = {}
    parsed: StackConfig | None = None
    try:
        parsed = StackConfig.model_validate_json(json.dumps(given), by_alias=True, by_name=False)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = tuple(str(part) for part in detail["loc"])
            mistakes[path] = _rule(detail["type"], detail["msg"], path)
    misplaced = {(key,): _SHOWN for key in secret if key in given and key != "secrets"}
    mistakes = across(given) | mistakes | misplaced
    if mistakes or parsed is None:
        raise ConfigError([_line(prefix, path, rule, given, hidden) for path, rule in sorted(mistakes.items())])
    return parsed


def _decoded(key: str, value: str) -> object:
    field = next((f for f in StackConfig.model_fields.values() if f.alias == key.rpartition(":")[2]), None)
    if field is not None and field.annotation is str:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _rule(kind: str, message: str, path: tuple[str, ...]) -> str:
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        hint = meant(path[-1], known) or f"known here: {', '.join(known)}"
        return f"is not a key of this program; {hint}"
    plain = {
        "missing": "is required, and has no default",
        "model_type": "must be a group of keys",
        "model_attributes_type": "must be a group of keys",
        "tuple_type": "must be a list",
        "too_short": "must not be empty",
        "bool_type": "must be true or false",
        "dict_type": "must be a group of keys",
        "string_type": "must be text",
    }
    if kind == "literal_error":
        return message.replace("Input should be", "must be").replace("'", "")
    return plain.get(kind, message.removeprefix("Value error, "))


def _known_keys(path: tuple[str, ...]) -> list[str]:
    annotation: Any = StackConfig
    for part in path:
        annotation = _below(annotation, part)
    return [str(field.alias) for field in _model(annotation).model_fields.values()]


def _model(annotation: Any) -> type[BaseModel]:
    """The model in an annotation that may allow None beside it."""
    return next(
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    )


def _below(annotation: Any, part: str) -> Any:
    """What may stand at a key of a model or of a mapping, or at a place in a list."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    return next(field.annotation for field in _model(annotation).model_fields.values() if field.alias == part)


def _line(prefix: str, path: tuple[str, ...], rule: str, given: Mapping[str, object], hidden: Iterable[str]) -> str:
    value: Any = given
    for part in path:
        if isinstance(value, Mapping):
            value = cast(dict[str, Any], value).get(part)
        elif isinstance(value, list):
            value = cast(list[Any], value)[int(part)]
    if path[-1] == "[key]":
        path, rule = path[:-1], f"is a name that {rule}"
    key = path[0] + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path[1:])
    if value is None:
        return f"{prefix}{key} {rule}"
    shown = "[secret]" if path[0] in hidden else json.dumps(value, ensure_ascii=False)
    return f"{prefix}{key} = {shown if len(shown) <= 80 else shown[:77] + '...'} {rule}"
