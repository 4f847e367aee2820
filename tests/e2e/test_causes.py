"""The message of a failed `up` for causes that only a cluster can know: the object, the cause, the likely fix.

The checks refuse all other causes before anything is sent. For an image that cannot be pulled and a port in use, see
tests/live/test_bad_input.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

PATIENCE_S = 20
ENVOY_GATEWAY = "gateway.envoyproxy.io/v1alpha1"
ELSEWHERE = "elsewhere"
LATE = "late"
WEB = {"workload": "web"}
TCP_ROUTES = "tcproutes.gateway.networking.k8s.io"


def made(version: str, kind: str, name: str, namespace: str, **parts: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **parts}


def to(service: str, port: int, namespace: str = ELSEWHERE) -> dict[str, Any]:
    backend = {"name": service, "port": port, "namespace": namespace}
    return {"hostnames": [f"{service}-{port}.{namespace}.internal"], "rules": [{"backendRefs": [backend]}]}


def injecting(name: str) -> dict[str, Any]:
    """A filter with a credential that nobody has put into the cluster."""
    credential = {"credential": {"valueRef": {"name": "nowhere"}}}
    return made(ENVOY_GATEWAY, "HTTPRouteFilter", name, "synergychat", spec={"credentialInjection": credential})


def filtered_by(name: str) -> dict[str, Any]:
    named = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": name}
    filters = [{"type": "ExtensionRef", "extensionRef": named}]
    return {"matches": [{"path": {"value": "/partners"}}], "filters": filters, "backendRefs": [WEB]}


@pytest.fixture(scope="module")
def said(stack: LiveStack) -> Iterator[str]:
    """The output of three failing runs. The stack is restored afterwards."""
    file = stack.file
    text = file.read_text()
    stack.configure(timeoutSeconds=PATIENCE_S)
    patient = file.read_text()
    stack.kubectl("create", "namespace", ELSEWHERE)
    stack.kubectl("create", "service", "clusterip", "there", "--tcp=80:80", "-n", ELSEWHERE)
    grant = {"from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "synergychat"}]}
    grants = made("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "routes", ELSEWHERE)
    stack.apply(grants | {"spec": grant | {"to": [{"group": "", "kind": "Service"}]}})
    stack.apply(made(ENVOY_GATEWAY, "ClientTrafficPolicy", "a-first", "synergychat", spec=policy("app-gateway")))
    stack.configure(
        objects=[injecting("no-secret")],
        routes={
            "some-rules": {"hostnames": ["some.internal"], "rules": [filtered_by("no-secret"), {"backendRefs": [WEB]}]},
            "no-service": to("nowhere", 80),
            "no-port": to("there", 81),
            "no-grant": to("there", 80, namespace="default"),
        },
        policies={"z-second": {"kind": "ClientTrafficPolicy"}},
    )
    ends = [failed_up(stack)]

    stack.kubectl("delete", "clienttrafficpolicy", "a-first", "-n", "synergychat")
    file.write_text(patient)
    certificate = {"certificateRefs": [{"name": "nowhere"}]}
    stack.configure(
        **{
            "gateway.listeners": [{"name": "tls", "protocol": "HTTPS", "port": 8443, "tls": certificate}],
            # Without the port that it asks for, it ends at once.
            "crawler.image": "docker.io/bootdotdev/synergychat-api:latest",
        }
    )
    ends.append(failed_up(stack))

    file.write_text(patient)
    stack.up()
    stack.kubectl("scale", "deployment/envoy-gateway", "-n", "envoy-gateway-system", "--replicas=0")
    wait_until(lambda: not json.loads(controllers(stack))["items"])
    stack.configure(routes={LATE: {"backend": "web", "hostnames": ["late.internal"]}})
    ends.append(failed_up(stack))

    yield "\n".join(ends)
    stack.kubectl("scale", "deployment/envoy-gateway", "-n", "envoy-gateway-system", "--replicas=1")
    stack.kubectl("delete", "namespace", ELSEWHERE, "--wait=false")
    file.write_text(text)
    stack.up()


@pytest.fixture(scope="module")
def said_of_older_crds(stack: LiveStack, said: str) -> Iterator[tuple[str, str]]:
    """The output of a run whose TCPRoute meets the CRD of Gateway API 1.5, and of the next run, after the fix."""
    file = stack.file
    text = file.read_text()
    crd = json.loads(stack.kubectl("get", "crd", TCP_ROUTES, "-o", "json"))
    older = [version | {"storage": True} for version in crd["spec"]["versions"] if version["name"] == "v1alpha2"]
    annotations = crd["metadata"]["annotations"] | {"gateway.networking.k8s.io/bundle-version": "v1.5.1"}
    stack.kubectl("delete", "crd", TCP_ROUTES)
    stack.apply(
        {key: crd[key] for key in ("apiVersion", "kind")}
        | {"metadata": {"name": TCP_ROUTES, "annotations": annotations}, "spec": crd["spec"] | {"versions": older}}
    )
    restart_controller(stack)
    stack.configure(
        timeoutSeconds=PATIENCE_S,
        **{"gateway.listeners": [{"name": "raw", "protocol": "TCP", "port": 9000}]},
        routes={"raw": {"kind": "TCPRoute", "backend": "web"}},
    )
    first = failed_up(stack)
    stack.cli("up", "--yes", "--skip-preview", "--refresh")  # the controller sees no TCPRoute before it restarts
    restart_controller(stack)
    fixed = stack.cli("up", "--yes", "--skip-preview")
    yield first, fixed.stdout if fixed.returncode else ""
    file.write_text(text)
    stack.up()


def failed_up(stack: LiveStack) -> str:
    done = stack.cli("up", "--yes", "--skip-preview")
    assert done.returncode != 0, done.stdout
    return done.stdout.partition("Diagnostics:")[2]


def restart_controller(stack: LiveStack) -> None:
    for step in ("restart", "status"):
        stack.kubectl("rollout", step, "-n", "envoy-gateway-system", "deployment/envoy-gateway")


def controllers(stack: LiveStack) -> str:
    return stack.kubectl("get", "pods", "-n", "envoy-gateway-system", "-l", "control-plane=envoy-gateway", "-o", "json")


def policy(gateway: str) -> dict[str, Any]:
    return {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway}]}


@pytest.mark.parametrize(
    ("what", "cause", "fix"),
    [
        ("HTTPRoute no-service", "BackendNotFound", "-> Was the Service deleted by hand?"),
        ("HTTPRoute no-port", "PortNotFound", "-> Give the backendRef a port"),
        ("HTTPRoute some-rules", "UnsupportedValue: Dropped Rule(s) [0]", "-> Fix the field it names"),
        ("HTTPRoute no-grant", "RefNotPermitted", "-> Create a ReferenceGrant"),
        ("Gateway app-gateway", "listener tls: InvalidCertificateRef", "-> Check that the Secret exists"),
        ("ClientTrafficPolicy z-second", "Conflicted", "-> Another policy of this kind"),
        ("Deployment synergychat-crawler", "CrashLoopBackOff", "-> kubectl --context"),
        ("HTTPRoute late", "no status yet", "does its controller run?"),
    ],
)
def test_what_fails_is_named_with_its_cause_and_the_likely_fix(said: str, what: str, cause: str, fix: str) -> None:
    assert f"{what} is not ready:" in said
    about = said.partition(f"{what} is not ready:")[2].partition(" is not ready:")[0]
    assert cause in about
    assert fix in about
    assert "Traceback" not in said


def test_the_last_words_of_what_crashes_are_shown(said: str) -> None:
    about = said.partition("Deployment synergychat-crawler is not ready:")[2].partition(" is not ready:")[0]
    assert "  | " in about
    assert "API_PORT" in about


def test_crds_that_are_older_than_the_controller_are_named_with_the_fix(said_of_older_crds: tuple[str, str]) -> None:
    first, after_the_fix = said_of_older_crds
    assert "Deployment envoy-gateway is not ready:" in first
    assert "TCPRoute.gateway.networking.k8s.io: OlderCRD: its CRD is from Gateway API 1.5.1" in first
    assert "Envoy Gateway 1.9 needs the one of 1.6.1" in first
    assert "pulumi up --refresh" in first
    assert not after_the_fix


@pytest.fixture
def adopted(stack: LiveStack) -> Iterator[str]:
    """The name of an app whose Deployment exists already, made by hand with another selector."""
    file = stack.file
    text = file.read_text()
    image = "docker.io/bootdotdev/synergychat-web:latest"
    labels = {"app": "by-hand"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "shop", "image": image}]}}
    by_hand = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    stack.apply(made("apps/v1", "Deployment", "shop", "synergychat", spec=by_hand))
    shop = {"image": image, "port": 8080, "env": {"WEB_PORT": "8080"}}
    stack.configure(adopt=["Deployment.apps/synergychat/shop"], apps={"shop": shop})
    yield "shop"
    file.write_text(text)
    stack.up()
    stack.kubectl("delete", "deployment", "shop", "-n", "synergychat")  # what was adopted stays


def test_an_adopted_deployment_with_another_selector_is_named_with_the_fix(stack: LiveStack, adopted: str) -> None:
    said = failed_up(stack).partition(f"Deployment {adopted} is refused:")[2]
    assert "its spec.selector cannot be changed" in said
    deletes = ("delete", "deployment.apps", adopted, "-n", "synergychat")
    assert f"kubectl --context {stack.context} {' '.join(deletes)}, then pulumi up --refresh" in said
    stack.kubectl(*deletes)
    stack.up()
