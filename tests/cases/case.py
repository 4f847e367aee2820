"""Cases: sets of objects in YAML, what is wrong with each, and which rule takes which request.

`<rule>/<case>.yaml` has these keys:

- `objects`: manifests that a stack declares together. A missing apiVersion, namespace (`chat`) or gatewayClassName
  (`separate`) is filled in. The namespaces `chat` and `shop`, the classes `separate` and `merged` and a configuration
  of Envoy Gateway are always there, unless the case declares its own.
- `problem`: the only problem that the checks find, by `code`, `object` and field (`at`). Without it they find none.
- `envoyGateway`: the condition that Envoy Gateway sets, `Kind name: Type=Status Reason` (for a listener
  `Kind name/listener: ...`), or `silent` when it sets none. Without it Envoy Gateway accepts everything.
- `requests`: each with `url`, and optionally `method` and `headers`; either `takenBy` (`route/rule`), with the status
  when Envoy gives the `answer` itself, or the code with which it is `refused`. An answer of 500 is for the `problem`;
  one of 401 or 403 comes from a SecurityPolicy, before the rule. A refused request gets 404, unless it has another
  `end` (of `explain.untaken`).

`data: !base64 {key: text}` encodes the data of a Secret. `data: !certificate {hosts: [...]}` issues a certificate;
`notBefore` and `notAfter` are days from now, and with `key: other` the key belongs to another certificate.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml

from explain import Request
from releases import CONFIG_KEY, CONFIG_MAP
from tests.cases import builders
from tests.cases.builders import Manifest

DIRECTORY = Path(__file__).parent
VERSION = "1.9.1"
"""The release of Envoy Gateway whose conditions the cases have."""
SILENT = "silent"
_CONFIG = {
    "apiVersion": "gateway.envoyproxy.io/v1alpha1",
    "kind": "EnvoyGateway",
    "gateway": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
    "provider": {"type": "Kubernetes"},
}


@dataclass(frozen=True, kw_only=True)
class ExpectedProblem:
    code: str
    object: str
    """`Kind name`."""
    at: str
    """The field as Kubernetes prints it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, and the expected result."""

    request: Request
    taken_by: str | None
    """`route/rule`."""
    answer: int | None
    """The status with which Envoy answers itself."""
    refused: str | None
    """A code of the catalogue."""
    end: str
    """The end of a refused request."""


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    objects: Sequence[Manifest]
    problem: ExpectedProblem | None
    envoy_gateway: str
    """Empty when Envoy Gateway accepts everything."""
    requests: Sequence[Asked]

    @property
    def configures_envoy_gateway(self) -> bool:
        """Whether the case has its own configuration of Envoy Gateway."""
        return any(_identity(manifest) == _identity(builders.config()) for manifest in self.objects)

    @cached_property
    def stack(self) -> list[Manifest]:
        """The objects with those that every case has."""
        return with_common(self.objects)

    @property
    def on_cluster(self) -> list[Manifest]:
        """The same objects with a generation, and with the whole configuration of the controller.

        In `objects`, this configuration has only what the case is about.
        """
        return [
            _with_whole_config(manifest) | {"metadata": manifest["metadata"] | {"generation": 1}}
            for manifest in self.stack
        ]


def _with_whole_config(manifest: Manifest) -> Manifest:
    if manifest["metadata"]["name"] != CONFIG_MAP:
        return manifest
    config = _CONFIG | yaml.safe_load(manifest["data"][CONFIG_KEY])
    return manifest | {"data": {CONFIG_KEY: yaml.safe_dump(config)}}


def load() -> list[Case]:
    """All cases, sorted by name."""
    return [_case(path) for path in sorted(DIRECTORY.glob("*/*.yaml"))]


def classes() -> list[Manifest]:
    """The GatewayClasses `separate` and `merged` with their EnvoyProxies, which run no Envoy."""
    return [*builders.gateway_class(builders.CLASS), *builders.gateway_class(builders.MERGED, mergeGateways=True)]


def with_common(objects: Sequence[Manifest]) -> list[Manifest]:
    """The objects with those that every case has."""
    own = {_identity(manifest) for manifest in objects}
    namespaces = [builders.namespace(), builders.namespace(builders.SHOP, team="sales")]
    common = [*namespaces, builders.config(), *classes()]
    return [*(manifest for manifest in common if _identity(manifest) not in own), *objects]


def _case(path: Path) -> Case:
    try:
        document = Loader(path.read_text()).get_single_data()
        problem = document.get("problem")
        return Case(
            name=f"{path.parent.name}/{path.stem}",
            objects=[builders.complete(manifest) for manifest in document["objects"]],
            problem=ExpectedProblem(**problem) if problem else None,
            envoy_gateway=document.get("envoyGateway", ""),
            requests=[_asked(entry) for entry in document.get("requests", [])],
        )
    except (KeyError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} is not a case: {error}") from error


def _asked(entry: dict[str, Any]) -> Asked:
    request = Request.of(entry["url"], entry.get("method", ""), entry.get("headers", []))
    return Asked(
        request=request,
        taken_by=entry.get("takenBy"),
        answer=entry.get("answer"),
        refused=entry.get("refused"),
        end=entry.get("end", "not-found"),
    )


def _identity(manifest: Manifest) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


class Loader(yaml.SafeLoader):
    """Reads the tags of the cases."""


def _base64(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, str]:
    texts = cast(dict[str, str], loader.construct_mapping(node, deep=True))
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def _certificate(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, str]:
    given = cast(dict[str, Any], loader.construct_mapping(node, deep=True))
    issued = builders.certificate(
        "any",
        *given["hosts"],
        begins=given.get("notBefore", -1),
        ends=given.get("notAfter", 30),
        other_key=given.get("key") == "other",
    )
    return issued["data"]


Loader.add_constructor("!base64", _base64)
Loader.add_constructor("!certificate", _certificate)
