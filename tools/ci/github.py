"""The part of GitHub's REST API that the workflows need."""

import os
from collections.abc import Iterator
from typing import Any

import httpx

from local.errors import UserError

_PAGE = 100
_TIMEOUT_S = 30.0
BOT = "github-actions[bot]"
"""Author of what a workflow writes with its own token."""
LIMIT = 60_000
"""Most characters of a comment or an issue. GitHub takes 65,536."""


class GitHub:
    """One repository. Every method raises UserError if GitHub refuses the request or does not answer."""

    def __init__(self, client: httpx.Client, repository: str) -> None:
        self.repository = repository
        self._client = client

    @classmethod
    def of_workflow(cls) -> "GitHub":
        """Return the repository of the running workflow. Its token is in GITHUB_TOKEN."""
        try:
            token, repository = os.environ["GITHUB_TOKEN"], os.environ["GITHUB_REPOSITORY"]
        except KeyError as error:
            raise UserError(f"{error.args[0]} is not set: this command is for a workflow.") from error
        headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"}
        url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        return cls(httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S), repository)

    def get(self, path: str) -> dict[str, Any]:
        """Return one object. `path` is relative to the repository."""
        return self._send("GET", self._path(path)).json()

    def pages(self, path: str, key: str = "", **parameters: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of every page of a list, which is the answer or the value of `key` in it."""
        answer = self._send("GET", self._path(path), params={**parameters, "per_page": str(_PAGE)})
        while True:
            content = answer.json()
            yield from content[key] if key else content
            if (following := answer.links.get("next")) is None:
                return
            answer = self._send("GET", following["url"])

    def send(self, method: str, path: str, content: dict[str, Any] | None = None) -> None:
        self._send(method, self._path(path), json=content)

    def download(self, path: str, limit_bytes: int) -> bytes:
        """Return a file. Raises UserError if it is larger than the limit, after that many bytes."""
        content = bytearray()
        try:
            # GitHub redirects to a storage host; httpx sends the token to the first host only.
            with self._client.stream("GET", self._path(path), follow_redirects=True) as answer:
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > limit_bytes:
                        raise UserError(f"{path} is larger than {limit_bytes} bytes.")
        except httpx.HTTPError as error:
            raise _explained(error) from error
        return bytes(content)

    def _path(self, path: str) -> str:
        return f"/repos/{self.repository}/{path}"

    def _send(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        try:
            return self._client.request(method, url, **arguments).raise_for_status()
        except httpx.HTTPError as error:
            raise _explained(error) from error


def _explained(error: httpx.HTTPError) -> UserError:
    if isinstance(error, httpx.HTTPStatusError):
        request = error.request
        return UserError(f"GitHub answers {error.response.status_code} to {request.method} {request.url.path}.")
    return UserError(f"GitHub does not answer: {error}")
