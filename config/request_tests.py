"""Keys of requests that a stack promises to answer."""

from pydantic import Field

from config.base import Section
from config.values import HttpStatus, Text


class RequestTestConfig(Section):
    """A request, and how it must end."""

    url: Text = Field(
        description="URL of the request, such as `https://chat.example.com/api/x`, or a path at the host name of the "
        "`backend`, such as `/healthz`."
    )
    method: Text = Field(default="GET", description="Method of the request.")
    headers: dict[str, str] = Field(default={}, description="Headers of the request.")
    backend: Text | None = Field(
        default=None,
        description="Workload that must get the request, or another backend as `KIND.GROUP/NAMESPACE/NAME`. Without "
        "it, Envoy itself must answer, with `status`.",
    )
    status: HttpStatus | None = Field(
        default=None,
        description="Status code of the answer. That of a `backend` is known only to `make test-stack LIVE=1`.",
    )
    location: Text | None = Field(default=None, description="URL that a redirect must lead to.")
    response_headers: dict[str, str] = Field(
        default={}, description="Headers of the answer. Known only to `make test-stack`, not to a preview."
    )
