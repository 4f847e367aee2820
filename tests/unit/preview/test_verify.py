"""What the program refuses before anything is registered, and where it says that the mistake stands."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit import program
from tests.unit.program import ROOT
from tests.unit.recording import Recording

FOUND = "synergychat:routes.shop"


def run(directory: Path, manifest: Path, **config: Any) -> Recording:
    given = {f"synergychat:{key}": value for key, value in config.items()}
    return program.run(directory, preview=True, manifest=manifest, config=given)


def refusal(recording: Recording) -> list[str]:
    """The lines about mistakes. Nothing may have been registered."""
    assert recording.resources == {}
    *_, message = recording.log  # what else is said are warnings
    assert message.endswith("\nNothing was changed.")
    return [line.strip() for line in message.splitlines()[1:-1]]


ROUTE = {"hostnames": ["shop.internal"], "rules": [{"backendRefs": [{"workload": "web"}]}]}


def test_the_controllers_configuration_is_checked_too(tmp_path: Path, pinned_manifest: Path) -> None:
    extensions = {"extensionApis": {"enableBackends": True}}
    config = {"envoyGateway": {"manifest": str(pinned_manifest), "config": extensions}}
    assert refusal(run(tmp_path, pinned_manifest, **config)) == [
        "synergychat:envoyGateway.config.extensionApis.enableBackends = true: is not a field "
        "(did you mean enableBackend?)"
    ]


@pytest.mark.parametrize(
    ("config", "line"),
    [
        pytest.param(
            {"routes": {"shop": ROUTE | {"rulez": []}}},
            "synergychat:routes.shop.rulez: is not a field (did you mean rules?)",
            id="a field that there is not",
        ),
        pytest.param(
            {"routes": {"shop": ROUTE | {"rules": [{"matches": [{"path": {"value": "x"}}]}]}}},
            "synergychat:routes.shop.rules[0].matches[0].path: value must be an absolute path and start with '/' "
            "when type one of ['Exact', 'PathPrefix']",
            id="a rule in CEL",
        ),
        pytest.param(
            {"gateway": {"listeners": [{"name": "tls", "protocol": "TCP", "port": 9000, "hostnam": "x.internal"}]}},
            'synergychat:gateway.listeners[0].hostnam = "x.internal": is not a field (did you mean hostname?)',
            id="a listener",
        ),
        pytest.param(
            {"gateway": {"proxy": {"provider": {"kubernetes": {"envoyDeployment": {"replicas": "2"}}}}}},
            'synergychat:gateway.proxy.provider.kubernetes.envoyDeployment.replicas = "2": must be a whole number '
            "(write 2 without quotes)",
            id="the proxy",
        ),
        pytest.param(
            {
                "gateway": {
                    "listeners": [{"name": "s", "protocol": "HTTPS", "port": 443, "selfSigned": True, "tls": 3}]
                },
            },
            "synergychat:gateway.listeners[0].tls = 3",
            id="what a certificate is laid over",
        ),
        pytest.param(
            {
                "objects": [
                    {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRouts", "metadata": {"name": "x"}}
                ]
            },
            "synergychat:objects[0].kind",
            id="an object",
        ),
    ],
)
def test_a_mistake_is_told_by_its_place_in_the_config(
    config: dict[str, Any], line: str, tmp_path: Path, pinned_manifest: Path
) -> None:
    (found,) = refusal(run(tmp_path, pinned_manifest, **config))
    assert found.startswith(line)


SHOP = {"image": "registry.example.com/shop:1"}


@pytest.mark.parametrize("place", ["web", "apps.shop"])
@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ({"pod": {"nodeSelectr": {"a": "b"}}}, ["pod.nodeSelectr: is not a field (did you mean nodeSelector?)"]),
        ({"container": {"stdin": "yes"}}, ['container.stdin = "yes": must be true or false']),
        ({"resources": {"limits": {"memory": "1Gb"}}}, ['resources.limits.memory = "1Gb": must be a quantity, such']),
        ({"probes": {"grpc": {"prt": 1}}}, ["probes.grpc.port: is required (add it)", "probes.grpc.prt = 1: is not"]),
        ({"env": {"A": {"valueFrom": {"fieldReff": {}}}}}, ["env.A.valueFrom.fieldReff: is not a field (did you mean"]),
        (
            {"ports": [{"name": "grpc", "prt": 1}]},
            ["ports[0].port: is required (add it)", "ports[0].prt = 1: is not a"],
        ),
        (
            {"files": {"/a": "b"}, "pod": {"volumes": [{"name": "v", "emptyDirr": {}}]}},
            ["pod.volumes[0].emptyDirr: is not a field (did you mean emptyDir?)"],
        ),
        (
            {"pod": {"containers": [{"name": "side", "image": "a", "imge": "b"}]}},
            ['pod.containers[0].imge = "b": is not a field (did you mean image?)'],
        ),
        (
            {"persistence": {"size": "1Gi"}, "container": {"volumeMounts": [{"name": "v", "mountpath": "/v"}]}},
            [
                "container.volumeMounts[0].mountPath: is required (add it)",
                'container.volumeMounts[0].mountpath = "/v": is not a field (did you mean mountPath?)',
            ],
        ),
    ],
    ids=str,
)
def test_a_mistake_in_a_workload_is_told_by_the_key_that_makes_it(
    keys: dict[str, Any], lines: list[str], place: str, tmp_path: Path, pinned_manifest: Path
) -> None:
    recording = run(tmp_path, pinned_manifest, **({"web": keys} if place == "web" else {"apps": {"shop": SHOP | keys}}))
    for found, line in zip(refusal(recording), lines, strict=True):
        assert found.startswith(f"synergychat:{place}.{line}")


@pytest.mark.parametrize("schedule", [{"kind": "Job"}, {"kind": "CronJob", "schedule": "@daily"}], ids=str)
def test_a_mistake_in_a_job_is_told_by_the_key_that_makes_it(
    schedule: dict[str, Any], tmp_path: Path, pinned_manifest: Path
) -> None:
    job = {"backofLimit": 1, "parallelism": "2"}
    (one, other) = refusal(run(tmp_path, pinned_manifest, apps={"shop": SHOP | schedule | {"job": job}}))
    assert one.startswith("synergychat:apps.shop.job.backofLimit = 1: is not a field (did you mean backoffLimit?)")
    assert other.startswith('synergychat:apps.shop.job.parallelism = "2": must be a whole number')


def test_an_object_of_a_builtin_kind_is_checked_too(tmp_path: Path, pinned_manifest: Path) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "namespace": "synergychat"}, "spec": {}}
    assert refusal(run(tmp_path, pinned_manifest, objects=[job])) == [
        "synergychat:objects[0].spec.template: is required (add it)"
    ]


def test_all_mistakes_are_told_at_once(tmp_path: Path, pinned_manifest: Path) -> None:
    found = refusal(
        run(
            tmp_path,
            pinned_manifest,
            routes={"a": ROUTE | {"x": 1}, "b": ROUTE | {"y": 1}},
            policies={"c": {"kind": "SecurityPolicy", "z": 1}},
        )
    )
    assert [line.partition(" ")[0] for line in found] == [
        "synergychat:policies.c.z",
        "synergychat:routes.a.x",
        "synergychat:routes.b.y",
    ]


def test_a_reference_that_leads_nowhere_is_a_mistake(tmp_path: Path, pinned_manifest: Path) -> None:
    route = ROUTE | {"rules": [{"backendRefs": [{"name": "web-servise", "port": 80}]}]}
    (found,) = refusal(run(tmp_path, pinned_manifest, routes={"shop": route}))
    assert found.startswith("synergychat:routes.shop.rules[0].backendRefs[0]")
    assert "web-service" in found


def test_a_listener_that_is_not_there_is_a_mistake(tmp_path: Path, pinned_manifest: Path) -> None:
    (found,) = refusal(run(tmp_path, pinned_manifest, routes={"shop": ROUTE | {"listeners": ["htp"]}}))
    assert found.startswith('synergychat:routes.shop.listeners[0] = "htp": ')
    assert "http" in found


def test_a_mistake_in_a_shortcut_is_told_by_the_key_that_was_typed(tmp_path: Path, pinned_manifest: Path) -> None:
    tcp = {"kind": "TCPRoute", "backend": "web"}
    policy = {"kind": "ClientTrafficPolicy", "tls": {"minVersion": "1.3"}}
    found = refusal(
        run(
            tmp_path,
            pinned_manifest,
            gateway={
                "https": {"secret": "mine", "hosts": {"a.internal": {"secret": "mine"}}},
                "listeners": [
                    {"name": "tcp", "protocol": "TCP", "port": 443},
                    {"name": "tls", "protocol": "HTTPS", "port": 8443, "hostname": "b.internal", "secret": "mine"},
                ],
            },
            gateways={
                "inner": {"https": {"hosts": {"a.internal": {"selfSigned": True}}}, "redirectToHttps": True},
                "other": {"spec": {"adresses": []}, "proxy": {"loging": {}}},
            },
            routes={
                "b": tcp | {"listeners": ["http"]},
                "c": tcp | {"gateway": "inner"},
                "d": {"gateway": "inner", "hostnames": ["d.internal"], "backend": "web"},
            },
            policies={
                "p": policy | {"targets": [{"gateway": "inner"}, {"gateway": "inner", "section": "htp"}]},
                "q": policy | {"targets": [{"gateway": "inner"}]},
                "r": policy,
                "s": policy,
            },
            secrets={"mine": {"a": "b"}},
        )
    )
    assert {line.partition(": ")[0].removeprefix("synergychat:") for line in found} == {
        "gateway.https",
        "gateway.https.hosts.a.internal",
        "gateway.https.hosts.a.internal.secret",
        "gateway.https.secret",
        "gateway.listeners[1].secret",
        "gateways.other.proxy.loging",
        "gateways.other.spec.adresses",
        'policies.p.targets[1].section = "htp"',
        "policies.q.targets[0]",
        "policies.s",
        "routes.b.listeners[0]",
        "routes.c",
        'routes.d.hostnames = "d.internal"',
    }


def test_a_host_of_the_chat_that_https_is_not_for_is_told_by_its_key(tmp_path: Path, pinned_manifest: Path) -> None:
    https = {"hosts": {"synchatapi.internal": {"selfSigned": True}}}
    found = refusal(run(tmp_path, pinned_manifest, gateway={"https": https, "redirectToHttps": True}))
    (line,) = found
    assert line.startswith("synergychat:web.hostname: no host of the route is one of synchatapi.internal")


def test_a_stack_without_a_mistake_is_registered(tmp_path: Path, pinned_manifest: Path) -> None:
    recording = run(tmp_path, pinned_manifest, routes={"shop": ROUTE})
    assert recording.log == []
    assert recording["shop-route"].inputs["spec"]["hostnames"] == ["shop.internal"]


def test_a_host_name_that_is_none_is_refused_before_a_certificate_is_made_for_it(
    tmp_path: Path, pinned_manifest: Path
) -> None:
    listener = {"name": "https", "protocol": "HTTPS", "port": 443, "selfSigned": True}
    route = {"hostnames": ["schön.internal"], "backend": "web"}
    found = refusal(run(tmp_path, pinned_manifest, gateway={"listeners": [listener]}, routes={"shop": route}))
    assert {line.partition(" ")[0] for line in found} == {"synergychat:routes.shop.hostnames[0]"}


def test_an_object_that_is_declared_twice_is_refused(tmp_path: Path, pinned_manifest: Path) -> None:
    twice = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web-service", "namespace": "synergychat"}}
    found = refusal(run(tmp_path, pinned_manifest, objects=[twice]))
    assert any(
        line.startswith('synergychat:objects[0].metadata.name = "web-service": is declared twice') for line in found
    )


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "BackendTrafficPolicy", "timeout": {"http": {"requestTimeout": "5s"}}},
        {"kind": "ClientTrafficPolicy", "timeout": {"http": {"requestReceivedTimeout": "5s"}}},
        {"kind": "EnvoyExtensionPolicy", "extProc": [{"backendRefs": [{"workload": "web"}]}]},
        {"kind": "SecurityPolicy", "cors": {"allowOrigins": ["https://example.com"]}},
        {
            "kind": "BackendTLSPolicy",
            "targetRefs": [{"group": "", "kind": "Service", "name": "web-service"}],
            "validation": {"wellKnownCACertificates": "System", "hostname": "web.internal"},
        },
    ],
    ids=lambda policy: policy["kind"],
)
def test_a_policy_of_every_kind_passes(policy: dict[str, Any], tmp_path: Path, pinned_manifest: Path) -> None:
    recording = run(tmp_path, pinned_manifest, policies={"p": policy})
    assert recording.log == []
    assert recording["p-policy"].inputs["kind"] == policy["kind"]


def test_a_patch_has_one_target(tmp_path: Path, pinned_manifest: Path) -> None:
    patch = {
        "type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "a",
        "operation": {"op": "remove"},
    }
    policy = {
        "kind": "EnvoyPatchPolicy",
        "type": "JSONPatch",
        "jsonPatches": [patch | {"operation": {"op": "remove", "path": "/a"}}],
    }
    allowed = {"config": {"extensionApis": {"enableEnvoyPatchPolicy": True}}}
    envoy_gateway = (
        yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]["synergychat:envoyGateway"] | allowed
    )
    recording = run(tmp_path, pinned_manifest, policies={"p": policy}, envoyGateway=envoy_gateway)
    assert recording.log == []
    assert recording["p-policy"].inputs["spec"]["targetRef"]["name"] == "app-gateway"


def test_a_policy_that_selects_its_targets_is_not_also_for_the_gateway(tmp_path: Path, pinned_manifest: Path) -> None:
    selectors = [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "matchLabels": {"a": "b"}}]
    policy = {"kind": "SecurityPolicy", "targetSelectors": selectors, "cors": {}}
    recording = run(tmp_path, pinned_manifest, policies={"p": policy})
    assert "targetRefs" not in recording["p-policy"].inputs["spec"]
