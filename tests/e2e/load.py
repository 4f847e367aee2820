"""A steady load. Every request is counted, and none is retried."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Literal

import httpx

from tests.live.clients import trusting_anything
from tests.live.waiting import wait_until

Kind = Literal["fresh", "kept alive", "long"]

CONNECTIONS = 10
"""Number of connections that are kept alive."""
# Requests per second. Long ones use fresh connections.
_RATES: dict[Kind, int] = {"fresh": 50, "kept alive": 50, "long": 5}
_PATIENCE_S = 20


@dataclass
class Tally:
    """Results of the requests of one kind."""

    requests: int = 0
    connections: int = 0
    failures: Counter[str] = field(default_factory=lambda: Counter[str]())

    @property
    def failed(self) -> int:
        return self.failures.total()


@dataclass(frozen=True)
class Target:
    """URLs of the requests: `url` answers at once, `long_url` after some seconds."""

    url: str
    long_url: str


@dataclass
class Load:
    """The requests so far, by their kind."""

    tallies: dict[Kind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in _RATES})

    async def ask(self, kind: Kind, client: httpx.AsyncClient, address: str, url: str) -> None:
        tally = self.tallies[kind]
        tally.requests += 1

        async def count(event: str, _: object) -> None:
            tally.connections += event == "connection.connect_tcp.complete"

        target = httpx.URL(url)
        extensions = {"sni_hostname": target.host, "trace": count}
        headers = {"Host": target.netloc.decode()}
        try:
            answer = await client.get(target.copy_with(host=address), headers=headers, extensions=extensions)
            outcome = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:80]}"
        except httpx.HTTPError as error:
            outcome = f"{type(error).__name__} {error}"
        if outcome:
            tally.failures[f"{target.host}: {outcome}"] += 1

    def wait_for_more(self, seconds: int = 4) -> None:
        """Wait until as many requests of each kind have been sent as are due in these seconds."""
        wanted: dict[Kind, int] = {
            kind: tally.requests + seconds * _RATES[kind] for kind, tally in self.tallies.items()
        }
        wait_until(lambda: all(self.tallies[kind].requests >= count for kind, count in wanted.items()), 10 * seconds)

    def __str__(self) -> str:
        return ", ".join(f"{kind}: {tally.failed} of {tally.requests} failed" for kind, tally in self.tallies.items())


@contextmanager
def load(address: str, targets: Sequence[Target]) -> Generator[Load]:
    """Keeps asking `targets` in turn, at `address`, while the block runs; afterwards all requests have ended."""
    running, ended = Load(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(lambda: asyncio.run(_ask_all(running, ended, address, targets)))
        try:
            yield running
        finally:
            ended.set()
            asking.result()


async def _ask_all(running: Load, ended: threading.Event, address: str, targets: Sequence[Target]) -> None:
    urls, long_urls = cycle([target.url for target in targets]), cycle([target.long_url for target in targets])
    async with _client(kept=0) as fresh, _client(kept=0) as patient, asyncio.TaskGroup() as tasks:

        def ask(kind: Kind, client: httpx.AsyncClient, url: str) -> None:
            tasks.create_task(running.ask(kind, client, address, url))

        tasks.create_task(_steadily("fresh", ended, lambda: ask("fresh", fresh, next(urls))))
        tasks.create_task(_steadily("long", ended, lambda: ask("long", patient, next(long_urls))))
        for _ in range(CONNECTIONS):
            tasks.create_task(_on_one_connection(running, ended, address, targets))


async def _on_one_connection(running: Load, ended: threading.Event, address: str, targets: Sequence[Target]) -> None:
    """One request after the other on a connection that is kept as long as the server lets it be."""
    async with _client(kept=1) as client:
        due = time.monotonic()
        for target in cycle(targets):
            if ended.is_set():
                return
            await running.ask("kept alive", client, address, target.url)
            due += CONNECTIONS / _RATES["kept alive"]
            await asyncio.sleep(due - time.monotonic())


async def _steadily(kind: Kind, ended: threading.Event, start: Callable[[], object]) -> None:
    """Start requests at a fixed rate, without waiting for the answers to earlier ones."""
    due = time.monotonic()
    while not ended.is_set():
        start()
        due += 1 / _RATES[kind]
        await asyncio.sleep(due - time.monotonic())


def _client(*, kept: int) -> httpx.AsyncClient:
    """It tries no request again."""
    limits = httpx.Limits(max_keepalive_connections=kept)
    return httpx.AsyncClient(limits=limits, timeout=_PATIENCE_S, trust_env=False, verify=trusting_anything())
