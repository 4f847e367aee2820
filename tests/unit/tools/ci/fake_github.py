"""A GitHub of one repository, in memory, which answers as its REST API does: in pages of two."""

import json
import re
from typing import Any

import httpx

from tools.ci.github import BOT, GitHub

REPOSITORY = "example/chat"
REPOSITORY_ID = 7
_PAGE = 2


class FakeGitHub:
    """Set what there is, run something, and look at what is there then. `writes` has every request that is no GET."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.labels: list[str] = []
        self.issues: list[dict[str, Any]] = []
        self.pulls: dict[int, dict[str, Any]] = {}
        self.artefacts: list[dict[str, Any]] = []
        self.archives: dict[int, bytes] = {}
        self.deployments: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str]] = []
        self.tokens_of_storage: list[str | None] = []
        client = httpx.Client(
            base_url="https://api.example.com",
            headers={"Authorization": "Bearer token"},
            transport=httpx.MockTransport(self._answer),
        )
        self.api = GitHub(client, REPOSITORY)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.example.com":
            self.tokens_of_storage.append(request.headers.get("Authorization"))
            return httpx.Response(200, content=self.archives[int(request.url.path.strip("/"))])
        path = request.url.path.removeprefix(f"/repos/{REPOSITORY}/")
        if request.method != "GET":
            self.writes.append((request.method, path))
            return self._write(request.method, path, json.loads(request.content) if request.content else {})
        if found := re.fullmatch(r"actions/artifacts/(\d+)/zip", path):
            return httpx.Response(302, headers={"Location": f"https://storage.example.com/{found[1]}"})
        if found := re.fullmatch(r"pulls/(\d+)", path):
            return httpx.Response(200, json=self.pulls[int(found[1])])
        return self._page(request, path)

    def _page(self, request: httpx.Request, path: str) -> httpx.Response:
        wanted = request.url.params
        key, items = "", []
        if path == "pulls":
            items = [pull for pull in self.pulls.values() if pull["head"]["label"] == wanted["head"]]
        elif path.endswith("/comments"):
            items = self.comments
        elif path.endswith("/labels"):
            items = [{"name": name} for name in self.labels]
        elif path.endswith("/artifacts"):
            key, items = "artifacts", self.artefacts
        elif path == "issues":
            items = [issue for issue in self.issues if issue["state"] == wanted["state"]]
        elif path == "deployments":
            items = [each for each in self.deployments if each["environment"] == wanted["environment"]]
        elif found := re.fullmatch(r"deployments/(\d+)/statuses", path):
            states = next(each["states"] for each in self.deployments if each["id"] == int(found[1]))
            items = [{"state": state} for state in states]
        else:
            return httpx.Response(404)
        page = int(wanted.get("page", "1"))
        content = items[(page - 1) * _PAGE : page * _PAGE]
        headers: dict[str, str] = {}
        if len(items) > page * _PAGE:
            headers["Link"] = f'<{request.url.copy_set_param("page", page + 1)}>; rel="next"'
        return httpx.Response(200, headers=headers, json={key: content} if key else content)

    def _write(self, method: str, path: str, content: dict[str, Any]) -> httpx.Response:
        author = {"login": BOT}
        if method == "POST" and path.endswith("/comments"):
            self.comments.append({"id": len(self.comments) + 1, "user": author, **content})
        elif method == "PATCH" and (found := re.fullmatch(r"issues/comments/(\d+)", path)):
            next(each for each in self.comments if each["id"] == int(found[1])).update(content)
        elif method == "POST" and path.endswith("/labels"):
            self.labels += content["labels"]
        elif method == "DELETE" and (found := re.fullmatch(r"issues/\d+/labels/(.+)", path)):
            self.labels.remove(found[1])
        elif method == "POST" and path == "issues":
            self.issues.append({"number": len(self.issues) + 1, "state": "open", "user": author, **content})
        elif method == "PATCH" and (found := re.fullmatch(r"issues/(\d+)", path)):
            next(each for each in self.issues if each["number"] == int(found[1])).update(content)
        else:
            return httpx.Response(404)
        return httpx.Response(200, json={})
