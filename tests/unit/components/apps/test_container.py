"""The container of a workload: image, environment, files, probes and ports."""

from typing import Any

import pytest

from tests.unit.components.apps.app import build, container, pod


def test_an_image_may_have_a_digest_and_come_from_a_private_registry() -> None:
    image = f"registry.example/shop@sha256:{'0' * 64}"
    recording = build(image=image, pullPolicy="Always", pullSecrets=["registry"])
    assert (container(recording)["image"], container(recording)["imagePullPolicy"]) == (image, "Always")
    assert pod(recording)["imagePullSecrets"] == [{"name": "registry"}]


def test_the_image_decides_what_runs_unless_the_config_has_a_command() -> None:
    assert not {"command", "args"} & container(build()).keys()
    started = container(build(command=["/bin/shop"], args=["--fast", ""]))
    assert (started["command"], started["args"]) == (["/bin/shop"], ["--fast", ""])


def test_an_app_without_variables_has_no_configmap() -> None:
    recording = build()
    assert recording.of_kind("ConfigMap") == []
    assert "envFrom" not in container(recording)


def test_variables_have_a_value_or_a_source() -> None:
    node = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    recording = build(env={"LEVEL": "debug", "TOKEN": {"secret": "keys", "key": "token"}, "NODE": {"valueFrom": node}})
    assert recording["shop-configmap"].inputs["data"] == {"LEVEL": "debug"}
    assert container(recording)["env"] == [
        {"name": "NODE", "valueFrom": node},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
    ]


def test_a_file_is_mounted_at_its_path_and_hides_no_other_file_of_its_directory() -> None:
    recording = build(files={"/etc/shop/a.conf": "a", "/etc/shop/key": {"secret": "keys", "key": "token"}})
    assert recording["shop-files"].inputs["data"] == {"etc_shop_a.conf": "a"}
    (volume,) = pod(recording)["volumes"]
    assert volume["projected"]["sources"] == [
        {"configMap": {"name": "shop-files"}},
        {"secret": {"name": "keys", "items": [{"key": "token", "path": "etc_shop_key"}]}},
    ]
    mounts = {mount["mountPath"]: mount["subPath"] for mount in container(recording)["volumeMounts"]}
    assert mounts == {"/etc/shop/a.conf": "etc_shop_a.conf", "/etc/shop/key": "etc_shop_key"}


# Probes


@pytest.mark.parametrize(
    ("keys", "handler"),
    [
        ({}, {"tcpSocket": {"port": "http"}}),
        ({"health": "/ready"}, {"httpGet": {"path": "/ready", "port": "http"}}),
        ({"probes": {"grpc": {"port": 9000}}}, {"grpc": {"port": 9000}}),
    ],
    ids=str,
)
def test_probes_fit_the_app(keys: dict[str, Any], handler: dict[str, Any]) -> None:
    found = container(build(**keys))
    assert all(found[probe].items() >= handler.items() for probe in ("startupProbe", "readinessProbe", "livenessProbe"))


def test_the_health_path_of_the_config_wins_over_the_programs() -> None:
    assert container(build(health_path="/"))["livenessProbe"]["httpGet"]["path"] == "/"
    assert container(build(health_path="/", health="/live"))["livenessProbe"]["httpGet"]["path"] == "/live"


def test_an_app_without_a_port_has_no_probes_and_no_service() -> None:
    recording = build(port=None)
    assert recording.of_kind("Service") == []
    assert not {"ports", "startupProbe", "readinessProbe", "livenessProbe"} & container(recording).keys()


def test_extra_ports_of_a_service_stay_as_they_are() -> None:
    extra = {"name": "grpc", "port": 9000, "appProtocol": "kubernetes.io/h2c"}
    own, *others = build(ports=[extra])["shop-service"].inputs["spec"]["ports"]
    assert (own["port"], others) == (80, [extra])


def test_a_service_has_the_port_and_protocol_of_the_config() -> None:
    recording = build(appProtocol="kubernetes.io/h2c", servicePort=9000)
    assert recording["shop-service"].inputs["spec"]["ports"] == [
        {"name": "http", "port": 9000, "targetPort": "http", "appProtocol": "kubernetes.io/h2c"}
    ]
    assert recording["shop-service"].inputs["metadata"]["name"] == "shop"


def test_resources_are_merged_over_the_programs() -> None:
    merged = container(build(resources={"requests": {"cpu": "1"}, "limits": {"cpu": None}}))["resources"]
    assert merged["requests"] == {"cpu": "1", "memory": "32Mi"}
    assert {name: limit for name, limit in merged["limits"].items() if limit} == {"memory": "256Mi"}
