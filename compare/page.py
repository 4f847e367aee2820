"""Page: a comparison as one HTML page without scripts or anything from elsewhere."""

from dataclasses import dataclass, field
from html import escape

from compare.comparison import Comparison
from compare.side import Side
from compare.text import one_line, sections
from gatewayapi import hostnames
from gatewayapi.kinds import CORE, GATEWAY_API, ROUTES
from gatewayapi.listeners import Listener
from gatewayapi.references import reference
from kube.manifest import ObjectName
from kube.read import NotKnown, items

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; font: 12px ui-monospace, monospace; }
rect { fill: #fff; stroke: #888; } path { fill: none; stroke: #999; }
.new rect { fill: #e6f6e6; stroke: #2a7a2a; } .gone rect { fill: #fdeaea; stroke: #b02a2a; }
.changed rect { fill: #fff5dc; stroke: #a07000; stroke-width: 2; }
"""
_COLUMNS = ("Gateway", "listener", "route", "backend")
_WIDTH, _GAP, _HEIGHT, _STEP = 270, 60, 30, 42
_LONGEST = 35
"""Characters of a name that fit into a box of this width, in a font in which all are equally wide."""


def page(comparison: Comparison, *, said: str = "") -> str:
    """The page. `said` is a line about how the plans were made."""
    title = f"{one_line(comparison.stack)}: {one_line(comparison.summary)}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(one_line(said))}</p>" if said else "",
    ]
    for section in sections(comparison):
        body = "\n".join(escape(one_line(line)) for line in section.lines)
        block = f"<pre>{body}</pre>"
        if section.detail:
            parts.append(f"<details><summary>{escape(section.title)}</summary>{block}</details>")
        else:
            parts.append(f"<h2>{escape(section.title)}</h2>{block}")
    before, after = _graph(comparison.base), _graph(comparison.head)
    changed = {change.name for change in comparison.objects if change.action in ("update", "replace")}
    parts.append(f"<h2>Before</h2>{_picture(before, after, changed, 'gone')}")
    parts.append(f"<h2>After</h2>{_picture(after, before, changed, 'new')}")
    parts.append("</body></html>")
    return "\n".join(part for part in parts if part)


@dataclass
class _Graph:
    """Names by column, and the edges between them. `objects` has the object that each name stands for."""

    columns: tuple[dict[str, None], ...] = field(default_factory=lambda: ({}, {}, {}, {}))
    edges: dict[tuple[int, str, str], None] = field(default_factory=dict[tuple[int, str, str], None])
    objects: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, column: int, name: str, of: str) -> str:
        self.columns[column][name] = None
        self.objects[name] = of
        return name

    def join(self, column: int, left: str, right: str) -> None:
        self.edges[column, left, right] = None


def _graph(side: Side) -> _Graph:
    graph, topology = _Graph(), side.topology
    for fleet in topology.fleets:
        for gateway in fleet.gateways:
            name = str(ObjectName.of(gateway))
            graph.add(0, name, name)
            for listener in topology.listeners(gateway):
                graph.join(0, name, graph.add(1, _listener(listener), str(listener.owner_name)))
    for route in topology.objects.of_kind(GATEWAY_API, *ROUTES):
        try:
            name = str(ObjectName.of(route))
            graph.add(2, name, name)
            for attachment in topology.known_attachments(route):
                if attachment.listener is not None and not attachment.refusal:
                    known = graph.add(1, _listener(attachment.listener), str(attachment.listener.owner_name))
                    graph.join(1, known, name)
            for place, _ in items(route, "spec", "rules"):
                for path, value in items(route, *place, "backendRefs"):
                    ref = reference(route, path, value, CORE, "Service")
                    port = "" if ref.port is None else f":{ref.port}"
                    graph.join(2, name, graph.add(3, f"{ref.target}{port}", str(ref.target)))
        except NotKnown:
            continue
    return graph


def _listener(listener: Listener) -> str:
    owner = str(listener.owner_name).rpartition("/")[2]
    return f"{listener.name} {listener.protocol}:{listener.port} {listener.hostname or hostnames.ANY} ({owner})"


def _picture(graph: _Graph, other: _Graph, changed: set[str], only_here: str) -> str:
    """The graph as SVG. What the other side does not have is marked `only_here`, and changed objects are marked."""
    place: dict[tuple[int, str], tuple[int, int]] = {}
    boxes: list[str] = []
    for column, names in enumerate(graph.columns):
        x = column * (_WIDTH + _GAP) + 5
        boxes.append(f'<text x="{x}" y="16" font-weight="bold">{_COLUMNS[column]}</text>')
        for row, name in enumerate(sorted(names)):
            y = 28 + row * _STEP
            place[column, name] = (x, y)
            missing = name not in other.columns[column]
            mark = only_here if missing else "changed" if graph.objects[name] in changed else ""
            shown = one_line(name)
            short = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
            box = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>'
            label = f'<text x="{x + 8}" y="{y + 20}">{escape(short)}</text><title>{escape(shown)}</title>'
            boxes.append(f'<g class="{mark}">{box}{label}</g>')
    lines: list[str] = []
    for column, left, right in graph.edges:
        start, end = place[column, left], place[column + 1, right]
        x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
        middle = (x1 + x2) // 2
        lines.append(f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"/>')
    height = 40 + max((len(names) for names in graph.columns), default=0) * _STEP
    width = 4 * _WIDTH + 3 * _GAP + 10
    return f'<svg viewBox="0 0 {width} {height}" role="img" width="{width}">{"".join(lines)}{"".join(boxes)}</svg>'
