"""The catalogue of images: set-up provides every image that a pod of the local cluster uses."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from config import StackConfig
from local.cluster import config_files
from local.cluster.archive_reader import full_name
from local.cluster.node_images import FIRST
from local.errors import UserError
from local.images import catalogue
from local.paths import REPOSITORY
from local.toolchain import Tools
from local.toolchain.pins import ARTEFACTS
from local.toolchain.progress import Progress
from local.toolchain.store import Store
from releases import LINES, by_tag

ENTRIES = catalogue.ENTRIES
REFERENCES = {entry.reference for entry in ENTRIES}


def _images(document: object) -> set[str]:
    """Collect the images at any depth of a document, under `image` or a key that ends in `Image`."""
    if isinstance(document, list):
        return {image for item in document for image in _images(item)}
    if not isinstance(document, dict):
        return set()
    found = {value for key, value in document.items() if key.lower().endswith("image") and isinstance(value, str)}
    return found | {image for value in document.values() for image in _images(value)}


def _stack_configs() -> list[Any]:
    """Load the program's default config and the config of the dev stack."""
    default = StackConfig(context="any").model_dump(mode="json", by_alias=True)
    dev = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())["config"]
    return [default, {key.removeprefix("synergychat:"): value for key, value in dev.items()}]


def test_every_image_of_the_addons_is_in_the_catalogue() -> None:
    documents = [
        document for file in config_files.ADDONS.glob("*.yaml") for document in yaml.safe_load_all(file.read_text())
    ]
    asked = _images(documents)
    assert config_files.COREDNS_IMAGE in asked
    assert asked <= REFERENCES


def test_every_default_image_of_a_stack_is_in_the_catalogue() -> None:
    asked = _images(_stack_configs()) | {by_tag(image) for line in LINES for image in line.envoy_images.values()}
    assert len(asked) == 4
    assert asked <= REFERENCES


def test_the_controllers_image_of_every_configured_version_is_in_the_catalogue() -> None:
    versions = [config["envoyGateway"]["version"] for config in _stack_configs()]
    assert {f"docker.io/envoyproxy/gateway:v{version}" for version in versions} <= REFERENCES


def test_the_images_of_the_node_come_first() -> None:
    assert {entry.reference for entry in ENTRIES[:2]} == set(FIRST)
    assert {config_files.PAUSE_IMAGE, config_files.COREDNS_IMAGE} == set(FIRST)


def test_every_image_has_its_full_name() -> None:
    assert [entry.reference for entry in ENTRIES] == [full_name(entry.reference) for entry in ENTRIES]
    assert len(REFERENCES) == len(ENTRIES)


class FakeTools:
    """Fake tools: any program is a file, and the requested ones are recorded."""

    def __init__(self, tmp_path: Path) -> None:
        self._directory = tmp_path
        self.asked: set[str] = set()

    def program(self, name: str) -> Path:
        self.asked.add(name)
        path = self._directory / name
        # Any program with shared libraries works.
        path.symlink_to(Path(sys.executable).resolve())
        return path


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.reference)
def test_every_image_is_built_from_programs_of_its_tool_and_runs_one_of_them(
    entry: catalogue.Entry, tmp_path: Path
) -> None:
    tools = FakeTools(tmp_path)
    image = entry.build(entry, cast(Tools, tools))
    assert image.reference == entry.reference
    assert tools.asked
    assert tools.asked <= set(ARTEFACTS[entry.tool].programs)
    started, *_ = image.entrypoint or image.command
    assert image.files[started].name in tools.asked


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.reference)
def test_the_chats_images_set_no_user_and_all_others_run_as_nobody(entry: catalogue.Entry, tmp_path: Path) -> None:
    image = entry.build(entry, cast(Tools, FakeTools(tmp_path)))
    of_chat = "/bootdotdev/" in entry.reference
    assert image.user == ("" if of_chat else "65532:65532")
    assert bool(image.command) == of_chat  # the public images run their program by CMD


def test_the_envoy_image_has_the_loader_and_every_shared_library(tmp_path: Path) -> None:
    (entry,) = (entry for entry in ENTRIES if entry.tool == "envoy")
    image = entry.build(entry, cast(Tools, FakeTools(tmp_path)))
    listed = subprocess.run(["ldd", sys.executable], capture_output=True, text=True, check=True).stdout
    libraries = {word for word in listed.split() if word.startswith("/")}
    assert any("ld-linux" in library for library in libraries)
    assert libraries <= set(image.files)
    assert all(image.files[library].is_file() and not image.files[library].is_symlink() for library in libraries)


def test_a_program_that_does_not_run_here_is_named(tmp_path: Path) -> None:
    program = tmp_path / "envoy"
    program.write_text("not a program")
    with pytest.raises(UserError, match="envoy does not run on this machine: not a dynamic executable"):
        catalogue.libraries(program)


def _answering(monkeypatch: pytest.MonkeyPatch, *registries: str) -> None:
    monkeypatch.setattr(catalogue, "reachable", lambda hosts: frozenset(hosts) & set(registries))


def test_without_a_registry_every_tool_is_needed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch)
    with Progress() as progress:
        needed = catalogue.tools_for(progress)
    assert sorted(needed) == sorted({entry.tool for entry in ENTRIES})
    assert set(needed) <= set(ARTEFACTS)


def test_with_every_registry_no_tool_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, "registry-1.docker.io", "registry.k8s.io")
    with Progress() as progress:
        assert catalogue.tools_for(progress) == []


def test_with_one_registry_only_the_tools_for_the_other_images_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _answering(monkeypatch, "registry-1.docker.io")
    with Progress() as progress:
        assert sorted(catalogue.tools_for(progress)) == ["coredns", "pause"]


def test_the_envoy_is_downloaded_by_the_digest_that_envoy_gateway_pins() -> None:
    (envoy,) = (entry for entry in ENTRIES if entry.tool == "envoy")
    repository, _, digest = envoy.source.partition("@")
    assert repository == "docker.io/envoyproxy/envoy"
    assert {digest} == {image.partition("@")[2] for line in LINES for image in line.envoy_images.values()}


@pytest.mark.parametrize(
    ("script", "last"),
    [("echo starting >&2; echo no such tag >&2; exit 1", "no such tag"), ("exit 7", "skopeo ended with exit code 7")],
)
def test_a_failed_download_names_the_image_and_the_last_line_of_skopeo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, last: str
) -> None:
    skopeo = tmp_path / "bin" / "skopeo"
    skopeo.parent.mkdir()
    skopeo.write_text(f"#!/bin/sh\n{script}\n")
    skopeo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{skopeo.parent}{os.pathsep}{os.environ['PATH']}")
    store = Store("images")
    _answering(monkeypatch, ENTRIES[0].host)
    with Progress() as progress, pytest.raises(UserError) as caught:
        catalogue.archives(cast(Tools, FakeTools(tmp_path)), progress, ENTRIES[:1])
    assert caught.value.message == f"The image {ENTRIES[0].reference} could not be downloaded: {last}"
    assert "load-image" in (caught.value.fix or "")
    assert [path for path in store.root.iterdir() if not path.name.startswith(".")] == []
