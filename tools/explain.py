"""`make explain`: which rule of a stack takes a request, by its config alone, and how the cluster differs from it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console

from checks.rules import problems
from explain import Request, Verdict, explain
from gatewayapi.kinds import GROUPS
from kube.kubectl import last_line
from kube.manifest import Manifest
from local import supplies
from local.errors import UserError
from local.toolchain.progress import Progress
from plans import Plan
from tools import stack as stacks
from tools.ask.of_plan import ask_plan
from tools.ask.view import print_envoy, print_no_envoy
from tools.explain_view import print_live, print_unreachable, print_verdict
from tools.planned import planned
from tools.reach import unknown_context
from tools.stack import Stack
from tools.typed_request import NO_REQUEST, read_request

_SERVED, _NOT_SERVED = 0, 1


@dataclass(frozen=True)
class Live:
    """The objects in the cluster that decide where a request goes, or the reason why they cannot be read."""

    objects: list[Manifest]
    reason: str = ""
    fix: str = ""


def run(stack: Stack, url: str, method: str, headers: Iterable[str], *, with_envoy: bool = False) -> int:
    """Print the verdict. Return 0 if a rule takes the request, 1 if none does, 2 if no client could send it.

    `with_envoy` also asks a real Envoy, and prints whether it does the same.
    """
    request = read_request(url, method, headers)
    if request is None:
        return NO_REQUEST
    with Progress() as progress:
        stacks.prepare(supplies.for_stack(progress))
    plan = planned(stack, with_tests=False)
    verdict = _explained(plan.manifests, request, plan.envoy_gateway)
    console = Console(highlight=False, soft_wrap=True)
    print_verdict(verdict, console)
    if with_envoy:
        _ask(plan, request, verdict, console)
    live = _live(stack)
    actual = _explained(live.objects, request, plan.envoy_gateway)
    if live.reason:
        print_unreachable(live.reason, live.fix, stack.context, console)
    else:
        print_live(plan.manifests, live.objects, verdict, actual, stack.context, console)
    return _SERVED if verdict.is_served else _NOT_SERVED


def _ask(plan: Plan, request: Request, verdict: Verdict, console: Console) -> None:
    """Print Envoy's answer, or why there is none."""
    if not request.has_http:
        print_no_envoy("the request is not one of HTTP", console)
        return
    try:
        with Progress() as progress:
            answers = ask_plan(plan, [request], supplies.for_asking(progress), progress)
    except UserError as error:
        print_no_envoy(str(error), console)
        return
    print_envoy(verdict, answers, console)


def _explained(objects: list[Manifest], request: Request, version: str) -> Verdict:
    return explain(objects, request, problems=problems(objects, version=version))


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
