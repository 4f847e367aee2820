"""Refusals: the cause of an object that the API server did not take, and what to type."""

import json
import subprocess
from typing import Any

import pytest

from health import refusals

TYPED = "kubectl --context kind-one"
QUOTA = (
    'persistentvolumeclaims "data" is forbidden: exceeded quota: small, requested: persistentvolumeclaims=1, '
    "used: persistentvolumeclaims=2, limited: persistentvolumeclaims=2"
)
WEBHOOK = (
    "resource chat/own was not successfully created by the Kubernetes API server: Internal error occurred: failed "
    'calling webhook "webhook.cert-manager.io": failed to call webhook: Post '
    '"https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": dial tcp 10.96.7.8:443: connect: '
    "connection refused\nsecond line"
)
CONVERSION = (
    "conversion webhook for example.com/v1, Kind=Thing failed: Post "
    '"https://converter.things.svc:443/convert?timeout=30s": context deadline exceeded'
)
INVALID = 'resource chat/own was not successfully created by the Kubernetes API server: {} "own" is invalid: {}'
LABELS = {"app": "webhook"}


class Cluster:
    """What kubectl says of a webhook's Service."""

    def __init__(self, *, replicas: int = 1, pods: list[dict[str, Any]] | None = None, allowed: bool = True) -> None:
        self.replicas, self.pods, self.allowed = replicas, pods or [], allowed
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.asked.append(arguments)
        if not self.allowed:
            return subprocess.CompletedProcess([], 1, "", "Error from server (Forbidden): no")
        template = {"metadata": {"labels": LABELS | {"more": "yes"}}}
        others = {"metadata": {"name": "other"}, "spec": {"template": {"metadata": {}}}}
        answers = {
            "service": {"spec": {"selector": LABELS}},
            "pods": {"items": self.pods},
            "deployments": {
                "items": [
                    others,
                    {"metadata": {"name": "hooks"}, "spec": {"replicas": self.replicas, "template": template}},
                ]
            },
        }
        return subprocess.CompletedProcess([], 0, json.dumps(answers[arguments[1]]), "")


def explained(error: str, cluster: Cluster | None = None) -> list[str]:
    found = refusals.explain(error, "chat", TYPED)
    return [*found.lines, *(refusals.behind(found.service, cluster or Cluster(), TYPED) if found.service else ())]


def test_an_exceeded_quota_comes_with_the_command_that_shows_it() -> None:
    cause, fix = explained(QUOTA)
    assert cause.startswith("exceeded quota: small, requested: persistentvolumeclaims=1")
    assert fix.startswith("-> Raise the quota")
    assert f"{TYPED} describe resourcequota small -n chat" in fix


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        (
            "Deployment.apps",
            'spec.selector: Invalid value: {"matchLabels":{"app":"own"}}: field is immutable',
            "spec.selector",
        ),
        (
            "Deployment.apps",
            '[spec.template.metadata.labels: Invalid value: {"app":"own"}: `selector` does not match, '
            'spec.selector: Invalid value: {"matchLabels":{"app":"own"}}: field is immutable]',
            "spec.selector",
        ),
        ("Service", '[spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set]', "spec.clusterIPs[0]"),
        (
            "PersistentVolumeClaim",
            "spec: Forbidden: spec is immutable after creation except resources.requests",
            "spec",
        ),
        ("StatefulSet.apps", "spec: Forbidden: updates to statefulset spec for fields other than replicas", "spec"),
        (
            "RoleBinding.rbac.authorization.k8s.io",
            'roleRef: Invalid value: {"kind":"Role","name":"own"}: cannot change roleRef',
            "roleRef",
        ),
        (
            "GatewayClass.gateway.networking.k8s.io",
            'spec.controllerName: Invalid value: "string": Value is immutable',
            "spec.controllerName",
        ),
    ],
)
def test_a_field_that_cannot_be_changed_comes_with_the_command_that_deletes_the_object(
    kind: str, text: str, field: str
) -> None:
    cause, fix = explained(INVALID.format(kind, text))
    assert cause == f"it exists, and its {field} cannot be changed to what the stack declares"
    assert fix.startswith("-> If it may be deleted")
    assert f"{TYPED} delete {kind.lower()} own -n chat, then pulumi up --refresh" in fix


def test_a_webhook_without_pods_is_named_with_its_deployment() -> None:
    assert explained(WEBHOOK, Cluster(replicas=0)) == [
        "the call of the webhook webhook.cert-manager.io failed: dial tcp 10.96.7.8:443: connect: connection refused",
        "the Service cert-manager-webhook of cert-manager has no pods",
        "the Deployment hooks asks for 0",
        f"-> {TYPED} scale deployment/hooks --replicas=1 -n cert-manager",
    ]
    assert explained(WEBHOOK)[-1] == f"-> {TYPED} describe deployment hooks -n cert-manager"


def test_a_webhook_whose_pods_fail_is_named_with_their_failure() -> None:
    waiting = {"name": "hook", "image": "i", "ready": False, "restartCount": 0}
    waiting["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    pod = {
        "metadata": {"name": "hooks-1", "namespace": "cert-manager"},
        "spec": {"containers": [{"name": "hook", "image": "i"}]},
        "status": {"containerStatuses": [waiting]},
    }
    _, named, failure, fix = explained(WEBHOOK, Cluster(pods=[pod]))
    assert named == "the Service cert-manager-webhook of cert-manager has these pods: hooks-1"
    assert failure == "container hook (i): ImagePullBackOff: not found"
    assert fix == f"-> {TYPED} describe pods -n cert-manager -l app=webhook"


def test_a_conversion_webhook_is_named_too() -> None:
    cause, where, *_ = explained(CONVERSION)
    assert cause == "the call of the conversion webhook failed: context deadline exceeded"
    assert where == "the Service converter of things has no pods"


@pytest.mark.parametrize(
    "reason",
    [
        'no endpoints available for service "cert-manager-webhook"',
        'service "cert-manager-webhook" not found',
        "dial tcp 10.96.7.8:443: i/o timeout",
        "net/http: TLS handshake timeout",
        "context deadline exceeded",
        "EOF",
    ],
)
def test_the_pods_of_a_webhook_that_is_not_reached_are_named(reason: str) -> None:
    cause, where, *_ = explained(WEBHOOK.replace("dial tcp 10.96.7.8:443: connect: connection refused", reason))
    assert cause == f"the call of the webhook webhook.cert-manager.io failed: {reason}"
    assert where == "the Service cert-manager-webhook of cert-manager has no pods"


CALLED = 'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: '


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            f'{CALLED}Post "https://cert-manager-webhook.cert-manager.svc:443/validate": tls: failed to verify '
            "certificate: x509: certificate signed by unknown authority",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        ),
        (
            f"{CALLED}the server could not find the requested resource",
            "the server could not find the requested resource",
        ),
        (
            f'{CALLED}an error on the server ("404") has prevented the request from succeeding',
            'an error on the server ("404") has prevented the request from succeeding',
        ),
    ],
)
def test_a_webhook_that_answers_is_named_with_the_reason_alone(error: str, reason: str) -> None:
    cluster = Cluster()
    assert explained(error, cluster) == [f"the call of the webhook webhook.cert-manager.io failed: {reason}"]
    assert cluster.asked == []


def test_a_service_without_a_selector_is_named() -> None:
    def answer(*_: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, json.dumps({"spec": {"type": "ExternalName"}}), "")

    service = refusals.explain(WEBHOOK, "chat", TYPED).service
    assert service is not None
    assert refusals.behind(service, answer, TYPED) == [
        "the Service cert-manager-webhook of cert-manager selects no pods"
    ]


def test_a_cluster_that_does_not_say_more_leaves_the_cause() -> None:
    lines = explained(WEBHOOK, Cluster(allowed=False))
    assert lines[1:] == [
        "the Service cert-manager-webhook of cert-manager could not be read: Error from server (Forbidden): no"
    ]


def test_any_other_error_asks_nothing() -> None:
    cluster = Cluster()
    assert explained('admission webhook "policy.example.com" denied the request: no', cluster) == []
    assert cluster.asked == []


def test_no_text_of_the_cluster_acts_on_the_terminal() -> None:
    assert "\x1b" not in "".join(explained(f"exceeded quota: small\x1b[2J, requested: {'pods=1'}"))
