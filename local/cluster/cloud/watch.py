"""Copies of the API server's objects, kept up to date, and the loop that acts whenever one of them changes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from local.cluster.cloud.api import Api, ApiError, CallFailed, Object

_FIRST_RETRY_S = 0.1
_LONGEST_RELIST_S = 2.0
_LONGEST_RETRY_S = 5.0
log = logging.getLogger(__name__)


class Mirror:
    """All objects of one kind by uid. While the API server is away they stay as they were last seen."""

    def __init__(self, api: Api, path: str, kind: str, changed: asyncio.Event) -> None:
        self.objects: dict[str, Object] = {}
        self.listed = asyncio.Event()
        self._api = api
        self._path = path
        self._kind = kind
        self._changed = changed

    async def run(self) -> None:
        """Lists, then watches; lists anew after any error, with a growing pause while errors repeat."""
        pause = _FIRST_RETRY_S
        while True:
            try:
                version = await self._list()
                pause = _FIRST_RETRY_S
                while True:
                    version = await self._watch(version)
            except CallFailed as error:
                if pause == _FIRST_RETRY_S:
                    log.info("%s: %s; listing anew", self._path, error or type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_RELIST_S)

    async def _list(self) -> str:
        answer = await self._api.get(self._path)
        # Items of a list do not say what they are.
        listed = {item["metadata"]["uid"]: {**item, "kind": self._kind} for item in answer["items"]}
        self.objects.clear()
        self.objects.update(listed)
        self.listed.set()
        self._changed.set()
        return answer["metadata"]["resourceVersion"]

    async def _watch(self, version: str) -> str:
        async for event in self._api.watch(self._path, version):
            item = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(item.get("code", 0), item.get("message", "the watch ended"))
            version = item["metadata"]["resourceVersion"]
            if event["type"] == "BOOKMARK":
                continue
            if event["type"] == "DELETED":
                self.objects.pop(item["metadata"]["uid"], None)
            else:
                self.objects[item["metadata"]["uid"]] = item
            self._changed.set()
        return version


async def reconcile_on_change(
    mirrors: Iterable[Mirror], changed: asyncio.Event, reconcile: Callable[[], Awaitable[bool]]
) -> None:
    """Calls `reconcile` after each change, and, while it returns False or a call fails, again after a growing pause."""
    for mirror in mirrors:
        await mirror.listed.wait()
    pause = _FIRST_RETRY_S
    while True:
        changed.clear()
        try:
            settled = await reconcile()
        except CallFailed as error:
            log.warning("%s; trying again", error or type(error).__name__)
            settled = False
        if settled:
            pause = _FIRST_RETRY_S
            await changed.wait()
            continue
        pause = min(pause * 2, _LONGEST_RETRY_S)
        try:
            async with asyncio.timeout(pause):
                await changed.wait()
        except TimeoutError:
            pass  # nothing changed: what failed is simply tried again
