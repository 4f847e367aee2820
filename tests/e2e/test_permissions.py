"""Deployers with only the roles of docs/permissions: one of a whole stack, one of an app on an external platform."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CalledProcessError, CompletedProcess
from typing import Any

import pytest
import yaml

from local.paths import REPOSITORY
from tests.live.clients import ask
from tests.live.live_stack import LiveStack, live_stack

SECOND = {
    "platform": "external",
    "namespace": "second",
    "web.hostname": "second.internal",
    "api.hostname": "secondapi.internal",
}
WHOLE, APP = "synergychat-deployers", "synergychat-app-deployers"
Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def deployer(stack: LiveStack) -> Iterator[Run]:
    """Pulumi for the stack as the user who may deploy all of it. The stack is down."""
    assert stack.cli("destroy", "--yes", "--skip-preview").returncode == 0
    granted = grant(stack, "platform.yaml")
    kubeconfig = as_member(stack, WHOLE)
    stack.configure(adopt=["Namespace/envoy-gateway-system", "Namespace/synergychat"])
    yield lambda *arguments: stack.cli(*arguments, KUBECONFIG=str(kubeconfig))
    take_back(stack, granted)
    stack.configure(adopt=None)
    stack.up()


@pytest.fixture(scope="module")
def app(stack: LiveStack) -> Iterator[LiveStack]:
    """A stack on the platform of the first, for a user who may deploy nothing else."""
    granted = grant(stack, "app.yaml", namespace=SECOND["namespace"])
    with live_stack("test-app-stack", as_member(stack, APP), stack.context) as app:
        app.configure(**SECOND, adopt=[f"Namespace/{SECOND['namespace']}"])
        yield app
    take_back(stack, granted)


def as_member(stack: LiveStack, group: str) -> Path:
    """A kubeconfig by which one is in this group and no other.

    https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
    """
    config = yaml.safe_load(stack.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] |= {"as": "somebody", "as-groups": [group]}
    file = stack.directory / f"{group}.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def grant(stack: LiveStack, file: str, namespace: str = "synergychat") -> list[dict[str, Any]]:
    """The objects that an administrator creates, with the namespace replaced as the page says."""
    text = (REPOSITORY / "docs" / "permissions" / file).read_text()
    objects = list(yaml.safe_load_all(re.sub(r"\bsynergychat($|[^-])", rf"{namespace}\1", text, flags=re.MULTILINE)))
    stack.apply(*objects)
    return objects


def take_back(stack: LiveStack, granted: list[dict[str, Any]]) -> None:
    """Delete the cluster-scoped objects; those in a namespace are deleted with it."""
    for obj in granted:
        if obj["kind"] in ("Namespace", "ClusterRole", "ClusterRoleBinding"):
            stack.kubectl("delete", obj["kind"], obj["metadata"]["name"], "--ignore-not-found")


def test_who_may_deploy_all_of_a_stack_brings_it_up_and_destroys_it(deployer: Run) -> None:
    for command in ("up", "refresh"):
        done = deployer(command, "--yes", "--skip-preview")
        assert done.returncode == 0, done.stdout
    address = deployer("stack", "output", "gatewayAddress").stdout.strip()
    assert ask(address, "http://synchat.internal/").status_code == 200
    done = deployer("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout


def test_who_may_deploy_an_app_brings_it_up_on_a_platform_of_others_and_destroys_it(app: LiveStack) -> None:
    done = app.cli("up", "--yes")
    assert done.returncode == 0, done.stdout
    assert "could not be checked completely" not in done.stdout
    assert app.request("GET", "http://second.internal/").status_code == 200
    done = app.cli("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "what",
    [
        ("patch", "customresourcedefinitions"),
        ("patch", "gatewayclasses"),
        ("patch", "deployments", "--namespace=synergychat"),
        ("patch", "deployments", "--namespace=envoy-gateway-system"),
        ("get", "secrets", "--namespace=envoy-gateway-system"),
    ],
    ids=" ".join,
)
def test_who_may_deploy_an_app_may_touch_nothing_of_others(stack: LiveStack, what: tuple[str, ...]) -> None:
    # kubectl fails where the answer is no.
    with pytest.raises(CalledProcessError) as error:
        stack.kubectl("auth", "can-i", *what, "--as=somebody", f"--as-group={APP}")
    assert error.value.stdout.strip() == "no"
