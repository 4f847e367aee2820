"""The prod stack on a real cluster. Only the placeholders of its file and the certificate authority are replaced."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from local.images import peers
from local.paths import REPOSITORY
from local.toolchain import cert_manager_manifest
from local.toolchain.pins import ENVOY, ENVOY_GATEWAY
from local.toolchain.progress import Progress
from tests.conftest import TestCluster
from tests.live import acme
from tests.live.clients import ask, certificate
from tests.live.images import by_digest
from tests.live.live_stack import LiveStack
from tests.live.recipes import together

ENVOYS = "prod-envoys"
WEB, API = acme.HOSTS.values()


@pytest.fixture(scope="module")
def prod(cluster: TestCluster, stack: LiveStack, original: str) -> Iterator[LiveStack]:
    """The stack, turned into prod."""
    with Progress() as progress:
        manifest = cert_manager_manifest.ensure_manifest(progress).read_text()
        for archive in peers.ensure_archives(progress, (peers.PEBBLE, *peers.CERT_MANAGER_PARTS)):
            cluster.cluster.load_image(archive)
    for entry in peers.CERT_MANAGER_PARTS:
        manifest = manifest.replace(entry.reference, by_digest(cluster.cluster, entry.reference))
    (stack.directory / "cert-manager.yaml").write_text(manifest)
    stack.apply(*acme.objects(f"{ENVOYS}.envoy-gateway-system.svc.cluster.local"))
    stack.kubectl("rollout", "status", "deployment/pebble", "-n", "acme", "--timeout=60s")
    document = yaml.safe_load(original)
    file = yaml.safe_load((REPOSITORY / "Pulumi.prod.yaml").read_text())
    document["config"] = _filled_in(file["config"], cluster, stack.context)
    stack.file.write_text(yaml.safe_dump(document, sort_keys=False))
    stack.up()
    yield stack
    # A protected object can be deleted or replaced only after an update that takes its protection off.
    stack.configure(protect=None, **{"envoyGateway.protect": None})
    stack.up()
    stack.kubectl("delete", "namespace", "acme", "--wait=false")


def _filled_in(config: dict[str, Any], cluster: TestCluster, context: str) -> dict[str, Any]:
    chat = "docker.io/bootdotdev/synergychat-{}:latest"
    named = {part: by_digest(cluster.cluster, chat.format(part)) for part in ("web", "api", "crawler")}
    config["synergychat:context"] = context
    for app, image in named.items():
        config[f"synergychat:{app}"]["image"] = image
    for app, host in (("web", WEB), ("api", API)):
        config[f"synergychat:{app}"]["hostname"] = host
    config["synergychat:tests"]["redirect"] |= {"url": f"http://{WEB}/a", "location": f"https://{WEB}/a"}
    config["synergychat:envoyGateway"]["image"] = by_digest(
        cluster.cluster, f"docker.io/envoyproxy/gateway:v{ENVOY_GATEWAY}"
    )
    config["synergychat:gateway"]["envoyImage"] = by_digest(
        cluster.cluster, f"docker.io/envoyproxy/envoy:distroless-v{ENVOY}"
    )
    config["synergychat:issuers"]["letsencrypt"]["acme"] |= acme.SETTINGS
    here = {
        "synergychat:certManager": {"install": True, "manifest": "cert-manager.yaml"},
        # By a name that is known before they are there, Pebble is led to them.
        "synergychat:gateway": {"proxy": {"provider": {"kubernetes": {"envoyService": {"name": ENVOYS}}}}},
    }
    return together([config, here])


def test_prod_answers_by_https_with_a_certificate_of_the_authority_alone(prod: LiveStack) -> None:
    assert prod.outputs["urls"] == {"web": f"https://{WEB}", "api": f"https://{API}"}
    for host, path in ((WEB, "/"), (API, "/healthz")):
        assert "Pebble Intermediate CA" in certificate(prod.gateway_address, 443, host).issuer.rfc4514_string()
        assert ask(prod.gateway_address, f"https://{host}{path}").status_code == 200
        redirected = ask(prod.gateway_address, f"http://{host}{path}")
        assert (redirected.status_code, redirected.headers["location"]) == (301, f"https://{host}{path}")


def test_prod_runs_two_or_more_of_everything_by_digest(prod: LiveStack) -> None:
    own = prod.outputs["namespace"]
    # Envoy Gateway leaves the Envoys of a Gateway that is deleted before a new controller leads, as that of dev here.
    deployments = [
        deployment
        for namespace in (own, "envoy-gateway-system")
        for deployment in json.loads(prod.kubectl("get", "deployments", "-n", namespace, "-o", "json"))["items"]
        if deployment["metadata"]["labels"].get("gateway.envoyproxy.io/owning-gateway-namespace", own) == own
    ]
    available = {
        deployment["metadata"]["name"]: deployment["status"].get("availableReplicas", 0) for deployment in deployments
    }
    assert len(available) == 5
    assert min(available.values()) >= 2, available
    images = [
        container["image"]
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
    ]
    assert [image for image in images if "@sha256:" not in image] == []


def test_nothing_of_prod_is_left_to_do(prod: LiveStack) -> None:
    assert set(prod.up()) == {"same"}
