"""The controller's own configuration: a kind without a CRD, of which Envoy Gateway reads what it knows and no more.

A field that it does not know it passes over in silence. This is what the Go types of 1.5 to 1.9 have:
https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway. What they share with CRDs is read off those. Rules
between fields are the controller's: it ends with its own words for them, which `up` shows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from checks.rules.releases import Release, later
from checks.schema import json_schema, structural
from checks.schema.crds import Crds
from checks.schema.structural import Schema
from checks.schema.validate import undeclared
from diagnostics.problem import Mistake, Path
from gatewayapi.kinds import ENVOY_GATEWAY
from kube.json_paths import children
from releases import CONFIG_KEY, CONFIG_MAP

_SINCE = "x-since"

_ANY: Schema = {"x-kubernetes-preserve-unknown-fields": True}
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_QUANTITY: Schema = {"x-kubernetes-int-or-string": True}
_DURATION: Schema = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}


def mistakes(wire: Mapping[str, Any], crds: Crds, release: Release) -> Iterator[Mistake]:
    """Of the ConfigMap that holds it; of any other object, none."""
    text: Any = wire.get("data", {}).get(CONFIG_KEY) if wire.get("kind") == "ConfigMap" else None
    if wire["metadata"].get("name") != CONFIG_MAP or not isinstance(text, str):
        return
    given, schema = yaml.safe_load(text), _schema(crds)
    refusals = json_schema.refusals(structural.stored(given, schema), json_schema.validator(schema))
    found = [*undeclared(given, schema), *(each.mistake for each in refusals), *_too_new(given, schema, release)]
    for each in found:
        yield Mistake(path=("data", CONFIG_KEY, *each.path), value=each.value, rule=each.rule, cure=each.cure)


def _too_new(value: Any, schema: Schema, release: Release, path: Path = ()) -> Iterator[Mistake]:
    for step, child in children(value):
        declared = structural.of_child(schema, step) or {}
        if (since := declared.get(_SINCE, release)) > release:
            yield later((*path, step), since)
        else:
            yield from _too_new(child, declared, release, (*path, step))


def _schema(crds: Crds) -> Schema:
    return _object(
        apiVersion=_TEXT,
        kind=_TEXT,
        gateway=_object(controllerName=_TEXT),
        provider=_needing("type", type=_one_of("Kubernetes", "Custom"), kubernetes=_kubernetes(crds), custom=_ANY),
        logging=_object(
            level=_object(**dict.fromkeys(_COMPONENTS, _one_of("debug", "info", "warn", "error"))),
            encoder=_since((1, 7), _one_of("Text", "JSON")),
        ),
        admin=_object(address=_object(host=_TEXT, port=_NUMBER), enableDumpConfig=_FLAG, enablePprof=_FLAG),
        telemetry=_TELEMETRY,
        xdsServer=_since(
            (1, 6),
            _object(
                maxConnectionAge=_DURATION,
                maxConnectionAgeGrace=_DURATION,
                maxReceiveMessageSize=_since((1, 9), _QUANTITY),
            ),
        ),
        rateLimit=_RATE_LIMIT,
        extensionManager=_extension_manager(crds),
        extensionManagers=_since((1, 8), _list(_extension_manager(crds))),
        extensionApis=_object(
            enableBackend=_FLAG,
            enableEnvoyPatchPolicy=_FLAG,
            disableLua=_since((1, 7), _FLAG),
            enableSDSSecretRef=_since((1, 8), _FLAG),
            enableLua=_since((1, 9), _FLAG),
        ),
        gatewayAPI=_since((1, 7), _object(enabled=_list(_one_of("XBackendTrafficPolicy", "XListenerSet")))),
        runtimeFlags=_object(enabled=_list(_one_of(*_RUNTIME_FLAGS)), disabled=_list(_one_of(*_RUNTIME_FLAGS))),
        envoyProxy=_since((1, 7), _of_crd(crds, "EnvoyProxy", "spec")),
    )


def _kubernetes(crds: Crds) -> Schema:
    envoys = "spec", "provider", "kubernetes"
    return _object(
        rateLimitDeployment=_of_crd(crds, "EnvoyProxy", *envoys, "envoyDeployment"),
        rateLimitHpa=_of_crd(crds, "EnvoyProxy", *envoys, "envoyHpa"),
        rateLimitPDB=_since((1, 6), _of_crd(crds, "EnvoyProxy", *envoys, "envoyPDB")),
        watch=_object(
            type=_one_of("Namespaces", "NamespaceSelector"), namespaces=_list(_TEXT), namespaceSelector=_SELECTOR
        ),
        deploy=_object(type=_one_of("ControllerNamespace", "GatewayNamespace")),
        shutdownManager=_object(image=_TEXT),
        leaderElection=_object(leaseDuration=_DURATION, renewDeadline=_DURATION, retryPeriod=_DURATION, disable=_FLAG),
        client=_object(rateLimit=_object(qps=_NUMBER, burst=_NUMBER)),
        proxyTopologyInjector=_object(disabled=_FLAG),
        cacheSyncPeriod=_DURATION,
    )


def _extension_manager(crds: Crds) -> Schema:
    endpoint = _of_crd(crds, "Backend", "spec", "endpoints").get("items", {}).get("properties", {})
    kinds, hooks = _list(_object(group=_TEXT, version=_TEXT, kind=_TEXT)), _list(_one_of(*_HOOKS))
    translated = dict.fromkeys(("listener", "route", "cluster", "secret"), _object(includeAll=_FLAG))
    return _needing(
        *("hooks", "service"),
        name=_since((1, 8), _TEXT),
        resources=kinds,
        policyResources=kinds,
        backendResources=kinds,
        hooks=_object(xdsTranslator=_object(pre=hooks, post=hooks, translation=_object(**translated))),
        service=_object(
            **endpoint,
            host=_TEXT,
            port=_NUMBER,
            tls=_object(certificateRef=_SECRET, clientCertificateRef=_since((1, 6), _SECRET)),
            retry=_object(
                maxAttempts=_NUMBER,
                initialBackoff=_DURATION,
                maxBackoff=_DURATION,
                backoffMultiplier=_FRACTION,
                RetryableStatusCodes=_list(_TEXT),
            ),
        ),
        failOpen=_FLAG,
        maxMessageSize=_QUANTITY,
    )


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields}


def _needing(*names: str, **fields: Schema) -> Schema:
    return {**_object(**fields), "required": list(names)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _since(release: Release, schema: Schema) -> Schema:
    return {**schema, _SINCE: release}


def _of_crd(crds: Crds, kind: str, *fields: str) -> Schema:
    """The schema of a field that has the same Go type; of a kind that is not there, any."""
    known = crds.kinds.get((f"{ENVOY_GATEWAY}/v1alpha1", kind))
    schema = known.schema if known else _ANY
    for field in fields:
        schema = schema.get("properties", {}).get(field, _ANY)
    return schema


_COMPONENTS = (
    *("default", "provider", "gateway-api", "xds-translator", "xds-server", "xds"),
    *("infrastructure", "global-ratelimit"),
)
_HOOKS = ("VirtualHost", "Route", "HTTPListener", "Translation", "Cluster", "Endpoints")
_RUNTIME_FLAGS = ("XDSNameSchemeV2", "EndpointSliceIndex", "PerResourceSystemCASecret")
_SELECTOR = _object(matchLabels=_ANY, matchExpressions=_ANY)
_SECRET = _object(group=_TEXT, kind=_TEXT, name=_TEXT, namespace=_TEXT)
_FRACTION = _object(numerator=_NUMBER, denominator=_NUMBER)
_SINK = _object(
    type=_one_of("OpenTelemetry"),
    openTelemetry=_object(
        host=_TEXT, protocol=_one_of("grpc", "http"), port=_NUMBER, exportInterval=_DURATION, exportTimeout=_DURATION
    ),
)
_TELEMETRY = _object(
    metrics=_object(sinks=_list(_SINK), prometheus=_object(disable=_FLAG)),
    traces=_since((1, 8), _object(sink=_SINK, samplingRate=_FRACTION)),
)
_RATE_LIMIT = _needing(
    "backend",
    backend=_needing(
        "type",
        type=_one_of("Redis"),
        redis=_object(
            url=_TEXT,
            urlRef=_since((1, 9), _object(secretKeyRef=_object(name=_TEXT, key=_TEXT, optional=_FLAG))),
            tls=_object(certificateRef=_SECRET),
        ),
    ),
    timeout=_DURATION,
    failClosed=_FLAG,
    telemetry=_object(
        metrics=_object(prometheus=_object(disable=_FLAG)),
        tracing=_object(samplingRate=_NUMBER, provider=_object(type=_one_of("OpenTelemetry"), url=_TEXT)),
    ),
)
