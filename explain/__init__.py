"""Explain: which listener, route and rule take a request, derived from Gateway API and Envoy Gateway objects alone.

`explain(objects, Request.of(url), problems=...)` returns a Verdict. It needs no cluster and no Pulumi, and follows
Envoy Gateway where that differs from Gateway API. The problems are those that `checks.rules` finds in the objects.
An Evaluator answers many requests for the same objects. A Promise says how a request must end.
"""

from explain.explain import Evaluator, explain
from explain.promise import Ending, Promise
from explain.request import Request, RequestError
from explain.verdict import Verdict

__all__ = ["Ending", "Evaluator", "Promise", "Request", "RequestError", "Verdict", "explain"]
