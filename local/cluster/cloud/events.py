"""Kubernetes Events, which `kubectl describe` shows: successes and failures."""

import logging
from datetime import UTC, datetime

from local.cluster.cloud.api import Api, CallFailed, Manifest

_COMPONENT = "synergychat-cloud"
_LONGEST_MESSAGE = 1024
_LONGEST_NAME = 200
log = logging.getLogger(__name__)


class Events:
    """Write Events. A message that repeats the last one for the same object and reason is written only once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._written: dict[tuple[str, str], str] = {}

    async def normal(self, about: Manifest, reason: str, message: str) -> None:
        await self._write(about, "Normal", reason, message)

    async def warning(self, about: Manifest, reason: str, message: str) -> None:
        await self._write(about, "Warning", reason, message)

    def settle(self, about: Manifest, reason: str) -> None:
        """Forget the last message for this object and reason: the problem is solved, and is reported if it returns."""
        self._written.pop((about["metadata"]["uid"], reason), None)

    def forget_all_but(self, uids: set[str]) -> None:
        self._written = {key: message for key, message in self._written.items() if key[0] in uids}

    async def _write(self, about: Manifest, kind: str, reason: str, message: str) -> None:
        metadata = about["metadata"]
        key = (metadata["uid"], reason)
        if self._written.get(key) == message:
            return
        name = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        log.info("%s %s: %s: %s", about["kind"], name, reason, message.replace("\n", " "))
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        namespace = metadata.get("namespace", "default")
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name'][:_LONGEST_NAME]}.", "namespace": namespace},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": about["kind"],
                "name": metadata["name"],
                "namespace": metadata.get("namespace", ""),
                "uid": metadata["uid"],
            },
            "type": kind,
            "reason": reason,
            "message": message[:_LONGEST_MESSAGE],
            "source": {"component": _COMPONENT},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            await self._api.create(f"/api/v1/namespaces/{namespace}/events", event)
        except CallFailed as error:
            # The log and the status file have the message too. A terminating namespace accepts no Events.
            log.warning("the Event above could not be created: %s", error)
        self._written[key] = message
