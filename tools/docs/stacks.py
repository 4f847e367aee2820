"""docs/stacks.md: the committed stacks side by side."""

import re
from pathlib import Path

import yaml

from config import StackConfig
from releases import NEWEST
from tools.effective_config import Entry, Layer, defaults, effective

ROOT = Path(__file__).resolve().parents[2]
_SUM = re.compile(r"[0-9a-f]{64}")
STACKS = ("dev", "staging", "prod")


def render() -> str:
    """The content of docs/stacks.md."""
    columns = [_values(name) for name in STACKS]
    order = [field.alias for field in StackConfig.model_fields.values()]
    keys = sorted(dict.fromkeys(key for column in columns for key in column), key=lambda key: order.index(_head(key)))
    rows = [(key, *(_cell(column.get(key)) for column in columns)) for key in keys]
    shown = [row for row in rows if any("`" in cell for cell in row[1:])]
    lines = ["| " + " | ".join((f"`{key}`", *cells)) + " |" for key, *cells in shown]
    titles = ("key", *STACKS)
    table = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}", *lines]
    return _PAGE.format(table="\n".join(table), version=NEWEST)


def _values(stack: str) -> dict[str, Entry]:
    name = f"Pulumi.{stack}.yaml"
    own = Layer(name=name, values=yaml.safe_load((ROOT / name).read_text())["config"])
    return {entry.key: entry for entry in effective([own, defaults()])}


def _head(key: str) -> str:
    return key.partition(".")[0].partition("[")[0]


def _cell(entry: Entry | None) -> str:
    """The value of a key: as code when the stack's file sets it, else as plain text."""
    if entry is None:
        return "-"
    value = _SUM.sub(lambda found: f"{found[0][:8]}...", entry.value.replace("|", "\\|"))
    return f"`{value}`" if entry.origin.startswith("Pulumi.") and entry.origin != "Pulumi.yaml" else value


_PAGE = """<!-- Written by `python -m tools.docs` from the stacks' files: edit those. -->
# Three stacks, side by side

All stacks share one program and one set of keys; they differ only in values. `dev` is for the [lesson](tutorial.md) on
the local cluster. `staging` and `prod` are examples for a team: replace their context, host names, images and digests
by your own. `make preview STACK=prod` previews the whole stack on a laptop, without a cluster. `make config STACK=prod`
shows the value of every key, and where it is set.

A value that the stack's file sets is shown `as code`, a default as plain text, and `-` means that the stack does not
have the key. Keys with their default in all three stacks are not shown; see [config.md](config.md).

{table}

## A stack of my own
If colleagues will share the stack, start with
[a backend and a passphrase of your own](operating.md#your-own-backend-and-passphrase) instead. Otherwise copy the
file of a stack, without the salt of its passphrase:

```sh
grep -v encryptionsalt Pulumi.dev.yaml > Pulumi.NAME.yaml
```

In the copy, set `synergychat:context` to a context of your kubeconfig (`kubectl config get-contexts` lists them), and
the host names to your own. If the cluster already has Envoy Gateway, from another stack or from anybody else, also set
a `namespace` of its own and [`platform: external`](#my-cluster-already-has-envoy-gateway). Otherwise `up` is refused,
because the objects exist already. Then:

```sh
make preview STACK=NAME      # creates the stack; needs no cluster
make up STACK=NAME
```

The new stack has an empty passphrase, so the program refuses `secrets` and `selfSigned` in it. Before you set one, type
`make passphrase STACK=NAME`, and then the lines that it prints: with them, `pulumi config set --stack NAME --secret`
finds the stack. [operating.md](operating.md#your-own-backend-and-passphrase) says what it does. A file that you write
yourself needs at least `context`: see the example in [config.md](config.md).

## Choose a release of Envoy Gateway
`envoyGateway.version` is enough: the program knows the checksum of
[these releases](config.md#where-the-envoy-gateway-manifest-comes-from), and downloads the release's own manifest. A
preview needs no cluster, and once the manifest is in the cache, no network either:

```yaml
synergychat:envoyGateway:
  version: {version}
```

A newer release also needs `envoyGateway.sha256`: without it, the preview shows the checksum and the command that
accepts it. What else to do before you change the version of a stack that is up:
[operating.md](operating.md#upgrading-envoy-gateway).

## My cluster already has Envoy Gateway
With `platform: external` the stack installs no CRDs, controller or GatewayClass, and uses those of the cluster:

```yaml
synergychat:platform: external
synergychat:envoyGateway:
  version: {version}                      # the release that is installed
  namespace: envoy-gateway-system     # where its controller runs
synergychat:gateway:
  className: eg                       # a GatewayClass of that controller
synergychat:namespace: team-shop      # that nobody else uses
```

These commands show the class, the namespace and the version (the tag of the image):

```sh
kubectl get gatewayclass
kubectl get deployment -A -l control-plane=envoy-gateway -o wide
```

Envoy Gateway's Helm chart creates no GatewayClass. If there is none with the `controllerName`
`gateway.envoyproxy.io/gatewayclass-controller`, ask the owner of the controller for one.

The program reads the manifest of that release only for the schemas of its CRDs, and installs nothing of it.

Such a stack creates its namespace and objects in it; `objects` can add others. Use a namespace that nobody else uses.
An existing one is refused unless `adopt` names it; it then gets NetworkPolicies that deny by default and the
`restricted` Pod Security Standard, and `pulumi destroy` leaves it. The stack's Gateway refers to its own EnvoyProxy, so
`gateway.proxy`, `gateway.exposure` and the image of its Envoys do not affect other stacks. The Envoys run in the
namespace of the controller. If that controller has the deploy type `GatewayNamespace`, they run in the stack's
namespace: set `networkPolicy: false`, because the stack's policies would deny their clients. `up` ends at once when a
CRD, the GatewayClass or the controller is missing or older than that release; so does a preview, if the cluster
answers. Keys that only the stack with the platform can set, such as `envoyGateway.config`, are refused.

A cluster with Gateway API's CRDs of another product, and without Envoy Gateway, needs `platform: managed`. Name its
CRDs in [`adopt`](operating.md#objects-that-exist-already): the stack replaces them by those of its release, so first
ask whoever installed them.

## In one cluster
All three stacks can run in one cluster: their namespaces and host names differ, and every Gateway gets its own address.
One stack manages the platform (CRDs, controller, GatewayClass). All others use it, with `platform: external` as
[above](#my-cluster-already-has-envoy-gateway), and with the `version` and `namespace` of that stack.

A stack never changes an object of another stack: it ends with a message instead
([operating.md](operating.md#objects-that-exist-already)).

Bring up the stack with the platform first, and destroy it last. Destroying another stack does not affect the rest. Set
`envoyGateway.protect` so that nobody destroys the platform by mistake. How to remove a protected platform:
[operating.md](operating.md#protected-objects).

## In a cluster for each stack
Change only `context` in the committed files. The state records which cluster it is, and a context that leads to another
one is refused
([operating.md](operating.md#another-cluster-behind-the-context)). Every stack then manages its own platform, because
`platform` is `managed` by default.

## cert-manager
`staging` and `prod` declare their own `issuers` and need cert-manager in the cluster. The stack with the platform can
install it: see [`certManager`](gateway.md#https-with-cert-manager). With `requireDigests`, the images in the manifest
of cert-manager need digests: render its chart with `image.digest`, and set `certManager.manifest` to the result.
"""
