"""What the targets of make read in a stack's file, and what they say of one that they cannot use."""

from pathlib import Path

import pytest

from local.errors import UserError
from tools import environment, stack
from tools.stack import Stack


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the stack `mine`."""
    monkeypatch.setattr(environment, "REPOSITORY", tmp_path)
    monkeypatch.setattr(stack, "REPOSITORY", tmp_path)
    return tmp_path / "Pulumi.mine.yaml"


def refusal(context: str = "") -> str:
    with pytest.raises(UserError) as raised:
        Stack.of("mine", context)
    return str(raised.value)


def test_a_stack_goes_to_the_context_of_its_file_unless_another_is_named(file: Path) -> None:
    file.write_text("config:\n  synergychat:context: kind-one\n")
    assert Stack.of("mine", "") == Stack("mine", "kind-one", named=False)
    assert Stack.of("mine", "kind-one") == Stack("mine", "kind-one", named=False)
    assert Stack.of("mine", "kind-two") == Stack("mine", "kind-two", named=True)


@pytest.mark.parametrize("text", ["", "config:\n", "encryptionsalt: v1\n"])
def test_a_file_without_a_context_takes_the_one_that_is_named_and_asks_for_one_otherwise(file: Path, text: str) -> None:
    file.write_text(text)
    assert Stack.of("mine", "kind-one").context == "kind-one"
    assert refusal() == (
        "Pulumi.mine.yaml names no Kubernetes context.\n  Type: pulumi config set context NAME --stack mine"
    )


@pytest.mark.parametrize("context", ["", "kind-one"])
@pytest.mark.parametrize("text", ["config: [", "\0"])
def test_a_file_that_is_not_yaml_is_named(file: Path, text: str, context: str) -> None:
    file.write_text(text)
    assert refusal(context).startswith(f"{file} is not YAML: ")


@pytest.mark.parametrize("text", ["words", "- config", "config: words", "config: [words]"])
def test_a_file_that_is_no_stack_file_is_named(file: Path, text: str) -> None:
    file.write_text(text)
    assert refusal() == f"{file} is no stack file: it needs a group of keys called config."


@pytest.mark.parametrize(
    ("gateway", "ports"),
    [
        ("", (80,)),
        ("  synergychat:gateway: {name: other}\n", (80,)),
        ("  synergychat:gateway: {port: 8080}\n", (8080,)),
        ("  synergychat:gateway: {exposure: NodePort, nodePort: 30080}\n", ()),
        ("  synergychat:gateway: {exposure: ClusterIP}\n", ()),
        # The program says what is wrong with these.
        ("  synergychat:gateway: 8080\n", (80,)),
        ("  synergychat:gateway: {port: 99999}\n", ()),
        ("  synergychat:gateway: {port: [80]}\n", ()),
    ],
)
def test_the_ports_that_must_be_free_are_those_of_the_stacks_load_balancer(
    file: Path, gateway: str, ports: tuple[int, ...]
) -> None:
    file.write_text(f"config:\n  synergychat:context: kind-one\n{gateway}")
    assert Stack.of("mine", "").ports_to_serve == ports


def test_a_named_context_is_laid_over_the_file_and_leaves_it_as_it_is(file: Path) -> None:
    file.write_text("config:\n  synergychat:namespace: chat\n")
    flag, laid = Stack.of("mine", "kind-one").configuration()
    assert flag == "--config-file"
    assert Path(laid).read_text() == "config:\n  synergychat:namespace: chat\n  synergychat:context: kind-one\n"
    assert file.read_text() == "config:\n  synergychat:namespace: chat\n"
