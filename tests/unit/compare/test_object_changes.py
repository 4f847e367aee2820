"""Objects that change, what is lost on the way, and the sum of a plan."""

from copy import deepcopy

from compare import compare
from compare.comparison import digest
from compare.object_changes import object_changes
from kube.labels import STACK
from plans import SecretValue
from tests.cases.builders import Manifest, backend, gateway, listener, manifest, namespace, route, rule, service
from tests.unit.compare.plans_of import compared, plan_of, planned


def actions(base: list[Manifest], head: list[Manifest]) -> list[str]:
    return [str(change) for change in object_changes(plan_of(base), plan_of(head))[0]]


def claim(name: str = "data", **spec: object) -> Manifest:
    return manifest("PersistentVolumeClaim", name, spec=spec)


def test_objects_are_created_updated_and_deleted_with_their_fields() -> None:
    old, new = service("web", 80), service("web", 8080)
    (change,), _ = object_changes(plan_of([old]), plan_of([new]))
    assert str(change) == "update Service chat/web"
    assert [str(field) for field in change.fields] == [
        'spec.ports[0].name: "port-80" -> "port-8080"',
        "spec.ports[0].port: 80 -> 8080",
    ]
    assert actions([old], [service("api")]) == ["delete Service chat/web", "create Service chat/api"]


def test_a_field_that_cannot_change_replaces_the_object() -> None:
    (change,), _ = object_changes(plan_of([claim(storageClassName="fast")]), plan_of([claim(storageClassName="slow")]))
    assert (change.action, change.because) == ("replace", ("spec.storageClassName",))
    deployment = manifest("Deployment", "web", api_version="apps/v1", spec={"selector": {"matchLabels": {"app": "a"}}})
    other = deepcopy(deployment)
    other["spec"]["selector"]["matchLabels"]["app"] = "b"
    assert actions([deployment], [other]) == ["replace Deployment chat/web"]


def test_an_alias_makes_two_objects_one() -> None:
    old, new = planned(service("web"), urn="urn:old"), planned(service("web"), urn="urn:new", aliases={"urn:old"})
    assert object_changes(plan_of([old]), plan_of([new])) == ([], 0)
    renamed = planned(service("shop"), urn="urn:old")
    (change,), _ = object_changes(plan_of([old]), plan_of([renamed]))
    assert (str(change), change.because) == ("replace Service chat/web", ("metadata.name",))


def test_an_object_with_another_urn_and_the_same_name_is_the_same_object() -> None:
    old, new = planned(service("web"), urn="urn:old"), planned(service("web"), urn="urn:new")
    assert object_changes(plan_of([old]), plan_of([new])) == ([], 1)


def test_annotations_that_only_pulumi_reads_do_not_count() -> None:
    marked = service("web")
    marked["metadata"]["annotations"] = {"pulumi.com/patchForce": "true", STACK: "dev"}
    assert actions([service("web")], [marked]) == []


def test_a_secret_shows_that_it_changes_and_nothing_else() -> None:
    def secret(digest: str) -> Manifest:
        return manifest("Secret", "login", stringData={"password": SecretValue(digest)})

    (change,), _ = object_changes(plan_of([secret("abc123")]), plan_of([secret("def456")]))
    assert [str(field) for field in change.fields] == ["stringData.password: secret -> content changes"]
    assert digest(plan_of([secret("abc123")])) == digest(plan_of([secret("def456")]))
    assert digest(plan_of([secret("abc123")])) != digest(plan_of([]))


def test_deletions_come_first_with_the_cure() -> None:
    base = [namespace("shop"), claim(), gateway(), gateway(name="second"), service(), route()]
    found = compare(plan_of(base), plan_of([gateway(listener("web")), service(), route()])).losses
    assert [str(loss) for loss in found] == [
        "delete Namespace shop",
        "delete PersistentVolumeClaim chat/data",
        "delete Gateway chat/second",
        "interrupt Gateway chat/gate (listener http becomes web)",
    ]
    assert all(loss.cure for loss in found)


def test_a_gateway_with_another_class_or_address_is_a_loss() -> None:
    fixed = gateway(addresses=[{"value": "192.0.2.1"}])
    moved = gateway(addresses=[{"value": "192.0.2.2"}], class_name="merged")
    assert [loss.why for loss in compare(plan_of([fixed]), plan_of([moved])).losses] == [
        "another GatewayClass",
        "another address",
    ]


def test_new_problems_and_those_that_end_are_named_by_code() -> None:
    broken = route(rule(backend("missing")))
    comparison = compared([route()], [broken])
    assert [one.code for one in comparison.new_problems] == ["reference-missing"]
    assert [one.code for one in compared([broken], [route()]).ended_problems] == ["reference-missing"]
