"""`make render`: what it writes, deletes, refuses and compares in a directory."""

from pathlib import Path

import pytest

from local.errors import UserError
from render.secrets import NOT_SEALED
from tools.render import LIST, check, existing, listed, own_files, refuse_foreign, sealed_values, write

FILES = {"README.md": "a\n", "30-apps/00-configmap-a.yaml": "kind: ConfigMap\n"}


def tree(out: Path) -> dict[str, str]:
    return {path: (out / path).read_text() for path in existing(out)}


def rewrite(out: Path, files: dict[str, str]) -> None:
    write(out, files, own_files(existing(out), listed(out)))


def test_files_are_written_and_those_of_before_are_deleted(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    rewrite(out, FILES | {"40-routes/00-httproute-b.yaml": "b\n"})
    rewrite(out, FILES)
    assert tree(out) == FILES
    assert not (out / "40-routes").exists()
    assert listed(out) == {*FILES}


def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    rewrite(tmp_path, FILES)
    (tmp_path / "30-apps" / "own.yaml").write_text("mine\n")
    with pytest.raises(UserError, match=r"did not write: 30-apps/own\.yaml"):
        refuse_foreign(tmp_path, existing(tmp_path), listed(tmp_path))


def test_a_link_in_the_directory_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "30-apps").symlink_to(tmp_path)
    with pytest.raises(UserError, match="did not write: 30-apps"):
        refuse_foreign(out, existing(out), listed(out))


def test_a_git_repository_at_the_top_is_not_a_foreign_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert existing(tmp_path) == set()


def test_the_list_deletes_nothing_outside_of_the_directory(tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.write_text("kept\n")
    rewrite(out, FILES)
    with (out / LIST).open("a") as file:
        file.write("../other\n")
    rewrite(out, FILES)
    assert other.read_text() == "kept\n"


def test_a_run_that_was_cut_off_leaves_no_foreign_file(tmp_path: Path) -> None:
    rewrite(tmp_path, FILES)
    with pytest.raises(TypeError):
        rewrite(tmp_path, {"20-gateway/a.yaml": "a\n", "broken": None})  # type: ignore[dict-item] # stops in between
    refuse_foreign(tmp_path, existing(tmp_path), listed(tmp_path))
    rewrite(tmp_path, FILES)
    assert tree(tmp_path) == FILES


def test_a_check_of_the_same_files_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(tmp_path, FILES)
    assert check(tmp_path, FILES, existing(tmp_path)) == 0
    assert "is up to date" in capsys.readouterr().out


def test_a_check_lists_every_difference_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(tmp_path, FILES | {"gone.yaml": "a\n"})
    (tmp_path / "README.md").write_text("edited\n")
    (tmp_path / "own.yaml").write_text("mine\n")
    before = tree(tmp_path)
    assert check(tmp_path, FILES | {"new.yaml": "b\n"}, existing(tmp_path)) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "  differs: .rendered",
        "  differs: README.md",
        "  not from this render: gone.yaml",
        "  missing: new.yaml",
        "  not from this render: own.yaml",
    ]
    assert tree(tmp_path) == before


def test_a_check_of_a_directory_that_does_not_exist_fails(tmp_path: Path) -> None:
    assert check(tmp_path / "none", FILES, existing(tmp_path / "none")) == 1


def test_sealed_values_are_read_from_the_files_of_before(tmp_path: Path) -> None:
    path = "20-gateway/01-sealedsecret-users.yaml"
    text = "kind: SealedSecret\nmetadata: {name: users, namespace: chat}\nspec: {encryptedData: {a: AgBy}}\n"
    rewrite(tmp_path, {path: text})
    assert sealed_values(tmp_path, [path, "README.md"]) == {"chat/users": {"a": "AgBy"}}
    (tmp_path / path).write_text(NOT_SEALED)
    with pytest.raises(UserError, match="is not a SealedSecret"):
        sealed_values(tmp_path, [path])
