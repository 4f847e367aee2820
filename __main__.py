"""SynergyChat behind Envoy Gateway: everything that one stack deploys, from top to bottom."""

import pulumi

import config
from components import (
    Access,
    Apps,
    AppsArgs,
    Chat,
    ChatArgs,
    NetworkPolicies,
    NetworkPoliciesArgs,
    create_gateways,
    create_issuers,
    create_objects,
    create_platform,
    create_policies,
    create_routes,
)
from health.on_error import explain_failures
from kube.provider import connect
from preview import Preview

stack = config.load()  # ends the program with every problem in the config

with Preview(
    require_digests=stack.require_digests, tests=stack.tests
) as preview:  # validates all objects when the block ends
    cluster = connect("cluster", stack.context, explain_failures(stack.context), preview.objects, stack.adopt)
    platform = create_platform("envoy-gateway", stack.platform, stack.context, cluster)
    preview.validate_against(platform)
    chat = Chat("synergychat", ChatArgs(settings=stack.chat), cluster)
    issuers = create_issuers(stack.issuers, chat.namespace, platform, cluster)
    gateways = create_gateways(stack.gateways, chat.namespace, platform, issuers, cluster)
    extra = AppsArgs(settings=stack.apps, gateway=gateways.main, secrets=chat.secrets, timeout_s=stack.timeout_s)
    apps = Apps("extraApps", extra, cluster)
    objects = create_objects(
        stack.objects, gateways.main, chat.secrets.all, stack.timeout_s, cluster, protect=stack.protect
    )
    backends, named = {**chat.backends, **apps.backends}, [*chat.secrets.all, *objects]
    routes = create_routes(stack.routes, gateways, backends, named, cluster)
    create_policies(stack.policies, gateways, {**routes, **apps.routes}, backends, named, cluster)
    connections = NetworkPoliciesArgs(workloads=stack.traffic, names=chat.names, gateway=gateways.main)
    NetworkPolicies("network-policies", connections, cluster)

access = Access(stack.urls, gateways.main.address, stack.is_self_signed)
pulumi.export("namespace", chat.namespace.name)
pulumi.export("urls", access.urls)
pulumi.export("gatewayAddress", access.address)
pulumi.export("hostsLines", access.hosts_lines)
pulumi.export("tryIt", access.try_it)
pulumi.export("versions", stack.versions | {"envoyGatewayManifest": platform.release.sha256})
