"""Traffic presets: how a Gateway treats clients and backends, with the reason for every number.

Only what differs from Envoy Gateway's own defaults is set, and defaults that must also hold in the next release.
https://gateway.envoyproxy.io/docs/api/extension_types/
https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge
"""

from collections.abc import Mapping
from typing import Any

from config import TrafficConfig
from config.values import Preset
from gatewayapi.kinds import PolicyKind
from kube.merge import merge
from releases import Release

# Load balancers silently drop a connection that is idle for 4 to 6 minutes (Azure 240 s, AWS 350 s). A probe every
# minute keeps it alive. A client that is gone misses three probes and is dropped after 90 s.
_KEEPALIVE = {"idleTime": "60s", "interval": "10s", "probes": 3}
# Inside a cluster a connection takes milliseconds. After a second the pod is gone, and another one can answer.
_CONNECT = {"connectTimeout": "1s"}
# Envoy's defaults: retries may be a fifth of the active requests, and at least three. More would overload a slow app
# with repeated work.
_BUDGET = {"percent": {"numerator": 20}, "minRetryConcurrency": 3}
# None of these requests reached an app, so any method may be retried.
_UNSEEN = ["connect-failure", "refused-stream", "reset-before-request"]

_CLIENT: Mapping[Preset, Mapping[str, Any]] = {
    "gentle": {"tcpKeepalive": _KEEPALIVE},
    "strict": {
        "tcpKeepalive": _KEEPALIVE,
        "timeout": {
            "http": {
                # A body of 10 MiB at 1.5 Mbit/s. A slower client would only occupy a stream of the app.
                "requestReceivedTimeout": "60s",
                # As long as browsers themselves keep a connection (Chromium 300 s).
                "idleTimeout": "300s",
            }
        },
        # Each may buffer 32 KiB in both directions: together half of the memory limit of 512 MiB.
        "connection": {"connectionLimit": {"value": 4096}},
    },
}
# Fields that Envoy Gateway has since 1.9. Earlier lines would refuse the whole policy.
_CLIENT_SINCE_1_9: Mapping[Preset, Mapping[str, Any]] = {
    "gentle": {},
    "strict": {
        "timeout": {
            # Headers, and the messages of a TLS handshake, fit into a few packets; ten seconds are enough to send each
            # of them three times. Without a limit, a handshake that stops half-way keeps its connection until the idle
            # timeout. A client that sends nothing at all has Envoy's own 15 seconds to begin with TLS.
            "tcp": {"tlsHandshakeTimeout": "10s"},
            "http": {"requestHeadersReceivedTimeout": "10s"},
        }
    },
}
_BACKEND: Mapping[Preset, Mapping[str, Any]] = {
    "gentle": {
        # Reports and uploads may take a minute, the timeout of most load balancers in front.
        "timeout": {"tcp": _CONNECT, "http": {"requestTimeout": "60s"}},
        "retry": {
            # Waits of up to 100 ms, 200 ms and 400 ms outlast the moment in which a pod is replaced.
            "numRetries": 3,
            "perRetry": {"backOff": {"baseInterval": "100ms", "maxInterval": "1s"}},
            # An app that answers 503 has not processed the request.
            "retryOn": {"triggers": [*_UNSEEN, "retriable-status-codes"], "httpStatusCodes": [503]},
        },
        "circuitBreaker": {"retryBudget": _BUDGET},
    },
    "strict": {
        # Envoy's default for a route. Nobody waits longer for a page.
        "timeout": {"tcp": _CONNECT, "http": {"requestTimeout": "15s"}},
        "retry": {"numRetries": 2, "retryOn": {"triggers": _UNSEEN}},
        "circuitBreaker": {
            "retryBudget": _BUDGET,
            # A quarter of Envoy's 1024, per rule of a route and per Envoy: what an app with 17 answers per second
            # finishes within the timeout. Further requests are refused at once.
            "maxParallelRequests": 256,
            "maxPendingRequests": 64,
        },
    },
}


def policies(settings: TrafficConfig, release: Release) -> dict[PolicyKind, tuple[str, dict[str, Any]]]:
    """The key and fields of each policy by kind: the preset's fields, with those of the key merged over them.

    The fields are those that this release of Envoy Gateway has.
    """
    client = _CLIENT[settings.preset]
    if release >= (1, 9):
        client = merge(client, _CLIENT_SINCE_1_9[settings.preset])
    return {
        "ClientTrafficPolicy": ("client", merge(client, settings.client)),
        "BackendTrafficPolicy": ("backend", merge(_BACKEND[settings.preset], settings.backend)),
    }
