"""Rules of requests that a stack promises to answer."""

import re
from collections.abc import Iterator

from config.stack import StackConfig
from config.workload_rules import unknown_workload
from diagnostics import Problem, problem

_OBJECT = re.compile(r"[A-Z]\w*(\.[a-z0-9.-]+)?/[a-z0-9-]+/[a-z0-9.-]+")


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of all tests of a stack."""
    for test in stack.tests.values():
        if test.backend is None and test.status is None:
            yield problem("test-without-end", test.at())
        if test.backend is not None and test.location is not None:
            yield problem("keys-exclusive", test.at("location"), test.location, other="backend")
        if not test.is_path and test.hostname is not None:
            yield problem("test-hostname-without-path", test.at("hostname"), test.hostname, url=test.url)
        if test.is_path and test.hostname is None and test.backend not in stack.exposed_hosts:
            yield problem("test-path-without-host", test.at("url"), test.url)
        if test.backend is None or test.backend in stack.backends:
            continue
        if "/" not in test.backend:
            yield unknown_workload(stack, test.at("backend"), test.backend)
        elif not _OBJECT.fullmatch(test.backend):
            yield problem("test-backend-invalid", test.at("backend"), test.backend)
