"""Services of type LoadBalancer: each gets its own loopback address on the host, where its ports are served."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local.cluster.cloud.addresses import AddressClaim, allocate, pool
from local.cluster.cloud.api import Api, ApiError, Manifest
from local.cluster.cloud.events import Events
from local.cluster.cloud.forwarding_table import Endpoint, ForwardingTable, Outcome
from local.cluster.cloud.status_file import StatusFile

_NOT_FORWARDED = "synergychat.local/NotForwarded"
_READY = "LoadBalancerReady"
_PROBLEM = "LoadBalancerTrouble"


@dataclass(frozen=True)
class ServedPort:
    """One port of a Service, its node port (0 if it has none), and the outcome of forwarding it."""

    protocol: str
    port: int
    node_port: int
    outcome: Outcome


class LoadBalancers:
    """Serve `services` (by uid, kept up to date by a watch) on the addresses from `first_address` upwards."""

    def __init__(
        self,
        api: Api,
        services: Mapping[str, Manifest],
        forwarding: ForwardingTable,
        events: Events,
        status: StatusFile,
        first_address: str,
        node_address: str,
    ) -> None:
        self._api = api
        self._services = services
        self._forwarding = forwarding
        self._events = events
        self._status = status
        self._pool = pool(first_address)
        self._node_address = node_address
        self._addresses: Mapping[str, str] = {}

    async def reconcile(self) -> bool:
        """Update forwards and statuses to match the Services. False if something failed and should be retried."""
        balanced = {uid: service for uid, service in self._services.items() if is_balanced(service)}
        allocation = allocate((self._claim(service) for service in balanced.values()), self._pool)
        self._addresses = allocation.addresses
        self._events.forget_all_but(set(balanced))
        served = self._serve(balanced)
        problems = {
            uid: [allocation.refusals[uid]] if uid in allocation.refusals else _errors(served[uid]) for uid in balanced
        }
        in_order = sorted(balanced, key=lambda uid: self._claim(balanced[uid]).name)
        self._status.set("services", [self._row(balanced[uid], served[uid], problems[uid]) for uid in in_order])
        failed = False
        for uid, service in balanced.items():
            failed |= not await self._publish(service, self._addresses.get(uid), served[uid], problems[uid])
        for service in list(self._services.values()):
            if (
                not is_balanced(service)
                and published_address(service) in self._pool
                and _type(service) != "LoadBalancer"
            ):
                failed |= not await self._set_status(service, [])
        return not failed and not any(problems.values())

    def _claim(self, service: Manifest) -> AddressClaim:
        metadata = service["metadata"]
        return AddressClaim(
            uid=metadata["uid"],
            name=f"{metadata['namespace']}/{metadata['name']}",
            created=metadata["creationTimestamp"],
            held=self._addresses.get(metadata["uid"]) or published_address(service),
            requested=service["spec"].get("loadBalancerIP") or None,
        )

    def _serve(self, balanced: Mapping[str, Manifest]) -> dict[str, list[ServedPort]]:
        """Forward every port of every Service where possible."""
        wanted: dict[Endpoint, tuple[str, int]] = {}
        for uid, service in balanced.items():
            for port in service["spec"].get("ports", []):
                if uid in self._addresses and _unforwardable(port) is None:
                    wanted[self._endpoint(uid, port)] = (self._node_address, port["nodePort"])
        outcomes = self._forwarding.apply(wanted)
        return {
            uid: [
                ServedPort(
                    protocol=port["protocol"],
                    port=port["port"],
                    node_port=port.get("nodePort", 0),
                    outcome=outcomes.get(self._endpoint(uid, port)) or Outcome(None, _unforwardable(port)),
                )
                for port in service["spec"].get("ports", [])
                if uid in self._addresses
            ]
            for uid, service in balanced.items()
        }

    def _endpoint(self, uid: str, port: Manifest) -> Endpoint:
        return Endpoint(self._addresses[uid], port["port"], port["protocol"])

    async def _publish(
        self, service: Manifest, address: str | None, ports: list[ServedPort], problems: list[str]
    ) -> bool:
        if problems:
            await self._events.warning(service, _PROBLEM, "\n".join(problems))
        else:
            self._events.settle(service, _PROBLEM)
        served = all(port.outcome.listening for port in ports)
        # Publish an address only once all of its ports work. Later it stays, and its status names the broken ports.
        if address is None or not (served or published_address(service) == address):
            return await self._set_status(service, [])
        if _entries(service) == (wanted := ingress(address, ports)):
            return True
        if not await self._set_status(service, wanted):
            return False
        if not problems:
            await self._events.normal(service, _READY, f"{address} serves {', '.join(map(_label, ports))}")
        return True

    async def _set_status(self, service: Manifest, entries: list[Manifest]) -> bool:
        if _entries(service) == entries:
            return True
        metadata = service["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}/status"
        # The uid makes this patch fail if the Service was deleted and created again under the same name.
        change = {
            "metadata": {"uid": metadata["uid"]},
            "status": {"loadBalancer": {"ingress": entries} if entries else None},
        }
        try:
            await self._api.patch(path, change)
        except ApiError as error:
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                return True  # the watch delivers the new state
            await self._events.warning(service, _PROBLEM, f"The status of the Service could not be written: {error}")
            return False
        return True

    def _row(self, service: Manifest, ports: list[ServedPort], problems: list[str]) -> dict[str, Any]:
        metadata = service["metadata"]
        return {
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "address": self._addresses.get(metadata["uid"]),
            "error": None if ports else "\n".join(problems) or None,
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


def is_balanced(service: Manifest) -> bool:
    """Report whether this cloud serves the Service. One with a loadBalancerClass belongs to another implementation."""
    return _type(service) == "LoadBalancer" and not service["spec"].get("loadBalancerClass")


def published_address(service: Manifest) -> str | None:
    """Return the address in the Service's status, which is how addresses survive a restart of this process."""
    entries = _entries(service)
    return entries[0].get("ip") if entries else None


def ingress(address: str, ports: list[ServedPort]) -> list[Manifest]:
    """Build the status entry. ipMode Proxy keeps kube-proxy from claiming 127.0.0.1, which in a pod is the pod."""
    entry: Manifest = {"ip": address, "ipMode": "Proxy"}
    if _errors(ports):
        entry["ports"] = [
            {"port": port.port, "protocol": port.protocol, **({"error": _NOT_FORWARDED} if port.outcome.error else {})}
            for port in ports
        ]
    return [entry]


def _unforwardable(port: Manifest) -> str | None:
    """Explain why a port cannot be forwarded at all; None if it can."""
    if port["protocol"] not in ("TCP", "UDP"):
        return (
            f"{port['protocol']} port {port['port']} is not forwarded.\n"
            "  Use TCP or UDP; the local cluster forwards no other protocol."
        )
    if not port.get("nodePort"):
        return (
            f"Port {port['port']} has no nodePort to forward to.\n"
            "  Set spec.allocateLoadBalancerNodePorts: true on the Service."
        )
    return None


def _entries(service: Manifest) -> list[Manifest]:
    """Return the load balancer's entries in the Service's status, which may be missing or null at any level."""
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    return balancer.get("ingress") or []


def _type(service: Manifest) -> str:
    return service["spec"].get("type", "ClusterIP")


def _errors(ports: list[ServedPort]) -> list[str]:
    return [port.outcome.error for port in ports if port.outcome.error]


def _label(port: ServedPort) -> str:
    return f"{port.protocol} {port.port}"
