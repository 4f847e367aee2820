"""A client that speaks HTTP/3 only."""

import asyncio
import ssl
from dataclasses import dataclass

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent


@dataclass
class Answer:
    status: int = 0
    body: bytes = b""


def ask_by_quic(address: str, hostname: str, path: str, port: int = 443, patience_s: float = 20) -> Answer:
    """The answer to one GET, sent to `address`; any certificate is taken."""

    async def asked() -> Answer:
        settings = QuicConfiguration(alpn_protocols=H3_ALPN, verify_mode=ssl.CERT_NONE, server_name=hostname)
        async with connect(address, port, configuration=settings, create_protocol=_Client) as client:
            assert isinstance(client, _Client)
            return await asyncio.wait_for(client.get(hostname, path), patience_s)

    return asyncio.run(asked())


class _Client(QuicConnectionProtocol):
    _http: H3Connection
    _answer: Answer
    _done: asyncio.Future[Answer]

    async def get(self, hostname: str, path: str) -> Answer:
        self._answer, self._done = Answer(), asyncio.get_running_loop().create_future()
        self._http = H3Connection(self._quic)
        named = {":method": "GET", ":scheme": "https", ":authority": hostname, ":path": path}
        headers = [(name.encode(), value.encode()) for name, value in named.items()]
        self._http.send_headers(self._quic.get_next_available_stream_id(), headers, end_stream=True)
        self.transmit()
        return await self._done

    def quic_event_received(self, event: QuicEvent) -> None:
        for received in self._http.handle_event(event) if hasattr(self, "_http") else ():
            if isinstance(received, HeadersReceived):
                self._answer.status = int(dict(received.headers)[b":status"])
            if isinstance(received, DataReceived):
                self._answer.body += received.data
            if isinstance(received, HeadersReceived | DataReceived) and received.stream_ended:
                self._done.set_result(self._answer)
