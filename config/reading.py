"""Read the config of the running stack, and report everything that is wrong with it."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path as File
from typing import cast

import pulumi
from pydantic import ValidationError

from config import included
from config.encryption import is_protected, unprotected
from config.resolved import Stack
from config.rules import broken_rules
from config.stack import StackConfig, validate
from config.stand_ins import stand_ins
from config.unreadable import TOO_DEEP, unreadable_values
from config.value_problems import value_problem
from diagnostics import Problem, problem
from diagnostics.exit import stop
from diagnostics.render import Located, config_key, render
from kube.json_paths import at
from kube.yaml_text import YamlError, read_yaml

_DIRECTORY = File()
"""Pulumi runs the program in its own directory."""


class ConfigError(Exception):
    """Every problem in a stack's config, each with its key and value."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load() -> Stack:
    """The running stack's config. Ends the program with all problems in it."""
    project, name = pulumi.get_project(), pulumi.get_stack()
    secret_keys = pulumi.runtime.get_config_secret_keys_env()
    protected = is_protected(_stack_file(name), os.environ)
    try:
        config = parse(
            project, pulumi.runtime.get_config_env(), secret_keys, unprotected_stack=None if protected else name
        )
    except ConfigError as error:
        stop(explain(error, project, name))
    if config.secrets and f"{project}:secrets" not in secret_keys:
        pulumi.log.warn(
            f"{project}:secrets is in plain text in Pulumi.{name}.yaml. "
            f"Encrypt each value: pulumi config set --secret --path '{project}:secrets.NAME.KEY' VALUE"
        )
    elif config.secrets and not protected:
        pulumi.log.warn(
            f"The values of {project}:secrets are encrypted with an empty passphrase: anybody who reads "
            f"Pulumi.{name}.yaml can decrypt them. For values that matter: make passphrase STACK={name}"
        )
    return Stack(config)


def explain(error: ConfigError, project: str, stack: str) -> str:
    """The text about the problems that a user reads."""
    file = f"Pulumi.{stack}.yaml"
    advice = f"Edit {file}, or type: pulumi config set --stack {stack} --path '{project}:KEY' VALUE"
    if not all(found.place.startswith(f"{project}:") for found in error.problems):
        advice = f"Edit the files that are named, and {file} where none is."
    return render(error.problems, stack, [advice])


def parse(
    project: str,
    values: Mapping[str, str],
    secret_keys: Iterable[str] = (),
    *,
    unprotected_stack: str | None = None,
    directory: File = _DIRECTORY,
) -> StackConfig:
    """The config among `values`, as Pulumi passes it: objects and numbers as JSON. Raises ConfigError.

    Keys of other projects and of Pulumi itself are ignored. Values of `secret_keys` are left out of messages. In the
    `unprotected_stack`, whose passphrase is empty, keys that make secrets are problems. Included files are relative to
    `directory`.
    """
    prefix = f"{project}:"
    raw = {key.removeprefix(prefix): _decode(key, value) for key, value in values.items() if key.startswith(prefix)}
    files = included.read(raw, directory)
    sources = {**raw, **files.files}
    if unreadable := list(unreadable_values(sources)):  # the messages must not have these values in them
        raise ConfigError([Located(place=config_key(project, found.path), problem=found) for found in unreadable])
    secret = {key.removeprefix(prefix) for key in secret_keys}
    in_clear = [problem("secret-in-clear", (key,)) for key in secret if key in raw and key != "secrets"]
    wrong: list[Problem] = []
    try:
        configs = [validate(files.merged, files.entries)]
    except ValidationError as error:
        wrong = [value_problem(detail) for detail in error.errors(include_url=False)]
        wrong = [replace(found, path=files.own_path(found.path)) for found in wrong]
        configs = stand_ins(files.merged, files.entries)
    explained = {found.path for found in in_clear}
    explained_values = explained | {found.path for found in wrong}
    problems = [*in_clear, *files.problems, *(found for found in wrong if found.path not in explained)]
    problems += [found for found in _broken_in_all(configs) if found.path not in explained_values]
    problems += [] if unprotected_stack is None else unprotected(configs[0], unprotected_stack)
    if problems:
        problems = [replace(found, path=files.own_path(found.path)) for found in problems]
        hidden = {*secret, "secrets"}
        located = [_located(project, found, sources, hidden) for found in problems]
        raise ConfigError(sorted(located, key=lambda found: found.place))
    return configs[0]


def _stack_file(stack: str) -> Mapping[str, object]:
    """The content of the stack's file, which Pulumi has already read."""
    try:
        document = read_yaml(File(f"Pulumi.{stack}.yaml").read_bytes())
    except (OSError, YamlError):
        return {}
    return cast(Mapping[str, object], document) if isinstance(document, dict) else {}


def _broken_in_all(configs: Sequence[StackConfig]) -> list[Problem]:
    """Rules between keys that every one of the configs breaks."""
    first, *others = [list(broken_rules(config)) for config in configs]
    broken_in_others = [{(found.path, found.code) for found in problems} for problems in others]
    return [found for found in first if all((found.path, found.code) in broken for broken in broken_in_others)]


def _decode(key: str, value: str) -> object:
    field = next((f for f in StackConfig.model_fields.values() if f.alias == key.rpartition(":")[2]), None)
    if field is not None and field.annotation is str:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
    except RecursionError:
        return TOO_DEEP


def _located(project: str, found: Problem, raw: Mapping[str, object], hidden: Iterable[str]) -> Located:
    value = found.value
    if value is None:
        with suppress(LookupError, TypeError):
            value = at(raw, found.path)
    is_secret = value is not None and str(found.path[0]) in hidden
    shown = None if is_secret else value
    return Located(place=config_key(project, found.path), problem=found, value=shown, is_secret=is_secret)
