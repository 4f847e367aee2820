"""`make test-stack`: ask for what the `tests` of a stack promise, of a real Envoy here or of the running gateway."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import httpx
from rich.console import Console

import config
from diagnostics.terminal import printable
from explain import Ending, Evaluator, Promise, Verdict
from kube.kubectl import last_line
from kube.manifest import ObjectName
from kube.read import read, values
from local import supplies
from local.errors import UserError
from local.toolchain import Tools
from local.toolchain.progress import Progress
from plans import Plan
from preview.promises import promise
from tools import effective_config
from tools.ask import Answer
from tools.ask.ending import ending
from tools.ask.of_plan import Answers, ask_plan, left_out, name_in_answers
from tools.columns import aligned
from tools.environment import PROJECT
from tools.gateway_client import send
from tools.planned import planned
from tools.reach import unknown_context
from tools.stack import Stack

_GATEWAYS = "gateways.gateway.networking.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Test:
    """A promise of a stack. `verdict` is that of `make explain` on its request, which `gateway` takes, if any does."""

    name: str
    promise: Promise
    verdict: Verdict
    gateway: str = ""


def with_verdicts(plan: Plan, promises: Mapping[str, Promise]) -> list[Test]:
    """The promises by name, with the verdicts of a plan."""
    evaluator = Evaluator(plan.manifests, problems=())
    found: list[Test] = []
    for name, each in promises.items():
        verdict = evaluator.verdict(each.request)
        taken = verdict.taken
        gateway = name_in_answers(evaluator.topology, taken.listener.gateway) if taken else ""
        found.append(Test(name=name, promise=each, verdict=verdict, gateway=gateway))
    return found


def run(stack: Stack, *, live: bool) -> int:
    """Print how each request of the stack's `tests` ends. Return 0 if all end as promised, else 1.

    `live` asks the running gateway, in place of an Envoy with the planned configuration.
    """
    given = _config(stack)
    if not given.tests:
        raise UserError(f"The stack {stack.name} has no tests.", "docs/explain.md shows how to add some to its config.")
    with Progress() as progress:
        tools = None if live else supplies.for_asking(progress)
    # Refuses what the objects alone show to be broken, and what Envoy Gateway refuses.
    plan = planned(stack, judge=tools and tools.program("judge"), with_tests=False)
    tests = with_verdicts(plan, {test.name: promise(test) for test in given.tests})
    endings, needs = on_envoy(plan, tests, tools) if tools else (_live(stack, given, tests), ())
    return _print(tests, endings, needs)


def _config(stack: Stack) -> config.Stack:
    try:
        return config.Stack(effective_config.parse(effective_config.layers(stack)))
    except config.ConfigError as error:
        raise UserError(config.explain(error, PROJECT, stack.name)) from error


def _print(tests: Sequence[Test], endings: Sequence[Ending], needs: Sequence[str]) -> int:
    broken = [test.promise.broken_by(ending) for test, ending in zip(tests, endings, strict=True)]
    rows = [
        ("FAILED" if key else "ok", test.name, f"{test.promise.request} {ending.text}")
        for test, ending, key in zip(tests, endings, broken, strict=True)
    ]
    console = Console(highlight=False)
    for line, test, key in zip(aligned(rows), tests, broken, strict=True):
        console.print(printable(line), markup=False, soft_wrap=True)
        if key:
            console.print(f"  not as promised: {printable(_wanted(test.promise, key))}", markup=False, soft_wrap=True)
    failed = sum(key is not None for key in broken)
    for need in needs:
        console.print(f"without {printable(need)}, because it needs other servers", markup=False, soft_wrap=True)
    console.print(f"\n{len(tests) - failed} of {len(tests)} requests end as promised.")
    return 1 if failed else 0


def _wanted(promise: Promise, key: str) -> str:
    match key:
        case "backend":
            return f"backend {promise.backend}"
        case "status":
            return f"status {promise.status}"
        case "location":
            return f"location {promise.location}"
        case _:
            return f"header {key}: {({name.lower(): value for name, value in promise.headers.items()})[key]}"


def on_envoy(plan: Plan, tests: Sequence[Test], tools: Tools) -> tuple[list[Ending], tuple[str, ...]]:
    """The ends of the requests on an Envoy of this machine, and what it ran without.

    The end of a request without HTTP is that of its verdict.
    """
    requests = [test.promise.request for test in tests if test.promise.request.has_http]
    with Progress() as progress:
        answers = ask_plan(plan, requests, tools, progress)
    numbers = count()
    endings = [
        _of_envoy(test, answers, next(numbers)) if test.promise.request.has_http else Ending.of(test.verdict)
        for test in tests
    ]
    return endings, left_out(answers)


def _of_envoy(test: Test, answers: Answers, number: int) -> Ending:
    """The end of a request at the Gateway that takes it; at the first that answers if none does."""
    by_name = {name: found[number] for name, (found, _) in answers.items()}
    given = [answer for answer in by_name.values() if isinstance(answer, Answer)]
    of_none = next((each for each in given if each.route), next(iter(given), next(iter(by_name.values()))))
    return ending(by_name.get(test.gateway, of_none), test.verdict)


def _live(stack: Stack, given: config.Stack, tests: Sequence[Test]) -> list[Ending]:
    addresses = dict(_addresses(stack))
    main = ObjectName.of(_gateway(given))
    return [
        _of_gateway(test, addresses, main, verify=not given.is_self_signed)
        if test.promise.request.has_http
        else Ending.of(test.verdict)
        for test in tests
    ]


def _gateway(given: config.Stack) -> dict[str, object]:
    """The part of the chat's Gateway that identifies it."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": given.config.gateway.name, "namespace": given.config.namespace},
    }


def _addresses(stack: Stack) -> Iterator[tuple[ObjectName, str]]:
    """The address of each Gateway on the cluster."""
    found = stack.kubectl("get", _GATEWAYS, "--all-namespaces", "--output", "json", "--request-timeout", "10s")
    if found.returncode != 0:
        if unknown := unknown_context(stack):
            raise UserError(f"The context {stack.context} {unknown.rule}.", unknown.fix)
        raise UserError(
            f"The Gateways of {stack.context} cannot be read: {last_line(found.stderr)}", f"Type: {stack.typed_up}"
        )
    for gateway in json.loads(found.stdout)["items"]:
        for address in values(gateway, "status", "addresses")[:1]:
            yield ObjectName.of(gateway), read(address, "value", default="")


def _of_gateway(test: Test, addresses: Mapping[ObjectName, str], main: ObjectName, *, verify: bool) -> Ending:
    """The end at the Gateway that takes the request by the stack's config; at the chat's own if none does."""
    taken, request = test.verdict.taken, test.promise.request
    gateway = ObjectName.of(taken.listener.gateway) if taken else main
    if gateway not in addresses:
        return Ending(text=f"reaches nothing: {gateway} has no address", backends=None)
    try:
        response = send(request, addresses[gateway], verify=verify)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Ending(text=f"gets no answer: {error}", backends=None)
    headers = {name.lower(): value for name, value in response.headers.items()}
    to = f", location {headers['location']}" if "location" in headers else ""
    return Ending(text=f"gets {response.status_code}{to}", backends=None, status=response.status_code, headers=headers)
