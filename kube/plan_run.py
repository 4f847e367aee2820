"""A run that only plans: it has no engine, so neither a state nor the key that decrypts values of the config."""

WITHOUT_STATE = "PLAN_WITHOUT_STATE"
"""Environment variable of such a run."""
WITHOUT_TESTS = "PLAN_WITHOUT_TESTS"
"""Environment variable of such a run that does not check the stack's `tests`, for whoever looks why one is broken."""
_PREFIX = "sealed:b8c1f0ce-6c0f-4f8e-9f39-5a0c3f7d6a21:"
"""No value that a user types begins with it."""


def sealed(label: str) -> str:
    """The stand-in for an encrypted value. Equal labels are equal values."""
    return f"{_PREFIX}{label}"


def is_sealed(value: object) -> bool:
    """Whether a value is a stand-in, so that nothing may be said about its content."""
    return isinstance(value, str) and value.startswith(_PREFIX)
