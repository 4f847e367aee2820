"""The answers of the Envoys of a plan."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from checks.schema import Crds, builtin
from explain import Request
from explain.listener_match import port_reached
from gatewayapi.fleets import merging_class_if_known
from gatewayapi.topology import Topology
from judge import translation
from kube.manifest import Manifest, name_of, namespace_of
from kube.read import read, values
from local.errors import UserError
from local.toolchain import Tools
from local.toolchain.envoy_gateway_manifest import ensure_manifest
from local.toolchain.progress import Progress
from plans import Plan
from tools.ask.ask import Answer, NotAnswered, ask
from tools.ask.envoy import EnvoyError

_CRD = "CustomResourceDefinition"

Answers = Mapping[str, tuple[Sequence[Answer | NotAnswered], tuple[str, ...]]]
"""By Gateway: its answer to each request, and what was left out because it needs others."""


def name_in_answers(topology: Topology, gateway: Manifest) -> str:
    """The name of a Gateway in the answers: that of its class where the class merges its Gateways."""
    return merging_class_if_known(topology.objects, gateway) or f"{namespace_of(gateway)}/{name_of(gateway)}"


def left_out(answers: Answers) -> tuple[str, ...]:
    """What the Envoys of all Gateways ran without, each once."""
    return tuple(sorted({need for _, needs in answers.values() for need in needs}))


def ask_plan(plan: Plan, requests: Sequence[Request], tools: Tools, progress: Progress) -> Answers:
    """Ask an Envoy for each Gateway of the plan. Raises UserError with the reason if there is no answer.

    `tools` are those of `supplies.for_asking`.
    """
    answer = translation(str(tools.program("judge")), plan.manifests, _kinds(plan, progress))
    listening = _ports(plan)
    topology = Topology(plan.manifests, complete=True)
    reached = {request: port_reached(request, topology) for request in requests}
    # The pods' own ports are others, so Envoy's listeners do not tell whether the Gateway listens.
    found: dict[str, tuple[Sequence[Answer | NotAnswered], tuple[str, ...]]] = {}
    for name, resources in _gateways(plan, answer).items():
        answers, needs = _answers(name, resources, requests, reached.__getitem__, tools)
        answers = [each if reached[each.request] in listening else NotAnswered(each.request) for each in answers]
        found[name] = answers, needs
    return found


def _ports(plan: Plan) -> set[int]:
    """The ports of all listeners."""
    owners = [manifest for manifest in plan.manifests if manifest.get("kind") in ("Gateway", "ListenerSet")]
    return {read(listener, "port", default=0) for owner in owners for listener in values(owner, "spec", "listeners")}


def _answers(
    name: str,
    resources: Mapping[str, Any],
    requests: Sequence[Request],
    port_of: Callable[[Request], int],
    tools: Tools,
) -> tuple[list[Answer | NotAnswered], tuple[str, ...]]:
    try:
        return ask(resources, requests, program=tools.program("envoy"), port_reached=port_of)
    except EnvoyError as error:
        raise UserError(
            f"Envoy refuses the configuration of Gateway {name}: {error}\n"
            "A running Envoy would keep the configuration that it had before."
        ) from None


def _kinds(plan: Plan, progress: Progress) -> Crds:
    """The kinds of the plan's CRDs; of the release's, if others install them."""
    crds = [manifest for manifest in plan.manifests if manifest.get("kind") == _CRD]
    if not crds:
        documents = yaml.load_all(ensure_manifest(progress).read_bytes(), Loader=yaml.CSafeLoader)
        crds = [document for document in documents if document and document["kind"] == _CRD]
    return builtin.with_crds(crds)


def _gateways(plan: Plan, answer: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """The xDS resources of each Gateway of the plan."""
    if isinstance(answer, str):
        raise UserError(f"Envoy Gateway's translator gives no answer: {answer}")
    if answer["release"] != plan.envoy_gateway:
        raise UserError(
            f"The stack has Envoy Gateway {plan.envoy_gateway}, and the translator here is of {answer['release']}.\n"
            "`make explain` knows both."
        )
    for problem in (answer.get("problems") or {}).values():
        raise UserError(f"Envoy Gateway {answer['release']} gives Envoy nothing of this: {problem}")
    if not answer.get("xds"):
        raise UserError(f"Stack {plan.stack} has no Gateway that Envoy Gateway accepts. `make preview` shows why.")
    return answer["xds"]
