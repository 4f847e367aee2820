"""Where a request goes, from Gateway API and Envoy Gateway objects alone: no cluster, no Pulumi.

`explain(objects, Request.of(url))` gives a Verdict. It follows Envoy Gateway 1.9 where that differs from Gateway API.
"""

from explain.explain import explain
from explain.request import Request, RequestError
from explain.verdict import Verdict

__all__ = ["Request", "RequestError", "Verdict", "explain"]
