"""Kubernetes Events: what a user reads with `kubectl describe` when something did or did not work."""

import logging
from datetime import UTC, datetime

from local.cluster.cloud.api import Api, CallFailed, Object

_COMPONENT = "synergychat-cloud"
_LONGEST_MESSAGE = 1024
_LONGEST_NAME = 200
log = logging.getLogger(__name__)


class Events:
    """Writes each piece of news once: a repeated message about the same object and reason is not news."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._told: dict[tuple[str, str], str] = {}

    async def normal(self, about: Object, reason: str, message: str) -> None:
        await self._tell(about, "Normal", reason, message)

    async def warning(self, about: Object, reason: str, message: str) -> None:
        await self._tell(about, "Warning", reason, message)

    def settle(self, about: Object, reason: str) -> None:
        """The trouble is over; should it come back, it is news again."""
        self._told.pop((about["metadata"]["uid"], reason), None)

    def forget_all_but(self, uids: set[str]) -> None:
        self._told = {key: message for key, message in self._told.items() if key[0] in uids}

    async def _tell(self, about: Object, kind: str, reason: str, message: str) -> None:
        metadata = about["metadata"]
        key = (metadata["uid"], reason)
        if self._told.get(key) == message:
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
            # The log has it, and so has the status file; a namespace on its way out takes no events.
            log.warning("that event could not be written: %s", error)
        self._told[key] = message
