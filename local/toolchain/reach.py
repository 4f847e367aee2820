"""Which hosts answer from this machine: asked once per run, all at the same time, within three seconds."""

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

TIMEOUT_S = 3.0


def hosts_of(urls: list[str]) -> frozenset[str]:
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def origin(url: str) -> str:
    """Where `url` leads to, without path and credentials: `http://proxy.example:8080`. Empty for what is no web URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme in ("http", "https") else ""


def reachable(hosts: frozenset[str]) -> frozenset[str]:
    """Those of `hosts` that answer: a host name HTTPS, an origin as it says.

    An HTTP error is an answer; proxies of the environment are used.
    """
    with ThreadPoolExecutor(max_workers=len(hosts) or 1) as pool:
        return frozenset(host for host, answers in zip(hosts, pool.map(_answers, hosts), strict=True) if answers)


@lru_cache
def _answers(host: str) -> bool:
    url = f"{host}/" if "://" in host else f"https://{host}/"
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 # `origin` gives no other scheme
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return True
    except HTTPError:
        return True
    except (OSError, HTTPException, ValueError):
        return False
