"""All rules between the keys of a stack."""

from collections.abc import Iterator
from itertools import chain

from config import (
    gateway_rules,
    issuer_rules,
    name_rules,
    platform_rules,
    redirect_rules,
    request_test_rules,
    route_rules,
    secret_rules,
    workload_rules,
)
from config.stack import StackConfig
from diagnostics import Problem

_EVERY = (
    gateway_rules,
    issuer_rules,
    name_rules,
    platform_rules,
    redirect_rules,
    request_test_rules,
    route_rules,
    secret_rules,
    workload_rules,
)


def broken_rules(stack: StackConfig) -> Iterator[Problem]:
    """Every rule between keys that the config breaks."""
    return chain.from_iterable(module.rules(stack) for module in _EVERY)
