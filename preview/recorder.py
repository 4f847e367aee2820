"""Recorder: every Kubernetes object that the program declares, with the place that it was declared at."""

import inspect
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, TypeGuard, cast
from weakref import WeakKeyDictionary

import pulumi

from diagnostics import Path
from kube.manifest import Manifest
from kube.plan_run import is_sealed
from kube.unknown import UNKNOWN

_PROGRAM = File(__file__).resolve().parent.parent
_MAIN = _PROGRAM / "__main__.py"

_config_source: ContextVar[Path | None] = ContextVar("config_source", default=None)


@contextmanager
def config_source(path: Path) -> Generator[None]:
    """Mark everything declared within as a consequence of the config at `path`. Marks on values say more."""
    token = _config_source.set(path)
    try:
        yield
    finally:
        _config_source.reset(token)


_contents: WeakKeyDictionary[pulumi.Output[Any], Mapping[str, Any]] = WeakKeyDictionary()


def secret(content: Mapping[str, str]) -> pulumi.Output[Mapping[str, str]]:
    """A secret value of the engine whose content the preview knows, so that the rules between objects can judge it."""
    value = pulumi.Output.secret(content)
    _contents[value] = {key: UNKNOWN if is_sealed(text) else text for key, text in content.items()}
    return value


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One declared object."""

    name: str = ""
    """Name of its Pulumi resource."""
    manifest: Manifest
    """UNKNOWN stands for values that are known only after `up`."""
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], repr=False)
    """Fields whose content is secret, by name; UNKNOWN where it is sealed. No message and no representation may show
    them."""
    marked: Any
    """The object as it was declared, with the marks that say where its values come from."""
    source: Path | None
    """Place in the config that the object follows from; None for an object of the program itself."""
    line: str
    """Line of the main program that declares the object."""


@dataclass
class Recorder:
    """Records declared objects. The engine gets them only when the program ends."""

    declarations: list[Declaration] = field(default_factory=list[Declaration])

    def __call__(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Record a resource; to be registered as a stack transformation, which changes nothing."""
        if args.type_.startswith("kubernetes:"):
            manifest = {name: value for name, value in _plain(args.props).items() if value is not None}
            secrets = {name: _contents[value] for name, value in args.props.items() if _is_known_secret(value)}
            self.declarations.append(
                Declaration(
                    name=args.name,
                    manifest=manifest,
                    secrets=secrets,
                    marked=args.props,
                    source=_config_source.get(),
                    line=_line(),
                )
            )


def _is_known_secret(value: Any) -> TypeGuard[pulumi.Output[Any]]:
    return isinstance(value, pulumi.Output) and value in _contents


def _plain(value: Any) -> Any:
    if _is_known_secret(value):
        return dict.fromkeys(_contents[value], UNKNOWN)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(list[Any], value)]
    return value if isinstance(value, str | int | float | None) else UNKNOWN


def _line() -> str:
    """The innermost line of the main program on the stack."""
    frame = inspect.currentframe()
    while frame is not None:
        file = File(frame.f_code.co_filename)
        if file == _MAIN:
            return f"{file.relative_to(_PROGRAM)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
