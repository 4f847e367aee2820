"""Whether all that runs in the stack's namespaces meets the *restricted* Pod Security Standard, as the API server says.

https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/
"""

from collections.abc import Iterator
from subprocess import CalledProcessError

import pytest

from tests.live.live_stack import LiveStack

OF_CONTROLLER_AND_ENVOYS = "envoy-gateway-system"
LOOSE = "loose"


@pytest.fixture
def loose(stack: LiveStack) -> Iterator[str]:
    """A namespace with a pod that is not restricted."""
    stack.kubectl("create", "namespace", LOOSE)
    stack.kubectl("run", "pause", "--namespace", LOOSE, "--image=registry.k8s.io/pause:3.10")
    yield LOOSE
    stack.kubectl("delete", "namespace", LOOSE)


def label(stack: LiveStack, namespace: str) -> None:
    """Tries the label on the pods that are there. An earlier version of the standard, as nothing is tried that was."""
    prefix = "pod-security.kubernetes.io/enforce"
    labels = (f"{prefix}=restricted", f"{prefix}-version=v1.35")
    stack.kubectl("label", "--dry-run=server", "--overwrite", "--warnings-as-errors", "namespace", namespace, *labels)


@pytest.mark.parametrize("namespace", ["synergychat", OF_CONTROLLER_AND_ENVOYS])
def test_every_pod_of_the_stack_is_restricted(stack: LiveStack, namespace: str) -> None:
    assert stack.kubectl("get", "pods", "--namespace", namespace, "--output=name")
    label(stack, namespace)


def test_a_pod_that_is_not_is_told(stack: LiveStack, loose: str) -> None:
    with pytest.raises(CalledProcessError) as error:
        label(stack, loose)
    assert "existing pods in namespace" in error.value.stderr
