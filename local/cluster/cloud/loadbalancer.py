"""Services of type LoadBalancer: an address on the host's loopback for each, and its ports served there."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local.cluster.cloud.addresses import Claim, allocate, pool
from local.cluster.cloud.api import Api, ApiError, Object
from local.cluster.cloud.events import Events
from local.cluster.cloud.forwarding_table import Endpoint, Forwards, Outcome
from local.cluster.cloud.status_file import StatusFile

_NOT_FORWARDED = "synergychat.local/NotForwarded"
_READY = "LoadBalancerReady"
_TROUBLE = "LoadBalancerTrouble"


@dataclass(frozen=True)
class ServedPort:
    """One port of a Service: what it asks for, the node's port behind it (0 when there is none), and how it fared."""

    protocol: str
    port: int
    node_port: int
    outcome: Outcome


class LoadBalancers:
    """Serves the Services in `services` (by uid, kept up to date by a watch) from `first_address` and up."""

    def __init__(
        self,
        api: Api,
        services: Mapping[str, Object],
        forwards: Forwards,
        events: Events,
        status: StatusFile,
        first_address: str,
        node_address: str,
    ) -> None:
        self._api = api
        self._services = services
        self._forwards = forwards
        self._events = events
        self._status = status
        self._pool = pool(first_address)
        self._node_address = node_address
        self._addresses: Mapping[str, str] = {}

    async def reconcile(self) -> bool:
        """Makes forwards and statuses equal to the Services. False when something failed and is worth another try."""
        balanced = {uid: service for uid, service in self._services.items() if is_balanced(service)}
        allocation = allocate((self._claim(service) for service in balanced.values()), self._pool)
        self._addresses = allocation.addresses
        self._events.forget_all_but(set(balanced))
        served = self._serve(balanced)
        troubles = {
            uid: [allocation.refusals[uid]] if uid in allocation.refusals else _errors(served[uid]) for uid in balanced
        }
        in_order = sorted(balanced, key=lambda uid: self._claim(balanced[uid]).name)
        self._status.set("services", [self._row(balanced[uid], served[uid], troubles[uid]) for uid in in_order])
        failed = False
        for uid, service in balanced.items():
            failed |= not await self._publish(service, self._addresses.get(uid), served[uid], troubles[uid])
        for service in list(self._services.values()):
            if (
                not is_balanced(service)
                and published_address(service) in self._pool
                and _type(service) != "LoadBalancer"
            ):
                failed |= not await self._set_status(service, [])
        return not failed and not any(troubles.values())

    def _claim(self, service: Object) -> Claim:
        metadata = service["metadata"]
        return Claim(
            uid=metadata["uid"],
            name=f"{metadata['namespace']}/{metadata['name']}",
            created=metadata["creationTimestamp"],
            held=self._addresses.get(metadata["uid"]) or published_address(service),
            requested=service["spec"].get("loadBalancerIP") or None,
        )

    def _serve(self, balanced: Mapping[str, Object]) -> dict[str, list[ServedPort]]:
        """Every port of every Service, opened where it can be."""
        wanted: dict[Endpoint, tuple[str, int]] = {}
        for uid, service in balanced.items():
            for port in service["spec"].get("ports", []):
                if uid in self._addresses and _obstacle(port) is None:
                    wanted[self._endpoint(uid, port)] = (self._node_address, port["nodePort"])
        outcomes = self._forwards.apply(wanted)
        return {
            uid: [
                ServedPort(
                    protocol=port["protocol"],
                    port=port["port"],
                    node_port=port.get("nodePort", 0),
                    outcome=outcomes.get(self._endpoint(uid, port)) or Outcome(None, _obstacle(port)),
                )
                for port in service["spec"].get("ports", [])
                if uid in self._addresses
            ]
            for uid, service in balanced.items()
        }

    def _endpoint(self, uid: str, port: Object) -> Endpoint:
        return Endpoint(self._addresses[uid], port["port"], port["protocol"])

    async def _publish(
        self, service: Object, address: str | None, ports: list[ServedPort], troubles: list[str]
    ) -> bool:
        if troubles:
            await self._events.warning(service, _TROUBLE, "\n".join(troubles))
        else:
            self._events.settle(service, _TROUBLE)
        served = all(port.outcome.listening for port in ports)
        # An address is first published when all of it works; from then on it stays, and says what does not.
        if address is None or not (served or published_address(service) == address):
            return await self._set_status(service, [])
        if service["status"].get("loadBalancer", {}).get("ingress") == (wanted := ingress(address, ports)):
            return True
        if not await self._set_status(service, wanted):
            return False
        if not troubles:
            await self._events.normal(service, _READY, f"{address} serves {', '.join(map(_described, ports))}")
        return True

    async def _set_status(self, service: Object, entries: list[Object]) -> bool:
        if (service["status"].get("loadBalancer", {}).get("ingress") or []) == entries:
            return True
        metadata = service["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}/status"
        # The version keeps a Service that was deleted and made anew from getting its predecessor's address.
        change = {
            "metadata": {"uid": metadata["uid"]},
            "status": {"loadBalancer": {"ingress": entries} if entries else None},
        }
        try:
            await self._api.patch(path, change)
        except ApiError as error:
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                return True  # the watch brings what it has become
            await self._events.warning(service, _TROUBLE, f"its status could not be written: {error}")
            return False
        return True

    def _row(self, service: Object, ports: list[ServedPort], troubles: list[str]) -> dict[str, Any]:
        metadata = service["metadata"]
        return {
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "address": self._addresses.get(metadata["uid"]),
            "error": None if ports else "\n".join(troubles) or None,
            "ports": [
                {
                    "protocol": port.protocol,
                    "port": port.port,
                    "listening": str(port.outcome.listening) if port.outcome.listening else None,
                    "to": f"{self._node_address}:{port.node_port}" if port.node_port else None,
                    "error": port.outcome.error,
                }
                for port in ports
            ],
        }


def is_balanced(service: Object) -> bool:
    """Whether the Service is ours to serve: a class of its own names another implementation."""
    return _type(service) == "LoadBalancer" and not service["spec"].get("loadBalancerClass")


def published_address(service: Object) -> str | None:
    """The address in the Service's status, which is where addresses are remembered across restarts."""
    entries = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    return entries[0].get("ip")


def ingress(address: str, ports: list[ServedPort]) -> list[Object]:
    """The status entry. Mode Proxy tells kube-proxy not to claim the address: to a pod, 127.0.0.1 is itself."""
    entry: Object = {"ip": address, "ipMode": "Proxy"}
    if _errors(ports):
        entry["ports"] = [
            {"port": port.port, "protocol": port.protocol, **({"error": _NOT_FORWARDED} if port.outcome.error else {})}
            for port in ports
        ]
    return [entry]


def _obstacle(port: Object) -> str | None:
    """Why a port cannot be forwarded at all."""
    if port["protocol"] not in ("TCP", "UDP"):
        return f"{port['protocol']} port {port['port']} is not forwarded: only TCP and UDP are."
    if not port.get("nodePort"):
        return (
            f"Port {port['port']} has no node port to forward to.\n"
            "  Set spec.allocateLoadBalancerNodePorts: true on the Service."
        )
    return None


def _type(service: Object) -> str:
    return service["spec"].get("type", "ClusterIP")


def _errors(ports: list[ServedPort]) -> list[str]:
    return [port.outcome.error for port in ports if port.outcome.error]


def _described(port: ServedPort) -> str:
    return f"{port.protocol} {port.port}"
