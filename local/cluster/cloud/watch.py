"""Local copies of the API server's objects, and the reconcile loop that runs whenever one of them changes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from local.cluster.cloud.api import Api, ApiError, CallFailed, Manifest

_FIRST_BACKOFF_S = 0.1
_MAX_RELIST_BACKOFF_S = 2.0
_MAX_BACKOFF_S = 5.0
log = logging.getLogger(__name__)


class Mirror:
    """All objects of one kind, by uid. They keep their last known state while the API server is unreachable."""

    def __init__(self, api: Api, path: str, kind: str, changed: asyncio.Event) -> None:
        self.objects: dict[str, Manifest] = {}
        self.listed = asyncio.Event()
        self._api = api
        self._path = path
        self._kind = kind
        self._changed = changed

    async def run(self) -> None:
        """List, then watch. List again after any error, with a backoff while errors repeat."""
        backoff_s = _FIRST_BACKOFF_S
        while True:
            try:
                version = await self._list()
                backoff_s = _FIRST_BACKOFF_S
                while True:
                    version = await self._watch(version)
            except Exception as error:  # noqa: BLE001 - no answer may end the other mirrors, and the load balancers
                if backoff_s == _FIRST_BACKOFF_S:
                    log.info("%s: %s; listing again", self._path, _text(error))
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 1.5, _MAX_RELIST_BACKOFF_S)

    async def _list(self) -> str:
        answer = await self._api.get(self._path)
        # The items of a list come without their kind.
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
    """Call `reconcile` after each change. Retry with a backoff while it returns False or a call fails."""
    for mirror in mirrors:
        await mirror.listed.wait()
    backoff_s = _FIRST_BACKOFF_S
    while True:
        changed.clear()
        try:
            settled = await reconcile()
        except CallFailed as error:
            log.warning("%s; retrying", _text(error))
            settled = False
        except Exception:
            log.exception("the cloud does not match the cluster; retrying")
            settled = False
        if settled:
            backoff_s = _FIRST_BACKOFF_S
            await changed.wait()
            continue
        backoff_s = min(backoff_s * 2, _MAX_BACKOFF_S)
        try:
            async with asyncio.timeout(backoff_s):
                await changed.wait()
        except TimeoutError:
            pass  # nothing changed: retry what failed


def _text(error: Exception) -> str:
    text = str(error)
    return text if isinstance(error, CallFailed) and text else f"{type(error).__name__}: {text}"
