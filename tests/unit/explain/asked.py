"""Requests for explain. A Gateway and a Service exist, unless a test has its own Gateway."""

from explain import Request, Verdict, explain
from tests.cases.builders import Manifest, gateway, service


def ask(objects: list[Manifest], url: str, method: str = "", *headers: str) -> Verdict:
    has_gateway = any(manifest["kind"] == "Gateway" for manifest in objects)
    return explain([*([] if has_gateway else [gateway()]), service(), *objects], Request.of(url, method, headers))


def taker(objects: list[Manifest], url: str, method: str = "", *headers: str) -> str | None:
    """`route/rule`, or None."""
    taken = ask(objects, url, method, *headers).taken
    return f"{taken.route.name}/{taken.rule}" if taken else None
