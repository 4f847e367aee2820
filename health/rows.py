"""Rows: one line of health per object, from the JSON that kubectl returns.

No cluster is asked here, so that a test can show any failure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from diagnostics.terminal import printable
from health import crds, pods, quotas
from health.envoys import GATEWAY, owner_of, owners
from health.failure import Container, Failure
from health.fixes import fix
from health.kinds import KINDS, Kind, Object

_EVENTS = 3
_ECHOES = ("BackOff", "Failed")
"""Reasons of events in which kubelet repeats a container's state."""
_POD = Kind("", "Pod")
_EVENT = Kind("", "Event")


class Row(NamedTuple):
    """Health of one object. A failing one has reasons, fixes and events in `text`, one per line."""

    what: str
    name: str
    state: str
    text: str
    namespace: str = ""


def rows(objects: Iterable[Object], kubectl: str, last_words: Callable[[Container], str] = lambda _: "") -> list[Row]:
    """One row per object of a kind in `KINDS`, in that order.

    ReplicaSets, pods, events, quotas and CRDs among `objects` explain the failing ones, as do the `last_words` of a
    terminated container. `kubectl` is the text to type for that command.
    """
    known = list(objects)
    found: list[Row] = []
    for kind, judge in KINDS.items():
        for item in _of(kind, known):
            verdict = judge(item)
            if verdict is None:
                continue
            failures = [*verdict.failures, *crds.failures(item, known)]
            text = _explained(item, failures, known, kubectl, last_words) if failures else verdict.text
            named = item["metadata"]
            state = "failing" if failures else "ok"
            found.append(Row(kind.name, named["name"], state, printable(text), named.get("namespace", "")))
    return found


def _of(kind: Kind, known: Sequence[Object]) -> list[Object]:
    """Objects of a kind by name, without those that Envoy Gateway runs for Gateways of other stacks."""
    ours = {None, *(owner for item in known if Kind.of(item) == GATEWAY for owner in owners(item))}
    of_kind = [item for item in known if Kind.of(item) == kind and owner_of(item) in ours]
    return sorted(of_kind, key=lambda item: item["metadata"]["name"])


def _explained(
    item: Object,
    failures: Sequence[Failure],
    known: Sequence[Object],
    kubectl: str,
    last_words: Callable[[Container], str],
) -> str:
    made = list(_made_by(item, known))
    # Replicas fail alike, so one stands for all.
    alike = {
        (failure.subject, failure.reason): failure
        for pod in made
        if Kind.of(pod) == _POD
        for failure in pods.failures(pod)
    }
    lines: list[str] = []
    for failure in (*failures, *alike.values()):
        lines.append(str(failure))
        lines += [f"  | {line}" for line in (last_words(failure.ended) if failure.ended else "").splitlines()]
    spent = list(quotas.failures(item, failures, known))
    lines += [str(failure) for failure, _ in spent]
    namespace = item["metadata"].get("namespace", "")
    fixes = [fix(failure, namespace, kubectl) for failure in (*failures, *alike.values())]
    fixes += [fix(failure, of_quota, kubectl) for failure, of_quota in spent]
    lines += [f"-> {text}" for text in fixes if text is not None]
    lines += _warnings([item, *made], known, () if not alike else _ECHOES)
    return "\n".join(dict.fromkeys(lines))


def _made_by(item: Object, known: Sequence[Object]) -> Iterator[Object]:
    """Objects that an object owns: the ReplicaSets of a Deployment, and their pods."""
    for other in known:
        if any(owner["uid"] == item["metadata"]["uid"] for owner in other["metadata"].get("ownerReferences", [])):
            yield other
            yield from _made_by(other, known)


def _warnings(about: Sequence[Object], known: Sequence[Object], without: Collection[str]) -> list[str]:
    """The last warnings, one line each however often they occurred."""
    uids = {item["metadata"]["uid"] for item in about}
    events = [event for event in known if Kind.of(event) == _EVENT and event["involvedObject"].get("uid") in uids]
    events = [event for event in events if event["type"] == "Warning" and event["reason"] not in without]
    lines = dict.fromkeys(f"event {event['reason']}: {event['message']}" for event in sorted(events, key=_time))
    return list(lines)[-_EVENTS:]


def _time(event: Object) -> str:
    """Time of an event's last occurrence; reporters write it in different fields."""
    series: dict[str, Any] = event.get("series") or {}
    return series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or ""
