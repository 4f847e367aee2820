"""Clients that connect to a gateway's address, so that host names need no DNS."""

import asyncio
import socket
import ssl
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509


def ask(address: str, url: str, *, source: str | None = None, **options: Any) -> httpx.Response:
    """The answer to one request, sent to `address` as `curl --resolve` does, from the address `source` if it is set.

    Certificates are not verified unless `verify` is set.
    """
    target = httpx.URL(url)
    direct = target.copy_with(host=address)
    headers = {"Host": target.netloc.decode(), **options.pop("headers", {})}
    transport = httpx.HTTPTransport(verify=options.pop("verify", False), local_address=source)
    with httpx.Client(transport=transport, timeout=options.pop("timeout", 10), trust_env=False) as client:
        sni = {"sni_hostname": target.host}
        return client.request(options.pop("method", "GET"), direct, headers=headers, extensions=sni, **options)


def browser(address: str) -> httpx.Client:
    """A client that keeps cookies by host name. All host names resolve to `address`."""
    return httpx.Client(transport=_At(address), timeout=10, trust_env=False)


class _At(httpx.HTTPTransport):
    def __init__(self, address: str) -> None:
        # All names are at one address: a connection that is kept would be taken for another name than its own.
        super().__init__(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        direct = httpx.Request(
            request.method,
            request.url.copy_with(host=self._address),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": request.url.host},
        )
        return super().handle_request(direct)


def certificate(address: str, port: int, hostname: str) -> x509.Certificate:
    """The certificate that the server presents for this host name."""
    context = trusting_anything()
    with (
        socket.create_connection((address, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=hostname) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def agreed_protocol(address: str, hostname: str, *offered: str) -> str | None:
    """The HTTP version that ALPN selects on port 443, if the client offers these."""
    context = trusting_anything()
    context.set_alpn_protocols(list(offered))
    with (
        socket.create_connection((address, 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=hostname) as secure,
    ):
        return secure.selected_alpn_protocol()


def http2_settings(address: str, hostname: str) -> dict[int, int]:
    """The first settings that the server sends: https://www.rfc-editor.org/rfc/rfc9113#name-settings."""
    context = trusting_anything()
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((address, 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=hostname) as secure,
    ):
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        stream = secure.makefile("rb")
        length = int.from_bytes(stream.read(9)[:3], "big")
        return dict(struct.iter_unpack(">HI", stream.read(length)))


def client_hello(hostname: str) -> bytes:
    """The first message of a TLS handshake: https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2."""
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        trusting_anything().wrap_bio(ssl.MemoryBIO(), sent, server_hostname=hostname).do_handshake()
    return sent.read()


async def seconds_until_closed(address: str, port: int, begun: bytes, patience_s: float) -> float:
    """Send these bytes and nothing more. Return after how many seconds the server closes the connection.

    TimeoutError if it does not.
    """
    reader, writer = await asyncio.open_connection(address, port)
    started = time.monotonic()
    try:
        async with asyncio.timeout(patience_s):
            with suppress(ConnectionError):
                writer.write(begun)
                while await reader.read(1 << 16):
                    pass
    finally:
        writer.transport.abort()
    return time.monotonic() - started


def trusting_anything() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def showing(pair: Path) -> ssl.SSLContext:
    """A client with its own certificate; `pair` is a PEM file with the key in it too."""
    context = trusting_anything()
    context.load_cert_chain(pair)
    return context
