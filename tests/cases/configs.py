"""Examples of the problems of a stack's config and of the objects in it, one per code, from `configs.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from config import StackConfig
from diagnostics.render import Located
from preview.recorder import Declaration
from preview.validate import problems
from tests.unit import small_stack
from tests.unit.recording import PROJECT
from tests.unit.stacks import located, parse

_FILE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True, kw_only=True)
class ConfigCase:
    """Keys of a stack with one problem."""

    code: str
    config: Mapping[str, Any]
    at: str
    """The key that is wrong; in one of `files`, after the file's name."""
    secret: Sequence[str] = field(default_factory=tuple[str, ...])
    """Keys that are encrypted in the stack's file."""
    protected: bool = True
    """Whether a passphrase or a key service encrypts the secrets."""
    deployed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Volume claims of the last update, by name."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Content of the files in the program's directory, by name."""
    within: str = ""
    """The code of the message, when the sentence of `code` is only a part of it."""

    def problems(self) -> list[Located]:
        """The problems that the program finds in the config or, if there are none, in its `objects` or all objects."""
        with TemporaryDirectory() as path:
            directory = Path(path)
            for name, content in self.files.items():
                (directory / name).write_text(content)
            if found := located(self.config, self.secret, protected=self.protected, directory=directory):
                return found
            parsed = parse(self.config, self.secret, directory=directory)
            return _in_objects(parsed, self.deployed) or small_stack.problems(**self.config)


def load() -> list[ConfigCase]:
    """All examples, in the order of the file."""
    document = _Loader(_FILE.read_text()).get_single_data()
    return [ConfigCase(code=code, **fields) for code, fields in document.items()]


def _in_objects(config: StackConfig, deployed: Mapping[str, Any]) -> list[Located]:
    """The problems that a preview finds in the `objects`, without the CRDs of a release."""
    declarations = [
        Declaration(
            name=keys.metadata.name, manifest=keys.all_fields, marked=keys.all_fields, source=keys.at(), line=""
        )
        for keys in config.objects
    ]
    version, require_digests = config.envoy_gateway.version, config.require_digests
    return problems(
        declarations,
        project=PROJECT,
        crds=(),
        version=version,
        require_digests=require_digests,
        deployed_claims=deployed,
    )


class _Loader(yaml.SafeLoader):
    pass


def _repeat(loader: yaml.SafeLoader, node: yaml.MappingNode) -> str:
    given: dict[str, Any] = {str(key): value for key, value in loader.construct_mapping(node).items()}
    return given["text"] * given["times"]


def _nested(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    given: dict[str, Any] = {str(key): value for key, value in loader.construct_mapping(node).items()}
    value: dict[str, Any] = {}
    for _ in range(given["levels"]):
        value = {"a": value}
    return value


_Loader.add_constructor("!repeat", _repeat)
_Loader.add_constructor("!nested", _nested)
