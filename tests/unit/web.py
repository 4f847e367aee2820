"""A web server for the program to ask, on this machine only."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread


@dataclass
class Web:
    """The answer to every request, and the faults of the server."""

    body: bytes = b""
    status: int = 200
    missing: int = 0
    """Number of bytes that Content-Length announces but the server does not send."""
    pause_s: float = 0.0
    """Pause between two bytes."""
    delay_s: float = 0.0
    """Delay before the answer."""
    asked: list[str] = field(default_factory=list[str])
    """Paths of the requests so far."""
    url: str = ""


def gone(web: Web) -> None:
    web.status = 404


def broken_off(web: Web) -> None:
    web.missing = 1000


def stalled(web: Web) -> None:
    web.delay_s = 2.0


def dripping(web: Web) -> None:
    web.pause_s = 0.1


@contextmanager
def serving(web: Web, tls: SSLContext | None = None) -> Iterator[Web]:
    """Serve `web` while the block runs; its `url` is set. With `tls` it speaks only that."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append(self.path)
            time.sleep(web.delay_s)
            self.send_response(web.status)
            self.send_header("Content-Length", str(len(web.body) + web.missing))
            self.end_headers()
            for byte in web.body if web.pause_s else ():
                self.wfile.write(bytes([byte]))
                time.sleep(web.pause_s)
            if not web.pause_s:
                self.wfile.write(web.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        # A client that hangs up early is what some tests are about.
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    web.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
