"""`make ask`: put the planned configuration on an Envoy of this machine, and ask it."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from rich.console import Console

from checks.schema import Crds, builtin
from explain import Request, RequestError
from judge import Judge
from local import supplies
from local.errors import UserError
from local.toolchain.envoy_gateway_manifest import ensure_manifest
from local.toolchain.progress import Progress
from plans import Plan
from tools.ask.ask import Answer, ask
from tools.ask.envoy import EnvoyError
from tools.ask.view import print_answer
from tools.planned import planned
from tools.stack import Stack

_TAKEN, _NOT_TAKEN, _NO_REQUEST = 0, 1, 2
_CRD = "CustomResourceDefinition"


def run(stack: Stack, url: str, method: str, headers: Iterable[str]) -> int:
    """Print what Envoy does. Return 0 if a rule takes the request, 1 if none does, 2 if no client could send it."""
    try:
        request = Request.of(url, method, headers)
    except RequestError as error:
        print(f"error: {error}\n  {error.fix}", file=sys.stderr)
        return _NO_REQUEST
    if not request.has_http:
        print(f"error: {request} is not a request of HTTP, so Envoy is not asked.\n  Type: make explain URL={url}", file=sys.stderr)
        return _NO_REQUEST
    with Progress() as progress:
        tools = supplies.for_asking(progress)
        plan = planned(stack)
        kinds = _kinds(plan, progress)
    gateways = _gateways(plan, Judge(str(tools.program("judge")), print).translation(plan.manifests, kinds))
    console = Console(highlight=False, soft_wrap=True)
    served = False
    for name, resources in gateways.items():
        try:
            (answer,), left_out = ask(resources, [request], program=tools.program("envoy"))
        except EnvoyError as error:
            raise UserError(
                f"Envoy refuses the configuration of Gateway {name}: {error}\n"
                "A running Envoy would keep the configuration that it had before."
            ) from None
        if isinstance(answer, Answer):
            print_answer(name, answer, left_out, console)
            served = served or answer.is_taken
        else:
            console.print(f"\nGateway {name} does not listen on port {request.port}.")
    return _TAKEN if served else _NOT_TAKEN


def _kinds(plan: Plan, progress: Progress) -> Crds:
    """The kinds of the plan's CRDs; of the release's, if others install them."""
    crds = [manifest for manifest in plan.manifests if manifest.get("kind") == _CRD]
    if not crds:
        documents = yaml.load_all(ensure_manifest(progress).read_bytes(), Loader=yaml.CSafeLoader)
        crds = [document for document in documents if document and document["kind"] == _CRD]
    return Crds({**builtin.kinds(), **Crds.of(crds).kinds})


def _gateways(plan: Plan, answer: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """The xDS resources of each Gateway of the plan."""
    if isinstance(answer, str):
        raise UserError(f"Envoy Gateway's translator gives no answer: {answer}")
    if answer["release"] != plan.envoy_gateway:
        raise UserError(
            f"The stack has Envoy Gateway {plan.envoy_gateway}, and the translator here is of {answer['release']}.\n"
            "`make explain` knows both."
        )
    if not answer.get("xds"):
        raise UserError(f"Stack {plan.stack} has no Gateway that Envoy Gateway accepts. `make preview` shows why.")
    return answer["xds"]
