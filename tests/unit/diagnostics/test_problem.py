"""The line of a problem."""

from diagnostics import problem


def test_a_problem_is_printed_with_its_field_as_kubernetes_writes_it() -> None:
    path = ("spec", "rules", 0, "annotations", "example.com/team")
    line = str(problem("field-maximum", path, 7, limit=5))
    assert line == "spec.rules[0].annotations[example.com/team] = 7: must be at most 5 [field-maximum]"


def test_only_a_scalar_value_is_printed() -> None:
    assert str(problem("field-empty", ("spec",), "a")) == 'spec = "a": must not be empty [field-empty]'
    assert str(problem("field-empty", ("spec",), {"a": 1})) == "spec: must not be empty [field-empty]"
