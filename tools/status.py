"""What a person reads about a running stack: how to reach it after `make up`, and `make status` on one screen."""

from typing import Any

import httpx
from rich.console import Console

from health import Row, Unanswered, look
from local.cluster.cluster import Cluster
from tools.stack import Stack


def print_access(outputs: dict[str, Any], console: Console) -> None:
    """The URLs, the hosts-file lines and a curl line per host, as the stack's outputs have them."""

    def say(text: str) -> None:
        # An IPv6 address in brackets would be taken for markup.
        console.print(text, markup=False, soft_wrap=True)

    say("")
    for name, url in outputs["urls"].items():
        say(f"  {name:<4} {url}")
    here, windows = outputs["hostsLines"]["linuxAndMacOS"], outputs["hostsLines"]["windows"]
    if here["lines"]:
        say(f"\nFor a browser, add to {here['file']} (on Windows: {windows['file']}):")
        for line in here["lines"].splitlines():
            say(f"  {line}")
    else:
        say(f"\nFor a browser, let these names lead to {outputs['gatewayAddress']} in your DNS.")
    say("\nWithout that:")
    for line in outputs["tryIt"].values():
        say(f"  {line}")


def report(stack: Stack, cluster: Cluster | None, console: Console) -> bool:
    """Print every part with its state; True when all of them are well."""
    well = True
    if cluster is not None:
        node = cluster.status()
        node.print(console)
        if node.state != "ready":
            console.print(f"The stack {stack.name} is not looked at: its cluster is {node.state}.")
            console.print(f"To start it, or to read what keeps it from being ready: {stack.typed_up}")
            return False
        well = node.healthy
    outputs = stack.outputs()
    found = [*_objects(stack), *_urls(outputs)]
    if not outputs:
        found.append(Row("stack", stack.name, "absent", f"no `up` has ended well on {stack.context}: {stack.typed_up}"))
    _print(found, console)
    return well and all(row.state == "ok" for row in found)


def _print(rows: list[Row], console: Console) -> None:
    """Columns, but for the text: a command in it must be one line to whoever copies it."""
    titled = [Row("what", "name", "state", ""), *rows]
    widths = [max(len(row[column]) for row in titled) for column in range(3)]
    for row in titled:
        first, *more = row.text.splitlines() or [""]
        columns = (cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True))
        for line in ("  ".join([*columns, first]).rstrip(), *(f"    {each}" for each in more)):
            console.print(line, markup=False, soft_wrap=True)


def _objects(stack: Stack) -> list[Row]:
    try:
        return look(stack.kubectl, stack.typed_kubectl)
    except Unanswered as error:
        return [Row("stack", stack.name, "unknown", str(error))]


def _urls(outputs: dict[str, Any]) -> list[Row]:
    """Ask each URL through the gateway's address, as `curl --resolve` does."""
    rows: list[Row] = []
    for name, text in outputs.get("urls", {}).items():
        url = httpx.URL(text)
        try:
            direct = url.copy_with(host=outputs["gatewayAddress"])
            code = httpx.get(direct, headers={"Host": url.netloc.decode()}, timeout=5, trust_env=False).status_code
            # The api has nothing at its root: any answer but a failure of the gateway shows that it is reached.
            rows.append(Row("URL", name, "ok" if code < 500 else "failing", f"{text} answers {code}"))
        except httpx.HTTPError as error:
            rows.append(Row("URL", name, "failing", f"{text}: {error}"))
    return rows
