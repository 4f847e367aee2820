"""Asked: the requests that stand for all classes, each with its outcome on both sides."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compare.outcomes import Outcome, ask
from compare.requests import representatives
from compare.side import Side
from compare.sites import Site
from explain.matches import METHOD, Match, precedence
from explain.request import Request
from explain.verdict import Verdict

ADDRESS = "$ADDRESS"
"""Variable of the shell in the `curl` commands: the address of the Gateway, which a plan does not know."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request with its outcomes, and the matches that took it."""

    site: Site
    request: Request
    before: Outcome
    after: Outcome
    took_before: Match | None
    took_after: Match | None

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def key(self) -> tuple[str, str, int, str, Match | None, Match | None]:
        """The class of the request: all requests with this key have the same outcomes."""
        site = self.site
        return site.gateway, site.scheme, site.port, site.pattern, self.took_before, self.took_after

    @property
    def pattern(self) -> str:
        """The requests of the class, such as `POST chat.example.com/api/*, header x-user=1`."""
        return pattern(self.site, self.request, [self.took_before, self.took_after])

    @property
    def pattern_after(self) -> str:
        """The requests that the match of the head takes, whatever took them before."""
        return pattern(self.site, self.request, [self.took_after])

    @property
    def command(self) -> str:
        """A command that shows the outcome. It needs the Gateway's address in the variable ADDRESS."""
        return command(self.request)


@dataclass(frozen=True)
class Questions:
    """All requests that were asked, and the matches for which there is none."""

    asked: tuple[Asked, ...]
    not_represented: tuple[str, ...]

    @property
    def classes(self) -> int:
        """Number of classes of requests that differ in the rule that takes them."""
        return len({one.key for one in self.asked})


def ask_both(base: Side, head: Side) -> Questions:
    """Ask both sides all representatives."""
    found = representatives(base, head)
    return Questions(tuple(asked(site, request, base, head) for site, request in found.requests), found.not_represented)


def asked(site: Site, request: Request, base: Side, head: Side) -> Asked:
    """Ask both sides one request."""
    before, was = ask(base, request, site.base)
    after, will_be = ask(head, request, site.head)
    return Asked(
        site=site, request=request, before=before, after=after, took_before=_took(was), took_after=_took(will_be)
    )


def pattern(site: Site, request: Request, matches: Iterable[Match | None]) -> str:
    """The requests to a site that all of these matches take."""
    found = [match for match in matches if match is not None]
    if site.scheme in ("tcp", "udp", "tls") or not found:
        return site.authority + ("" if found or not request.has_http else request.path)
    path = max(found, key=precedence)
    method = next((one.value for match in found for one in match.headers if one.name == METHOD), "")
    words = f"{method} {site.authority}{_path(path)}".strip()
    return ", ".join((words, *dict.fromkeys(_conditions(found))))


def command(request: Request) -> str:
    """A shell command that sends a request to the address in the variable ADDRESS."""
    host, port = request.host, request.port
    if not request.has_http:
        if request.scheme == "tls":
            return f'openssl s_client -connect "{ADDRESS}:{port}" -servername {shlex.quote(host)}'
        return f'nc -v{"u" if request.scheme == "udp" else ""} "{ADDRESS}" {port}'
    usual = {"http": 80, "https": 443}.get(request.scheme) == port
    url = f"{request.scheme}://{host}{'' if usual else f':{port}'}{request.target}"
    words = ["curl", "-i", *(["-k"] if request.secure else [])]
    words += ["-I"] if request.method == "HEAD" else ["-X", request.method] if request.method != "GET" else []
    for name, value in request.headers:
        words += ["-H", f"{name}: {value}"]
    resolve = f'--resolve {shlex.quote(f"{host}:{port}:")}"{ADDRESS}"'
    return " ".join((shlex.join(words), resolve, shlex.quote(url)))


def _took(verdict: Verdict | None) -> Match | None:
    return verdict.taken.match if verdict and verdict.taken and not verdict.refusal else None


def _path(match: Match) -> str:
    match match.path_kind:
        case "Exact":
            return match.path
        case "PathPrefix":
            return f"{match.path.removesuffix('/')}/*"
        case "RegularExpression":
            return f" with path {match.path}"


def _conditions(matches: list[Match]) -> Iterator[str]:
    for match in matches:
        yield from (f"header {one}" for one in match.headers if not one.name.startswith(":"))
        yield from (f"path ending in {one.value}" for one in match.headers if one.name == ":path")
        yield from (f"cookie {one}" for one in match.cookies)
        yield from (f"query {one}" for one in match.queries)
