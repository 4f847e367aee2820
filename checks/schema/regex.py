"""Regular expressions as Envoy reads them: https://github.com/google/re2/wiki/syntax."""

from checks.schema import cel


def is_regular(pattern: str) -> bool:
    try:
        # CEL's expressions are RE2's too.
        cel.evaluated("''.matches(self)", pattern)
    except ValueError:
        return False
    return True
