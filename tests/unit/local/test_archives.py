"""Image archives: reading those of `docker save` and `skopeo copy`, and writing our own."""

import bz2
import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.architecture import architecture
from local.cluster import archive_reader
from local.errors import UserError
from local.images.archive_writer import Image

HERE = architecture()
ELSEWHERE = "s390x"
SAVE_AGAIN = "Save it again: docker save NAME:TAG --output FILE"


def _tar(path: Path, files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return path


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _incompressible(size: int) -> bytes:
    return hashlib.shake_256(b"layer").digest(size)


def _config(architecture: str = HERE) -> bytes:
    return _json({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})


def docker_files(*names: str, architecture: str = HERE, layer: bytes = b"layer") -> dict[str, bytes]:
    """The files of an archive of `docker save` before version 25: a directory per layer."""
    config, name = _config(architecture), f"{_sha256(layer)}/layer.tar"
    manifest = [{"Config": f"{_sha256(config)}.json", "RepoTags": list(names) or None, "Layers": [name]}]
    return {name: layer, f"{_sha256(config)}.json": config, "manifest.json": _json(manifest)}


class Layout:
    """An OCI image layout."""

    def __init__(self) -> None:
        self.files = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"})}
        self._entries: list[dict[str, Any]] = []

    def blob(self, content: bytes) -> dict[str, Any]:
        self.files[f"blobs/sha256/{_sha256(content)}"] = content
        return {"digest": f"sha256:{_sha256(content)}", "size": len(content)}

    def manifest(self, architecture: str = HERE) -> dict[str, Any]:
        config, layer = self.blob(_config(architecture)), self.blob(f"layer for {architecture}".encode())
        return self.blob(_json({"schemaVersion": 2, "config": config, "layers": [layer]}))

    def add(self, descriptor: Mapping[str, Any], annotations: Mapping[str, str]) -> str:
        self._entries.append({**descriptor, "annotations": annotations})
        self.files["index.json"] = _json({"schemaVersion": 2, "manifests": self._entries})
        return descriptor["digest"]


def _by_containerd(name: str) -> dict[str, str]:
    """The annotations of `docker save` since 25, and of `docker buildx build --output type=oci`."""
    return {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}


def _by_skopeo(name: str) -> dict[str, str]:
    """`skopeo copy ... oci-archive:FILE:NAME` and `podman save --format oci-archive`."""
    return {"org.opencontainers.image.ref.name": name}


def _refusal(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        archive_reader.read(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value


def test_an_archive_of_docker_save_has_its_name_and_the_digest_of_its_config(tmp_path: Path) -> None:
    image = archive_reader.read(_tar(tmp_path / "a.tar", docker_files("chat:1")))
    assert image == [archive_reader.Image(("docker.io/library/chat:1",), f"sha256:{_sha256(_config())}")]


def test_an_image_can_have_several_names(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", docker_files("chat:1", "localhost:5000/team/chat:latest"))
    (image,) = archive_reader.read(path)
    assert image.names == ("docker.io/library/chat:1", "localhost:5000/team/chat:latest")


def test_an_archive_can_contain_several_images(tmp_path: Path) -> None:
    one, two = docker_files("one:1", layer=b"1"), docker_files("two:2", layer=b"2")
    manifests = json.loads(one["manifest.json"]) + json.loads(two["manifest.json"])
    path = _tar(tmp_path / "a.tar", one | two | {"manifest.json": _json(manifests)})
    names = [image.names for image in archive_reader.read(path)]
    assert names == [("docker.io/library/one:1",), ("docker.io/library/two:2",)]


def test_layers_behind_symbolic_links_of_skopeo_are_found(tmp_path: Path) -> None:
    files = docker_files("chat:1")
    (linked,) = json.loads(files["manifest.json"])[0]["Layers"]
    files["layer.tar"] = files.pop(linked)
    path = _tar(tmp_path / "a.tar", files, links={linked: "../layer.tar"})
    assert archive_reader.read(path)[0].names == ("docker.io/library/chat:1",)


def test_files_with_a_leading_dot_slash_are_found(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", {f"./{name}": content for name, content in docker_files("chat:1").items()})
    assert archive_reader.read(path)[0].names == ("docker.io/library/chat:1",)


@pytest.mark.parametrize("annotated", [_by_containerd, _by_skopeo])
def test_an_oci_archive_has_its_name_and_the_digest_of_its_manifest(
    tmp_path: Path, annotated: Callable[[str], dict[str, str]]
) -> None:
    layout = Layout()
    digest = layout.add(layout.manifest(), annotated("docker.io/team/chat:1"))
    path = _tar(tmp_path / "a.tar", layout.files)
    assert archive_reader.read(path) == [archive_reader.Image(("docker.io/team/chat:1",), digest)]


def test_an_archive_in_both_formats_is_read_as_containerd_reads_it(tmp_path: Path) -> None:
    layout = Layout()
    digest = layout.add(layout.manifest(), _by_containerd("docker.io/library/chat:1"))
    docker = [{"Config": "blobs/sha256/...", "RepoTags": ["chat:1"], "Layers": []}]
    path = _tar(tmp_path / "a.tar", layout.files | {"manifest.json": _json(docker)})
    assert archive_reader.read(path) == [archive_reader.Image(("docker.io/library/chat:1",), digest)]


def test_a_multi_platform_image_that_was_saved_for_this_platform_is_accepted(tmp_path: Path) -> None:
    layout = Layout()
    absent = {"digest": f"sha256:{_sha256(b'absent')}", "platform": {"architecture": ELSEWHERE, "os": "linux"}}
    present = {**layout.manifest(), "platform": {"architecture": HERE, "os": "linux"}}
    attestation = {**layout.manifest(), "platform": {"architecture": "unknown", "os": "unknown"}}
    index = layout.blob(_json({"schemaVersion": 2, "manifests": [absent, present, attestation]}))
    digest = layout.add(index, _by_containerd("docker.io/library/chat:1"))
    assert archive_reader.read(_tar(tmp_path / "a.tar", layout.files))[0].digest == digest


def test_a_multi_platform_image_that_was_saved_for_no_platform_is_refused(tmp_path: Path) -> None:
    layout = Layout()
    absent = {"digest": f"sha256:{_sha256(b'absent')}", "platform": {"architecture": HERE, "os": "linux"}}
    index = layout.blob(_json({"schemaVersion": 2, "manifests": [absent]}))
    layout.add(index, _by_containerd("docker.io/library/chat:1"))
    refusal = _refusal(_tar(tmp_path / "a.tar", layout.files))
    assert refusal.message.endswith("is damaged: the image is missing for every platform.")


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/chat", "docker.io/team/chat:latest"),
        ("docker.io/nginx:1.27", "docker.io/library/nginx:1.27"),
        ("docker.io/team/chat", "docker.io/team/chat:latest"),
        ("ghcr.io/team/chat:2", "ghcr.io/team/chat:2"),
        ("ghcr.io/chat", "ghcr.io/chat:latest"),
        ("localhost/chat:1", "localhost/chat:1"),
        ("localhost:5000/chat", "localhost:5000/chat:latest"),
        ("registry.k8s.io/coredns/coredns:v1.14.7", "registry.k8s.io/coredns/coredns:v1.14.7"),
        (f"nginx@sha256:{'0' * 64}", f"docker.io/library/nginx@sha256:{'0' * 64}"),
    ],
)
def test_a_short_name_is_completed_as_containerd_does(short: str, full: str) -> None:
    assert archive_reader.full_name(short) == full


@pytest.mark.parametrize("compressed", [False, True])
def test_a_gzip_archive_is_read(tmp_path: Path, compressed: bool) -> None:
    path = _tar(tmp_path / "a.tar", docker_files("chat:1"))
    if compressed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert archive_reader.read(path)[0].names == ("docker.io/library/chat:1",)


def test_a_compression_that_containerd_cannot_read_is_refused(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", docker_files("chat:1"))
    path.write_bytes(bz2.compress(path.read_bytes()))
    assert "is not an image archive" in _refusal(path).message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "a.tar").message == f"The image archive {tmp_path}/a.tar does not exist."


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path).message == f"The image archive {tmp_path} cannot be read: Is a directory."


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "it is empty"), (b"FROM scratch\n", "truncated header"), (b"no tar file " * 100, "invalid header")],
)
def test_a_file_that_is_not_a_tar_is_refused_in_one_line(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    refusal = _refusal(path)
    assert refusal.message == f"{path} is not an image archive: {why}."
    assert refusal.fix == SAVE_AGAIN


def test_a_tar_of_something_else_is_refused(tmp_path: Path) -> None:
    path = _tar(tmp_path / "backup.tar", {"etc/passwd": b"root"})
    refusal = _refusal(path)
    assert refusal.message == (
        f"{path} is a tar file but not an image archive: it has neither manifest.json nor index.json."
    )
    assert refusal.fix == SAVE_AGAIN


def test_an_archive_without_an_image_is_refused(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", {"manifest.json": b"[]"})
    assert _refusal(path).message == f"{path} contains no image."


def test_a_missing_layer_is_named(tmp_path: Path) -> None:
    files = docker_files("chat:1")
    layer = next(name for name in files if name.endswith("layer.tar"))
    del files[layer]
    refusal = _refusal(_tar(tmp_path / "a.tar", files))
    assert refusal.message.endswith(f"is damaged: the layer {layer} is missing.")
    assert refusal.fix == SAVE_AGAIN


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    files = docker_files("chat:1")
    config = next(name for name in files if name.endswith(".json") and name != "manifest.json")
    del files[config]
    refusal = _refusal(_tar(tmp_path / "a.tar", files))
    assert "is damaged" in refusal.message
    assert config in refusal.message


@pytest.mark.parametrize("part", ["config", "layer"])
def test_a_missing_part_of_an_oci_archive_is_named(tmp_path: Path, part: str) -> None:
    layout = Layout()
    content = _config() if part == "config" else f"layer for {HERE}".encode()
    layout.add(layout.manifest(), _by_containerd("docker.io/library/chat:1"))
    del layout.files[f"blobs/sha256/{_sha256(content)}"]
    refusal = _refusal(_tar(tmp_path / "a.tar", layout.files))
    assert refusal.message.endswith(f"is damaged: sha256:{_sha256(content)} is missing.")
    assert refusal.fix == SAVE_AGAIN


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_archive_is_refused(tmp_path: Path, compressed: bool) -> None:
    path = _tar(tmp_path / "a.tar", docker_files("chat:1", layer=_incompressible(200_000)))
    whole = gzip.compress(path.read_bytes()) if compressed else path.read_bytes()
    path.write_bytes(whole[:100_000])
    refusal = _refusal(path)
    assert "is not an image archive" in refusal.message
    assert refusal.fix == SAVE_AGAIN


def test_a_compressed_archive_with_wrong_bytes_is_refused(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", docker_files("chat:1", layer=_incompressible(100_000)))
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    sound = compressor.compress(path.read_bytes()[:50_000]) + compressor.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(sound + b"\xff" * 1000)  # no block of a compressed stream begins with 0xff
    refusal = _refusal(path)
    assert "is not an image archive" in refusal.message
    assert refusal.fix == SAVE_AGAIN


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[1]",
        b'["x"]',
        b"[{}]",
        b'[{"Config": "x.json", "RepoTags": ["chat:1"]}]',
        b'[{"Config": 1, "RepoTags": ["chat:1"], "Layers": []}]',
    ],
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    refusal = _refusal(_tar(tmp_path / "a.tar", docker_files("chat:1") | {"manifest.json": manifest}))
    assert "is damaged" in refusal.message
    assert refusal.fix == SAVE_AGAIN


@pytest.mark.parametrize("config", [b"[]", b"null", b'"amd64"', b"{"])
def test_a_damaged_config_is_refused(tmp_path: Path, config: bytes) -> None:
    files = docker_files("chat:1")
    name = json.loads(files["manifest.json"])[0]["Config"]
    assert "is damaged" in _refusal(_tar(tmp_path / "a.tar", files | {name: config})).message


@pytest.mark.parametrize("index", [b"{}", b"[]", b'{"manifests": [{}]}', b'{"manifests": [{"digest": 1}]}'])
def test_a_damaged_index_is_refused(tmp_path: Path, index: bytes) -> None:
    layout = Layout()
    layout.add(layout.manifest(), _by_containerd("docker.io/library/chat:1"))
    assert "is damaged" in _refusal(_tar(tmp_path / "a.tar", layout.files | {"index.json": index})).message


@pytest.mark.parametrize(
    "annotations", [{}, _by_skopeo("latest"), _by_skopeo("1.27")], ids=["none", "the tag latest", "another tag"]
)
def test_an_oci_image_without_a_name_is_refused_with_the_fix(tmp_path: Path, annotations: dict[str, str]) -> None:
    layout = Layout()
    layout.add(layout.manifest(), annotations)
    refusal = _refusal(_tar(tmp_path / "a.tar", layout.files))
    assert "contains an image without a name" in refusal.message
    assert refusal.fix == "Save it by its name, not by its ID: docker save NAME:TAG --output FILE"


def test_an_image_that_docker_saved_by_its_id_is_refused_with_the_fix(tmp_path: Path) -> None:
    refusal = _refusal(_tar(tmp_path / "a.tar", docker_files()))
    assert "contains an image without a name" in refusal.message
    assert refusal.fix == "Save it by its name, not by its ID: docker save NAME:TAG --output FILE"


def _for_another_machine(kind: str) -> dict[str, bytes]:
    if kind == "docker":
        return docker_files("chat:1", architecture=ELSEWHERE)
    layout = Layout()
    descriptor = layout.manifest(ELSEWHERE)
    if kind == "index":
        attestation = {**layout.manifest(), "platform": {"architecture": "unknown", "os": "unknown"}}
        entry = {**descriptor, "platform": {"architecture": ELSEWHERE, "os": "linux"}}
        descriptor = layout.blob(_json({"schemaVersion": 2, "manifests": [attestation, entry]}))
    layout.add(descriptor, _by_containerd("docker.io/library/chat:1"))
    return layout.files


@pytest.mark.parametrize("kind", ["docker", "manifest", "index"])
def test_an_image_for_another_machine_is_refused_with_the_fix(tmp_path: Path, kind: str) -> None:
    refusal = _refusal(_tar(tmp_path / "a.tar", _for_another_machine(kind)))
    assert refusal.message.endswith(f"contains an image for {ELSEWHERE}, and this machine is {HERE}.")
    assert refusal.fix == f"Pull it for this machine and save it again: docker pull --platform linux/{HERE} NAME:TAG"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    program, text = tmp_path / "program", tmp_path / "text"
    program.write_bytes(b"\x7fELF" + bytes(5000))
    program.chmod(0o700)
    text.write_text("authorities")
    return Image(
        reference="docker.io/team/chat:1",
        files={"/usr/local/bin/chat": program, "/etc/ssl/ca.crt": text},
        entrypoint=("/usr/local/bin/chat",),
        command=("--serve",),
        user="65532:65532",
    )


def _written(image: Image, path: Path) -> tuple[dict[str, Any], bytes]:
    """Write the image to `path`; return its config and its only layer."""
    image.write(path)
    with tarfile.open(path, "r:") as tar:
        content = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    (manifest,) = json.loads(content["manifest.json"])
    (layer,) = manifest["Layers"]
    return json.loads(content[manifest["Config"]]), content[layer]


def test_a_written_image_is_read_back(tmp_path: Path, image: Image) -> None:
    image.write(tmp_path / "image.tar")
    (found,) = archive_reader.read(tmp_path / "image.tar")
    assert found.names == (image.reference,)
    assert not list(tmp_path.glob("*.layer"))


def test_a_written_image_has_its_files_readable_by_any_user(tmp_path: Path, image: Image) -> None:
    _, layer = _written(image, tmp_path / "image.tar")
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:") as tar:
        modes = {member.name: (member.mode, member.isdir(), member.uid) for member in tar}
        program = tar.extractfile("usr/local/bin/chat")
        assert program is not None
        assert program.read() == image.files["/usr/local/bin/chat"].read_bytes()
    directories = ("etc", "etc/ssl", "usr", "usr/local", "usr/local/bin")
    assert modes == dict.fromkeys(directories, (0o755, True, 0)) | {
        "tmp": (0o1777, True, 0),
        "usr/local/bin/chat": (0o755, False, 0),
        "etc/ssl/ca.crt": (0o644, False, 0),
    }


def test_a_written_image_has_its_entrypoint_command_and_user(tmp_path: Path, image: Image) -> None:
    config, layer = _written(image, tmp_path / "image.tar")
    assert config["architecture"] == HERE
    assert config["rootfs"]["diff_ids"] == [f"sha256:{_sha256(layer)}"]
    assert config["config"]["Entrypoint"] == ["/usr/local/bin/chat"]
    assert config["config"]["Cmd"] == ["--serve"]
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Env"][0].startswith("PATH=")


def test_the_same_files_give_the_same_bytes_at_any_path_and_time(tmp_path: Path, image: Image) -> None:
    image.write(tmp_path / "image.tar")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved: dict[str, Path] = {}
    for path, source in reversed(image.files.items()):
        moved[path] = elsewhere / source.name
        moved[path].write_bytes(source.read_bytes())
        moved[path].chmod(source.stat().st_mode)
        os.utime(moved[path], (1, 1))
    again = Image(
        reference=image.reference, files=moved, entrypoint=image.entrypoint, command=image.command, user=image.user
    )
    assert again.key() == image.key()
    again.write(elsewhere / "image.tar")
    assert (elsewhere / "image.tar").read_bytes() == (tmp_path / "image.tar").read_bytes()


def test_other_content_under_the_same_name_has_another_key(image: Image) -> None:
    before = image.key()
    image.files["/etc/ssl/ca.crt"].write_text("other authorities")
    assert image.key() != before
    assert image.key().startswith("chat-1-")
