"""Keys of requests that a stack promises to answer."""

from pydantic import Field

from config.base import Section
from config.values import Hostname, HttpStatus, Text


class RequestTestConfig(Section):
    """A request, and how it must end."""

    url: Text = Field(
        description="URL of the request, such as `https://chat.example.com/api/x`, or a path such as `/healthz` at the "
        "`hostname`, with the scheme and port of the Gateway."
    )
    hostname: Hostname | None = Field(
        default=None, description="Host name for a `url` that is a path. Without it, the one of the `backend`."
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

    @property
    def is_path(self) -> bool:
        """Whether `url` is a path, at a host name that is written elsewhere."""
        return self.url.startswith("/")
