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

from diagnostics.problem import problem
from diagnostics.render import Located
from kube.yaml_text import YamlError, read_yaml

TIMEOUT_S = 5


class ClusterError(Exception):
    """The cluster cannot be used."""

    def __init__(self, located: Located) -> None:
        super().__init__(str(located))
        self.located = located


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
                raise _file_error("kubeconfig-entries", file, kind, entry=kind.removesuffix("s")) from error
    return merged


def _document(file: Path) -> dict[str, Any]:
    try:
        document: object = read_yaml(file.read_bytes()) or {}
    except FileNotFoundError:
        return {}
    except YamlError as error:
        raise _file_error("kubeconfig-not-yaml", file, reason=error) from error
    except OSError as error:
        raise _file_error("kubeconfig-unreadable", file, reason=error.strerror) from error
    if not isinstance(document, dict):
        raise _file_error("kubeconfig-not-mapping", file)
    return cast(dict[str, Any], document)


def check_reachable(context: str, merged: dict[str, dict[str, Any]], files: Sequence[Path]) -> None:
    """Raise ClusterError unless `context` exists and its API server answers."""
    check_known(context, merged, files)
    looked = _shown(files)
    cluster: dict[str, Any] = merged["clusters"].get(str(merged["contexts"][context].get("cluster")), {})
    server = str(cluster.get("server", ""))
    if not server:
        raise _context_error("context-without-server", context, files=looked)
    # urllib does not support SOCKS; the provider does.
    if str(cluster.get("proxy-url", "")).startswith("socks"):
        return
    try:
        trust = _trust(cluster)
    except (OSError, ValueError) as error:
        raise _context_error("server-ca-unreadable", context, files=looked, reason=error) from error
    try:
        _request(server, cluster, trust)
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        code = "server-untrusted" if isinstance(reason, ssl.SSLCertVerificationError) else "server-unreachable"
        raise _context_error(code, context, files=looked, server=server, reason=reason) from error


def is_reachable(context: str) -> bool:
    """Whether `context` exists and its API server answers."""
    files = kubeconfig_files()
    try:
        check_reachable(context, read_kubeconfig(files), files)
    except ClusterError:
        return False
    return True


def check_known(context: str, merged: dict[str, dict[str, Any]], files: Sequence[Path]) -> None:
    """Raise ClusterError unless `context` exists."""
    if context not in merged["contexts"]:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise _context_error("context-missing", context, files=_shown(files), contexts=known)


def _shown(files: Sequence[Path]) -> str:
    return ", ".join(f"{file}{'' if file.exists() else ' (missing)'}" for file in files)


def _file_error(code: str, file: Path, *path: str, **words: object) -> ClusterError:
    """An error in a kubeconfig, at a path in the file."""
    found = problem(code, path, **words)
    return ClusterError(Located(place=": ".join([str(file), *path]), problem=found))


def _context_error(code: str, context: str, **words: object) -> ClusterError:
    """An error that another value of the config key `context` could solve."""
    found = problem(code, ("context",), context, context=context, **words)
    return ClusterError(Located(place="synergychat:context", problem=found, value=context))


def _request(server: str, cluster: dict[str, Any], trust: ssl.SSLContext) -> None:
    """Send a request. Any HTTP answer will do: the provider reports bad credentials."""
    # Like the provider: the kubeconfig's own proxy, else the environment's, but never a proxy for this machine.
    proxies: dict[str, str] | None = {} if urlsplit(server).hostname in ("127.0.0.1", "localhost", "::1") else None
    if cluster.get("proxy-url"):
        proxies = {"https": cluster["proxy-url"], "http": cluster["proxy-url"]}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=trust)
    )
    try:
        opener.open(f"{server.rstrip('/')}/version", timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        error.close()


def _trust(cluster: dict[str, Any]) -> ssl.SSLContext:
    """The TLS context that verifies the API server. Raises OSError or ValueError for an unusable CA certificate."""
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
