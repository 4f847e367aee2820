"""On Envoy: what a real Envoy does with the requests of a comparison, held against what the comparison says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compare.asked import Asked, Questions
from compare.side import Side
from explain import Ending, Verdict
from explain.request import Request
from gatewayapi.fleets import Fleet
from kube.read import NotKnown


@dataclass(frozen=True, kw_only=True)
class OnEnvoy:
    """The answers of a real Envoy to one request of each class, with the base's configuration and with the head's."""

    classes: int = 0
    """Number of classes of requests that were asked."""
    differences: tuple[str, ...] = ()
    """What Envoy does otherwise than the comparison says."""
    left_out: tuple[str, ...] = ()
    """What Envoy ran without, because it needs other servers."""
    reason: str = ""
    """Why no Envoy was asked."""

    @property
    def text(self) -> str:
        """One line: whether Envoy was asked, and whether it agrees."""
        if self.reason:
            return f"No Envoy was asked: {self.reason}"
        classes = f"{self.classes} {'class' if self.classes == 1 else 'classes'} of requests"
        agrees = "it does otherwise, see below" if self.differences else "it does the same"
        without = f" (without {', '.join(self.left_out)})" if self.left_out else ""
        return f"A real Envoy was asked for {classes}{without}: {agrees}"


@dataclass(frozen=True, kw_only=True)
class Witness:
    """The request that stands for a class, with its verdicts, and its ends on Envoy.

    A side without the Gateway, or whose verdict depends on values that only a cluster knows, has None.
    """

    asked: Asked
    said: tuple[Verdict | None, Verdict | None]
    seen: tuple[Ending | None, Ending | None] = (None, None)

    @property
    def differences(self) -> Iterator[str]:
        """What Envoy did otherwise than the verdicts say, before and after."""
        for when, verdict, actual in zip(("before", "after"), self.said, self.seen, strict=True):
            if verdict is None or actual is None:
                continue
            predicted = Ending.of(verdict)
            if predicted.contradicts(actual):
                yield f"{self.asked.request} {when}: it {actual.text}; `make explain` says that it {predicted.text}"


def witnesses(questions: Questions, base: Side, head: Side) -> list[Witness]:
    """A request of HTTP for each class, apart from CONNECT, which has no path."""
    found: dict[object, Asked] = {}
    for one in questions.asked:
        if one.request.has_http and one.request.method != "CONNECT":
            found.setdefault(one.key, one)
    return [
        Witness(
            asked=one, said=(_verdict(base, one.request, one.site.base), _verdict(head, one.request, one.site.head))
        )
        for one in found.values()
    ]


def on_envoy(asked: Sequence[Witness], left_out: Sequence[str] = ()) -> OnEnvoy:
    """Everything that Envoy does otherwise."""
    found = [one for one in asked if one.seen != (None, None)]
    differences = tuple(line for one in found for line in one.differences)
    return OnEnvoy(classes=len(found), differences=differences, left_out=tuple(left_out))


def _verdict(side: Side, request: Request, fleet: Fleet | None) -> Verdict | None:
    if fleet is None:
        return None
    try:
        return side.evaluator.verdict(request, fleet=fleet, in_detail=False)
    except NotKnown:
        return None
