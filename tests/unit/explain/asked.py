"""Requests for explain. A Gateway and a Service exist, unless a test has its own Gateway."""

from collections.abc import Sequence

from checks.rules import problems
from explain import Request, Verdict, explain
from tests.cases.builders import Manifest, gateway, namespace, service
from tests.cases.case import VERSION


def explained(objects: Sequence[Manifest], request: Request) -> Verdict:
    """The verdict with the problems that the checks find."""
    return explain(objects, request, problems=problems(objects, version=VERSION))


def ask(objects: list[Manifest], url: str, method: str = "", *headers: str) -> Verdict:
    has_gateway = any(manifest["kind"] == "Gateway" for manifest in objects)
    common = [namespace(), *([] if has_gateway else [gateway()]), service()]
    return explained([*common, *objects], Request.of(url, method, headers))


def taker(objects: list[Manifest], url: str, method: str = "", *headers: str) -> str | None:
    """`route/rule`, or None."""
    taken = ask(objects, url, method, *headers).taken
    return f"{taken.route.name}/{taken.rule}" if taken else None
