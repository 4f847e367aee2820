"""`python -m reference`: write docs/config.md, the reference of the stack config, from the models in config.py."""

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from config import Section, StackConfig
from rules import RELEASE_LINES, Rule

PAGE = Path(__file__).resolve().parent / "docs" / "config.md"
_TYPES = {"str": "text", "int": "whole number", "Literal": "text"}


def render() -> str:
    """The page, as it must be committed."""
    sections = [_HEAD]
    plain = {name: field for name, field in StackConfig.model_fields.items() if not _is_section(field)}
    sections.append(_table("", plain))
    for field in StackConfig.model_fields.values():
        if _is_section(field):
            model: type[BaseModel] = field.annotation  # type: ignore[assignment] # _is_section has looked
            sections.append(
                f"## `{field.alias}`\n\n{field.description}\n\n{_table(f'{field.alias}.', model.model_fields)}"
            )
    lines = "\n".join(f"| {line} | {end.isoformat()} |" for line, end in RELEASE_LINES.items())
    sections.append(_TAIL.format(lines=lines))
    return "\n".join(sections)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _table(prefix: str, fields: dict[str, FieldInfo]) -> str:
    rows = [
        f"| `{prefix}{field.alias}` | {_type(field.annotation)} | {_default(field)} "
        f"| {field.description}{_rules(field)} |"
        for field in fields.values()
    ]
    return "\n".join(["| key | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _type(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return f"list of {_type(get_args(annotation)[0])}s"
    if get_origin(annotation) in (Union, types.UnionType):
        return _type(get_args(annotation)[0])
    name = getattr(getattr(annotation, "__origin__", annotation), "__name__", str(annotation))
    return _TYPES.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    if field.default is None:
        return "not set"
    return f"`{json.dumps(field.default, ensure_ascii=False)}`"


def _rules(field: FieldInfo) -> str:
    texts = dict.fromkeys(rule.text for rule in _found_rules(field.metadata, field.annotation))
    return (
        "".join(f" It {text}." for text in texts)
        if "list" not in _type(field.annotation)
        else "".join(f" Each {text}." for text in texts)
    )


def _found_rules(metadata: list[Any], annotation: Any) -> Iterator[Rule]:
    for item in metadata:
        if isinstance(item, BeforeValidator) and isinstance(item.func, Rule):
            yield item.func
    for part in get_args(annotation):
        yield from _found_rules(list(getattr(part, "__metadata__", ())), getattr(part, "__origin__", None))


_HEAD = """# Stack config

Written by `python -m reference` from the models in `config.py`; edit those.

A stack's values live in `Pulumi.<stack>.yaml` under `config:`, each key with the project's name before it. What is not
set there has the default below. Everything is read once and checked as a whole: `pulumi preview` and `pulumi up` list
every mistake, with its key, its value and its rule, before anything is registered.

```yaml
config:
  synergychat:context: my-cluster
  synergychat:web:
    hostname: chat.example.com
```

A single value from the command line: `pulumi config set --path 'synergychat:web.hostname' chat.example.com`

Two routes must not share a hostname or a name, and no two Services a name. `pulumi:disable-default-providers` stays in
every stack's file: with it, nothing can be deployed but to the cluster that `context` names.

## Top level
"""
_TAIL = """## Where the Envoy Gateway manifest comes from

| `envoyGateway.manifest` | what happens |
| --- | --- |
| not set | the `install.yaml` of the release on GitHub |
| `https://...` | that file |
| a path to a file | that file; a relative path starts at the project's directory |
| a path to a directory | the chart in it: `helm template eg DIRECTORY --namespace NAMESPACE --include-crds` |

A download must match one of `envoyGateway.sha256`. With none given it is refused, and the message has the sum of what
was received, to compare with one from a source that you trust. A download is kept below
`$XDG_CACHE_HOME/synergychat/manifests` (`~/.cache` when the variable is not set) under its sum, and is looked for there
first: a later preview needs no network. A manifest from elsewhere can be put there too, as `SUM.yaml`.

The sum of a file is that of its bytes (`sha256sum FILE`). The sum of a chart directory is that of a list with one line
per file, sorted by path: the file's own sum, two blanks, its path from the directory. To get it:

    cd DIRECTORY && find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum

Releases that can be installed, and the day on which their line stops getting fixes (after it, `pulumi up` warns):

| line | end of life |
| --- | --- |
{lines}
"""


if __name__ == "__main__":
    PAGE.write_text(render())
