"""Show a running stack: how to reach it after `make up`, and `make status` on one screen."""

import shlex
from typing import Any

import httpx
from rich.console import Console

from diagnostics.terminal import printable
from explain import Request
from health import Row, Unanswered, look
from local.cluster.cluster import Cluster
from local.errors import UserError
from tools.columns import aligned
from tools.gateway_client import send
from tools.stack import Stack

_CHAT = ("web", "api")
_NOT_FOR_US = (401, 403)
"""Status codes of a policy that requires authentication: they show that the route works."""


def print_access(outputs: dict[str, Any], console: Console) -> None:
    """Print the URLs, the lines for a hosts file and a curl command per URL, from the stack's outputs."""

    def say(text: str) -> None:
        # Without markup=False, rich would read an IPv6 address in brackets as markup.
        console.print(printable(text), markup=False, soft_wrap=True)

    say("")
    for name, url in outputs["urls"].items():
        say(f"  {name:<4} {url}")
    here, windows = outputs["hostsLines"]["linuxAndMacOS"], outputs["hostsLines"]["windows"]
    if here["lines"]:
        say(f"\nFor a browser, add to {here['file']} (on Windows: {windows['file']}):")
        for line in here["lines"].splitlines():
            say(f"  {line}")
    else:
        say(f"\nFor a browser, point these names to {outputs['gatewayAddress']} in your DNS.")
    say("\nWithout that:")
    for line in outputs["tryIt"].values():
        say(f"  {line}")


def report(stack: Stack, cluster: Cluster | None, console: Console) -> bool:
    """Print every part with its state. Return True if all parts are well."""
    well = True
    if cluster is not None:
        node = cluster.status()
        node.print(console)
        if node.state != "ready":
            console.print(f"The stack {stack.name} is not checked: its cluster is {node.state}.")
            console.print(f"To start it, or to see why it is not ready: {stack.typed_up}")
            return False
        well = node.healthy
    found = _objects(stack)
    outputs: dict[str, Any] = {}
    try:
        outputs = stack.outputs()
    except UserError as error:
        found.append(Row("stack", stack.name, "unknown", str(error)))
    else:
        found += _urls(outputs)
    if not outputs and all(row.what != "stack" for row in found):
        found.append(
            Row("stack", stack.name, "absent", f"no `up` has succeeded on {stack.context} yet: {stack.typed_up}")
        )
    _print(found, console)
    return well and all(row.state == "ok" for row in found)


def _print(rows: list[Row], console: Console) -> None:
    """Print a line per row, with the further lines of its text indented below."""
    texts = ["\n    ".join(printable(row.text).splitlines()) for row in rows]
    titled = [("what", "name", "state", ""), *((*row[:3], text) for row, text in zip(rows, texts, strict=True))]
    for line in aligned(titled):
        console.print(line, markup=False, soft_wrap=True)


def _objects(stack: Stack) -> list[Row]:
    try:
        return look(stack.kubectl, stack.typed_kubectl)
    except Unanswered as error:
        return [Row("stack", stack.name, "unknown", str(error))]


def _urls(outputs: dict[str, Any]) -> list[Row]:
    """Ask each app as the stack's `tryIt` commands do: at the gateway's address, for a path that the app answers."""
    rows: list[Row] = []
    for name, command in outputs.get("tryIt", {}).items():
        *options, url = shlex.split(command)
        try:
            asked = send(Request.of(url), outputs["gatewayAddress"], verify="--insecure" not in options)
            code = asked.status_code
            rows.append(Row("URL", name, "ok" if _is_well(name, code) else "failing", f"{url} answers {code}"))
        except httpx.HTTPError as error:
            rows.append(Row("URL", name, "failing", f"{url}: {error}"))
    return rows


def _is_well(name: str, code: int) -> bool:
    # The chat answers with success. Another app may have nothing at its root: an answer shows that it is reached.
    return code < 400 or code in _NOT_FOR_US or (name not in _CHAT and code < 500)
