"""The verdict on every object of the table, and what its objects do not show."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from checks import UNKNOWN, Crds, Mistake, check
from checks.schema import builtin, cel
from kube.json_paths import children
from tests.unit.checks.schema.verdicts import BUILTIN, CASES, Case

GATEWAY_API = "gateway.networking.k8s.io"
HTTP = {"name": "http", "port": 80, "protocol": "HTTP"}


def gateway(**listener: Any) -> dict[str, Any]:
    spec = {"gatewayClassName": "eg", "listeners": [HTTP | listener]}
    return {"apiVersion": f"{GATEWAY_API}/v1", "kind": "Gateway", "metadata": {"name": "gateway"}, "spec": spec}


def route(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GATEWAY_API}/v1", "kind": "HTTPRoute", "metadata": {"name": "route"}, "spec": spec}


def crd(schema: Mapping[str, Any], **served: bool) -> dict[str, Any]:
    """Of a kind whose spec has this schema, in versions that are `served` or not."""
    of_object = {"openAPIV3Schema": {"type": "object", "properties": {"spec": schema}}}
    versions = [{"name": name, "served": serves, "schema": of_object} for name, serves in served.items()]
    return {"spec": {"group": "example.com", "names": {"kind": "Thing"}, "versions": versions}}


def made_up(schema: Mapping[str, Any]) -> Crds:
    return Crds.of([crd(schema, v1=True)])


def thing(spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "thing"}, "spec": spec}


def rules(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every CEL rule that stands in a schema."""
    if isinstance(schema, dict):
        yield from schema.get("x-kubernetes-validations", ())
    for _, child in children(schema):
        yield from rules(child)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_object_breaks_the_rules_that_the_table_says_and_no_other(case: Case, crds: Crds) -> None:
    assert [f"{mistake.field}: {mistake.rule}" for mistake in check(case.wire, crds)] == list(case.breaks)


@pytest.mark.parametrize("case", BUILTIN, ids=lambda case: case.name)
def test_an_object_of_a_builtin_kind_breaks_the_rules_that_the_table_says_and_no_other(case: Case) -> None:
    found = check(case.wire, Crds(builtin.kinds()))
    assert [f"{mistake.field}: {mistake.rule}" for mistake in found] == list(case.breaks)


def test_a_builtin_kind_has_the_version_that_is_served() -> None:
    (mistake,) = check({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}, Crds(builtin.kinds()))
    assert mistake.cure == "write policy/v1"


def test_every_kind_of_the_release_has_good_and_bad_objects_in_the_table(crds: Crds) -> None:
    good = Counter(case.wire["kind"] for case in CASES if not case.breaks)
    bad = Counter(case.wire["kind"] for case in CASES if case.breaks)
    kinds = {kind for _, kind in crds.kinds}
    assert {kind: (good[kind], bad[kind]) for kind in kinds if good[kind] < 2 or bad[kind] < 3} == {}


def test_every_rule_of_the_release_in_cel_compiles(manifest_crds: list[dict[str, Any]]) -> None:
    found = {rule["rule"] for crd in manifest_crds for rule in rules(crd) if "oldSelf" not in rule["rule"]}
    assert len(found) > 200
    assert [rule for rule in found if cel.compiled(rule) is None] == []


# Which kinds are checked


def test_a_version_that_the_release_does_not_serve_is_named_with_those_that_it_does(crds: Crds) -> None:
    (mistake,) = check(gateway() | {"apiVersion": f"{GATEWAY_API}/v1alpha2"}, crds)
    assert str(mistake) == (
        'apiVersion = "gateway.networking.k8s.io/v1alpha2": Gateway is served as gateway.networking.k8s.io/v1 and '
        "gateway.networking.k8s.io/v1beta1 only (write gateway.networking.k8s.io/v1)"
    )


def test_a_version_that_is_no_longer_served_is_not_taken() -> None:
    crds = Crds.of([crd({"type": "object"}, v1=False, v2=True)])
    (mistake,) = check(thing({}), crds)
    assert (mistake.field, mistake.cure) == ("apiVersion", "write example.com/v2")


def test_a_misspelt_kind_is_noticed(crds: Crds) -> None:
    (mistake,) = check(route() | {"kind": "HttpRoute"}, crds)
    assert mistake.path == ("kind",)
    assert mistake.cure == "did you mean HTTPRoute?"


def test_a_kind_of_a_group_that_the_release_has_none_of_is_not_checked(crds: Crds) -> None:
    assert check({"apiVersion": "v1", "kind": "Service", "spec": {"prots": []}}, crds) == ()
    assert check({"apiVersion": "cert-manager.io/v1", "kind": "Issuer"}, crds) == ()


def test_annotations_have_room_for_256_kib(crds: Crds) -> None:
    wire = gateway()
    wire["metadata"]["annotations"] = {"a": "é" * (128 * 1024 - 1)}
    assert check(wire, crds) == ()
    wire["metadata"]["annotations"] |= {"b": "c"}
    assert [mistake.field for mistake in check(wire, crds)] == ["metadata.annotations"]


# What is told


def test_all_mistakes_of_an_object_are_told_at_once(crds: Crds) -> None:
    wire = gateway(port=0, tls={"certificateRefs": [{"name": "cert"}]}, hostName="a.example.com")
    wire["metadata"]["labels"] = {"team": "a b"}
    assert [mistake.field for mistake in check(wire, crds)] == [
        "metadata.labels.team",
        "spec.listeners",
        "spec.listeners[0].hostName",
        "spec.listeners[0].port",
    ]


def test_a_rule_is_not_asked_about_a_value_that_it_makes_no_sense_of(crds: Crds) -> None:
    twice = [{"name": "gateway", "port": "80"}] * 2
    assert [mistake.field for mistake in check(route(parentRefs=twice, rules=[{"name": "a"}] * 2), crds)] == [
        "spec.parentRefs[0].port",
        "spec.parentRefs[1].port",
        "spec.rules",
    ]


def test_one_value_of_the_wrong_type_is_one_mistake(crds: Crds) -> None:
    assert [mistake.rule for mistake in check(route(hostnames=[1]), crds)] == ["must be a string"]
    assert [mistake.rule for mistake in check(route(hostnames=[""]), crds)] == ["must not be empty"]


@pytest.mark.parametrize(
    ("listener", "cure"),
    [
        ({"port": "80"}, "write 80 without quotes"),
        ({"name": 80}, 'write "80", in quotes'),
        ({"hostNames": ["a.example.com"]}, "did you mean hostname?"),
        ({"x": 1}, "the fields are allowedRoutes, hostname, name, port, protocol, tls"),
        ({"tls": {"mode": "passthrough"}}, "did you mean Passthrough?"),
        ({"port": None}, "add it"),
        ({"port": 0}, ""),
    ],
)
def test_a_mistake_brings_its_cure_where_one_is_known(listener: dict[str, Any], cure: str, crds: Crds) -> None:
    assert cure in [mistake.cure for mistake in check(gateway(**listener), crds)]


def test_a_mistake_is_printed_with_its_field_as_kubernetes_writes_it() -> None:
    path = ("spec", "rules", 0, "annotations", "example.com/team")
    mistake = Mistake(path=path, value="a", rule="must be b", cure="write b")
    assert str(mistake) == 'spec.rules[0].annotations[example.com/team] = "a": must be b (write b)'
    assert str(Mistake(path=("spec",), value={"a": 1}, rule="must be b")) == "spec: must be b"


# What is known only after `up`


def test_what_is_not_known_yet_satisfies_every_type(crds: Crds) -> None:
    wire = gateway(name=UNKNOWN, port=UNKNOWN, hostname=UNKNOWN)
    wire["metadata"] |= {"namespace": UNKNOWN, "labels": UNKNOWN}
    assert check(wire, crds) == ()
    assert check(gateway() | {"spec": UNKNOWN}, crds) == ()
    assert check(gateway() | {"metadata": UNKNOWN}, crds) == ()


def test_beside_what_is_not_known_yet_the_rest_is_checked(crds: Crds) -> None:
    assert [mistake.field for mistake in check(gateway(name=UNKNOWN, port=0), crds)] == ["spec.listeners[0].port"]


def test_a_rule_is_not_asked_about_what_is_not_known_yet(crds: Crds) -> None:
    twice = [{"name": "gateway", "sectionName": "http"}] * 2
    assert [mistake.field for mistake in check(route(parentRefs=twice), crds)] == ["spec.parentRefs"]
    unknown = [parent | {"sectionName": UNKNOWN} for parent in twice]
    path = {"matches": [{"path": {"value": "chat"}}]}
    found = check(route(parentRefs=unknown, rules=[path]), crds)
    assert [mistake.field for mistake in found] == ["spec.rules[0].matches[0].path"]


def test_items_whose_keys_are_not_known_yet_are_not_taken_for_the_same(crds: Crds) -> None:
    headers = [{"name": UNKNOWN, "value": "a"}, {"name": UNKNOWN, "value": "b"}]
    wire = route(rules=[{"filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": headers}}]}])
    assert check(wire, crds) == ()


def test_an_address_that_is_not_known_yet_is_one(crds: Crds) -> None:
    wire = gateway()
    wire["spec"]["addresses"] = [{"type": "IPAddress", "value": UNKNOWN}]
    assert check(wire, crds) == ()


# What no CRD of the release uses, but Kubernetes has


def test_the_message_and_the_field_of_a_rule_are_those_that_it_says() -> None:
    rule = {
        "rule": "self.least <= self.most",
        "messageExpression": "'must not exceed ' + string(self.most)",
        "fieldPath": ".least",
    }
    numbers = {"least": {"type": "integer"}, "most": {"type": "integer"}}
    crds = made_up({"type": "object", "properties": numbers, "x-kubernetes-validations": [rule]})
    assert check(thing({"least": 1, "most": 2}), crds) == ()
    (mistake,) = check(thing({"least": 3, "most": 2}), crds)
    assert (mistake.field, mistake.rule) == ("spec.least", "must not exceed 2")


def test_a_rule_with_a_function_that_is_unknown_here_is_left_to_the_api_server() -> None:
    rule = {"rule": "quantity(self).isInteger()", "message": "must be whole"}
    crds = made_up({"type": "string", "x-kubernetes-validations": [rule]})
    assert check(thing("1.5"), crds) == ()


def test_a_rule_that_compares_with_the_old_object_has_nothing_to_compare() -> None:
    crds = made_up({"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]})
    assert check(thing("new"), crds) == ()


def test_null_is_a_value_where_the_schema_says_so() -> None:
    nullable = {"type": "string", "nullable": True}
    crds = made_up({"type": "object", "properties": {"a": nullable}, "required": ["a"]})
    assert check(thing({"a": None}), crds) == ()
    assert [mistake.field for mistake in check(thing({"a": 1}), crds)] == ["spec.a"]


def test_an_object_that_keeps_unknown_fields_may_have_any() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert [mistake.field for mistake in check(thing({"a": "b", "c": {}}), made_up(schema))] == ["spec.c"]
    crds = made_up(schema | {"x-kubernetes-preserve-unknown-fields": True})
    assert check(thing({"a": "b", "c": {"d": [1]}}), crds) == ()
    assert [mistake.field for mistake in check(thing({"a": 1}), crds)] == ["spec.a"]


def test_which_alternative_holds_may_hang_on_what_is_not_known_yet() -> None:
    either = [{"properties": {"a": {"enum": ["x"]}}}, {"properties": {"b": {"enum": ["y"]}}}]
    crds = made_up(
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "anyOf": either}
    )
    (mistake,) = check(thing({"a": "y", "b": "x"}), crds)
    assert str(mistake) == "spec: a must be x or b must be y"
    assert check(thing({"a": UNKNOWN, "b": "x"}), crds) == ()


def test_a_field_whose_name_cel_reserves_is_found_under_its_escaped_name() -> None:
    rule = {"rule": "self.__namespace__ == self.a__dash__b", "message": "must be the same"}
    texts = {"namespace": {"type": "string"}, "a-b": {"type": "string"}}
    crds = made_up({"type": "object", "properties": texts, "x-kubernetes-validations": [rule]})
    assert check(thing({"namespace": "a", "a-b": "a"}), crds) == ()
    assert [mistake.rule for mistake in check(thing({"namespace": "a", "a-b": "b"}), crds)] == ["must be the same"]


def test_a_number_is_no_integer_to_cel_however_it_is_written() -> None:
    crds = made_up({"type": "number", "x-kubernetes-validations": [{"rule": "self / 2.0 == 0.5"}]})
    assert check(thing(1), crds) == ()
    assert [mistake.rule for mistake in check(thing(2), crds)] == ["must satisfy self / 2.0 == 0.5"]


# What it needs


def test_the_package_needs_neither_pulumi_nor_anything_of_the_local_cluster() -> None:
    program = "import sys, checks; print(*(name for name in ('pulumi', 'local', 'components') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
