"""`make explain`: which rule of a stack takes a request, by its config alone, and how the cluster differs from it."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console

from checks.rules import problems
from explain import Request, RequestError, Verdict, explain
from gatewayapi.kinds import GROUPS
from kube.kubectl import last_line
from kube.manifest import Manifest
from local import supplies
from local.errors import UserError
from local.paths import REPOSITORY
from local.toolchain.progress import Progress
from plans import PlanError, plan
from tools import stack as stacks
from tools.explain_view import print_live, print_unreachable, print_verdict
from tools.reach import unknown_context
from tools.stack import CONTEXT_KEY, Stack

_SERVED, _NOT_SERVED, _NO_REQUEST = 0, 1, 2


@dataclass(frozen=True)
class Live:
    """The objects in the cluster that decide where a request goes, or the reason why they cannot be read."""

    objects: list[Manifest]
    reason: str = ""
    fix: str = ""


def run(stack: Stack, url: str, method: str, headers: Iterable[str]) -> int:
    """Print the verdict. Return 0 if a rule takes the request, 1 if none does, 2 if no client could send it."""
    try:
        request = Request.of(url, method, headers)
    except RequestError as error:
        print(f"error: {error}\n  {error.fix}", file=sys.stderr)
        return _NO_REQUEST
    with Progress() as progress:
        stacks.prepare(supplies.for_stack(progress))
    planned = _planned(stack)
    version = _version(stack)
    verdict = _explained(planned, request, version)
    console = Console(highlight=False, soft_wrap=True)
    print_verdict(verdict, console)
    live = _live(stack)
    actual = _explained(live.objects, request, version)
    if live.reason:
        print_unreachable(live.reason, live.fix, stack.context, console)
    else:
        print_live(planned, live.objects, verdict, actual, stack.context, console)
    return _SERVED if verdict.is_served else _NOT_SERVED


def _explained(objects: list[Manifest], request: Request, version: str) -> Verdict:
    return explain(objects, request, problems=problems(objects, version=version))


def _version(stack: Stack) -> str:
    """Return the release of Envoy Gateway that the stack sets."""
    from tools.effective_config import layers, parse  # imports Pulumi's SDK, which takes a second

    return parse(layers(stack)).envoy_gateway.version


def _planned(stack: Stack) -> list[Manifest]:
    """Return the objects that the program would apply."""
    try:
        return plan(REPOSITORY, stack.name, config={CONTEXT_KEY: stack.context}).manifests
    except PlanError as error:
        raise UserError(str(error)) from None


def _live(stack: Stack) -> Live:
    kinds = ",".join(f"{kind.lower()}.{group}".removesuffix(".") for kind, group in GROUPS.items())
    found = stack.kubectl("get", kinds, "--all-namespaces", "--output", "json", "--request-timeout", "10s")
    if found.returncode != 0:
        if unknown := unknown_context(stack):
            return Live([], f"the context {stack.context} {unknown.rule}", unknown.fix)
        return Live(
            [], f"the cluster does not answer: {last_line(found.stderr)}", f"try: {stack.typed_kubectl} version"
        )
    return Live(json.loads(found.stdout)["items"])
