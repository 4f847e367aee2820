"""Promises: the requests that a stack's `tests` say it answers, held against its declared objects."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from config import RequestTestSettings
from diagnostics import Problem, problem
from diagnostics.render import Located, config_key
from explain import Ending, Evaluator, Promise, Request, RequestError
from kube.manifest import Manifest


def promise(test: RequestTestSettings) -> Promise:
    """The promise of a test. Raises RequestError if no client could send its request."""
    keys = test.keys
    lines = [f"{name}: {value}" for name, value in keys.headers.items()]
    return Promise(
        request=Request.of(test.url, keys.method, lines),
        backend=test.backend,
        status=keys.status,
        location=keys.location,
        headers=keys.response_headers,
    )


def broken_promises(
    tests: Iterable[RequestTestSettings], manifests: Sequence[Manifest], *, project: str
) -> list[Located]:
    """A problem for each promise that a cluster with these objects, in which there is no other problem, breaks."""
    evaluator = Evaluator(manifests, problems=())
    found = [each for test in tests for each in _broken(test, evaluator)]
    return [Located(place=config_key(project, each.path), problem=each, value=each.value) for each in found]


def _broken(test: RequestTestSettings, evaluator: Evaluator) -> Iterator[Problem]:
    keys = test.keys
    try:
        promised = promise(test)
    except RequestError as error:
        yield problem("test-request-invalid", keys.at("url"), keys.url, message=error, fix=error.fix)
        return
    ending = Ending.of(evaluator.verdict(promised.request, in_detail=False))
    if key := promised.broken_by(ending):
        typed = f"URL={shlex.quote(test.url)}{'' if keys.method == 'GET' else f' METHOD={keys.method}'}"
        yield problem(
            "test-broken", keys.at(key), getattr(keys, key), request=promised.request, end=ending.text, typed=typed
        )
