"""Promises: the requests that a stack's `tests` say it answers, held against its declared objects."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from config import RequestTestSettings
from diagnostics import Problem, problem
from diagnostics.render import Located, config_key
from explain import Ending, Evaluator, Promise, Request, RequestError
from kube.manifest import Manifest


def promise(test: RequestTestSettings) -> Promise:
    """The promise of a test. Raises RequestError if no client could send its request."""
    keys = test.keys
    if keys.method.upper() == "CONNECT":
        raise RequestError("A test cannot open a tunnel.", "Write another method.", "method")
    if colon := next((name for name in keys.headers if ":" in name), None):
        raise RequestError(f"The name of the header {colon!r} has a colon.", "Write it as name: value.", "headers")
    lines = [f"{name}: {value}" for name, value in keys.headers.items()]
    return Promise(
        request=Request.of(test.url, keys.method, lines),
        backend=test.backend,
        status=keys.status,
        location=keys.location,
        headers=keys.response_headers,
    )


def broken_promises(
    tests: Iterable[RequestTestSettings], manifests: Sequence[Manifest], *, project: str, stack: str
) -> list[Located]:
    """A problem for each promise that a cluster with these objects, in which there is no other problem, breaks."""
    evaluator = Evaluator(manifests, problems=())
    found = [each for test in tests for each in _broken(test, evaluator, stack)]
    return [Located(place=config_key(project, each.path), problem=each, value=each.value) for each in found]


def _broken(test: RequestTestSettings, evaluator: Evaluator, stack: str) -> Iterator[Problem]:
    keys = test.keys
    try:
        promised = promise(test)
    except RequestError as error:
        value = getattr(keys, error.part)
        yield problem("test-request-invalid", keys.at(error.part), value, message=error, fix=error.fix)
        return
    ending = Ending.of(evaluator.verdict(promised.request, in_detail=False))
    # Headers of the answer are known to Envoy only.
    if key := replace(promised, headers={}).broken_by(ending):
        words = {"request": promised.request, "end": ending.text, "typed": _typed(promised.request, stack)}
        yield problem("test-broken", keys.at(key), getattr(keys, key), **words)


def _typed(request: Request, stack: str) -> str:
    """The command that shows why a request ends as it does. It takes one header."""
    url = f"{request.scheme}://{request.authority}{request.target}"
    typed = {
        "URL": url,
        "METHOD": "" if request.method == "GET" else request.method,
        "HEADER": ": ".join(request.headers[0]) if request.headers else "",
        "STACK": "" if stack == "dev" else stack,
    }
    return " ".join(["make explain", *(f"{name}={shlex.quote(value)}" for name, value in typed.items() if value)])
