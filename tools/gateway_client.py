"""A client of the running gateway: it asks at the gateway's address, whatever a DNS server says of the host."""

import httpx

from explain import Request

_TIMEOUT_S = 5


def send(request: Request, address: str, *, verify: bool) -> httpx.Response:
    """Send a request of HTTP to this address. Raises httpx.HTTPError. `verify` checks the certificate."""
    url = httpx.URL(f"{'https' if request.secure else 'http'}://{request.authority}{request.target}")
    headers = {"host": url.netloc.decode(), **dict(request.headers)}
    with httpx.Client(verify=verify, timeout=_TIMEOUT_S, trust_env=False) as client:
        return client.request(
            request.method, url.copy_with(host=address), headers=headers, extensions={"sni_hostname": url.host}
        )
