"""Put both plans of a comparison on an Envoy of this machine, and ask it for one request of each class."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from compare import Comparison
from compare.on_envoy import OnEnvoy, on_envoy, witnesses
from compare.side import Side
from explain import Ending, Request, Verdict
from gatewayapi.fleets import Fleet
from local.errors import UserError
from local.toolchain import Tools
from local.toolchain.progress import Progress
from tools.ask.ending import ending
from tools.ask.of_plan import Answers, ask_plan, left_out, name_in_answers

Ask = Callable[[Side, Sequence[Request]], Answers]
"""Asks the Envoys of one side."""


def run(comparison: Comparison, tools: Tools) -> OnEnvoy:
    """What Envoy does with both plans, or why it was not asked."""
    try:
        with Progress() as progress:
            return compared(comparison, lambda side, requests: ask_plan(side.plan, requests, tools, progress))
    except UserError as error:
        return OnEnvoy(reason=str(error))


def compared(comparison: Comparison, ask: Ask) -> OnEnvoy:
    """What Envoy does with one request of each class, on both sides."""
    asked = witnesses(comparison.questions, comparison.base, comparison.head)
    requests = [one.asked.request for one in asked]
    before, after = (ask(side, requests) if side.fleets else {} for side in (comparison.base, comparison.head))
    seen = [
        replace(
            one,
            seen=(
                _seen(comparison.base, one.asked.site.base, one.said[0], before, number),
                _seen(comparison.head, one.asked.site.head, one.said[1], after, number),
            ),
        )
        for number, one in enumerate(asked)
    ]
    return on_envoy(seen, sorted({*left_out(before), *left_out(after)}))


def _seen(side: Side, fleet: Fleet | None, verdict: Verdict | None, answers: Answers, number: int) -> Ending | None:
    """The end of a request on the Envoy of a fleet. None without one, as when Envoy Gateway refuses the Gateway."""
    if fleet is None or verdict is None:
        return None
    name = name_in_answers(side.topology, fleet.gateways[0])
    return ending(answers[name][0][number], verdict) if name in answers else None
