"""docs/config.md, the reference of the stack config."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from config import AppConfig, ExtraGatewayConfig, Fields, OpenSection, Section, ServingConfig, StackConfig
from config.values import Rule, Subdomain, Text
from releases import LINES


def render() -> str:
    """The page, as it must be committed."""
    fields = StackConfig.model_fields.values()
    parts = [_HEAD, _table("", [field for field in fields if _below(field) is None])]
    for field in fields:
        if _below(field) is not None:
            parts += [f"## `{field.alias}`\n\n{field.description}\n", *_tables("", field)]
    parts += [_EVERY_WORKLOAD, *_tables_of("", AppConfig)]
    lines = "\n".join(f"| {line.name} | {line.end_of_life.isoformat()} |" for line in LINES)
    return "\n".join([*parts, _TAIL.format(lines=lines)])


def _tables(prefix: str, field: FieldInfo) -> Iterator[str]:
    """A table for the keys below this one, and one each for what is below those."""
    below = _below(field)
    if below is None:
        return
    section, suffix = below
    yield from _tables_of(f"{prefix}{field.alias}{suffix}.", section)


def _tables_of(prefix: str, section: type[Section]) -> Iterator[str]:
    fields = [field for name, field in section.model_fields.items() if not _is_told_elsewhere(section, name)]
    yield _table(prefix, fields)
    if section is ExtraGatewayConfig:
        yield "Every further key is as in `gateway`.\n"
    if issubclass(section, OpenSection):
        yield f"{_OPEN}\n"
    for each in fields:
        yield from _tables(prefix, each)


def _is_told_elsewhere(section: type[Section], name: str) -> bool:
    """A further Gateway's keys are the first one's."""
    return (section is ExtraGatewayConfig and name in ServingConfig.model_fields) or _is_of_every_workload(
        section, name
    )


def _is_of_every_workload(section: type[Section], name: str) -> bool:
    """Whether a workload has this key as all of them have it: those are told of once."""
    if section is AppConfig or not issubclass(section, AppConfig) or name not in AppConfig.model_fields:
        return False
    own, common = section.model_fields[name], AppConfig.model_fields[name]
    return (own.default, own.description) == (common.default, common.description)


def _below(field: FieldInfo) -> tuple[type[Section], str] | None:
    """The keys of a group, or of each group in a mapping or a list; and how one of these is named after its key."""
    origin, parts = get_origin(field.annotation), get_args(field.annotation)
    suffix = {dict: ".NAME", tuple: "[]"}.get(cast(type, origin), "")
    for kind in (field.annotation, *parts):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind, suffix
    return None


def _table(prefix: str, fields: Iterable[FieldInfo]) -> str:
    rows = [
        f"| `{prefix}{field.alias}` | {_value(field)} | {_default(field)} | {field.description} |" for field in fields
    ]
    return "\n".join(["| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _value(field: FieldInfo) -> str:
    """What the rule of a field asks for."""
    if (plain := _plain_value(field)) is not None:
        return plain
    *keys, rule = _rules(field.metadata, field.annotation)
    text = rule.text.removeprefix("must be ")
    if keys:
        return f"by {keys[0].text.removeprefix('must be ').partition(':')[0]}, each {text}"
    if get_origin(field.annotation) is not tuple:
        return text
    at_least_one = any(getattr(item, "min_length", 0) for item in field.metadata)
    return f"a list{' of at least one' if at_least_one else ''}, each {text}"


def _plain_value(field: FieldInfo) -> str | None:
    """For what has no rule of its own: the type says it all."""
    for annotation in (field.annotation, *get_args(field.annotation)):
        if get_origin(annotation) is Literal:
            *most, last = get_args(annotation)
            return f"{', '.join(most)} or {last}"
    if below := _below(field):
        return {".NAME": "groups of keys by name", "[]": "a list of groups of keys", "": "a group of keys"}[below[1]]
    return _PLAIN.get(field.annotation)


def _rules(metadata: list[Any], annotation: Any) -> Iterator[Rule]:
    for item in metadata:
        if isinstance(item, BeforeValidator) and isinstance(item.func, Rule):
            yield item.func
    for part in get_args(annotation):
        yield from _rules(list(getattr(part, "__metadata__", ())), getattr(part, "__origin__", None))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None:
        return "not set"
    return f"`{default if isinstance(default, str) else json.dumps(default, default=_jsonable)}`"


def _jsonable(section: Section) -> dict[str, Any]:
    return section.model_dump(mode="json", by_alias=True, exclude_none=True)


_PLAIN: dict[Any, str] = {
    bool: "true or false",
    dict[str, str]: "texts by name",
    tuple[str, ...]: "a list of texts",
    Fields: "fields, in wire form",
    tuple[Fields, ...]: "a list of fields, in wire form",
    dict[Subdomain, dict[Text, str]]: "groups of texts by name",
}
_OPEN = (
    """Every further key is a field of the object, in wire form: it is checked against the release that is installed."""
)
_EVERY_WORKLOAD = """## Every workload

What `web`, `api`, `crawler` and each of `apps` may say beside that. [Recipes](workloads.md) show them at work.
"""
_HEAD = """<!-- Written by `python -m tools.docs` from the models in `config/`: edit those. -->
# Stack config

A stack's values live in `Pulumi.<stack>.yaml` under `config:`, each key with the project's name before it. A key that
is not set there, alone or in a group, has the default below: set only what differs. Everything is read once and checked
as a whole: `pulumi preview` and `pulumi up` list every mistake, with its key, its value and its rule, before anything
is registered.

```yaml
config:
  synergychat:context: my-cluster
  synergychat:web:
    hostname: chat.example.com
```

A single value from the command line: `pulumi config set --path 'synergychat:web.hostname' chat.example.com`

The two routes must differ in host name and in name, and the three Services in name. Keep
`pulumi:disable-default-providers` in every stack's file: with it, nothing can be deployed but to the cluster that
`context` names.

## Top level
"""
_TAIL = """## Where the Envoy Gateway manifest comes from

| `envoyGateway.manifest` | what happens |
| --- | --- |
| not set | the `install.yaml` of the release on GitHub |
| `https://...` | that file |
| a path to a file | that file; a relative path starts at the project's directory |
| a path to a directory | the chart in it: `helm template eg DIRECTORY --namespace NAMESPACE --include-crds` |

The same goes for `certManager.manifest`, whose release has a `cert-manager.yaml`.

A download must match one of `envoyGateway.sha256`. With none given it is refused, and the message has the sum of what
was received, to compare with one from a source that you trust. A download is kept below
`$XDG_CACHE_HOME/synergychat/manifests` (`~/.cache` when the variable is not set) under its sum, and is looked for there
first: a later preview needs no network. A manifest from elsewhere can be put there too, as `SUM.yaml`; `make up` and
`make preview` do so with one that they render from the release's chart, where GitHub cannot be reached.

The sum of a file is that of its bytes (`sha256sum FILE`). The sum of a chart directory is that of a list with one line
per file, sorted by path: the file's own sum, two blanks, its path from the directory. To get it:

    cd DIRECTORY && find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum

Releases that can be installed, and the day on which their line stops getting fixes (after it, `pulumi up` warns):

| line | end of life |
| --- | --- |
{lines}
"""
