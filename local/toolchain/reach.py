"""Which hosts answer from this machine: asked once per run, all at the same time, within three seconds."""

import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from urllib.error import HTTPError
from urllib.parse import urlsplit

TIMEOUT_S = 3.0


def hosts_of(urls: list[str]) -> frozenset[str]:
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def reachable(hosts: frozenset[str]) -> frozenset[str]:
    """Those of `hosts` that answer HTTPS. An HTTP error is an answer; proxies of the environment are used."""
    with ThreadPoolExecutor(max_workers=len(hosts) or 1) as pool:
        return frozenset(host for host, answers in zip(hosts, pool.map(_answers, hosts), strict=True) if answers)


@lru_cache
def _answers(host: str) -> bool:
    request = urllib.request.Request(f"https://{host}/", method="HEAD")  # noqa: S310: the scheme is fixed
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return True
    except HTTPError:
        return True
    except (OSError, ssl.SSLError):
        return False
