"""Regular expressions as Envoy reads them: https://github.com/google/re2/wiki/syntax."""

from checks.schema import cel


def is_regex(pattern: str) -> bool:
    """Whether RE2 compiles the pattern. CEL uses RE2, so the program needs no second library for it."""
    try:
        cel.evaluate("''.matches(self)", pattern)
    except ValueError:
        return False
    return True
