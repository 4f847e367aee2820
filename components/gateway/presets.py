"""Traffic presets: how a Gateway treats clients and apps, with the reason for every number.

Only what differs from Envoy Gateway's own defaults is set, but where a default has to hold in the next release too.
https://gateway.envoyproxy.io/docs/api/extension_types/
https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge
"""

from collections.abc import Mapping
from typing import Any

from config import TrafficConfig
from config.values import Preset
from gatewayapi.kinds import PolicyKind
from kube.merge import overlaid

# Load balancers forget a connection that is silent for 4 to 6 minutes (Azure 240 s, AWS 350 s) and tell nobody: a probe
# a minute keeps it known. A client that is gone answers three probes with nothing, and is let go after 90 s.
_KEEPALIVE = {"idleTime": "60s", "interval": "10s", "probes": 3}
# Inside a cluster a connection takes milliseconds. What takes a second is a pod that is gone, and another one is there.
_CONNECT = {"connectTimeout": "1s"}
# Envoy's defaults: retries may be a fifth of the requests under way, three in any case. More would bury an app that is
# slow under its own repeated work.
_BUDGET = {"percent": {"numerator": 20}, "minRetryConcurrency": 3}
# None of these reached an app, so that any method may be tried again.
_UNSEEN = ["connect-failure", "refused-stream", "reset-before-request"]

_CLIENT: Mapping[Preset, Mapping[str, Any]] = {
    "gentle": {"tcpKeepalive": _KEEPALIVE},
    "strict": {
        "tcpKeepalive": _KEEPALIVE,
        "timeout": {
            "http": {
                # Headers fit into a few packets; ten seconds are time to send each of them three times.
                "requestHeadersReceivedTimeout": "10s",
                # A body of 10 MiB at 1.5 Mbit/s. Who sends slower holds a stream of the app for nothing.
                "requestReceivedTimeout": "60s",
                # As long as browsers keep a connection themselves (Chromium 300 s).
                "idleTimeout": "300s",
            }
        },
        # Each may buffer 32 KiB both ways: together half of the 512 MiB that an Envoy of this program may have.
        "connection": {"connectionLimit": {"value": 4096}},
    },
}
_BACKEND: Mapping[Preset, Mapping[str, Any]] = {
    "gentle": {
        # Reports and uploads may take their time: a minute, as most load balancers in front of it have it.
        "timeout": {"tcp": _CONNECT, "http": {"requestTimeout": "60s"}},
        "retry": {
            # Waits of 100 ms, 200 ms and 400 ms at most outlast the moment in which a pod is replaced.
            "numRetries": 3,
            "perRetry": {"backOff": {"baseInterval": "100ms", "maxInterval": "1s"}},
            # An app that answers 503 says that it has not taken the request.
            "retryOn": {"triggers": [*_UNSEEN, "retriable-status-codes"], "httpStatusCodes": [503]},
        },
        "circuitBreaker": {"retryBudget": _BUDGET},
    },
    "strict": {
        # Envoy's default for a route. Nobody looks at a page that comes later.
        "timeout": {"tcp": _CONNECT, "http": {"requestTimeout": "15s"}},
        "retry": {"numRetries": 2, "retryOn": {"triggers": _UNSEEN}},
        "circuitBreaker": {
            "retryBudget": _BUDGET,
            # A quarter of Envoy's 1024, for every rule of a route and every Envoy: what an app with 17 answers a second
            # has done within the timeout. The others learn at once that it is too much.
            "maxParallelRequests": 256,
            "maxPendingRequests": 64,
        },
    },
}


def policies(settings: TrafficConfig) -> dict[PolicyKind, tuple[str, dict[str, Any]]]:
    """By kind, the key that is laid over the preset's fields, and the fields of both."""
    return {
        "ClientTrafficPolicy": ("client", overlaid(_CLIENT[settings.preset], settings.client)),
        "BackendTrafficPolicy": ("backend", overlaid(_BACKEND[settings.preset], settings.backend)),
    }
