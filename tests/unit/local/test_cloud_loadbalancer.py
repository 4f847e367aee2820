import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from local.cluster.cloud.api import Api, ApiError, Object
from local.cluster.cloud.events import Events
from local.cluster.cloud.forwarding_table import Endpoint, Forwards, Outcome
from local.cluster.cloud.loadbalancer import LoadBalancers
from local.cluster.cloud.status_file import StatusFile

NODE = "10.250.0.2"


class ApiServer:
    """Keeps Services as the API server would, and the Events written about them."""

    def __init__(self, services: dict[str, Object]) -> None:
        self.services = services
        self.events: list[tuple[str, str]] = []
        self.patches = 0
        self.refuses: int | None = None

    async def patch(self, path: str, change: Mapping[str, Any]) -> Object:
        if self.refuses:
            raise ApiError(self.refuses, "no")
        self.patches += 1
        service = self.services[change["metadata"]["uid"]]
        assert path == f"/api/v1/namespaces/default/services/{service['metadata']['name']}/status"
        balancer = change["status"]["loadBalancer"]
        service["status"] = {"loadBalancer": balancer} if balancer else {}
        return service

    async def create(self, path: str, body: Mapping[str, Any]) -> Object:
        assert path == "/api/v1/namespaces/default/events"
        self.events.append((body["type"], body["message"]))
        return dict(body)


class Ports:
    """Opens every port except those in `taken`."""

    def __init__(self) -> None:
        self.taken: set[Endpoint] = set()
        self.wanted: Mapping[Endpoint, tuple[str, int]] = {}

    def apply(self, wanted: Mapping[Endpoint, tuple[str, int]]) -> dict[Endpoint, Outcome]:
        self.wanted = wanted
        return {
            endpoint: Outcome(None, "taken by pid 7 (nginx).") if endpoint in self.taken else Outcome(endpoint)
            for endpoint in wanted
        }


class Cloud:
    """A cloud between the two, from 127.0.0.1 up."""

    def __init__(self, folder: Path, *services: Object) -> None:
        self.services = {service["metadata"]["uid"]: service for service in services}
        self.server = ApiServer(self.services)
        self.ports = Ports()
        self.status_path = folder / "cloud-status.json"
        self.restart()

    def restart(self) -> None:
        api = cast(Api, self.server)
        forwards = cast(Forwards, self.ports)
        self._balancers = LoadBalancers(
            api, self.services, forwards, Events(api), StatusFile(self.status_path), "127.0.0.1", NODE
        )

    def reconcile(self) -> bool:
        return asyncio.run(self._balancers.reconcile())

    def ingress(self, uid: str) -> list[Object]:
        return self.services[uid]["status"].get("loadBalancer", {}).get("ingress", [])

    def status(self) -> Object:
        return json.loads(self.status_path.read_text())


def service(uid: str, *ports: tuple[str, int, int], created: str = "2026-01-01", **spec: Any) -> Object:
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


def test_a_service_gets_an_address_where_all_its_ports_lead_to_the_node(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001), ("UDP", 53, 30002)))
    assert cloud.reconcile()
    assert cloud.ingress("web") == [{"ip": "127.0.0.1", "ipMode": "Proxy"}]
    assert cloud.ports.wanted == {
        Endpoint("127.0.0.1", 80, "TCP"): (NODE, 30001),
        Endpoint("127.0.0.1", 53, "UDP"): (NODE, 30002),
    }
    assert cloud.server.events == [("Normal", "127.0.0.1 serves TCP 80, UDP 53")]
    assert cloud.status()["services"][0]["ports"][0]["listening"] == "127.0.0.1:80"


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.reconcile()
    cloud.restart()
    assert cloud.reconcile()
    assert (cloud.server.patches, len(cloud.server.events)) == (1, 1)


def test_addresses_stay_when_the_cloud_restarts_and_an_older_service_is_gone(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("old", ("TCP", 80, 30001)), service("young", ("TCP", 80, 30002), created="2026-02"))
    cloud.reconcile()
    del cloud.services["old"]
    cloud.restart()
    cloud.services["new"] = service("new", ("TCP", 80, 30003), created="2026-03")
    cloud.reconcile()
    assert cloud.ingress("young")[0]["ip"] == "127.0.0.2"
    assert cloud.ingress("new")[0]["ip"] == "127.0.0.1"


def test_an_address_is_not_published_while_a_port_is_taken_and_heals_when_it_gets_free(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.ports.taken = {Endpoint("127.0.0.1", 80, "TCP")}
    assert not cloud.reconcile()
    assert not cloud.reconcile()
    assert cloud.server.patches == 0
    assert cloud.server.events == [("Warning", "taken by pid 7 (nginx).")]
    assert cloud.status()["errors"] == ["taken by pid 7 (nginx)."]
    cloud.ports.taken = set()
    assert cloud.reconcile()
    assert cloud.ingress("web")[0]["ip"] == "127.0.0.1"
    assert cloud.status()["errors"] == []


def test_a_published_address_stays_when_a_port_is_lost_and_says_so(tmp_path: Path) -> None:
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


def test_a_service_of_another_class_is_left_alone(tmp_path: Path) -> None:
    foreign = service("web", ("TCP", 80, 30001), loadBalancerClass="example.com/other")
    foreign["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    cloud = Cloud(tmp_path, foreign)
    assert cloud.reconcile()
    assert cloud.ports.wanted == {}
    assert cloud.ingress("web") == [{"ip": "127.0.0.1"}]


def test_a_service_that_is_no_longer_a_load_balancer_loses_its_address(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.reconcile()
    cloud.services["web"]["spec"]["type"] = "ClusterIP"
    assert cloud.reconcile()
    assert cloud.ports.wanted == {}
    assert cloud.ingress("web") == []


def test_a_port_without_a_node_port_names_the_setting_that_gives_one(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 0)))
    assert not cloud.reconcile()
    assert "spec.allocateLoadBalancerNodePorts: true" in cloud.status()["errors"][0]


def test_a_refused_address_is_told_on_the_service_and_no_port_is_opened(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001), loadBalancerIP="192.168.1.1"))
    assert not cloud.reconcile()
    assert cloud.ports.wanted == {}
    assert cloud.server.events[0][0] == "Warning"
    assert "192.168.1.1 is not in 127.0.0.1 to 127.0.0.254" in cloud.status()["errors"][0]


def test_a_status_that_may_not_be_written_is_tried_again_but_one_of_a_deleted_service_is_not(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, service("web", ("TCP", 80, 30001)))
    cloud.server.refuses = 403
    assert not cloud.reconcile()
    cloud.server.refuses = 404
    assert cloud.reconcile()
