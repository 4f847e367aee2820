"""The commands of preview.yml, in a clone of the last commit, in an environment with nothing in it."""

import json
import os
import subprocess
from pathlib import Path

import yaml

from local.paths import REPOSITORY

_LIMIT_S = 1200


def test_the_preview_of_a_change_of_dev(tmp_path: Path) -> None:
    clone, outputs = tmp_path / "clone", tmp_path / "outputs"
    # The tools of this machine: to build them takes minutes, and other tests show that it works.
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    home = tmp_path / "home"
    home.mkdir()
    # The variables by which this machine reaches its registries; a runner needs none.
    bare = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "GO", "SSL_"))}
    bare |= {"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_CACHE_HOME": cache, "GITHUB_OUTPUT": str(outputs)}
    identity = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*command: str, **variables: str) -> None:
        subprocess.run(command, cwd=clone, env=bare | variables, check=True, timeout=_LIMIT_S)

    clone.mkdir()
    run("git", "clone", "--quiet", f"file://{REPOSITORY}", ".")
    file = clone / "Pulumi.dev.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"].setdefault("synergychat:web", {})["replicas"] = 2
    file.write_text(yaml.safe_dump(document))
    run("git", "commit", "--quiet", "--all", "--message=Run two pods of web", **identity)

    workflow = yaml.safe_load((clone / ".github" / "workflows" / "preview.yml").read_text())
    scripts = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in workflow["jobs"].items()}
    # setup-python puts a python3 on the PATH of a runner; here it is the system's.
    for script in scripts["stacks"]:
        run("bash", "-e", "-c", script)
    assert outputs.read_text() == 'stacks=["dev"]\n'
    for script in scripts["compare"]:
        run("bash", "-e", "-c", script, STACK="dev")
    changes = json.loads((clone / "comparison" / "changes.json").read_text())
    assert changes["differs"] is True
    assert (changes["deletions"], changes["exposure"]) == ([], [])
    assert "web" in (clone / "comparison" / "comment.md").read_text()
    assert (clone / "comparison" / "report.html").stat().st_size > 0
