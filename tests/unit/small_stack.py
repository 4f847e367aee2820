"""The components of a stack, declared as __main__.py does, with a small release and without validation."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import pulumi
import pulumi_kubernetes as k8s

import config
from components import (
    Apps,
    AppsArgs,
    Chat,
    ChatArgs,
    Gateways,
    NetworkPolicies,
    NetworkPoliciesArgs,
    Platform,
    create_gateways,
    create_issuers,
    create_objects,
    create_platform,
    create_policies,
    create_routes,
)
from components.platform import platform
from components.platform.cert_manager_release import CertManagerRelease
from components.platform.release import Release
from config import Stack
from tests.unit import release
from tests.unit.recording import PROJECT, Recording, record

TIMEOUT_S = 60
NAMESPACE = "synergychat"
CONTEXT = "a-context"


def stack(**keys: Any) -> Stack:
    """A stack with these keys in its config."""
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}
    given = {"context": CONTEXT, "timeoutSeconds": str(TIMEOUT_S), **values}
    return Stack(config.parse(PROJECT, {f"{PROJECT}:{key}": value for key, value in given.items()}))


def on_cluster() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[k8s.Provider("cluster", context=CONTEXT)])


def declare_platform(
    stack: Stack, cluster: pulumi.ResourceOptions, cert_manager: CertManagerRelease | None = None
) -> Platform:
    with (
        mock.patch.object(platform, "load_envoy_gateway", lambda *_, **__: _release()),
        mock.patch.object(platform, "load_cert_manager", lambda _: cert_manager),
    ):
        return create_platform("envoy-gateway", stack.platform, stack.context, cluster)


@cache
def _release() -> Release:
    return release.release(*release.with_every_kind())


@dataclass(frozen=True)
class Base:
    """The components that every stack has."""

    cluster: pulumi.ResourceOptions
    chat: Chat
    gateways: Gateways


def declare_base(stack: Stack, cert_manager: CertManagerRelease | None = None) -> Base:
    cluster = on_cluster()
    platform = declare_platform(stack, cluster, cert_manager)
    chat = Chat("synergychat", ChatArgs(settings=stack.chat), cluster)
    issuers = create_issuers(stack.issuers, chat.namespace, platform, cluster)
    return Base(cluster, chat, create_gateways(stack.gateways, chat.namespace, platform, issuers, cluster))


def declare(stack: Stack, cert_manager: CertManagerRelease | None = None) -> None:
    base = declare_base(stack, cert_manager)
    chat, gateways, cluster = base.chat, base.gateways, base.cluster
    extra = AppsArgs(settings=stack.apps, gateway=gateways.main, secrets=chat.secrets, timeout_s=stack.timeout_s)
    apps = Apps("extraApps", extra, cluster)
    objects = create_objects(stack.objects, gateways.main, chat.secrets.all, stack.timeout_s, cluster)
    backends, named = {**chat.backends, **apps.backends}, [*chat.secrets.all, *objects]
    routes = create_routes(stack.routes, gateways, backends, named, cluster)
    create_policies(stack.policies, gateways, {**routes, **apps.routes}, backends, named, cluster)
    connections = NetworkPoliciesArgs(workloads=stack.traffic, names=chat.names, gateway=gateways.main)
    NetworkPolicies("network-policies", connections, cluster)
    pulumi.export("address", gateways.main.address)


def build(*, preview: bool = False, cert_manager: CertManagerRelease | None = None, **keys: Any) -> Recording:
    """All resources of a stack with these keys in its config."""
    wanted = stack(**keys)
    return record(lambda: declare(wanted, cert_manager), preview=preview)
