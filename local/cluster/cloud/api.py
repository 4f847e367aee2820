"""A small async client for the API server."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import yaml

from local.errors import UserError

Manifest = dict[str, Any]
_TIMEOUT_S = 10.0
# The server ends each watch after this time and the client resumes it. A silent server is thus noticed.
_WATCH_S = 50


class ApiError(Exception):
    """A call that the API server refused, with its HTTP status and its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the API server answered {status}: {message}")
        self.status = status


# A call that failed and may succeed on a retry.
CallFailed = (ApiError, httpx.RequestError)


class Api:
    """Calls as the kubeconfig's current user. Each raises ApiError, or httpx.RequestError without a complete answer."""

    def __init__(self, kubeconfig: Path) -> None:
        server, self._tls, self._certificate = _credentials(kubeconfig)
        self._http = httpx.AsyncClient(
            base_url=server,
            verify=self._tls,
            timeout=_TIMEOUT_S,
            trust_env=False,
            event_hooks={"request": [self._reload_certificate]},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> Manifest:
        return await self._call("GET", path)

    async def create(self, path: str, body: Mapping[str, Any]) -> Manifest:
        return await self._call("POST", path, json=body)

    async def patch(self, path: str, change: Mapping[str, Any]) -> Manifest:
        """Apply a JSON merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return await self._call("PATCH", path, content=json.dumps(change), headers=headers)

    async def delete(self, path: str, version: str) -> None:
        """Delete the object if it is unchanged since `version`. ApiError 409 otherwise."""
        await self._call("DELETE", path, json={"preconditions": {"resourceVersion": version}})

    async def watch(self, path: str, version: str) -> AsyncIterator[Manifest]:
        """Yield the events after `version`, bookmarks included, until the server ends the watch."""
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "1", "timeoutSeconds": str(_WATCH_S)}
        timeout = httpx.Timeout(_TIMEOUT_S, read=_WATCH_S + _TIMEOUT_S)
        async with self._http.stream("GET", path, params=query, timeout=timeout) as answer:
            if answer.is_error:
                await answer.aread()
                raise _refusal(answer)
            async for line in answer.aiter_lines():
                yield _decoded(line, answer.status_code)

    async def _reload_certificate(self, _: httpx.Request) -> None:
        """Use a renewed certificate for new connections. Keep the present one while the files are being written."""
        with suppress(OSError):
            self._tls.load_cert_chain(*self._certificate)

    async def _call(self, method: str, path: str, **request: Any) -> Manifest:
        answer = await self._http.request(method, path, **request)
        if answer.is_error:
            raise _refusal(answer)
        return _decoded(answer.content, answer.status_code)


def _decoded(text: str | bytes, status: int) -> Manifest:
    try:
        found = json.loads(text)
    except ValueError as error:  # an API server that is killed ends its answer anywhere
        raise ApiError(status, f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ApiError(status, f"a {type(found).__name__} in the place of an object")
    return found


def _refusal(answer: httpx.Response) -> ApiError:
    try:
        return ApiError(answer.status_code, answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return ApiError(answer.status_code, answer.text[:300])


def _credentials(kubeconfig: Path) -> tuple[str, ssl.SSLContext, tuple[str, str]]:
    """Read the current context: the server's URL, its TLS settings, and the files of the certificate and of its key."""
    try:
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config, "context", config["current-context"])
        cluster, user = _named(config, "cluster", context["cluster"]), _named(config, "user", context["user"])
        server, files = cluster["server"], (user["client-certificate"], user["client-key"])
        tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        tls.load_cert_chain(*files)
    except (OSError, ValueError, LookupError, TypeError, StopIteration, yaml.YAMLError) as error:
        raise UserError(
            f"The kubeconfig {kubeconfig} cannot be used to reach the API server: {type(error).__name__}: {error}.",
            "Start the cluster again; `python -m local.cluster up` writes a new kubeconfig.",
        ) from error
    return server, tls, files


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    return next(entry[kind] for entry in config[f"{kind}s"] if entry["name"] == name)
