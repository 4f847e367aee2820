"""Kubeconfig: find a context, and check that its API server answers."""

import base64
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import yaml

_TIMEOUT_S = 5


class ClusterError(Exception):
    """The cluster cannot be used; the message is for the user."""


def kubeconfig_files() -> list[Path]:
    """The files that kubectl reads: those of KUBECONFIG, else ~/.kube/config."""
    given = [Path(entry) for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return given or [Path.home() / ".kube" / "config"]


def read_kubeconfig(files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """`contexts` and `clusters` by name. As with kubectl, the first file that has a name wins.

    Missing files are skipped. Raises ClusterError for a file that is not a kubeconfig.
    """
    merged: dict[str, dict[str, Any]] = {"contexts": {}, "clusters": {}}
    for file in files:
        document = _document(file)
        for kind, found in merged.items():
            try:
                for entry in cast(list[dict[str, Any]], document.get(kind) or []):
                    content = dict(entry.get(kind.removesuffix("s")) or {})
                    # Relative paths in a kubeconfig start at its directory.
                    found.setdefault(str(entry.get("name")), {**content, "directory": file.parent})
            except (AttributeError, TypeError, ValueError) as error:
                raise ClusterError(
                    f"{file} is not a valid kubeconfig: {kind} must be a list of entries with a name"
                ) from error
    return merged


def _document(file: Path) -> dict[str, Any]:
    try:
        document: object = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClusterError(f"The kubeconfig {file} is not valid YAML: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise ClusterError(f"The kubeconfig {file} cannot be read: {error.strerror}") from error
    if not isinstance(document, dict):
        raise ClusterError(f"{file} is not a valid kubeconfig: it has no keys")
    return cast(dict[str, Any], document)


def check_reachable(context: str, merged: dict[str, dict[str, Any]], files: Sequence[Path]) -> None:
    """Raise ClusterError unless `context` exists and its API server answers."""
    looked = ", ".join(f"{file}{'' if file.exists() else ' (missing)'}" for file in files)
    if context not in merged["contexts"]:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise ClusterError(
            f"The kubeconfig has no context {context} (synergychat:context).\n"
            f"  files: {looked}\n  contexts: {known}\n"
            "Type `make up` for a cluster on this machine, or use one of yours: pulumi config set context NAME"
        )
    cluster: dict[str, Any] = merged["clusters"].get(str(merged["contexts"][context].get("cluster")), {})
    server = str(cluster.get("server", ""))
    if not server:
        raise ClusterError(f"The kubeconfig context {context} has no cluster with a server.\n  files: {looked}")
    # urllib does not speak SOCKS; the provider does.
    if str(cluster.get("proxy-url", "")).startswith("socks"):
        return
    try:
        _request(server, cluster)
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ClusterError(
            f"The API server of context {context} does not answer: {server}: {reason}\n  files: {looked}\n"
            f"Start the cluster (`make up` for the one on this machine), then try: kubectl --context {context} version"
        ) from error


def _request(server: str, cluster: dict[str, Any]) -> None:
    """Send a request. Any HTTP answer will do: the provider reports bad credentials."""
    # Like the provider: the kubeconfig's own proxy, else the environment's, but never a proxy for this machine.
    proxies: dict[str, str] | None = {} if urlsplit(server).hostname in ("127.0.0.1", "localhost", "::1") else None
    if cluster.get("proxy-url"):
        proxies = {"https": cluster["proxy-url"], "http": cluster["proxy-url"]}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=_trust(cluster))
    )
    try:
        opener.open(f"{server.rstrip('/')}/version", timeout=_TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        error.close()


def _trust(cluster: dict[str, Any]) -> ssl.SSLContext:
    authority: str | None = None
    if data := cluster.get("certificate-authority-data"):
        authority = base64.b64decode(data).decode()
    elif file := cluster.get("certificate-authority"):
        authority = (cluster["directory"] / file).read_text()
    trust = ssl.create_default_context(cadata=authority)
    # From Python 3.13 on CAs must have extensions that those of some clusters lack, and that kubectl does not require.
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # No secret is sent, and the provider verifies again; urllib cannot compare another name than the server's.
    trust.check_hostname = "tls-server-name" not in cluster and not cluster.get("insecure-skip-tls-verify")
    if cluster.get("insecure-skip-tls-verify"):
        trust.verify_mode = ssl.CERT_NONE
    return trust
