"""What a person reads about a running stack: how to reach it after `make up`, and `make status` on one screen."""

import json
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local.cluster.cluster import Cluster
from local.stack import Stack


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
        well = node.healthy
    outputs = stack.outputs() if well else {}
    table = _table()
    for row in [*_objects(stack), *_urls(outputs)] if outputs else []:
        well = well and row[2] == "ok"
        table.add_row(*row)
    if not outputs:
        table.add_row("stack", stack.name, "absent", f"no `up` has ended well on {stack.context}: make up")
        well = False
    console.print(table)
    return well


def print_failing(stack: Stack, console: Console) -> None:
    """What is not ready, in its own words: of most kinds Pulumi says only that it waited for them in vain."""
    failing = [row for row in _objects(stack) if row[2] != "ok"]
    if failing:
        table = _table()
        for row in failing:
            table.add_row(*row)
        console.print("\nNot ready:")
        console.print(table)


def _table() -> Table:
    return Table("what", "name", "state", "", box=None, pad_edge=False)


def _objects(stack: Stack) -> list[tuple[str, str, str, str]]:
    ours = ("--all-namespaces", "--selector", "app.kubernetes.io/part-of=synergychat", "--request-timeout", "10s")
    kinds = {"gatewayclass": "Accepted", "gateway": "Programmed", "httproute": "Accepted"}
    rows: list[tuple[str, str, str, str]] = []
    found = stack.kubectl("get", ",".join(kinds), *ours, "--output", "json")
    if found.returncode != 0:
        return [("stack", stack.name, "unknown", found.stderr.strip())]
    for item in json.loads(found.stdout)["items"]:
        kind = item["kind"]
        parents = item.get("status", {}).get("parents") or [item.get("status", {})]
        conditions = {c["type"]: c for parent in parents for c in parent.get("conditions", [])}
        wanted = [kinds[kind.lower()], *(["ResolvedRefs"] if kind == "HTTPRoute" else [])]
        failing = [conditions.get(name) for name in wanted if conditions.get(name, {}).get("status") != "True"]
        reason = "; ".join(f"{c['reason']}: {c['message']}" if c else "no status yet" for c in failing)
        rows.append((kind, item["metadata"]["name"], "failing" if failing else "ok", reason))
    deployments = stack.kubectl("get", "deployment", *ours, "--output", "json")
    for item in json.loads(deployments.stdout)["items"] if deployments.returncode == 0 else []:
        ready, asked = item["status"].get("readyReplicas", 0), item["spec"]["replicas"]
        state = "ok" if ready == asked else "failing"
        rows.append(("Deployment", item["metadata"]["name"], state, f"{ready}/{asked} ready"))
    return rows


def _urls(outputs: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Ask each URL through the gateway's address, as `curl --resolve` does."""
    rows: list[tuple[str, str, str, str]] = []
    for name, text in outputs["urls"].items():
        url = httpx.URL(text)
        try:
            direct = url.copy_with(host=outputs["gatewayAddress"])
            code = httpx.get(direct, headers={"Host": url.netloc.decode()}, timeout=5, trust_env=False).status_code
            # The api has nothing at its root: any answer but a failure of the gateway shows that it is reached.
            rows.append(("URL", name, "ok" if code < 500 else "failing", f"{text} answers {code}"))
        except httpx.HTTPError as error:
            rows.append(("URL", name, "failing", f"{text}: {error}"))
    return rows
