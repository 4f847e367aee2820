"""cert-manager's webhook is gone when `up` needs it."""

from collections.abc import Iterator

import pytest

from local.images import peers
from local.toolchain import cert_manager_manifest
from local.toolchain.progress import Progress
from tests.conftest import TestCluster
from tests.faults.failing_up import about, restored, up
from tests.live.live_stack import LiveStack
from tests.live.recipes import file_with, recipes
from tests.live.waiting import wait_until

WEBHOOK, IN_NAMESPACE = "deployment/cert-manager-webhook", "--namespace=cert-manager"


@pytest.fixture(scope="module")
def with_cert_manager(cluster: TestCluster, stack: LiveStack) -> Iterator[LiveStack]:
    """The stack with cert-manager, and no issuer."""
    with Progress() as progress:
        cert_manager_manifest.ensure_manifest(progress)
        for archive in peers.ensure_archives(progress, peers.CERT_MANAGER_PARTS):
            cluster.cluster.load_image(archive)
    key = "synergychat:certManager"
    with restored(stack):
        installed = {key: recipes("gateway.md")["HTTPS with cert-manager"][key]}
        stack.file.write_text(file_with(stack.file.read_text(), [installed]))
        stack.up()
        yield stack


@pytest.mark.fault(
    "cert-manager's webhook is scaled to 0, and `up` creates an issuer",
    "`up` fails within its timeout and names the issuer, the webhook, its Service, its Deployment and the command; "
    "after that command it succeeds.",
)
def test_the_webhook_of_cert_manager_is_gone(with_cert_manager: LiveStack, injected: bool) -> None:
    stack = with_cert_manager
    with restored(stack):
        try:
            if injected:
                # Beforehand: a changed timeout updates every Deployment, and so gives the webhook its pod back.
                stack.configure(timeoutSeconds=30)
                stack.up()
                stack.kubectl("scale", WEBHOOK, IN_NAMESPACE, "--replicas=0")
                wait_until(lambda: not _webhooks(stack))
            stack.configure(issuers={"ours": {"selfSignedCa": True}})
            said = up(stack, fails=injected)
            if injected:
                assert "Issuer" in said
                explained = about(said, "is refused")
                assert "the call of the webhook webhook.cert-manager.io failed" in explained
                assert "the Service cert-manager-webhook of cert-manager has no pods" in explained
                assert "the Deployment cert-manager-webhook asks for 0" in explained
                assert f"scale {WEBHOOK} --replicas=1 -n cert-manager" in explained
        finally:
            stack.kubectl("scale", WEBHOOK, IN_NAMESPACE, "--replicas=1")
            stack.kubectl("rollout", "status", WEBHOOK, IN_NAMESPACE, "--timeout=60s")
        if injected:
            stack.configure(timeoutSeconds=None)
            up(stack, fails=False)


def _webhooks(stack: LiveStack) -> str:
    selected = ("--selector=app.kubernetes.io/name=webhook", "--output=name")
    return stack.kubectl("get", "pods", IN_NAMESPACE, *selected)
