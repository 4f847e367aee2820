"""The controller's own configuration: a kind without a CRD, so its schema is written down here.

Envoy Gateway silently ignores a field that it does not know. The schema has the fields of its Go types from 1.5 on:
https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway. Types that it shares with a CRD are taken from
there. Rules between fields are left to the controller, which ends with a message that `up` shows.
"""

from collections.abc import Iterator

import yaml

from checks.rules.release_fields import field_too_new
from checks.schema import json_schema, structural
from checks.schema.served_kinds import Crds
from checks.schema.structural import Schema
from checks.schema.validate import undeclared
from diagnostics import Path, Problem
from gatewayapi.kinds import ENVOY_GATEWAY
from kube.json_paths import children
from kube.manifest import Manifest
from releases import CONFIG_KEY, CONFIG_MAP, Release, lines_after

_ANY: Schema = {"x-kubernetes-preserve-unknown-fields": True}
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_QUANTITY: Schema = {"x-kubernetes-int-or-string": True}
_DURATION: Schema = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}


def wrong_config(manifest: Manifest, crds: Crds, release: Release) -> Iterator[Problem]:
    """Problems in the configuration that a ConfigMap holds; none for any other object."""
    text = manifest.get("data", {}).get(CONFIG_KEY) if manifest.get("kind") == "ConfigMap" else None
    if manifest["metadata"].get("name") != CONFIG_MAP or not isinstance(text, str):
        return
    config, schema = yaml.safe_load(text), _schema(crds)
    refusals = json_schema.refusals(structural.stored(config, schema), json_schema.validator(schema))
    found = [*undeclared(config, schema), *(refusal.problem for refusal in refusals), *_too_new(config, release)]
    for problem in found:
        yield problem.at(("data", CONFIG_KEY, *problem.path), problem.value)


def _too_new(value: object, release: Release, path: Path = ()) -> Iterator[Problem]:
    for step, child in children(value):
        here = (*path, step)
        name = ".".join(step for step in here if isinstance(step, str))
        line = next((line for line in lines_after(release) if name in line.new_config_fields), None)
        if line is not None:
            yield field_too_new(here, line)
        else:
            yield from _too_new(child, release, here)


def _schema(crds: Crds) -> Schema:
    return _object(
        apiVersion=_TEXT,
        kind=_TEXT,
        gateway=_object(controllerName=_TEXT),
        provider=_needing("type", type=_one_of("Kubernetes", "Custom"), kubernetes=_kubernetes(crds), custom=_ANY),
        logging=_object(
            level=_object(**dict.fromkeys(_COMPONENTS, _one_of("debug", "info", "warn", "error"))),
            encoder=_one_of("Text", "JSON"),
        ),
        admin=_object(address=_object(host=_TEXT, port=_NUMBER), enableDumpConfig=_FLAG, enablePprof=_FLAG),
        telemetry=_TELEMETRY,
        xdsServer=_object(
            maxConnectionAge=_DURATION,
            maxConnectionAgeGrace=_DURATION,
            maxReceiveMessageSize=_QUANTITY,
        ),
        rateLimit=_RATE_LIMIT,
        extensionManager=_extension_manager(crds),
        extensionManagers=_list(_extension_manager(crds)),
        extensionApis=_object(
            enableBackend=_FLAG,
            enableEnvoyPatchPolicy=_FLAG,
            disableLua=_FLAG,
            enableSDSSecretRef=_FLAG,
            enableLua=_FLAG,
        ),
        gatewayAPI=_object(enabled=_list(_one_of("XBackendTrafficPolicy", "XListenerSet"))),
        runtimeFlags=_object(enabled=_list(_one_of(*_RUNTIME_FLAGS)), disabled=_list(_one_of(*_RUNTIME_FLAGS))),
        envoyProxy=_of_crd(crds, "EnvoyProxy", "spec"),
    )


def _kubernetes(crds: Crds) -> Schema:
    envoys = "spec", "provider", "kubernetes"
    return _object(
        rateLimitDeployment=_of_crd(crds, "EnvoyProxy", *envoys, "envoyDeployment"),
        rateLimitHpa=_of_crd(crds, "EnvoyProxy", *envoys, "envoyHpa"),
        rateLimitPDB=_of_crd(crds, "EnvoyProxy", *envoys, "envoyPDB"),
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
        name=_TEXT,
        resources=kinds,
        policyResources=kinds,
        backendResources=kinds,
        hooks=_object(xdsTranslator=_object(pre=hooks, post=hooks, translation=_object(**translated))),
        service=_object(
            **endpoint,
            host=_TEXT,
            port=_NUMBER,
            tls=_object(certificateRef=_SECRET, clientCertificateRef=_SECRET),
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


def _of_crd(crds: Crds, kind: str, *fields: str) -> Schema:
    """The schema of a CRD's field that has the same Go type; any value is valid when the CRD is missing."""
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
    traces=_object(sink=_SINK, samplingRate=_FRACTION),
)
_RATE_LIMIT = _needing(
    "backend",
    backend=_needing(
        "type",
        type=_one_of("Redis"),
        redis=_object(
            url=_TEXT,
            urlRef=_object(secretKeyRef=_object(name=_TEXT, key=_TEXT, optional=_FLAG)),
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
