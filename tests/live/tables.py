"""Tables of routes, drawn at random from small alphabets so that rules collide, and requests that meet them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from explain import Request

_HOSTS = ("a.test", "b.a.test", "c.b.a.test", "d.test")
_WILDCARDS = ("*.test", "*.a.test", "*.b.a.test")
_PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b", "/a/b/c")
_EXPRESSIONS = ("/.*", "/a.*", "/[ab]+", "/a/b?", "/(a|b)/.*", "/a/b/c")
_SERVICES, _CALLS = ("s.A", "s.AB", "s"), ("m", "mm")
_CALLED = ("/s.A/m", "/s.A/mm", "/s.AB/m", "/s/m", "/s.A/m/m")
_UNUSUAL = ("/a//b", "/a/../b", "/%61/b", "/a/./b", "/abc", "/c", "/a/b/")
_METHODS = ("GET", "POST", "DELETE")
_VALUES = ("1", "2", "12")
_VALUE_EXPRESSIONS = ("1.*", "[12]", ".*")

Wire = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Listeners of one port by host name (empty: any), specs of routes with their kind, and requests for that port."""

    listeners: tuple[str, ...]
    routes: tuple[Wire, ...]
    requests: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    """Host, path with query, method, header lines."""

    def requests_to(self, port: int) -> list[Request]:
        return [
            Request.of(f"http://{host}:{port}{target}", method, headers)
            for host, target, method, headers in self.requests
        ]


def _some(options: Sequence[str], *, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(options), max_size=most, unique=True)


@st.composite
def _conditions(draw: st.DrawFn, names: Sequence[str]) -> list[Wire]:
    return [
        draw(
            st.fixed_dictionaries({"name": st.just(name), "value": st.sampled_from(_VALUES)})
            | st.fixed_dictionaries(
                {
                    "name": st.just(name),
                    "type": st.just("RegularExpression"),
                    "value": st.sampled_from(_VALUE_EXPRESSIONS),
                }
            )
        )
        for name in draw(_some(names, most=2))
    ]


_path = (
    st.builds(lambda value: {"type": "PathPrefix", "value": value}, st.sampled_from(_PATHS))
    | st.builds(lambda value: {"type": "Exact", "value": value}, st.sampled_from(_PATHS))
    | st.builds(lambda value: {"type": "RegularExpression", "value": value}, st.sampled_from(_EXPRESSIONS))
)
_match = st.fixed_dictionaries(
    {},
    optional={
        "path": _path,
        "method": st.sampled_from(_METHODS),
        "headers": _conditions(("x-a", "X-B")),
        "queryParams": _conditions(("p", "q")),
    },
)
_call = st.sampled_from(
    [
        {"service": _SERVICES[0]},
        {"method": _CALLS[0]},
        *({"service": service, "method": call} for service in _SERVICES for call in _CALLS),
        {"type": "RegularExpression", "service": "s.*"},
        {"type": "RegularExpression", "method": "m+"},
        {"type": "RegularExpression", "service": "s[.]A", "method": "m.*"},
    ]
)
_grpc_match = st.fixed_dictionaries({"method": _call}, optional={"headers": _conditions(("x-a", "X-B"))})
_MATCHES = {"HTTPRoute": _match, "GRPCRoute": _grpc_match}


@st.composite
def _route(draw: st.DrawFn, listeners: Sequence[str]) -> Wire:
    kind = draw(st.sampled_from(("HTTPRoute", "HTTPRoute", "GRPCRoute")))
    matches = st.lists(_MATCHES[kind], min_size=1, max_size=2)
    route: Wire = {
        "kind": kind,
        "rules": draw(st.lists(st.fixed_dictionaries({"matches": matches}), min_size=1, max_size=3)),
    }
    hostnames = draw(st.just([]) | _some(_HOSTS + _WILDCARDS, most=2))
    if hostnames:
        route["hostnames"] = hostnames
    route["listener"] = draw(st.none() | st.integers(0, len(listeners) - 1))
    return route


@st.composite
def _request(draw: st.DrawFn) -> tuple[str, str, str, tuple[str, ...]]:
    query = "&".join(f"{name}={draw(st.sampled_from(_VALUES))}" for name in draw(_some(("p", "q"), most=2)))
    headers = tuple(f"{name}: {draw(st.sampled_from(_VALUES))}" for name in draw(_some(("X-A", "x-b"), most=2)))
    path = draw(st.sampled_from(_PATHS + _UNUSUAL) | st.sampled_from(_CALLED))
    target = f"{path}?{query}" if query else path
    return draw(st.sampled_from(_HOSTS)), target, draw(st.sampled_from(_METHODS)), headers


@st.composite
def tables(draw: st.DrawFn, requests: int) -> Table:
    listeners = draw(st.lists(st.sampled_from(("", *_WILDCARDS, *_HOSTS[:2])), min_size=1, max_size=2, unique=True))
    return Table(
        listeners=tuple(listeners),
        routes=tuple(draw(st.lists(_route(listeners), min_size=2, max_size=4))),
        requests=tuple(draw(st.lists(_request(), min_size=requests, max_size=requests))),
    )
