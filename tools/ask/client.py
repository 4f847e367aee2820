"""A client that sends a request as it is: it changes no path and no header, and checks no certificate."""

import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from explain import Request

_TIMEOUT_S = 20.0
_MOST_BODY = 2000
# 192.0.2.0/24 is for documentation: https://www.rfc-editor.org/rfc/rfc5737.
_PROXY_HEADER = b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 80\r\n"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A response as the client sees it. Without one, `status` is 0 and `closed` says why. `local` is its address."""

    local: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    closed: str = ""


def send(request: Request, port: int, *, with_proxy_header: bool) -> Reply:
    """Send the request to 127.0.0.1, as HTTP/1.1."""
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as connection:
        local = "{}:{}".format(*connection.getsockname())
        try:
            if with_proxy_header:
                connection.sendall(_PROXY_HEADER)
            stream = _encrypted(connection, request.host) if request.secure else connection
            stream.sendall(_bytes(request))
            response = HTTPResponse(stream, method=request.method)
            response.begin()
            body = response.read(_MOST_BODY).decode(errors="replace")
        except (OSError, HTTPException, UnicodeError) as error:  # the last for a host that no certificate can have
            return Reply(local=local, closed=str(error) or type(error).__name__)
        return Reply(local=local, status=response.status, headers=tuple(response.getheaders()), body=body)


def _bytes(request: Request) -> bytes:
    own = {"host": request.authority, "connection": "close"}
    if request.method in ("POST", "PUT", "PATCH"):
        own["content-length"] = "0"
    headers = own | dict(request.headers)
    lines = [
        f"{request.method} {request.target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _encrypted(connection: socket.socket, host: str) -> ssl.SSLSocket:
    # The certificates of the stand-ins are nobody's.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context.wrap_socket(connection, server_hostname=host)
