"""The few calls to the API server that a cloud needs, with the kubeconfig's credentials."""

import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from local.errors import UserError

Object = dict[str, Any]
_ANSWER_S = 10.0
# A watch ends by itself after this time and is taken up again, so a server that vanished without a word is noticed.
_WATCH_S = 50


class ApiError(Exception):
    """The API server refused a call: its HTTP status and its own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the API server answered {status}: {message}")
        self.status = status


# A call that failed but may succeed when it is tried again.
CallFailed = (ApiError, httpx.TransportError)


class Api:
    """Calls as the kubeconfig's current user. Each raises ApiError, or httpx.TransportError when nothing answers."""

    def __init__(self, kubeconfig: Path) -> None:
        server, tls = _credentials(kubeconfig)
        self._http = httpx.AsyncClient(base_url=server, verify=tls, timeout=_ANSWER_S, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> Object:
        return await self._call("GET", path)

    async def create(self, path: str, body: Mapping[str, Any]) -> Object:
        return await self._call("POST", path, json=body)

    async def patch(self, path: str, change: Mapping[str, Any]) -> Object:
        """A JSON merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return await self._call("PATCH", path, content=json.dumps(change), headers=headers)

    async def delete(self, path: str, version: str) -> None:
        """Refused with 409 when the object is no longer the one of `version`."""
        await self._call("DELETE", path, json={"preconditions": {"resourceVersion": version}})

    async def watch(self, path: str, version: str) -> AsyncIterator[Object]:
        """The events after `version`, bookmarks included, until the server ends the watch."""
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "1", "timeoutSeconds": str(_WATCH_S)}
        patience = httpx.Timeout(_ANSWER_S, read=_WATCH_S + _ANSWER_S)
        async with self._http.stream("GET", path, params=query, timeout=patience) as answer:
            if answer.is_error:
                await answer.aread()
                raise _refusal(answer)
            async for line in answer.aiter_lines():
                yield json.loads(line)

    async def _call(self, method: str, path: str, **request: Any) -> Object:
        answer = await self._http.request(method, path, **request)
        if answer.is_error:
            raise _refusal(answer)
        return answer.json()


def _refusal(answer: httpx.Response) -> ApiError:
    try:
        return ApiError(answer.status_code, answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return ApiError(answer.status_code, answer.text[:300])


def _credentials(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    """The server and the client's TLS of the current context. Certificates are named by path or given in line."""
    try:
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config, "context", config["current-context"])
        cluster = _named(config, "cluster", context["cluster"])
        user = _named(config, "user", context["user"])
        with tempfile.TemporaryDirectory() as scratch:

            def path_of(entry: Mapping[str, str], key: str) -> Path:
                if key in entry:
                    return kubeconfig.parent / entry[key]
                path = Path(scratch) / key
                path.write_bytes(base64.b64decode(entry[f"{key}-data"]))
                return path

            tls = ssl.create_default_context(cafile=path_of(cluster, "certificate-authority"))
            tls.load_cert_chain(path_of(user, "client-certificate"), path_of(user, "client-key"))
        return cluster["server"], tls
    except (OSError, ValueError, LookupError, TypeError, StopIteration, yaml.YAMLError) as error:
        raise UserError(
            f"{kubeconfig} cannot be used to reach the API server: {type(error).__name__}: {error}.",
            "`python -m local.cluster up` writes it anew.",
        ) from error


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    return next(entry[kind] for entry in config[f"{kind}s"] if entry["name"] == name)
