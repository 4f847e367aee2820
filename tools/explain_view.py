"""Print a verdict of `explain` on one screen."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from diagnostics.terminal import printable
from explain import Verdict
from explain.filters import Answer
from explain.verdict import Taken
from health.drift import differences
from kube.manifest import Manifest


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print what happens to a request."""
    console.print(Text(printable(f"\n{verdict.request}"), style="bold"))
    if verdict.refusal:
        print_lines(console, "refused", [f"{verdict.refusal}. {verdict.refusal.reason.fix}"])
    elif verdict.taken:
        _print_taken(verdict.taken, verdict, console)
    else:
        print_lines(console, "taken by", _summary(verdict))
        print_lines(console, "nearest", map(str, verdict.nearest))
    print_lines(console, "note", verdict.notes)


def print_live(
    stack: Sequence[Manifest],
    live: Sequence[Manifest],
    planned: Verdict,
    actual: Verdict,
    context: str,
    console: Console,
) -> None:
    """Print the verdict for the cluster if it is another one than the stack's, and the objects that differ."""
    console.print(Text(printable(f"\nOn {context}"), style="bold"))
    same = _summary(planned) == _summary(actual)
    print_lines(console, "taken by", ["the same rule"] if same and planned.taken else _summary(actual))
    found = [
        f"{drift.object}: {f'{drift.path}: ' if drift.path else ''}{drift.text}" for drift in differences(stack, live)
    ]
    print_lines(console, "differs", found or ["nothing"])


def print_unreachable(reason: str, fix: str, context: str, console: Console) -> None:
    """Print why the stack is not compared with the cluster, and what to type."""
    console.print(Text(printable(f"\nOn {context}"), style="bold"))
    print_lines(console, "compared", [f"no: {reason}"])
    print_lines(console, "fix", [fix])


def _print_taken(taken: Taken, verdict: Verdict, console: Console) -> None:
    requests = taken.route.kind in ("HTTPRoute", "GRPCRoute")
    asked = str(taken.match) if requests else "every datagram" if taken.route.kind == "UDPRoute" else "every connection"
    rule = f"{taken.rule}{f' ({taken.rule_name})' if taken.rule_name else ''}: {asked}"
    listener = taken.listener
    print_lines(
        console,
        "listener",
        [f"{listener.name} of {listener.owner_name}, {listener.protocol} on port {listener.port}"],
    )
    print_lines(console, "route", [f"{taken.route}, host {taken.hostname}"])
    print_lines(console, "rule", [rule])
    print_lines(console, "filters", taken.filters or ["none"])
    policies = [
        f"{found.policy} on {found.place}: {', '.join(found.settings)}{f'; {found.note}' if found.note else ''}"
        for found in taken.policies
    ]
    print_lines(console, "policies", policies or ["none"])
    print_lines(console, "backends", [*_backends(taken)])
    if taken.answer:
        print_lines(console, "answer", [_answer(taken.answer)])
        refusal = taken.answer.refusal
        print_lines(console, "fix", [refusal.reason.fix] if refusal and refusal.reason.fix else [])
    elif taken.forwarded != verdict.request:
        print_lines(console, "sent as", [str(taken.forwarded)])


def _answer(answer: Answer) -> str:
    return f"{answer.status}, {answer.location or answer.reason}"


def _backends(taken: Taken) -> Iterable[str]:
    for backend in taken.backends:
        refusal = backend.refusal
        yield f"{backend.share:4.0%} {backend}{f': 500, because Envoy Gateway refuses {refusal}' if refusal else ''}"
        yield from (f"     {step}" for step in backend.filters)
    if not taken.backends:
        yield "none"


def _summary(verdict: Verdict) -> list[str]:
    """Return the part of a verdict by which two verdicts are compared."""
    if verdict.refusal:
        return [str(verdict.refusal)]
    if verdict.taken is None:
        return [f"nothing: {verdict.untaken}"]
    rule = f"rule {verdict.taken.rule} of {verdict.taken.route}"
    if verdict.taken.answer:
        return [f"{rule}: {_answer(verdict.taken.answer)}"]
    return [rule, *_backends(verdict.taken)]


def print_lines(console: Console, name: str, lines: Iterable[str]) -> None:
    """Print lines below each other, with their name before the first one."""
    grid = Table.grid(padding=(0, 1), pad_edge=True)
    grid.add_column(width=9, style="cyan")
    grid.add_column(overflow="fold")
    for number, line in enumerate(lines):
        grid.add_row("" if number else name, Text(printable(line)))
    if grid.row_count:
        console.print(grid)
