"""Plan: what a revision of the program declares for one stack."""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from judge import VARIABLE as JUDGE
from kube.encrypted_values import ciphertexts, replaced
from kube.manifest import Manifest
from kube.plan_run import WITHOUT_STATE, WITHOUT_TESTS, sealed
from kube.read import read
from kube.unknown import UNKNOWN
from kube.yaml_text import YamlError, read_yaml
from plans import program
from releases import NEWEST

_TIMEOUT_S = 300
_SALT = secrets.token_hex(16)
"""Digests of secrets can be compared within this process only."""


class PlanError(Exception):
    """A program that ended without a plan.

    `is_mistake` says whether it has refused the config or an object, with a message for the user.
    """

    def __init__(self, message: str, *, is_mistake: bool) -> None:
        super().__init__(message)
        self.is_mistake = is_mistake


@dataclass(frozen=True)
class SecretValue:
    """A secret value of an object. Equal values have equal digests within one run of this program."""

    digest: str
    keys: tuple[str, ...] = ()
    """Names of the fields of a secret object. Only their values are secret."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One Kubernetes object of a plan."""

    urn: str
    name: str
    """Name of its Pulumi resource."""
    manifest: Manifest
    """The object. UNKNOWN and SecretValue stand for values that are known only after `up`, or never shown."""
    delete_before_replace: bool
    protect: bool
    retain_on_delete: bool
    depends_on: frozenset[str]
    """URNs of the resources that it comes after."""
    aliases: frozenset[str]
    """URNs that it had in earlier revisions."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a revision declares for a stack."""

    stack: str
    objects: tuple[Planned, ...]
    exports: Mapping[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = ()
    sealed: int = 0
    """Number of encrypted values that the plan was made without."""

    @property
    def envoy_gateway(self) -> str:
        """The release of Envoy Gateway; the newest known one for a program that does not say."""
        found = str(read(self.exports, "versions", "envoyGateway", default=""))
        return found if re.fullmatch(r"\d+\.\d+(\.\d+)?", found) else NEWEST

    @cached_property
    def manifests(self) -> list[Manifest]:
        """The objects, with UNKNOWN in place of everything that no check may judge."""
        return [_judged(each.manifest) for each in self.objects]


_NOT_PASSED = ("PULUMI_", "PYTHON", JUDGE)


def plan(
    directory: Path,
    stack: str,
    *,
    python: Path = Path(sys.executable),
    config: Mapping[str, Any] | None = None,
    judge: Path | None = None,
    with_tests: bool = True,
) -> Plan:
    """Run the program in `directory` for one of its stacks, without an engine, a cluster, a state or a key.

    `python` has the packages of that revision. `config` overrides keys of the stack's file. Encrypted values are
    sealed: nothing is checked that depends on them. `judge` is the program that says what Envoy Gateway refuses.
    Without `with_tests` a plan may break the stack's `tests`.
    Raises PlanError if there is no such stack, or if the program refuses it.
    """
    project, given, secret_keys, count = _config(directory, stack)
    given |= config or {}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED)}
    environment |= {
        program.STACK: stack,
        program.PROJECT: project,
        program.SALT: _SALT,
        "PULUMI_CONFIG": json.dumps({key: _passed(value) for key, value in given.items()}),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(secret_keys)),
        WITHOUT_STATE: "1",
        "KUBECONFIG": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "1",
        **({JUDGE: str(judge)} if judge else {}),
        **({} if with_tests else {WITHOUT_TESTS: "1"}),
    }
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "plan.json")
        command = [python, "-P", Path(program.__file__), file]
        try:
            done = subprocess.run(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise PlanError(f"The program has not ended after {_TIMEOUT_S} s.", is_mistake=False) from None
        if done.returncode != 0 or not file.exists():
            raise PlanError(_last_lines(done.stderr or done.stdout), is_mistake=False)
        document: Mapping[str, Any] = json.loads(file.read_text(), object_hook=_decoded)
    if document["exit_code"] is not None:
        raise PlanError(document["log"][-1], is_mistake=True)
    return Plan(
        stack=stack,
        objects=tuple(_objects(document["resources"])),
        exports=document["exports"],
        warnings=tuple(document["log"]),
        sealed=count,
    )


def _config(directory: Path, stack: str) -> tuple[str, dict[str, Any], set[str], int]:
    """The project's name, the stack's config, the keys with encrypted values, and the number of these values."""
    project = _document(directory / "Pulumi.yaml")
    file = directory / f"Pulumi.{stack}.yaml"
    if not file.exists():
        raise PlanError(f"There is no stack {stack}: {file.name} does not exist.", is_mistake=True)
    name = str(project["name"])
    declared = project.get("config") or {}
    values = {
        f"{name}:{key}": of["default"] for key, of in declared.items() if isinstance(of, dict) and "default" in of
    }
    secret_keys: set[str] = set()
    count = 0
    for key, value in (_document(file).get("config") or {}).items():
        encrypted = list(ciphertexts(value))
        values[key] = replaced(value, lambda text: sealed(text[-24:]))
        count += len(encrypted)
        if encrypted:
            secret_keys.add(key)
    return name, values, secret_keys, count


def _document(file: Path) -> dict[str, Any]:
    try:
        found = read_yaml(file.read_bytes())
    except (OSError, YamlError) as error:
        raise PlanError(f"{file.name} cannot be read: {error}", is_mistake=True) from error
    return found if isinstance(found, dict) else {}


def _passed(value: Any) -> str:
    """The value of a key as Pulumi passes it to the program."""
    return value if isinstance(value, str) else json.dumps(value)


def _objects(resources: Iterable[Mapping[str, Any]]) -> Iterable[Planned]:
    for each in resources:
        if each["type"].startswith("kubernetes:") and "kind" in each["inputs"]:
            yield Planned(
                urn=each["urn"],
                name=each["name"],
                manifest=each["inputs"],
                delete_before_replace=each["delete_before_replace"],
                protect=each["protect"],
                retain_on_delete=each["retain_on_delete"],
                depends_on=frozenset(each["depends_on"]),
                aliases=frozenset(each["aliases"]),
            )


def _decoded(value: dict[str, Any]) -> Any:
    match value.get(program.KIND):
        case program.UNKNOWN:
            return UNKNOWN
        case program.SECRET:
            return SecretValue(value["digest"], tuple(value["keys"]))
        case _:
            return value


def _judged(value: Any) -> Any:
    if isinstance(value, SecretValue):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _judged(item) for key, item in value.items()}
    return [_judged(item) for item in value] if isinstance(value, list) else value


def _last_lines(text: str) -> str:
    lines = text.strip().splitlines() or ["The program ended without a message."]
    return "\n".join(lines[-5:])
