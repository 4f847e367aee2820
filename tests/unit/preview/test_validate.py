"""Validate: problems of declared objects, and the key of the config at which each is reported."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.preview.conftest import DevStack, place_and_code

ROUTE = {"hostnames": ["shop.internal"], "rules": [{"backendRefs": [{"workload": "web"}]}]}
SHOP = {"image": "registry.example.com/shop:1"}


@pytest.mark.parametrize(
    ("config", "problem", "value", "words"),
    [
        pytest.param(
            {"routes": {"shop": ROUTE | {"rulez": []}}},
            ("routes.shop.rulez", "field-unknown"),
            [],
            {"suggestion": "did you mean rules?"},
            id="unknown field",
        ),
        pytest.param(
            {"routes": {"shop": ROUTE | {"rules": [{"matches": [{"path": {"value": "x"}}]}]}}},
            ("routes.shop.rules[0].matches[0].path", "cel-rule"),
            {"value": "x", "type": "PathPrefix"},
            {"message": "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']"},
            id="CEL rule",
        ),
        pytest.param(
            {"gateway": {"listeners": [{"name": "tls", "protocol": "TCP", "port": 9000, "hostnam": "x.internal"}]}},
            ("gateway.listeners[0].hostnam", "field-unknown"),
            "x.internal",
            {"suggestion": "did you mean hostname?"},
            id="listener",
        ),
        pytest.param(
            {"gateway": {"proxy": {"provider": {"kubernetes": {"envoyDeployment": {"replicas": "2"}}}}}},
            ("gateway.proxy.provider.kubernetes.envoyDeployment.replicas", "field-type"),
            "2",
            {"wanted": "a whole number", "fix": "write 2 without quotes"},
            id="proxy",
        ),
        pytest.param(
            {"gateway": {"listeners": [{"name": "s", "protocol": "HTTPS", "port": 443, "selfSigned": True, "tls": 3}]}},
            ("gateway.listeners[0].tls", "field-type"),
            3,
            {"wanted": "an object"},
            id="field that the certificate is merged into",
        ),
        pytest.param(
            {
                "objects": [
                    {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRouts", "metadata": {"name": "x"}}
                ]
            },
            ("objects[0].kind", "kind-unknown"),
            "HTTPRouts",
            {"suggestion": "did you mean HTTPRoute?"},
            id="object",
        ),
        pytest.param(
            {"objects": [{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {}}]},
            ("objects[0].spec.template", "field-required"),
            None,
            {},
            id="object of a kind of Kubernetes itself",
        ),
        pytest.param(
            {"routes": {"shop": ROUTE | {"rules": [{"backendRefs": [{"name": "web-servise", "port": 80}]}]}}},
            ("routes.shop.rules[0].backendRefs[0].name", "reference-missing"),
            "web-servise",
            {"suggestion": "did you mean web-service?"},
            id="reference",
        ),
        pytest.param(
            {"routes": {"shop": ROUTE | {"listeners": ["htp"]}}},
            ("routes.shop.listeners[0]", "listener-missing"),
            "htp",
            {"suggestion": "did you mean http?"},
            id="name of a listener",
        ),
    ],
)
def test_a_problem_has_the_key_that_causes_it(
    config: dict[str, Any], problem: tuple[str, str], value: object, words: dict[str, str], dev: DevStack
) -> None:
    (found,) = dev.located(**config)
    assert place_and_code(found) == problem
    assert found.value == value
    assert found.problem.words.items() >= words.items()


def test_the_configuration_of_envoy_gateway_is_validated_too(dev: DevStack, pinned_manifest: Path) -> None:
    wrong = {"extensionApis": {"enableBackends": True}}
    (found,) = dev.located(envoyGateway={"manifest": str(pinned_manifest), "config": wrong})
    assert place_and_code(found) == ("envoyGateway.config.extensionApis.enableBackends", "field-unknown")
    assert (found.value, found.problem.words["suggestion"]) == (True, "did you mean enableBackend?")


@pytest.mark.parametrize("workload", ["web", "apps.shop"])
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"pod": {"nodeSelectr": {"a": "b"}}}, [("pod.nodeSelectr", "field-unknown", {"a": "b"}, "nodeSelector")]),
        ({"container": {"stdin": "yes"}}, [("container.stdin", "field-type", "yes", "")]),
        (
            {"resources": {"limits": {"memory": "1Gb"}}},
            [("resources.limits.memory", "quantity-invalid", "1Gb", "")],
        ),
        (
            {"probes": {"grpc": {"prt": 1}}},
            [("probes.grpc.port", "field-required", None, ""), ("probes.grpc.prt", "field-unknown", 1, "port")],
        ),
        (
            {"env": {"A": {"valueFrom": {"fieldReff": {}}}}},
            [("env.A.valueFrom.fieldReff", "field-unknown", {}, "fieldRef")],
        ),
        (
            {"ports": [{"name": "grpc", "prt": 1}]},
            [("ports[0].port", "field-required", None, ""), ("ports[0].prt", "field-unknown", 1, "port")],
        ),
        (
            {"files": {"/a": "b"}, "pod": {"volumes": [{"name": "v", "emptyDirr": {}}]}},
            [("pod.volumes[0].emptyDirr", "field-unknown", {}, "emptyDir")],
        ),
        (
            {"pod": {"containers": [{"name": "side", "image": "a", "imge": "b"}]}},
            [("pod.containers[0].imge", "field-unknown", "b", "image")],
        ),
        (
            {"persistence": {"size": "1Gi"}, "container": {"volumeMounts": [{"name": "v", "mountpath": "/v"}]}},
            [
                ("container.volumeMounts[0].mountPath", "field-required", None, ""),
                ("container.volumeMounts[0].mountpath", "field-unknown", "/v", "mountPath"),
            ],
        ),
    ],
    ids=str,
)
def test_a_problem_of_a_workload_has_the_key_that_causes_it(
    keys: dict[str, Any], expected: list[tuple[str, str, object, str]], workload: str, dev: DevStack
) -> None:
    found = dev.located(**({"web": keys} if workload == "web" else {"apps": {"shop": SHOP | keys}}))
    for located, (key, code, value, meant) in zip(found, expected, strict=True):
        assert place_and_code(located) == (f"{workload}.{key}", code)
        assert located.value == value
        assert not meant or located.problem.words["suggestion"] == f"did you mean {meant}?"


@pytest.mark.parametrize("schedule", [{"kind": "Job"}, {"kind": "CronJob", "schedule": "@daily"}], ids=str)
def test_a_problem_of_a_job_has_the_key_that_causes_it(schedule: dict[str, Any], dev: DevStack) -> None:
    job = {"backofLimit": 1, "parallelism": "2"}
    unknown, wrong_type = dev.located(apps={"shop": SHOP | schedule | {"job": job}})
    assert place_and_code(unknown) == ("apps.shop.job.backofLimit", "field-unknown")
    assert (unknown.value, unknown.problem.words["suggestion"]) == (1, "did you mean backoffLimit?")
    assert place_and_code(wrong_type) == ("apps.shop.job.parallelism", "field-type")
    assert (wrong_type.value, wrong_type.problem.words["wanted"]) == ("2", "a whole number")


def test_all_problems_are_found_at_once(dev: DevStack) -> None:
    assert dev.problems(
        routes={"a": ROUTE | {"x": 1}, "b": ROUTE | {"y": 1}},
        policies={"c": {"kind": "SecurityPolicy", "z": 1}},
    ) == [
        ("policies.c.z", "field-unknown"),
        ("routes.a.x", "field-unknown"),
        ("routes.b.y", "field-unknown"),
    ]


def test_a_problem_of_a_route_form_has_the_key_of_the_form(dev: DevStack) -> None:
    tcp = {"kind": "TCPRoute", "backend": "web"}
    policy = {"kind": "ClientTrafficPolicy", "tls": {"minVersion": "1.3"}}
    found = dev.located(
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
            "d": {
                "gateway": "inner",
                "listeners": ["https-a.internal"],
                "hostnames": ["d.internal"],
                "backend": "web",
            },
        },
        policies={
            "p": policy | {"targets": [{"gateway": "inner"}, {"gateway": "inner", "section": "htp"}]},
            "q": policy | {"targets": [{"gateway": "inner"}]},
            "r": policy,
            "s": policy,
        },
        secrets={"mine": {"a": "b"}},
    )
    assert [place_and_code(located) for located in found] == [
        ("gateway.https", "listener-protocol-conflict"),
        ('gateway.https.hosts["a.internal"]', "listener-protocol-conflict"),
        ('gateway.https.hosts["a.internal"].secret', "certificate-secret-type"),
        ("gateway.https.secret", "certificate-secret-type"),
        ("gateway.listeners[1].secret", "certificate-secret-type"),
        ("gateways.other.proxy.loging", "field-unknown"),
        ("gateways.other.spec.adresses", "field-unknown"),
        ("policies.p.targets[1].section", "policy-section-missing"),
        ("policies.q.targets[0]", "policy-conflict"),
        ("policies.s", "policy-conflict"),
        ("routes.b.listeners[0]", "route-kind-not-served"),
        ("routes.c", "route-kind-not-served"),
        ("routes.d.hostnames", "route-host-not-served"),
    ]
    values = {place_and_code(located)[0]: located.value for located in found if isinstance(located.value, str)}
    assert values == {"policies.p.targets[1].section": "htp", "routes.d.hostnames": "d.internal"}


def test_a_wrong_host_name_is_found_before_a_certificate_is_made_for_it(dev: DevStack) -> None:
    listener = {"name": "https", "protocol": "HTTPS", "port": 443, "selfSigned": True}
    route = {"hostnames": ["schön.internal"], "backend": "web"}
    found = dev.problems(gateway={"listeners": [listener]}, routes={"shop": route})
    assert found == [("routes.shop.hostnames[0]", "hostname-pattern")]


def test_an_object_that_is_declared_twice_is_a_problem(dev: DevStack) -> None:
    twice = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web-service", "namespace": "synergychat"}}
    (found,) = [located for located in dev.located(objects=[twice]) if located.problem.code == "declared-twice"]
    assert place_and_code(found) == ("objects[0].metadata.name", "declared-twice")
    assert found.value == "web-service"


def test_an_object_that_is_declared_twice_names_the_key_of_the_other_name(dev: DevStack) -> None:
    page = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page", "namespace": "synergychat"}}
    (found,) = dev.located(objects=[page, page])
    assert found.problem.words["other"] == "synergychat:objects[0].metadata.name"


def test_an_object_that_the_program_declares_too_names_the_key_that_it_follows_from(dev: DevStack) -> None:
    twice = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web-service", "namespace": "synergychat"}}
    (found,) = [located for located in dev.located(objects=[twice]) if located.problem.code == "declared-twice"]
    assert found.problem.words["other"] == "synergychat:web"


# Contents of secrets

PLANTED = "s3cr3t-Value"
LOGIN = {"kind": "SecurityPolicy", "basicAuth": {"users": {"name": "s"}}}
KEYS = {
    "kind": "SecurityPolicy",
    "apiKeyAuth": {"credentialRefs": [{"name": "s"}], "extractFrom": [{"headers": ["x-api-key"]}]},
}
HTTPS = {"https": {"secret": "s"}}


@pytest.mark.parametrize(
    ("content", "config", "place", "code"),
    [
        ({"users": PLANTED}, {"policies": {"p": LOGIN}}, "policies.p.basicAuth.users", "secret-key-missing"),
        ({".htpasswd": f"ada:{PLANTED}"}, {"policies": {"p": LOGIN}}, "policies.p.basicAuth.users", "htpasswd-invalid"),
        ({".htpasswd": f"\n{PLANTED}"}, {"policies": {"p": LOGIN}}, "policies.p.basicAuth.users", "htpasswd-invalid"),
        ({"ada": PLANTED, "bob": PLANTED}, {"policies": {"p": KEYS}}, None, "api-key-shared"),
        ({"tls.crt": PLANTED, "tls.key": PLANTED}, {"gateway": HTTPS}, None, "certificate-not-pem"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_content_of_a_secret_is_judged_and_never_shown(
    content: dict[str, str], config: dict[str, Any], place: str | None, code: str, dev: DevStack
) -> None:
    found = dev.located(secrets={"s": content}, **config)
    assert [each.problem.code for each in found] == [code]
    assert place in (None, found[0].place.removeprefix("synergychat:"))
    assert PLANTED not in str(found[0]) + repr(found)
