"""Which stacks a change of files can change."""

import subprocess
from pathlib import Path

import pytest

from local.errors import UserError
from tools.ci.affected import affected, changed_files, inputs_of_stacks

INPUTS = {
    "dev": frozenset({"Pulumi.dev.yaml"}),
    "prod": frozenset({"Pulumi.prod.yaml", "teams/shop.yaml", "docs/shared.yaml"}),
    "staging": frozenset({"Pulumi.staging.yaml", "docs/shared.yaml"}),
}


@pytest.mark.parametrize(
    ("changed", "stacks"),
    [
        (["Pulumi.prod.yaml"], ["prod"]),
        (["teams/shop.yaml"], ["prod"]),
        (["docs/shared.yaml"], ["prod", "staging"]),
        (["Pulumi.dev.yaml", "teams/shop.yaml", "README.md"], ["dev", "prod"]),
        (["components/gateway/gateway.py"], ["dev", "prod", "staging"]),
        (["Pulumi.yaml"], ["dev", "prod", "staging"]),
        (["requirements.txt"], ["dev", "prod", "staging"]),
        (["Makefile", "Pulumi.dev.yaml"], ["dev", "prod", "staging"]),
        (["a/new/directory.py"], ["dev", "prod", "staging"]),
        (["docs/gateway.md", "tests/unit/program.py", ".github/workflows/check.yml", "local/cluster/README.md"], []),
        (["requirements-dev.txt", "tools/ci/comment.py"], []),
        (["Pulumi.gone.yaml"], []),
        ([], []),
    ],
    ids=str,
)
def test_a_file_changes_the_stacks_that_read_it(changed: list[str], stacks: list[str]) -> None:
    assert affected(changed, INPUTS) == stacks


def test_the_inputs_of_a_stack_are_its_file_and_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: synergychat\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  synergychat:include: [./teams/shop.yaml, 7]\n")
    (tmp_path / "Pulumi.odd.yaml").write_text("config: [")
    assert inputs_of_stacks(tmp_path) == {
        "odd": {"Pulumi.odd.yaml"},
        "prod": {"Pulumi.prod.yaml", "teams/shop.yaml"},
    }


def test_both_names_of_a_renamed_file_have_changed(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    (tmp_path / "old ü.yaml").write_text("a: 1\n" * 50)
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    git("mv", "old ü.yaml", "new.yaml")
    git("commit", "--quiet", "--message=second")
    assert changed_files("HEAD^1", tmp_path) == ["new.yaml", "old ü.yaml"]
    with pytest.raises(UserError, match="git diff failed"):
        changed_files("unknown", tmp_path)
