"""Features of CRDs: CEL rules, nullable and open schemas, alternatives. Most of them occur in no CRD of the release."""

from collections.abc import Iterator, Mapping
from typing import Any

from checks.schema import Crds, cel, validate
from kube.json_paths import children
from kube.manifest import Manifest
from kube.unknown import UNKNOWN
from tests.cases.schemas import crd, thing


def things(schema: Mapping[str, Any]) -> Crds:
    return Crds.of([crd(schema, v1=True)])


def texts(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def fields(wrong: Manifest, crds: Crds) -> list[str]:
    return [problem.field for problem in validate(wrong, crds)]


def rules(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every CEL rule in a schema."""
    if isinstance(schema, dict):
        yield from schema.get("x-kubernetes-validations", ())
    for _, child in children(schema):
        yield from rules(child)


def test_every_cel_rule_of_the_release_compiles(manifest_crds: list[dict[str, Any]]) -> None:
    found = {rule["rule"] for crd in manifest_crds for rule in rules(crd) if "oldSelf" not in rule["rule"]}
    assert len(found) > 200
    assert [rule for rule in found if cel.compiled(rule) is None] == []


def test_a_version_that_is_no_longer_served_is_refused() -> None:
    crds = Crds.of([crd({"type": "object"}, v1=False, v2=True)])
    (problem,) = validate(thing({}), crds)
    assert (problem.field, problem.code) == ("apiVersion", "version-not-served")
    assert problem.words["newest"] == "example.com/v2"


def test_a_cel_rule_may_compute_its_message_and_name_a_field() -> None:
    rule = {
        "rule": "self.least <= self.most",
        "messageExpression": "'must not exceed ' + string(self.most)",
        "fieldPath": ".least",
    }
    numbers = {"least": {"type": "integer"}, "most": {"type": "integer"}}
    crds = things({"type": "object", "properties": numbers, "x-kubernetes-validations": [rule]})
    assert validate(thing({"least": 1, "most": 2}), crds) == ()
    (problem,) = validate(thing({"least": 3, "most": 2}), crds)
    assert (problem.field, problem.code) == ("spec.least", "cel-rule")
    assert problem.words["message"] == "must not exceed 2"


def test_a_cel_rule_with_an_unknown_function_is_left_to_the_api_server() -> None:
    rule = {"rule": "quantity(self).isInteger()", "message": "must be whole"}
    crds = things({"type": "string", "x-kubernetes-validations": [rule]})
    assert validate(thing("1.5"), crds) == ()


def test_a_cel_rule_over_the_old_object_is_not_evaluated() -> None:
    crds = things({"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]})
    assert validate(thing("new"), crds) == ()


def test_a_cel_rule_reads_a_field_with_a_reserved_name_by_its_escaped_name() -> None:
    rule = {"rule": "self.__namespace__ == self.a__dash__b", "message": "must be the same"}
    crds = things(texts("namespace", "a-b") | {"x-kubernetes-validations": [rule]})
    assert validate(thing({"namespace": "a", "a-b": "a"}), crds) == ()
    (problem,) = validate(thing({"namespace": "a", "a-b": "b"}), crds)
    assert (problem.field, problem.words["message"]) == ("spec", "must be the same")


def test_a_number_is_not_an_integer_in_cel() -> None:
    crds = things({"type": "number", "x-kubernetes-validations": [{"rule": "self / 2.0 == 0.5"}]})
    assert validate(thing(1), crds) == ()
    (problem,) = validate(thing(2), crds)
    assert (problem.field, problem.words["message"]) == ("spec", "must satisfy self / 2.0 == 0.5")


def test_a_nullable_field_may_be_null() -> None:
    nullable = {"type": "string", "nullable": True}
    crds = things({"type": "object", "properties": {"a": nullable}, "required": ["a"]})
    assert validate(thing({"a": None}), crds) == ()
    assert fields(thing({"a": 1}), crds) == ["spec.a"]


def test_an_object_that_preserves_unknown_fields_may_have_any() -> None:
    assert fields(thing({"a": "b", "c": {}}), things(texts("a"))) == ["spec.c"]
    crds = things(texts("a") | {"x-kubernetes-preserve-unknown-fields": True})
    assert validate(thing({"a": "b", "c": {"d": [1]}}), crds) == ()
    assert fields(thing({"a": 1}), crds) == ["spec.a"]


def test_an_alternative_may_require_a_field() -> None:
    crds = things(texts("a", "b") | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]})
    assert validate(thing({"b": "x"}), crds) == ()
    (problem,) = validate(thing({}), crds)
    assert (problem.field, problem.code) == ("spec", "field-alternatives")
    assert problem.rule == "a is required or b is required"


def test_an_unknown_value_may_make_any_alternative_hold() -> None:
    either = [{"properties": {"a": {"enum": ["x"]}}}, {"properties": {"b": {"enum": ["y"]}}}]
    crds = things(texts("a", "b") | {"anyOf": either})
    (problem,) = validate(thing({"a": "y", "b": "x"}), crds)
    assert (problem.field, problem.code) == ("spec", "field-alternatives")
    assert problem.rule == "a must be x or b must be y"
    assert validate(thing({"a": UNKNOWN, "b": "x"}), crds) == ()
