"""JWTs of the issuer whose public key is in docs/gateway.md. Both halves are the example of RFC 8037."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)


def signed(issuer: str, *, key: Ed25519PrivateKey = _KEY, lifetime: timedelta = timedelta(hours=1)) -> str:
    """https://www.rfc-editor.org/rfc/rfc8037#appendix-A.4"""
    claims: dict[str, Any] = {"iss": issuer, "sub": "ada", "exp": int((datetime.now(UTC) + lifetime).timestamp())}
    said = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "kid": "1"}, claims))
    return f"{said}.{_encoded(key.sign(said.encode()))}"


def other_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
