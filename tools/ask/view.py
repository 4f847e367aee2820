"""Print an answer on one screen."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from diagnostics.terminal import printable
from explain import Verdict
from kube.manifest import ObjectName
from tools.ask.ask import Answer
from tools.ask.of_plan import Answers, left_out
from tools.explain_view import print_lines

_OF_OUR_REQUEST = frozenset({"connection", "content-length", "date"})
_BY_ENVOY = "Envoy itself"


def print_answer(gateway: str, answer: Answer, needs: Sequence[str], console: Console) -> None:
    """Print what the client gets, which rule took the request, and what reached the backend."""
    console.print(Text(printable(f"\n{answer.request}"), style="bold"))
    print_lines(console, "gateway", [gateway])
    print_lines(console, "status", [_status(answer)])
    kept = [f"{name}: {value}" for name, value in answer.headers if name.lower() not in _OF_OUR_REQUEST]
    print_lines(console, "header", kept)
    print_lines(console, "body", answer.body.splitlines())
    print_lines(console, "rule", [answer.route or "none"])
    print_lines(console, "by", [answer.backend or _BY_ENVOY])
    print_lines(console, "received", _received(answer.received))
    print_lines(console, "copy to", answer.copies)
    print_lines(console, "without", needs)


def print_envoy(verdict: Verdict, answers: Answers, console: Console) -> None:
    """Print the answer to the one request, of the Gateway that the verdict names if it names one, and compare them."""
    console.print(Text("\nA real Envoy", style="bold"))
    found = {name: answer for name, ((answer,), _) in answers.items() if isinstance(answer, Answer)}
    if verdict.taken and len(found) > 1:
        gateway = ObjectName.of(verdict.taken.listener.gateway)
        own = f"{gateway.namespace}/{gateway.name}"
        found = {name: answer for name, answer in found.items() if name == own} or found
    for name, answer in found.items():
        print_lines(console, "gateway", [name] if len(found) > 1 else [])
        print_lines(console, "status", [_status(answer)])
        print_lines(console, "taken by", [_compared(verdict, answer)])
    if not found:
        print_lines(console, "taken by", ["nothing: no Gateway listens on the port"])
    print_lines(console, "without", left_out(answers))


def print_no_envoy(reason: str, console: Console) -> None:
    """Print why Envoy was not asked."""
    console.print(Text("\nA real Envoy", style="bold"))
    print_lines(console, "asked", [f"no: {reason}"])


def _compared(verdict: Verdict, answer: Answer) -> str:
    taken = verdict.taken if verdict.refusal is None else None
    if taken is None:
        return f"{answer.route}, not as above" if answer.route else "nothing, as above"
    route = taken.route
    # Envoy Gateway calls the only rule of a TLSRoute -1.
    rule = -1 if route.kind == "TLSRoute" else taken.rule
    same = f"{answer.route}/".startswith(f"{route.kind.lower()}/{route.namespace}/{route.name}/rule/{rule}/")
    return "the same rule" if same else f"{answer.route or 'nothing'}, not as above"


def _status(answer: Answer) -> str:
    if answer.closed and answer.backend:
        return "none: Envoy passes the connection on, and the stub of the backend has no TLS"
    if answer.closed:
        return f"none: {answer.closed}"
    return f"{answer.status} ({answer.details})" if answer.details else str(answer.status)


def _received(lines: Sequence[str]) -> Iterator[str]:
    """The request line as HTTP/1.1 writes it, and the other lines of the header."""
    fields = dict(line.split(": ", 1) for line in lines if line.startswith(":") and ": " in line)
    if fields:
        yield f"{fields.get(':method')} {fields.get(':path')}"
        yield f"host: {fields.get(':authority')}"
    yield from (line for line in lines if not line.startswith(":"))
