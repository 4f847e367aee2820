"""`make ask`: put the planned configuration on an Envoy of this machine, and ask it."""

import sys
from collections.abc import Iterable

from rich.console import Console

from local import supplies
from local.toolchain.progress import Progress
from tools.ask.ask import Answer
from tools.ask.of_plan import ask_plan
from tools.ask.view import print_answer
from tools.planned import planned
from tools.stack import Stack
from tools.typed_request import NO_REQUEST, read_request

_TAKEN, _NOT_TAKEN = 0, 1


def run(stack: Stack, url: str, method: str, headers: Iterable[str]) -> int:
    """Print what Envoy does. Return 0 if a rule takes the request, 1 if none does, 2 if no client could send it."""
    request = read_request(url, method, headers)
    if request is None:
        return NO_REQUEST
    if not request.has_http:
        text = f"error: {request} is not a request of HTTP, so Envoy is not asked.\n  Type: make explain URL={url}"
        print(text, file=sys.stderr)
        return NO_REQUEST
    with Progress() as progress:
        tools = supplies.for_asking(progress)
        answers = ask_plan(planned(stack, judge=tools.program("judge"), with_tests=False), [request], tools, progress)
    console = Console(highlight=False, soft_wrap=True)
    for gateway, ((answer,), left_out) in answers.items():
        if isinstance(answer, Answer):
            print_answer(gateway, answer, left_out, console)
        else:
            console.print(f"\nGateway {gateway} does not listen on port {request.port}.")
    taken = any(isinstance(answer, Answer) and answer.is_taken for (answer,), _ in answers.values())
    return _TAKEN if taken else _NOT_TAKEN
