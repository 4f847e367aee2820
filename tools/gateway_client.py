"""A client of the running gateway: it asks at the gateway's address, whatever a DNS server says of the host."""

import httpx

from explain import Request

_TIMEOUT_S = 5


def send(request: Request, address: str, *, verify: bool) -> httpx.Response:
    """Send a request of HTTP to this address, with its path as it is. `verify` checks the certificate.

    Raises httpx.HTTPError, and httpx.InvalidURL or UnicodeError for what httpx cannot send.
    """
    url = httpx.URL(f"{'https' if request.secure else 'http'}://{request.authority}")
    headers = {"host": request.authority, **dict(request.headers)}
    extensions = {"sni_hostname": url.host, "target": request.target.encode()}
    with httpx.Client(verify=verify, timeout=_TIMEOUT_S, trust_env=False) as client:
        return client.request(request.method, url.copy_with(host=address), headers=headers, extensions=extensions)
