import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from local.cluster.cloud.api import Api, ApiError, Manifest
from local.cluster.cloud.events import Events
from local.cluster.cloud.forwarding_table import Endpoint, ForwardingTable, Outcome
from local.cluster.cloud.loadbalancer import LoadBalancers
from local.cluster.cloud.status_file import StatusFile

NODE = "10.250.0.2"


class ApiServer:
    """A fake API server that stores Services and the Events about them."""

    def __init__(self, services: dict[str, Manifest]) -> None:
        self.services = services
        self.events: list[tuple[str, str]] = []
        self.patches = 0
        self.refuses: int | None = None

    async def patch(self, path: str, change: Mapping[str, Any]) -> Manifest:
        if self.refuses:
            raise ApiError(self.refuses, "no")
        self.patches += 1
        service = self.services[change["metadata"]["uid"]]
        assert path == f"/api/v1/namespaces/default/services/{service['metadata']['name']}/status"
        balancer = change["status"]["loadBalancer"]
        service["status"] = {"loadBalancer": balancer} if balancer else {}
        return service

    async def create(self, path: str, body: Mapping[str, Any]) -> Manifest:
        assert path == "/api/v1/namespaces/default/events"
        self.events.append((body["type"], body["message"]))
        return dict(body)


class Ports:
    """A fake forwarding table that opens every port except those in `taken`."""

    def __init__(self) -> None:
        self.taken: set[Endpoint] = set()
        self.wanted: Mapping[Endpoint, tuple[str, int]] = {}

    def apply(self, wanted: Mapping[Endpoint, tuple[str, int]]) -> dict[Endpoint, Outcome]:
        self.wanted = wanted
        return {
            endpoint: Outcome(None, "in use by pid 7 (nginx).") if endpoint in self.taken else Outcome(endpoint)
            for endpoint in wanted
        }


class Cloud:
    """Load balancers between the two, with addresses from 127.0.0.1 upwards."""

    def __init__(self, folder: Path, *services: Manifest) -> None:
        self.services = {service["metadata"]["uid"]: service for service in services}
        self.server = ApiServer(self.services)
        self.ports = Ports()
        self.status_path = folder / "cloud-status.json"
        self.restart()

    def restart(self) -> None:
        api = cast(Api, self.server)
        forwarding = cast(ForwardingTable, self.ports)
        self._balancers = LoadBalancers(
            api, self.services, forwarding, Events(api), StatusFile(self.status_path), "127.0.0.1", NODE
        )

    def reconcile(self) -> bool:
        return asyncio.run(self._balancers.reconcile())

    def ingress(self, uid: str) -> list[Manifest]:
        return self.services[uid]["status"].get("loadBalancer", {}).get("ingress", [])

    def status(self) -> Manifest:
        return json.loads(self.status_path.read_text())


def service(uid: str, *ports: tuple[str, int, int], created: str = "2026-01-01", **spec: Any) -> Manifest:
    return {
        "kind": "Service",
        "metadata": {"uid": uid, "name": uid, "namespace": "default", "creationTimestamp": created},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"protocol": protocol, "port": port, "nodePort": node} for protocol, port, node in ports],
            **spec,
        },
        "status": {},
    }


def test_a_service_gets_an_address_whose_ports_go_to_its_node_ports(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001), ("UDP", 53, 30002)))
    assert cloud.reconcile()
    assert cloud.ingress("web") == [{"ip": "127.0.0.1", "ipMode": "Proxy"}]
    assert cloud.ports.wanted == {
        Endpoint("127.0.0.1", 80, "TCP"): (NODE, 30001),
        Endpoint("127.0.0.1", 53, "UDP"): (NODE, 30002),
    }
    assert cloud.server.events == [("Normal", "127.0.0.1 serves TCP 80, UDP 53")]
    assert cloud.status()["services"][0]["ports"][0]["listening"] == "127.0.0.1:80"


def test_nothing_is_written_if_nothing_changed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.reconcile()
    cloud.restart()
    assert cloud.reconcile()
    assert (cloud.server.patches, len(cloud.server.events)) == (1, 1)


def test_addresses_survive_a_restart_and_the_deletion_of_an_older_service(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("old", ("TCP", 80, 30001)), service("young", ("TCP", 80, 30002), created="2026-02"))
    cloud.reconcile()
    del cloud.services["old"]
    cloud.restart()
    cloud.services["new"] = service("new", ("TCP", 80, 30003), created="2026-03")
    cloud.reconcile()
    assert cloud.ingress("young")[0]["ip"] == "127.0.0.2"
    assert cloud.ingress("new")[0]["ip"] == "127.0.0.1"


def test_an_address_is_published_only_once_its_port_is_free(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.ports.taken = {Endpoint("127.0.0.1", 80, "TCP")}
    assert not cloud.reconcile()
    assert not cloud.reconcile()
    assert cloud.server.patches == 0
    assert cloud.server.events == [("Warning", "in use by pid 7 (nginx).")]
    assert cloud.status()["errors"] == ["in use by pid 7 (nginx)."]
    cloud.ports.taken = set()
    assert cloud.reconcile()
    assert cloud.ingress("web")[0]["ip"] == "127.0.0.1"
    assert cloud.status()["errors"] == []


def test_a_published_address_stays_and_its_status_names_a_lost_port(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001), ("TCP", 81, 30002)))
    cloud.reconcile()
    cloud.ports.taken = {Endpoint("127.0.0.1", 81, "TCP")}
    assert not cloud.reconcile()
    [entry] = cloud.ingress("web")
    assert entry["ip"] == "127.0.0.1"
    assert entry["ports"] == [
        {"port": 80, "protocol": "TCP"},
        {"port": 81, "protocol": "TCP", "error": "synergychat.local/NotForwarded"},
    ]


def test_a_service_with_a_load_balancer_class_is_ignored(tmp_path: Path) -> None:
    foreign = service("web", ("TCP", 80, 30001), loadBalancerClass="example.com/other")
    foreign["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    cloud = Cloud(tmp_path, foreign)
    assert cloud.reconcile()
    assert cloud.ports.wanted == {}
    assert cloud.ingress("web") == [{"ip": "127.0.0.1"}]


def test_a_service_that_changes_its_type_loses_its_address(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.reconcile()
    cloud.services["web"]["spec"]["type"] = "ClusterIP"
    assert cloud.reconcile()
    assert cloud.ports.wanted == {}
    assert cloud.ingress("web") == []


def test_a_port_without_a_node_port_names_the_field_to_set(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 0)))
    assert not cloud.reconcile()
    assert "spec.allocateLoadBalancerNodePorts: true" in cloud.status()["errors"][0]


def test_a_refused_address_is_an_event_on_the_service_and_no_port_is_opened(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001), loadBalancerIP="192.168.1.1"))
    assert not cloud.reconcile()
    assert cloud.ports.wanted == {}
    assert cloud.server.events[0][0] == "Warning"
    assert "192.168.1.1 is outside 127.0.0.1 to 127.0.0.254" in cloud.status()["errors"][0]


def test_a_forbidden_status_patch_is_retried_and_one_for_a_deleted_service_is_not(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.server.refuses = 403
    assert not cloud.reconcile()
    cloud.server.refuses = 404
    assert cloud.reconcile()
