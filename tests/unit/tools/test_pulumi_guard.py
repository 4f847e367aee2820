"""`pulumi config set --secret` through the project's wrapper."""

from pathlib import Path

import pytest

from local.errors import UserError
from releases import LOCAL_CONTEXT
from tools import pulumi_guard
from tools.environment import passphrase_file, variables

SET = ("config", "set", "--secret", "--path", "synergychat:secrets.users.ada", "planted", "--stack", "prod")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the stack `prod` in the working directory, with an empty passphrase in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///state")
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config: {synergychat:context: prod}\n")
    return file


@pytest.mark.parametrize(
    "options", [SET, ("config", "set-all", "--secret", "a=b", "-s", "org/prod"), (*SET, "--secret=true")]
)
def test_a_secret_under_an_empty_passphrase_is_refused(options: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as raised:
        pulumi_guard.main("pulumi", options)
    assert "make passphrase STACK=prod" in str(raised.value)
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize("options", [("up",), ("config", "set", "synergychat:web.port", "80"), ("config",)])
def test_other_commands_pass(options: tuple[str, ...]) -> None:
    assert pulumi_guard.main("pulumi", options) == 0


def test_a_secret_under_a_passphrase_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a word")
    assert pulumi_guard.main("pulumi", SET) == 0


def test_on_the_local_cluster_a_secret_passes_with_a_warning(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f"config: {{synergychat:context: {LOCAL_CONTEXT}}}\n")
    assert pulumi_guard.main("pulumi", SET) == 0
    assert "make passphrase" in capsys.readouterr().err


def test_the_passphrase_of_a_stack_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in variables("kind-one", "prod")
    passphrase_file("prod").parent.mkdir(parents=True)
    passphrase_file("prod").write_text("a word")
    assert variables("kind-one", "prod")["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(passphrase_file("prod"))
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in variables("kind-one", "dev")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in variables("kind-one", "prod")
