"""A request as its sender means it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

Scheme = Literal["http", "https", "grpc", "grpcs", "tls", "tcp", "udp"]
_PORTS = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443, "tls": 443}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_URL_CHARACTERS = re.compile(r"[!-~]+")
_HEADER_VALUE = re.compile(r"[\t -~]*")


class RequestError(Exception):
    """A request that no client could send; `fix` says how to write it instead. `part` of it is wrong."""

    def __init__(self, message: str, fix: str, part: Literal["url", "method", "headers"] = "url") -> None:
        super().__init__(message)
        self.fix = fix
        self.part: Literal["url", "method", "headers"] = part


@dataclass(frozen=True)
class Request:
    """`headers` have lower-case names. `path` and `query` are as sent, still percent-encoded.

    Of schemes without HTTP (`tls`, `tcp`, `udp`) only host and port count; `grpc` and `grpcs` are HTTP/2 POSTs.
    """

    scheme: Scheme
    host: str
    port: int
    path: str = "/"
    query: str = ""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str, method: str = "", headers: Iterable[str] = ()) -> "Request":
        """Read a URL and `name: value` lines. RequestError names the first thing that no client could send."""
        if not url:
            raise RequestError("There is no URL.", "Add one: URL=http://example.com/path")
        scheme = url.partition("://")[0].lower()
        if "://" not in url or scheme not in get_args(Scheme):
            what = f"has the scheme {scheme}" if "://" in url else "has no scheme"
            known = ", ".join(get_args(Scheme))
            raise RequestError(
                f"The URL {url} {what}.", f"Write it as http://{url.partition('://')[2] or url} (known: {known})."
            )
        if not _URL_CHARACTERS.fullmatch(url):
            raise RequestError(
                f"The URL {url!r} has a character that no request line may have.",
                "Write it percent-encoded (a space is %20), and a host name beyond ASCII in its xn-- form.",
            )
        try:
            parts = urlsplit(url)
        except ValueError:
            raise RequestError(f"The host in {url} is not valid.", f"Write it as {scheme}://[::1]/path") from None
        try:
            port = parts.port
        except ValueError:
            raise RequestError(f"The port in {url} is not valid.", "Ports go from 1 to 65535.") from None
        if not parts.hostname:
            raise RequestError(f"The URL {url} has no host.", f"Write it as {scheme}://example.com/path")
        if port is None and scheme not in _PORTS:
            raise RequestError(f"The URL {url} has no port.", f"Write it as {scheme}://{parts.hostname}:9000")
        grpc = scheme.startswith("grpc")
        method = method or ("POST" if grpc else "GET")
        if not _TOKEN.fullmatch(method):
            raise RequestError(f"{method!r} is not an HTTP method.", "Write one word, such as POST.", "method")
        own = (("content-type", "application/grpc"),) if grpc else ()
        given = own + tuple(_header(line) for line in headers if line)
        if twice := next((name for name, _ in given if [n for n, _ in given].count(name) > 1), None):
            raise RequestError(f"The header {twice} is given twice.", "Give each header once.", "headers")
        return cls(
            scheme=scheme,  # pyright: ignore[reportArgumentType] - it is one of them, see above
            host=parts.hostname.rstrip("."),
            port=port or _PORTS[scheme],
            path=parts.path or "/",
            query=parts.query,
            method=method.upper(),
            headers=given,
        )

    @property
    def secure(self) -> bool:
        return self.scheme in ("https", "grpcs", "tls")

    @property
    def has_http(self) -> bool:
        return self.scheme not in ("tls", "tcp", "udp")

    @property
    def authority(self) -> str:
        """The host, with the port unless it is the usual one of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _PORTS.get(self.scheme) == self.port else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """The path with the query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        if not self.has_http:
            return f"{self.scheme}://{self.authority}"
        return f"{self.method} {self.scheme}://{self.authority}{self.target}"


def _header(line: str) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in line.partition(":"))
    if not colon or not _TOKEN.fullmatch(name):
        raise RequestError(f"The header {line!r} has no name and value.", "Write it as 'name: value'.", "headers")
    if not _HEADER_VALUE.fullmatch(value):
        raise RequestError(f"The header {name} has a character that no header may have.", "Write ASCII.", "headers")
    if name.lower() == "host":
        fix = "Write it into the URL; the header Host follows from it."
        raise RequestError("The host is given twice.", fix, "headers")
    return name.lower(), value
