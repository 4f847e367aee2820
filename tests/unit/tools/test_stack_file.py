"""The keys that the targets of make read from a stack's file, and the errors for a file that they cannot use."""

from pathlib import Path

import pytest
import yaml

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


def test_a_stack_uses_the_context_of_its_file_unless_the_command_line_gives_another(file: Path) -> None:
    file.write_text("config:\n  synergychat:context: kind-one\n")
    assert Stack.of("mine", "") == Stack("mine", "kind-one", named=False)
    assert Stack.of("mine", "kind-one") == Stack("mine", "kind-one", named=False)
    assert Stack.of("mine", "kind-two") == Stack("mine", "kind-two", named=True)


@pytest.mark.parametrize("text", ["", "config:\n", "encryptionsalt: v1\n"])
def test_a_file_without_a_context_needs_one_on_the_command_line(file: Path, text: str) -> None:
    file.write_text(text)
    assert Stack.of("mine", "kind-one").context == "kind-one"
    assert refusal() == (
        "Pulumi.mine.yaml sets no Kubernetes context.\n"
        "  Add to its config: `synergychat:context: NAME`, or type CONTEXT=NAME."
    )


@pytest.mark.parametrize("context", ["", "kind-one"])
@pytest.mark.parametrize("text", ["config: [", "\0"])
def test_a_file_that_is_not_yaml_is_named(file: Path, text: str, context: str) -> None:
    file.write_text(text)
    assert refusal(context).startswith(f"{file} is not YAML: ")


@pytest.mark.parametrize("text", ["words", "- config", "config: words", "config: [words]"])
def test_a_file_that_is_not_a_stack_file_is_named(file: Path, text: str) -> None:
    file.write_text(text)
    assert refusal() == f"{file} is not a stack file: it needs a group of keys named config."


def test_a_context_on_the_command_line_overrides_the_file_and_does_not_change_it(file: Path) -> None:
    file.write_text("config:\n  synergychat:namespace: chat\n")
    flag, copy = Stack.of("mine", "kind-one").configuration()
    assert flag == "--config-file"
    assert Path(copy).read_text() == "config:\n  synergychat:namespace: chat\n  synergychat:context: kind-one\n"
    assert file.read_text() == "config:\n  synergychat:namespace: chat\n"


@pytest.mark.parametrize(("passphrase", "copied"), [("", True), ("a word", False)])
def test_the_salt_of_an_empty_passphrase_is_not_written_into_the_file(
    passphrase: str, copied: bool, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", passphrase)
    file.write_text("config: {synergychat:context: kind-one}\n")
    assert bool(Stack.of("mine", "").configuration()) is copied
    file.write_text("config: {synergychat:context: kind-one}\nencryptionsalt: v1\n")
    assert Stack.of("mine", "").configuration() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c: " + "[" * 100, "nesting"),
        ("config: {synergychat:objects: " + "[" * 900 + "]" * 900 + "}", "nesting"),
        ("a: &a {b: *a}", "within its own anchor"),
    ],
)
def test_a_file_beyond_the_limits_is_named(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    assert refusal().startswith(f"{file} has ")
    assert message in refusal()


@pytest.mark.parametrize("letter", ["a", "ä", "<", '"'])
def test_a_config_that_pulumi_cannot_pass_to_the_program_is_refused_with_its_largest_keys(
    file: Path, letter: str
) -> None:
    keys = {
        "synergychat:context": "kind-one",
        "synergychat:routes": {"a": {"description": letter * 130_000}},
        "synergychat:web": {"env": {"A": "a" * 5000}},
    }
    file.write_text(yaml.safe_dump({"config": keys}))
    with pytest.raises(UserError) as raised:
        Stack.of("mine", "").configuration()
    problem, advice = str(raised.value).splitlines()
    assert "which holds less than 128 KiB. Its largest keys: synergychat:routes (" in problem
    assert problem.endswith("synergychat:web (4 KiB).")
    assert advice.endswith("list them in synergychat:include.")


def test_a_config_that_pulumi_can_pass_to_the_program_is_accepted(file: Path) -> None:
    encrypted = {"secure": f"v1:nonce:{'a' * 30_000}"}  # longer than the value that it stands for
    keys = {"synergychat:context": "kind-one", "synergychat:a": "a" * 105_000, "synergychat:b": encrypted}
    file.write_text(yaml.safe_dump({"config": keys, "encryptionsalt": "v1"}))
    assert Stack.of("mine", "").configuration() == []
