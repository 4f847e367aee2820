"""docs/config.md, the reference of the stack config."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from config import AppConfig, ExtraGatewayConfig, Fields, OpenSection, Section, ServingConfig, StackConfig
from config.values import Rule, SecretKey, Subdomain
from releases import LINES, NEWEST


def render() -> str:
    """The page, as it must be committed."""
    fields = StackConfig.model_fields.values()
    parts = [
        _HEAD.format(version=NEWEST),
        _table("", [field for field in fields if _below(field) is None]),
    ]
    for field in fields:
        if _below(field) is not None:
            parts += [f"## `{field.alias}`\n\n{field.description}\n", *_tables("", field)]
    parts += [_EVERY_WORKLOAD, *_tables_of("", AppConfig)]
    lines = "\n".join(
        f"| {line.name} | {line.end_of_life.isoformat()} | {', '.join(line.manifests)} |" for line in LINES
    )
    return "\n".join([*parts, _TAIL.format(lines=lines)])


def _tables(prefix: str, field: FieldInfo) -> Iterator[str]:
    """A table for the keys below this one, and one for every group of keys below them."""
    below = _below(field)
    if below is None:
        return
    section, suffix = below
    yield from _tables_of(f"{prefix}{field.alias}{suffix}.", section)


def _tables_of(prefix: str, section: type[Section]) -> Iterator[str]:
    fields = [field for name, field in section.model_fields.items() if not _is_documented_elsewhere(section, name)]
    yield _table(prefix, fields)
    if section is ExtraGatewayConfig:
        yield "All other keys are the same as in `gateway`.\n"
    if issubclass(section, OpenSection):
        yield f"{_OPEN}\n"
    for field in fields:
        yield from _tables(prefix, field)


def _is_documented_elsewhere(section: type[Section], name: str) -> bool:
    """Whether the key is the same as in `gateway`, or in every workload."""
    return (section is ExtraGatewayConfig and name in ServingConfig.model_fields) or _is_of_every_workload(
        section, name
    )


def _is_of_every_workload(section: type[Section], name: str) -> bool:
    """Whether the key has the same default and meaning in every workload, which one table documents."""
    if section is AppConfig or not issubclass(section, AppConfig) or name not in AppConfig.model_fields:
        return False
    own, common = section.model_fields[name], AppConfig.model_fields[name]
    return (own.default, own.description) == (common.default, common.description)


def _below(field: FieldInfo) -> tuple[type[Section], str] | None:
    """The keys of a group, and the suffix of its name: `.NAME` in a mapping, `[]` in a list. None for other values."""
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
    """The values that a field allows."""
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
    """The values that the type alone allows; None for a field with a rule."""
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
    dict[str, str]: "strings by name",
    tuple[str, ...]: "a list of strings",
    Fields: "fields of the Kubernetes object",
    tuple[Fields, ...]: "a list of objects with the fields of Kubernetes",
    dict[Subdomain, dict[SecretKey, str]]: "groups of strings by name",
}
_OPEN = (
    "Every other key is a field of the Kubernetes object, written as in its manifest. It is checked against the "
    "schemas of the installed release."
)
_EVERY_WORKLOAD = """## Every workload

`web`, `api`, `crawler` and every entry of `apps` also have these keys. [Workloads](workloads.md) has recipes for them.
"""
_HEAD = """<!-- Written by `python -m tools.docs` from the models in `config/`: edit those. -->
# Stack config

The config of a stack is in `Pulumi.<stack>.yaml` under `config:`. Every key has the project's name as its prefix. A key
that is not set has the default below, in a group too: set only what differs. `pulumi preview` and `pulumi up` first
check the whole config and list every problem, with its key, its value and its rule. Nothing is changed before the
config is valid.

A small file, which is complete:

```yaml
config:
  pulumi:disable-default-providers: [kubernetes]
  synergychat:context: my-cluster
  synergychat:envoyGateway:
    version: {version}
  synergychat:web:
    hostname: chat.example.com
  synergychat:api:
    hostname: chat-api.example.com
```

Only `context` has no default that works. `envoyGateway.version` chooses the release of Envoy Gateway:
[these](#where-the-envoy-gateway-manifest-comes-from) can be installed.

This command sets a single value in the file of the stack `dev`:

```sh
pulumi config set --stack dev --path 'synergychat:web.hostname' chat.example.com
```

`pulumi` must know the stack: `make preview` creates it, as [Set a secret](gateway.md#set-a-secret) shows. You can also
edit the file.

Three keys set ports, one for each step of a request. `gateway.port` is the port that clients connect to
(`http://HOST:PORT`), `servicePort` the port of the workload's Service, which Envoy connects to, and `port`, such as
`web.port`, the port that the process in the pod listens on. Each can change without the others.

`web.hostname` and `api.hostname` must differ, and so must `web.routeName` and `api.routeName`, and the `serviceName` of
`web`, `api` and `crawler`. Keep `pulumi:disable-default-providers` in the file of every stack. With it, the program can
deploy only to the cluster that `context` names.

## Top level
"""
_TAIL = """## Files of a team

A stack can have apps, objects, policies, routes and tests in files of their own, for example one that a team owns:

```yaml
config:
  synergychat:include:
  - teams/shop.yaml
```

`teams/shop.yaml` has the same keys, without `synergychat:`:

```yaml
apps:
  shop:
    image: registry.example.com/shop:1.4.2
    port: 8080
routes:
  shop:
    hostnames:
    - shop.example.com
    backend: shop
```

Paths start at the program's directory and stay in it. The stack's file and all included files are one config: each name
occurs once, and a route in one file can use an app in another. A message about a value in an included file starts with
the file's name: `teams/shop.yaml: routes.shop.backend`. All other keys, and `secrets` with them, stay in the stack's
file, where Pulumi encrypts values.

Pulumi passes the keys of the stack's file to the program in a variable of the environment, which holds less than
128 KiB: about 2,000 short routes. Included files have no limit, because the program reads them itself.

## Where the Envoy Gateway manifest comes from

| `envoyGateway.manifest` | what happens |
| --- | --- |
| not set | the `install.yaml` of the release on GitHub |
| `https://...` | that file |
| a path to a file | that file; a relative path starts at the project's directory |
| a path to a directory | the chart in it: `helm template eg DIRECTORY --namespace NAMESPACE --include-crds` |

The same is true of `certManager.manifest`; the file of a cert-manager release is `cert-manager.yaml`.

The program uses a download only if it knows its SHA-256 checksum. It has the checksum of the `install.yaml` of every
release in the table below, so `envoyGateway.version` is enough to choose one of them, from GitHub or from a mirror.
Another file has another checksum: that of a newer release, or of a manifest of your own. Put it into the list
`envoyGateway.sha256`, which is then used instead of the table. Without it, the program refuses the download, shows its
checksum and the command that accepts it. Compare the checksum with one from a source that you trust before you type
that command. The program warns if the list has another checksum than the table and `manifest` is not set, because then
`version` alone does not say what is installed.

The program keeps manifests in `~/.cache/synergychat/manifests`, or in `synergychat/manifests` below `XDG_CACHE_HOME` if
that variable is set. Each file is named `CHECKSUM.yaml`. A download is stored there, and the program looks there before
it downloads, so a later preview needs no network. You can also put a manifest there yourself. If GitHub cannot be
reached, `make up` and `make preview` render the chart of the default release as its publishers do, and store the result
there. It has the same bytes as the release's `install.yaml`.

The checksum of a file is the SHA-256 of its content (`sha256sum FILE`). The checksum of a chart directory is the
SHA-256 of a list of its files, sorted by path. Every line has the file's checksum, two spaces, and its path relative to
the directory. To compute it:

    cd DIRECTORY && find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum

These lines can be installed. After its end of life a line gets no more fixes, and `pulumi up` warns:

| line | end of life | releases whose checksum the program knows |
| --- | --- | --- |
{lines}
"""
