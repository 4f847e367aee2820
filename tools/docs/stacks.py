"""docs/stacks.md: the committed stacks side by side."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from config import StackConfig
from tools.effective_config import Entry, Layer, declared_defaults, effective

ROOT = Path(__file__).resolve().parents[2]
_SUM = re.compile(r"[0-9a-f]{64}")
STACKS = ("dev", "staging", "prod")


def render() -> str:
    """The page, as it must be committed."""
    project: Mapping[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    columns = [_values(name, declared_defaults(project)) for name in STACKS]
    order = [field.alias for field in StackConfig.model_fields.values()]
    keys = sorted(dict.fromkeys(key for column in columns for key in column), key=lambda key: order.index(_head(key)))
    rows = [(key, *(_cell(column.get(key)) for column in columns)) for key in keys]
    shown = [row for row in rows if any("`" in cell for cell in row[1:])]
    lines = ["| " + " | ".join((f"`{key}`", *cells)) + " |" for key, *cells in shown]
    titles = ("key", *STACKS)
    table = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}", *lines]
    return _PAGE.format(table="\n".join(table))


def _values(stack: str, defaults: Layer) -> dict[str, Entry]:
    name = f"Pulumi.{stack}.yaml"
    own = Layer(name=name, values=yaml.safe_load((ROOT / name).read_text())["config"])
    return {each.key: each for each in effective([own, defaults])}


def _head(key: str) -> str:
    return key.partition(".")[0].partition("[")[0]


def _cell(entry: Entry | None) -> str:
    """In code what the stack's file says itself; a default is in plain letters."""
    if entry is None:
        return "-"
    value = _SUM.sub(lambda found: f"{found[0][:8]}...", entry.value.replace("|", "\\|"))
    return f"`{value}`" if entry.origin.startswith("Pulumi.") and entry.origin != "Pulumi.yaml" else value


_PAGE = """<!-- Written by `python -m tools.docs` from the stacks' files: edit those. -->
# Three stacks, side by side

One program, one set of keys: what differs from the laptop to production is values. `dev` is the lesson on the local
cluster. `staging` and `prod` stand for a team's own: put your context, host names, images and digests there. `make
preview STACK=prod` shows the whole of it on a laptop without a cluster, and `make config STACK=prod` every key with
where its value comes from.

`In code` stands what a stack's file says; in plain letters the default; `-` where the stack has no such key. Keys
that are default in all three are in [config.md](config.md).

{table}

## In one cluster
All three fit into one: namespaces and host names differ, and each Gateway gets an address of its own. One stack has
the platform (CRDs, controller, GatewayClass), the others say that it is there, each with one line:

```yaml
synergychat:platform: external
```

Such a stack makes nothing that is not in its namespace but the namespace itself. Its Gateway carries an EnvoyProxy of
its own, so that `gateway.proxy`, `exposure` and the image of its Envoys stay its own; the Envoys run beside the
controller. `envoyGateway.version`, `sha256` and `namespace` say which release is there: objects are checked against
its CRDs all the same, and `up`, and a preview where the cluster answers, end at once when a CRD, the GatewayClass or
the controller is missing, or older than that. Keys that only who has the controller can set, such as
`envoyGateway.config`, are refused.

Bring up the stack with the platform first, destroy it last. A stack that leaves takes nothing of the others'. What
keeps the platform from leaving too early is `envoyGateway.protect`: [operating.md](operating.md#a-protected-platform)
has the way out.

## In clusters of their own
Nothing to set but `context`: each stack has its platform, `managed` being the default.

## cert-manager
`staging` and `prod` have `issuers` of their own, on the cert-manager that the cluster has. Where it has none, the stack
with the platform installs it with [`certManager`](gateway.md#https-with-cert-manager). With `requireDigests` the
manifest of that has to name its images by digest: render its chart with `image.digest`, and say in `manifest` where.
"""
