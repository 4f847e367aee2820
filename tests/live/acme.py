"""An ACME authority in the cluster: Pebble, with host names that resolve to the Gateway."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from components.gateway.self_signed import make_pair
from local.images.peers import PEBBLE

_NAMESPACE = "acme"
HOSTS = {f"{name}.example.com": f"{name}.{_NAMESPACE}.svc.cluster.local" for name in ("chat", "api")}
"""Host names of the recipe, and their replacements, which the cluster's DNS resolves."""
_PEBBLE = f"pebble.{_NAMESPACE}.svc.cluster.local"
_PAIR = make_pair([_PEBBLE], datetime.now(UTC))
SETTINGS = {"server": f"https://{_PEBBLE}:14000/dir", "caBundle": base64.b64encode(_PAIR.certificate).decode()}

Wire = dict[str, Any]


def objects(envoys: str) -> list[Wire]:
    """The objects of Pebble. `envoys` is the host name of the Envoys' Service, to which HOSTS resolve."""
    settings = {
        "listenAddress": "0.0.0.0:14000",
        "certificate": "/etc/pebble/tls.crt",
        "privateKey": "/etc/pebble/tls.key",
        "httpPort": 80,
        "retryAfter": {"authz": 1, "order": 1},
    }
    files = {
        "config.json": json.dumps({"pebble": settings}),
        "tls.crt": _PAIR.certificate.decode(),
        "tls.key": _PAIR.key.decode(),
    }
    labels = {"app": "pebble"}
    container = {
        "name": "pebble",
        "image": PEBBLE.reference,
        "args": ["-config=/etc/pebble/config.json"],
        "env": [{"name": "PEBBLE_VA_NOSLEEP", "value": "1"}],
        "readinessProbe": {"tcpSocket": {"port": 14000}, "periodSeconds": 1},
        "volumeMounts": [{"name": "files", "mountPath": "/etc/pebble"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "files", "secret": {"secretName": "pebble"}}]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}},
        _wire("v1", "Secret", "pebble", stringData=files),
        _wire(
            "apps/v1",
            "Deployment",
            "pebble",
            spec={"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        ),
        _wire("v1", "Service", "pebble", spec={"selector": labels, "ports": [{"port": 14000}]}),
        *(
            _wire("v1", "Service", host.partition(".")[0], spec={"type": "ExternalName", "externalName": envoys})
            for host in HOSTS.values()
        ),
    ]


def _wire(api_version: str, kind: str, name: str, **fields: Any) -> Wire:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": _NAMESPACE}, **fields}
