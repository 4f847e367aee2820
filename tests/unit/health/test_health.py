"""What is said of a stack's objects, each as the API server has it when it fails in its own way."""

from typing import Any

import pytest

from health.failure import Container
from health.rows import Row, rows
from releases import GATEWAY_API_RELEASES, RELEASE_LINES

Object = dict[str, Any]
GATEWAY_API = "gateway.networking.k8s.io/v1"
ENVOY_GATEWAY = "gateway.envoyproxy.io/v1alpha1"
GENERATION = 3


def made(kind: str, version: str, name: str = "web", owner: str = "", **parts: Any) -> Object:
    metadata = {"name": name, "namespace": "chat", "uid": f"{kind} {name}", "generation": GENERATION}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}


def condition(name: str, status: str = "True", reason: str = "Fine", message: str = "all is well") -> Object:
    written = {"type": name, "status": status, "reason": reason, "message": message}
    return written | {"observedGeneration": GENERATION}


def text_of(item: Object, *behind: Object, kubectl: str = "kubectl --context kind-one") -> str:
    """What is said of it, empty when it is well."""
    (row,) = [row for row in rows([item, *behind], kubectl) if row.what == item["kind"]]
    return "" if row.state == "ok" else row.text


def gateway(conditions: list[Object], listeners: list[Object] | None = None) -> Object:
    return made("Gateway", GATEWAY_API, status={"conditions": conditions, "listeners": listeners or []})


GOOD_GATEWAY = [condition("Accepted"), condition("Programmed")]


def test_a_gateway_is_well_when_it_and_its_listeners_are() -> None:
    listener = {"name": "http", "conditions": [*GOOD_GATEWAY, condition("ResolvedRefs")]}
    assert text_of(gateway(GOOD_GATEWAY, [listener])) == ""


def test_a_listener_that_fails_fails_its_gateway_and_is_named() -> None:
    broken = condition("ResolvedRefs", "False", "InvalidCertificateRef", "Secret chat/tls does not exist")
    listeners = [
        {"name": "http", "conditions": [*GOOD_GATEWAY, condition("ResolvedRefs")]},
        {"name": "https", "conditions": [*GOOD_GATEWAY, broken]},
    ]
    said, cure = text_of(gateway(GOOD_GATEWAY, listeners)).splitlines()
    assert said == "listener https: InvalidCertificateRef: Secret chat/tls does not exist"
    assert cure.startswith("-> Is the Secret there")


def test_a_gateway_without_an_address_comes_with_the_ways_to_one() -> None:
    waiting = condition("Programmed", "False", "AddressNotAssigned", "No addresses")
    said, cure = text_of(gateway([condition("Accepted"), waiting])).splitlines()
    assert said == "AddressNotAssigned: No addresses"
    assert cure.startswith("-> On minikube type: minikube tunnel.")


def test_an_object_at_which_no_controller_has_looked_says_so() -> None:
    assert text_of(made("GatewayClass", GATEWAY_API)) == "no status yet; does its controller run?"


def test_what_was_said_of_an_object_before_its_last_change_does_not_count() -> None:
    stale = condition("Accepted") | {"observedGeneration": GENERATION - 1}
    assert text_of(made("GatewayClass", GATEWAY_API, status={"conditions": [stale]})) == (
        "Accepted is said of the object as it was before its last change"
    )


def test_a_condition_that_is_missing_beside_others_is_named() -> None:
    assert text_of(gateway([condition("Accepted")])) == "Programmed is not said yet"


def route(kind: str, *parents: tuple[str, list[Object]], named: tuple[str, ...] = ("app-gateway",)) -> Object:
    """`parents` are the Gateways that have judged it, `named` those that it names."""
    answered = [{"parentRef": {"name": name}, "conditions": conditions} for name, conditions in parents]
    version = GATEWAY_API if kind in ("HTTPRoute", "GRPCRoute") else "gateway.networking.k8s.io/v1alpha2"
    return made(kind, version, spec={"parentRefs": [{"name": name} for name in named]}, status={"parents": answered})


GOOD_ROUTE = [condition("Accepted"), condition("ResolvedRefs")]
BAD_ROUTE = [condition("Accepted"), condition("ResolvedRefs", "False", "BackendNotFound", "Service web is not there")]


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
def test_every_kind_of_route_must_have_its_backends(kind: str) -> None:
    assert text_of(route(kind, ("app-gateway", GOOD_ROUTE))) == ""
    assert text_of(route(kind, ("app-gateway", BAD_ROUTE))) == (
        "Gateway app-gateway: BackendNotFound: Service web is not there\n"
        "-> Was the Service deleted by hand? pulumi up --refresh"
    )


def test_a_route_of_which_rules_are_dropped_is_not_well_though_it_is_accepted() -> None:
    dropped = condition("PartiallyInvalid", "True", "IncompatibleFilters", "Dropped Rule(s) [1]: a mirror")
    said, cure = text_of(route("HTTPRoute", ("app-gateway", [*GOOD_ROUTE, dropped]))).splitlines()
    assert said == "Gateway app-gateway: IncompatibleFilters: Dropped Rule(s) [1]: a mirror"
    assert cure == "-> Keep one of the two filters"
    for mended in ({"status": "False"}, {"observedGeneration": GENERATION - 1}):
        assert text_of(route("HTTPRoute", ("app-gateway", [*GOOD_ROUTE, dropped | mended]))) == ""


def test_of_several_parents_each_must_take_the_route() -> None:
    both = ("one", "two")
    assert text_of(route("HTTPRoute", ("one", BAD_ROUTE), ("two", GOOD_ROUTE), named=both)).startswith("Gateway one: ")
    assert text_of(route("HTTPRoute", ("one", GOOD_ROUTE), named=both)) == (
        "Gateway two: no status yet; is there such a parent, and does its controller run?"
    )
    # Envoy Gateway leaves there what it said when the route still named that parent.
    assert text_of(route("HTTPRoute", ("one", GOOD_ROUTE), ("old", BAD_ROUTE), named=("one",))) == ""


POLICIES = [
    ("BackendTLSPolicy", GATEWAY_API),
    ("ClientTrafficPolicy", ENVOY_GATEWAY),
    ("BackendTrafficPolicy", ENVOY_GATEWAY),
    ("SecurityPolicy", ENVOY_GATEWAY),
    ("EnvoyExtensionPolicy", ENVOY_GATEWAY),
    ("EnvoyPatchPolicy", ENVOY_GATEWAY),
]


@pytest.mark.parametrize(("kind", "version"), POLICIES)
def test_every_kind_of_policy_must_be_accepted_wherever_it_reaches(kind: str, version: str) -> None:
    def policy(*accepted: Object) -> Object:
        ancestors = [
            {"ancestorRef": {"name": f"gateway-{n}"}, "conditions": [each, condition("Programmed")]}
            for n, each in enumerate(accepted)
        ]
        return made(kind, version, status={"ancestors": ancestors})

    conflict = condition("Accepted", "False", "Conflicted", "an older policy is there")
    assert text_of(policy(condition("Accepted"), condition("Accepted"))) == ""
    said, cure = text_of(policy(conflict, condition("Accepted"))).splitlines()
    assert said == "Gateway gateway-0: Conflicted: an older policy is there"
    assert cure.startswith("-> Another policy of its kind has the same target")
    assert text_of(policy()).startswith("no status yet; is what it targets there, and does its controller run?")


def test_a_patch_that_finds_nothing_to_patch_fails() -> None:
    said = [condition("Accepted"), condition("Programmed", "False", "ResourceNotFound", "Unable to find it")]
    ancestors = [{"ancestorRef": {"name": "gateway"}, "conditions": said}]
    assert text_of(made("EnvoyPatchPolicy", ENVOY_GATEWAY, status={"ancestors": ancestors})) == (
        "Gateway gateway: ResourceNotFound: Unable to find it"
    )


def test_a_patch_of_which_nothing_is_said_may_have_lost_its_status() -> None:
    assert text_of(made("EnvoyPatchPolicy", ENVOY_GATEWAY)).endswith("pulumi up --refresh")
    assert "--refresh" not in text_of(made("SecurityPolicy", ENVOY_GATEWAY))


def test_a_listener_set_is_well_when_it_and_its_listeners_are() -> None:
    def listener_set(*said: Object) -> Object:
        listeners = [{"name": "extra", "conditions": [*GOOD_GATEWAY, *said]}]
        return made("ListenerSet", GATEWAY_API, status={"conditions": GOOD_GATEWAY, "listeners": listeners})

    assert text_of(listener_set(condition("ResolvedRefs"))) == ""
    broken = condition("ResolvedRefs", "False", "InvalidCertificateRef", "Secret chat/tls does not exist")
    assert text_of(listener_set(broken)).startswith("listener extra: InvalidCertificateRef: ")
    assert text_of(made("ListenerSet", GATEWAY_API)) == "no status yet; does its controller run?"


def test_a_backend_is_well_unless_envoy_gateway_refuses_it() -> None:
    def backend(*said: Object) -> Object:
        return made("Backend", ENVOY_GATEWAY, status={"conditions": said})

    assert text_of(backend(condition("Accepted"))) == ""
    # It looks only at those that a route or a policy refers to.
    assert text_of(backend()) == ""
    refused = condition("Invalid", "False", "Accepted", "IP address 127.0.0.1 in the loopback range")
    assert text_of(backend(refused)) == "Invalid: IP address 127.0.0.1 in the loopback range"
    assert text_of(backend(refused | {"observedGeneration": GENERATION - 1}, condition("Accepted"))) == ""


def job(*said: Object, **counts: int) -> Object:
    return made("Job", "batch/v1", "certgen", status={"conditions": said, **counts})


def test_a_job_is_well_when_it_is_complete() -> None:
    assert text_of(job(condition("SuccessCriteriaMet"), condition("Complete"), succeeded=1)) == ""
    assert text_of(job(condition("Failed", reason="BackoffLimitExceeded", message="it has failed twice"))) == (
        "BackoffLimitExceeded: it has failed twice"
    )


def test_a_job_that_has_yet_to_complete_says_why_its_pod_does_not_run() -> None:
    pulling = pod(waiting("ErrImagePull", "no such host"))
    pulling["metadata"]["ownerReferences"] = [{"uid": "Job certgen"}]
    first, second, *_ = text_of(job(active=1), pulling).splitlines()
    assert first == "it has yet to complete: 1 active, 0 failed"
    assert second == f"container app ({IMAGE}): ErrImagePull: no such host"


@pytest.mark.parametrize(
    ("ingress", "said"),
    [
        ([{"ip": "192.0.2.1"}], "192.0.2.1"),
        ([{"hostname": "lb.example.com"}], "lb.example.com"),
        ([], "no load balancer has given it an address"),
    ],
)
def test_a_load_balancers_service_must_have_an_address(ingress: list[Object], said: str) -> None:
    service = made("Service", "v1", spec={"type": "LoadBalancer"}, status={"loadBalancer": {"ingress": ingress}})
    (row,) = rows([service], "kubectl")
    assert row.text.splitlines()[0] == said
    assert row.state == ("ok" if ingress else "failing")


def test_a_service_inside_the_cluster_is_not_listed() -> None:
    assert rows([made("Service", "v1", spec={"type": "ClusterIP"}, status={"loadBalancer": {}})], "kubectl") == []


def deployment(
    *, asked: int = 2, seen: int = GENERATION, conditions: list[Object] | None = None, **counts: int
) -> Object:
    good = {"replicas": asked, "updatedReplicas": asked, "readyReplicas": asked, "availableReplicas": asked}
    status = {"observedGeneration": seen, "conditions": conditions or [], **(good | counts)}
    return made("Deployment", "apps/v1", spec={"replicas": asked}, status=status)


def test_a_deployment_is_well_when_its_rollout_is_through() -> None:
    through = [condition("Progressing"), condition("Available")]
    assert rows([deployment(conditions=through)], "kubectl") == [
        Row("Deployment", "web", "ok", "2/2 available", "chat")
    ]
    assert text_of(deployment(asked=0)) == ""


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        # What a rollout that is stuck looks like: the pods of before are ready, as many as are asked for.
        (
            {"replicas": 3, "updatedReplicas": 1},
            "1 of 2 replicas updated, 2 available, 2 of an earlier version",
        ),
        ({"replicas": 3}, "2 of 2 replicas updated, 2 available, 1 of an earlier version"),
        ({"availableReplicas": 1}, "2 of 2 replicas updated, 1 available"),
        ({"updatedReplicas": 0, "replicas": 0, "availableReplicas": 0}, "0 of 2 replicas updated, 0 available"),
        ({"seen": GENERATION - 1}, "its last change is not taken up yet"),
    ],
)
def test_a_rollout_that_is_not_through_fails_though_enough_pods_are_ready(counts: dict[str, Any], said: str) -> None:
    assert text_of(deployment(**counts)) == said


def test_a_deployment_says_why_it_does_not_progress_in_its_own_words() -> None:
    conditions = [
        condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
        condition("Progressing", "False", "ProgressDeadlineExceeded", "ReplicaSet web-1 has timed out progressing."),
        condition("ReplicaFailure", "True", "FailedCreate", "pods web-1 is forbidden: violates PodSecurity"),
    ]
    assert text_of(deployment(updatedReplicas=0, conditions=conditions)).splitlines()[1:] == [
        "MinimumReplicasUnavailable: Deployment does not have minimum availability.",
        "ProgressDeadlineExceeded: ReplicaSet web-1 has timed out progressing.",
        "FailedCreate: pods web-1 is forbidden: violates PodSecurity",
    ]


def crd(kind: str, bundle: str | None) -> Object:
    definition = made("CustomResourceDefinition", "apiextensions.k8s.io/v1", kind, spec={"names": {"kind": kind}})
    definition["metadata"] |= {"annotations": {"gateway.networking.k8s.io/bundle-version": bundle}} if bundle else {}
    return definition


def controller(image: str) -> Object:
    made_of = deployment()
    made_of["metadata"] |= {"labels": {"control-plane": "envoy-gateway"}}
    made_of["spec"] |= {"template": {"spec": {"containers": [{"name": "envoy-gateway", "image": image}]}}}
    return made_of


NEEDED = ("GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "BackendTLSPolicy")
RELEASE = "example.com:5000/gateway:v1.9.1@sha256:00"


def test_crds_that_are_older_than_the_controller_are_named_with_the_version_that_it_needs() -> None:
    definitions = [crd(kind, "v1.6.1") for kind in NEEDED if kind not in ("TCPRoute", "UDPRoute", "TLSRoute")]
    old = [crd("TCPRoute", "v1.5.1"), crd("UDPRoute", None)]
    assert text_of(controller(RELEASE), *definitions, *old).splitlines() == [
        "TLSRoute.gateway.networking.k8s.io: OlderCRD: its CRD is not there, and Envoy Gateway 1.9 needs that of 1.6.1",
        "TCPRoute.gateway.networking.k8s.io: OlderCRD: "
        "its CRD is of Gateway API 1.5.1, and Envoy Gateway 1.9 needs that of 1.6.1",
        "UDPRoute.gateway.networking.k8s.io: OlderCRD: "
        "its CRD is of no release, and Envoy Gateway 1.9 needs that of 1.6.1",
        "-> Something else has installed Gateway API here. To put this release's CRDs back: pulumi up --refresh",
        "-> After that, to let the controller see them: "
        "kubectl --context kind-one rollout restart -n chat deployment/envoy-gateway",
    ]


def test_a_release_is_content_with_its_own_crds(manifest_objects: list[Object], manifest_crds: list[Object]) -> None:
    (released,) = (each for each in manifest_objects if each["kind"] == "Deployment")
    container = released["spec"]["template"]["spec"]["containers"][0]
    assert text_of(controller(container["image"]), *manifest_crds) == ""
    assert RELEASE_LINES.keys() == GATEWAY_API_RELEASES.keys()


@pytest.mark.parametrize("image", [RELEASE, "example.com/gateway:mirrored"])
def test_crds_that_are_newer_than_the_controller_are_no_failure(image: str) -> None:
    assert text_of(controller(image), *(crd(kind, "v1.10.0") for kind in NEEDED)) == ""


def test_of_crds_that_nobody_may_read_nothing_is_said() -> None:
    assert text_of(controller(RELEASE)) == ""


IMAGE = "example.com/web:1"
REPLICA_SET = made("ReplicaSet", "apps/v1", "web-1", owner="Deployment web")


def pod(state: Object, name: str = "web-1-a", *, before: Object | None = None, restarts: int = 0) -> Object:
    container = {"name": "app", "image": "", "ready": False, "restartCount": restarts, "state": state}
    container["lastState"] = before or {}
    spec = {"containers": [{"name": "app", "image": IMAGE}]}
    return made("Pod", "v1", name, owner="ReplicaSet web-1", spec=spec, status={"containerStatuses": [container]})


def waiting(reason: str, message: str = "as it is") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error") -> Object:
    return {"terminated": {"exitCode": code, "reason": reason}}


def reasons(*pods: Object, kubectl: str = "kubectl --context kind-one") -> list[str]:
    """What the pods of a Deployment add to what is said of it."""
    return text_of(deployment(availableReplicas=0), REPLICA_SET, *pods, kubectl=kubectl).splitlines()[1:]


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled_is_named_with_the_way_to_have_it(reason: str) -> None:
    named = f"container app ({IMAGE}): {reason}: no such host"
    assert reasons(pod(waiting(reason, "no such host"))) == [
        named,
        "-> Is the name right, and may the nodes pull it? kubectl --context kind-one describe pod -n chat",
        "-> The cluster that `make up` starts reaches no registry: "
        ".venv/bin/python -m local.cluster load-image ARCHIVE (which `docker save` writes)",
    ]


def test_a_container_whose_configuration_is_missing_says_what_it_needs() -> None:
    assert reasons(pod(waiting("CreateContainerConfigError", 'configmap "web" not found')))[0] == (
        f'container app ({IMAGE}): CreateContainerConfigError: configmap "web" not found'
    )


def test_a_container_that_ends_again_and_again_is_shown_with_its_last_words() -> None:
    crashing = pod(waiting("CrashLoopBackOff", "back-off 20s"), before=ended(1), restarts=4)
    asked: list[Container] = []

    def last_words(container: Container) -> str:
        asked.append(container)
        return "starting\nerror: no port\n"

    (row,) = rows([deployment(availableReplicas=0), REPLICA_SET, crashing], ".venv/bin/kubectl", last_words)
    assert row.text.splitlines()[1:] == [
        f"container app ({IMAGE}): CrashLoopBackOff: exit code 1, restarts: 4",
        "  | starting",
        "  | error: no port",
        "-> .venv/bin/kubectl logs -n chat web-1-a -c app --previous",
    ]
    assert asked == [Container("chat", "web-1-a", "app", previous=True)]


@pytest.mark.parametrize(
    ("crashing", "previous"),
    [
        (pod(ended(137, "OOMKilled"), restarts=1), False),
        (pod({"running": {}}, before=ended(137, "OOMKilled"), restarts=1), True),
    ],
    ids=["just ended", "started again"],
)
def test_a_container_that_crashes_is_found_whatever_it_is_doing_just_now(crashing: Object, previous: bool) -> None:
    first, cure = reasons(crashing)
    assert first == f"container app ({IMAGE}): OOMKilled: exit code 137, restarts: 1"
    assert cure.endswith(" -c app --previous" if previous else " -c app")


@pytest.mark.parametrize("state", [waiting("ContainerCreating"), waiting("PodInitializing"), {"running": {}}, ended(0)])
def test_a_pod_on_its_way_is_not_blamed(state: Object) -> None:
    assert reasons(pod(state)) == []


def test_a_pod_that_is_being_taken_away_is_not_blamed() -> None:
    leaving = pod(waiting("CrashLoopBackOff"), before=ended(1))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    assert reasons(leaving) == []


def test_a_pod_for_which_no_node_has_room_says_so() -> None:
    nowhere = pod(waiting("ContainerCreating"))
    unscheduled = condition("PodScheduled", "False", "Unschedulable", "0/1 nodes are available: 1 Insufficient memory.")
    nowhere["status"] = {"conditions": [unscheduled]}
    assert reasons(nowhere) == [
        "pod: Unschedulable: 0/1 nodes are available: 1 Insufficient memory.",
        "-> kubectl --context kind-one describe nodes",
    ]


def test_replicas_that_fail_alike_are_told_once() -> None:
    replicas = [pod(waiting("RunContainerError", f"id {letter}"), f"web-1-{letter}") for letter in "abc"]
    assert reasons(*replicas) == reasons(replicas[-1])


def test_the_pods_of_a_deployment_that_is_well_are_not_looked_at() -> None:
    assert text_of(deployment(), REPLICA_SET, pod(waiting("CrashLoopBackOff"), before=ended(1))) == ""


def event(about: Object, message: str, at: str, **changed: Any) -> Object:
    written = made("Event", "v1", f"{message}-{at}", involvedObject={"uid": about["metadata"]["uid"]})
    return written | {"type": "Warning", "reason": "Unhealthy", "message": message, "lastTimestamp": at} | changed


def test_the_last_three_warnings_about_a_failing_object_and_its_pods_are_shown() -> None:
    starting, stuck = pod({"running": {}}), deployment(availableReplicas=0)
    events = [
        event(starting, "fourth", "2026-11-24T12:04:00Z"),
        event(REPLICA_SET, "third", "2026-11-24T12:03:00Z", lastTimestamp=None, eventTime="2026-11-24T12:03:00.1Z"),
        event(starting, "first", "2026-11-24T12:01:00Z"),
        event(stuck, "second", "2026-11-24T12:02:00Z"),
        event(stuck, "second", "2026-11-24T12:02:30Z"),
        event(stuck, "as it should be", "2026-11-24T12:05:00Z", type="Normal"),
        event(made("Pod", "v1", "another"), "not ours", "2026-11-24T12:05:00Z"),
    ]
    assert text_of(stuck, REPLICA_SET, starting, *events).splitlines()[1:] == [
        "event Unhealthy: second",
        "event Unhealthy: third",
        "event Unhealthy: fourth",
    ]


def test_warnings_that_repeat_what_the_container_says_are_left_out() -> None:
    failing = pod(waiting("ImagePullBackOff"))
    events = [
        event(failing, reason, "2026-11-24T12:01:00Z", reason=reason) for reason in ("Failed", "BackOff", "Evicted")
    ]
    said = text_of(deployment(availableReplicas=0), REPLICA_SET, failing, *events)
    assert [line for line in said.splitlines() if line.startswith("event")] == ["event Evicted: Evicted"]


def test_of_the_envoys_of_a_shared_cluster_only_those_of_the_stacks_gateway_are_listed() -> None:
    def envoys(name: str, gateway: str) -> Object:
        labels = {
            f"gateway.envoyproxy.io/owning-gateway-{part}": of
            for part, of in {"namespace": "chat", "name": gateway}.items()
        }
        return deployment() | {"metadata": made("Deployment", "apps/v1", name)["metadata"] | {"labels": labels}}

    found = rows([gateway(GOOD_GATEWAY), envoys("ours", "web"), envoys("theirs", "another")], "kubectl")
    assert [row.name for row in found if row.what == "Deployment"] == ["ours"]


def test_rows_come_by_kind_from_the_way_in_to_the_pods_and_by_name() -> None:
    found = rows([deployment(), route("HTTPRoute"), gateway([]), made("GatewayClass", GATEWAY_API)], "kubectl")
    assert [row.what for row in found] == ["GatewayClass", "Gateway", "HTTPRoute", "Deployment"]


def test_a_kind_of_the_same_name_in_another_group_is_not_taken_for_ours() -> None:
    assert rows([made("Gateway", "networking.istio.io/v1")], "kubectl") == []


def test_a_certificate_that_is_not_issued_says_why() -> None:
    pending = condition("Ready", "False", "Pending", "Waiting for the challenge of chat.example.com")
    item = made("Certificate", "cert-manager.io/v1", status={"conditions": [pending]})
    assert text_of(item).splitlines()[0] == "Pending: Waiting for the challenge of chat.example.com"
    assert text_of(made("Issuer", "cert-manager.io/v1", status={"conditions": [condition("Ready")]})) == ""
