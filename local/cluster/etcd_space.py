"""The space of etcd's database.

When the database has reached its limit, etcd refuses everything but deletions, until its history is removed, the
database is made smaller and the alarm is taken back. The API server removes history every five minutes, but not then:
it writes each removal into etcd. https://etcd.io/docs/v3.6/op-guide/maintenance/#space-quota
"""

import json
import logging
import ssl
from collections.abc import Mapping
from typing import Any

from local.cluster import network, node_http
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.directory import Directory
from local.cluster.node_http import NoAnswer

NO_SPACE = "etcd has no space left"
"""Begins each text that `EtcdSpace.keep` returns."""
_FREE_BELOW = 0.9
"""Share of the limit that may be in use. Above it, the freed space would not last."""
_TIMEOUT_S = 60.0
"""For one step. etcd copies the whole database to make it smaller: 2 GiB at most."""
log = logging.getLogger(__name__)


class EtcdSpace:
    """The space of the etcd in the network of the node whose process 1 is `init`."""

    def __init__(self, directory: Directory, init: int) -> None:
        self._data = directory.etcd
        self._pki = directory.pki
        self._kubeconfig = directory.kubeconfig
        self._network = NetworkNamespace(f"/proc/{init}/ns/net")

    def close(self) -> None:
        self._network.close()

    async def keep(self) -> str | None:
        """Free space if etcd has none left. Return why that is not possible, and what the user must do.

        NoAnswer if etcd does not say whether it has space left.
        """
        health = await node_http.get(self._network, network.ETCD_HEALTH_PORT, "/health?serializable=true")
        if b"NOSPACE" not in health.body:
            return None
        try:
            return await self._free()
        except NoAnswer as error:
            return (
                f"{NO_SPACE} and cannot be made smaller: {error}. This needs room on the disk for a copy of "
                f"the database; see how much there is: df -h {self._data}. It is tried again every few seconds"
            )

    async def _free(self) -> str | None:
        before = await self._maintain("maintenance/status", {})
        # It fails if there is no history after the last removal.
        await self._post("kv/compaction", {"revision": before["header"]["revision"], "physical": True})
        status = await self._maintain("maintenance/status", {})
        in_use, limit = int(status["dbSizeInUse"]), int(status["dbSizeQuota"])
        if in_use >= _FREE_BELOW * limit:
            return self._full(in_use, limit)
        await self._maintain("maintenance/defragment", {})
        alarm = {"action": "DEACTIVATE", "alarm": "NOSPACE", "memberID": status["header"]["member_id"]}
        await self._maintain("maintenance/alarm", alarm)
        log.info("etcd had no space left; %s of %s are in use now", _megabytes(in_use), _megabytes(limit))
        return None

    def _full(self, in_use: int, limit: int) -> str:
        return (
            f"{NO_SPACE}: objects take {_megabytes(in_use)} of {_megabytes(limit)}, and only deletions are "
            f"possible. Delete objects that nobody needs, for example: kubectl --kubeconfig {self._kubeconfig} delete "
            "configmap NAME. The cluster goes on within a minute"
        )

    async def _maintain(self, what: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._post(what, request)
        text = answer.body.decode(errors="replace").strip()
        try:
            content: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise NoAnswer(f"{what}: status {answer.status}: {text}") from error
        if answer.status != 200:
            raise NoAnswer(f"{what}: {content.get('message', text)}")
        return content

    async def _post(self, what: str, request: Mapping[str, Any]) -> node_http.Answer:
        body = json.dumps(request).encode()
        try:
            return await node_http.post(
                self._network, network.ETCD_PORT, f"/v3/{what}", self._context, body, _TIMEOUT_S
            )
        except NoAnswer as error:
            raise NoAnswer(f"{what}: {error}") from error

    def _context(self) -> ssl.SSLContext:
        # Made anew for each request, of which there are few: the certificate is renewed while the node runs.
        tls = ssl.create_default_context(cafile=self._pki / "etcd-ca.crt")
        tls.load_cert_chain(self._pki / "apiserver-etcd-client.crt", self._pki / "apiserver-etcd-client.key")
        return tls


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
