"""The cluster that a stack deploys to: a named kubeconfig context, never the current one."""

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

import pulumi
import pulumi_kubernetes as k8s
import yaml

from diagnostics.exit import stop
from health.on_error import diagnosis

_PATIENCE_S = 5


class ClusterError(Exception):
    """The cluster cannot be used; the message is for the user."""


def connect(name: str, context: str) -> k8s.Provider:
    """The provider for `context`.

    For an update the context must exist and its API server answer: else the program ends, before anything is
    registered. A preview needs neither.
    """
    files = kubeconfig_files()
    try:
        merged = read(files)
        if not pulumi.runtime.is_dry_run():
            check(context, merged, files)
    except ClusterError as error:
        stop(str(error))
    pulumi.runtime.register_stack_transformation(_for_every_object(diagnosis(context)))
    return k8s.Provider(
        name,
        context=context,
        # Left out, the SDK would take KUBECONFIG's text, of which the provider understands no list of files; empty, the
        # provider reads the variable itself, as kubectl does, and no path of this machine gets into the state.
        kubeconfig="",
        # Replaced in place: a ConfigMap that is deleted first is a window in which no pod can start.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def _for_every_object(on_error: pulumi.ErrorHook) -> pulumi.ResourceTransformation:
    """An object that fails is explained; one that gets another name goes before its successor comes.

    The latter also where the two could live side by side. Else an `up` that fails in between leaves the old one to be
    deleted by the next; when that one has the old name again, it adopts the object, as it does with all that exists,
    and then deletes it: an `up` without an error, and nothing there.
    """
    common = pulumi.ResourceOptions(delete_before_replace=True, hooks=pulumi.ResourceHookBinding(on_error=[on_error]))

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("kubernetes:"):
            return None
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, common))

    return transform


def kubeconfig_files() -> list[Path]:
    """The files that kubectl looks at: those of KUBECONFIG, else ~/.kube/config."""
    given = [Path(entry) for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return given or [Path.home() / ".kube" / "config"]


def read(files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """`contexts` and `clusters` by name. As with kubectl the first file to name one wins; a missing file is none."""
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
                    f"The kubeconfig {file} is no kubeconfig: {kind} is not a list of entries with a name"
                ) from error
    return merged


def _document(file: Path) -> dict[str, Any]:
    try:
        document: object = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClusterError(f"The kubeconfig {file} is not YAML: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise ClusterError(f"The kubeconfig {file} cannot be read: {error.strerror}") from error
    if not isinstance(document, dict):
        raise ClusterError(f"The kubeconfig {file} is no kubeconfig: it holds no keys")
    return cast(dict[str, Any], document)


def check(context: str, merged: dict[str, dict[str, Any]], files: Sequence[Path]) -> None:
    """Raise ClusterError unless `context` exists and its API server answers."""
    looked = ", ".join(f"{file}{'' if file.exists() else ' (missing)'}" for file in files)
    if context not in merged["contexts"]:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise ClusterError(
            f"There is no kubeconfig context {context} (synergychat:context).\n"
            f"  looked at: {looked}\n  contexts there: {known}\n"
            "Type `make up` for a cluster on this machine, or name one of yours: pulumi config set context NAME"
        )
    cluster: dict[str, Any] = merged["clusters"].get(str(merged["contexts"][context].get("cluster")), {})
    server = str(cluster.get("server", ""))
    if not server:
        raise ClusterError(f"The kubeconfig context {context} names no cluster with a server.\n  looked at: {looked}")
    # What urllib cannot speak through is left for the provider to find out.
    if str(cluster.get("proxy-url", "")).startswith("socks"):
        return
    try:
        _ask(server, cluster)
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ClusterError(
            f"The API server of context {context} does not answer: {server}: {reason}\n  looked at: {looked}\n"
            f"Start the cluster (`make up` for the one on this machine), then try: kubectl --context {context} version"
        ) from error


def _ask(server: str, cluster: dict[str, Any]) -> None:
    """Any HTTP answer will do: whether the credentials are good is the provider's to say."""
    # As the provider does: the kubeconfig's own proxy, else the environment's, which this machine is not asked through.
    proxies: dict[str, str] | None = {} if urlsplit(server).hostname in ("127.0.0.1", "localhost", "::1") else None
    if cluster.get("proxy-url"):
        proxies = {"https": cluster["proxy-url"], "http": cluster["proxy-url"]}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=_trust(cluster))
    )
    try:
        opener.open(f"{server.rstrip('/')}/version", timeout=_PATIENCE_S).close()
    except urllib.error.HTTPError as error:
        error.close()


def _trust(cluster: dict[str, Any]) -> ssl.SSLContext:
    authority: str | None = None
    if data := cluster.get("certificate-authority-data"):
        authority = base64.b64decode(data).decode()
    elif file := cluster.get("certificate-authority"):
        authority = (cluster["directory"] / file).read_text()
    trust = ssl.create_default_context(cadata=authority)
    # From Python 3.13 on also demanded of a CA: what those of some clusters lack, and kubectl does not ask for.
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # Nothing secret is sent, and the provider checks again: a name that urllib cannot compare is not compared here.
    trust.check_hostname = "tls-server-name" not in cluster and not cluster.get("insecure-skip-tls-verify")
    if cluster.get("insecure-skip-tls-verify"):
        trust.verify_mode = ssl.CERT_NONE
    return trust
