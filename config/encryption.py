"""Encryption: whether the secrets of a stack are encrypted with a key that only its owners have."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.certificates import CertificateConfig
from config.stack import StackConfig
from diagnostics import Problem, problem
from releases import LOCAL_CONTEXT


def is_protected(stack_file: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether a key service, or a passphrase that is not empty, encrypts the secrets of a stack.

    `stack_file` is the content of `Pulumi.<stack>.yaml`.
    """
    if "encryptionsalt" not in stack_file:
        backend = environment.get("PULUMI_BACKEND_URL", "")
        of_service = not backend or backend.startswith(("https://", "http://"))
        if of_service or stack_file.get("secretsprovider", "passphrase") not in ("passphrase", "default"):
            return True
    return _passphrase(environment) != ""


def unprotected(stack: StackConfig, name: str) -> Iterator[Problem]:
    """The keys of the stack `name` that make secrets, if nothing protects them.

    The stack of the local cluster may have them: that cluster is thrown away with everything on it.
    """
    if stack.context == LOCAL_CONTEXT:
        return
    if stack.secrets:
        yield problem("secrets-unprotected", stack.at("secrets"), stack=name)
    for gateway in stack.all_gateways.values():
        hosts = () if gateway.https is None else (gateway.https, *gateway.https.hosts.values())
        certificates: tuple[CertificateConfig, ...] = (*hosts, *gateway.listeners)
        for certificate in certificates:
            if certificate.self_signed:
                yield problem("secrets-unprotected", certificate.at("selfSigned"), True, stack=name)


def _passphrase(environment: Mapping[str, str]) -> str | None:
    """The passphrase that Pulumi takes; None when it asks for one."""
    if (given := environment.get("PULUMI_CONFIG_PASSPHRASE")) is not None:
        return given
    if not (file := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")):
        return None
    try:
        return Path(file).read_text(errors="replace").strip()
    except OSError:
        return None  # Pulumi reports it
