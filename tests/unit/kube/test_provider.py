"""The provider uses the context that the config names, and nothing is registered when its cluster cannot be used."""

from pathlib import Path

import pulumi
import pytest
import yaml

from kube import provider
from tests.unit.kube.clusters import CONTEXT, document
from tests.unit.recording import Recording, record
from tests.unit.web import Web, serving


async def leave(_: pulumi.ErrorHookArgs) -> bool:
    return False


def connect(*, preview: bool = False) -> Recording:
    def program() -> None:
        provider.connect("cluster", CONTEXT, pulumi.ErrorHook("explain", leave))

    return record(program, preview=preview)


def refusal(*, preview: bool = False) -> str:
    """The message with which the program ends, with nothing registered."""
    recording = connect(preview=preview)
    assert (recording.exit_code, recording.resources) == (32, {})
    (message,) = recording.log
    return message


def test_the_provider_has_the_context_that_the_config_names(kubeconfig: Path) -> None:
    with serving(Web()) as api_server:
        kubeconfig.write_text(yaml.safe_dump(document(server=api_server.url)))
        recording = connect()
    # No path of this machine: the provider itself reads KUBECONFIG, and the state fits another machine as well.
    assert recording["cluster"].inputs == {
        "context": CONTEXT,
        "kubeconfig": "",
        "enableConfigMapMutable": "true",
        "enableSecretMutable": "true",
    }
    assert api_server.asked == ["/version"]


def test_a_preview_needs_neither_a_kubeconfig_nor_a_server(kubeconfig: Path) -> None:
    assert connect(preview=True)["cluster"].inputs["context"] == CONTEXT
    kubeconfig.write_text(yaml.safe_dump(document()))
    assert connect(preview=True)["cluster"].inputs["context"] == CONTEXT


def test_an_update_ends_when_the_cluster_cannot_be_used(kubeconfig: Path) -> None:
    kubeconfig.write_text(yaml.safe_dump(document("another")))
    message = refusal()
    assert message.startswith(f'1 problem in stack dev:\n  synergychat:context = "{CONTEXT}": ')
    assert "[context-missing]\n      fix: " in message


@pytest.mark.parametrize("preview", [False, True])
def test_an_invalid_kubeconfig_ends_a_preview_too(kubeconfig: Path, preview: bool) -> None:
    kubeconfig.write_text("contexts: [")
    assert f"\n  {kubeconfig}: " in refusal(preview=preview)
