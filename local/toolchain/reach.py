"""Reachability of hosts from this machine, tested once per run, in parallel, with a timeout of three seconds."""

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

TIMEOUT_S = 3.0


def hosts_of(urls: list[str]) -> frozenset[str]:
    """List the hosts of the URLs."""
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def origin(url: str) -> str:
    """Return the URL without path and credentials: `http://proxy.example:8080`. Empty if it is not HTTP(S)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme in ("http", "https") else ""


def reachable(hosts: frozenset[str]) -> frozenset[str]:
    """Filter the hosts that answer. A host name is tested over HTTPS, an origin with its own scheme.

    An HTTP error counts as an answer. Proxies of the environment are used.
    """
    with ThreadPoolExecutor(max_workers=len(hosts) or 1) as pool:
        return frozenset(host for host, reached in zip(hosts, pool.map(answers, hosts), strict=True) if reached)


@lru_cache
def answers(host: str) -> bool:
    """Report whether a host answers. The result is cached for the run."""
    url = f"{host}/" if "://" in host else f"https://{host}/"
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 # `origin` gives no other scheme
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return True
    except HTTPError:
        return True
    except (OSError, HTTPException, ValueError):
        return False
