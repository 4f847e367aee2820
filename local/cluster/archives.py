"""Image archives as `docker save`, `podman save` and `skopeo copy` write them: what is in them, and is it usable?"""

import hashlib
import json
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import UserError

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_NAMES_IN_INDEX = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_SAVE = "Save it again: docker save NAME:TAG --output FILE"


@dataclass(frozen=True)
class Image:
    """One image of an archive: its full names, and a digest that changes with its content."""

    names: tuple[str, ...]
    digest: str


def read(archive: Path) -> list[Image]:
    """The images in a docker-archive or an OCI archive. UserError says why a file is neither, or of no use here."""
    try:
        with tarfile.open(archive) as tar:
            images = _images(tar, archive)
    except FileNotFoundError as error:
        raise UserError(f"There is no file {archive}.") from error
    except OSError as error:
        raise UserError(f"{archive} cannot be read: {error.strerror or error}.") from error
    except (tarfile.TarError, EOFError) as error:
        empty = "it is empty" if archive.stat().st_size == 0 else str(error)
        raise UserError(f"{archive} is not an image archive: {empty}.", _SAVE) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{archive} is damaged: {type(error).__name__} in its manifest: {error}.", _SAVE) from error
    if not images:
        raise UserError(f"{archive} holds no image.", _SAVE)
    for image in images:
        if not image.names:
            raise UserError(
                f"{archive} holds an image without a name, so no pod could ask for it.",
                "Save it by its name, not by its id: docker save NAME:TAG --output FILE",
            )
    return images


def full_name(name: str) -> str:
    """A reference as containerd keeps it: with its registry and tag."""
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _images(tar: tarfile.TarFile, archive: Path) -> list[Image]:
    files = {member.name.removeprefix("./"): member for member in tar}
    if "oci-layout" in files and "index.json" in files:
        return [
            _of_index(tar, files, archive, entry)
            for entry in json.loads(_content(tar, files, "index.json"))["manifests"]
        ]
    if "manifest.json" in files:
        return [_of_docker(tar, files, archive, entry) for entry in json.loads(_content(tar, files, "manifest.json"))]
    raise UserError(
        f"{archive} is a tar file, but no image archive: it has neither manifest.json nor index.json.", _SAVE
    )


def _content(tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], name: str) -> bytes:
    file = tar.extractfile(files[name])
    if file is None:
        raise ValueError(f"{name} is not a file")
    return file.read()


def _of_docker(tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], archive: Path, entry: dict[str, Any]) -> Image:
    for layer in entry["Layers"]:
        if layer not in files:
            raise UserError(f"{archive} is damaged: it lacks the layer {layer}.", _SAVE)
    config = _content(tar, files, entry["Config"])
    _fits_machine(archive, json.loads(config))
    names = tuple(full_name(name) for name in entry.get("RepoTags") or ())
    return Image(names, f"sha256:{hashlib.sha256(config).hexdigest()}")


def _of_index(tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], archive: Path, entry: dict[str, Any]) -> Image:
    manifest = json.loads(_content(tar, files, _blob(entry["digest"])))
    if "config" in manifest:
        for part in (manifest["config"], *manifest["layers"]):
            if _blob(part["digest"]) not in files:
                raise UserError(f"{archive} is damaged: it lacks {part['digest']}.", _SAVE)
        _fits_machine(archive, json.loads(_content(tar, files, _blob(manifest["config"]["digest"]))))
    annotations = entry.get("annotations") or {}
    named = [annotations[key] for key in _NAMES_IN_INDEX if key in annotations]
    # A bare tag such as "latest" names nothing.
    names = [full_name(name) for name in named[:1] if "/" in name or ":" in name]
    return Image(tuple(names), entry["digest"])


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/", 1)


def _fits_machine(archive: Path, config: dict[str, Any]) -> None:
    here = _MACHINES.get(platform.machine(), platform.machine())
    made_for = config.get("architecture") or here
    if made_for != here:
        raise UserError(
            f"{archive} holds an image for {made_for}; this machine is {here}.",
            f"Get it for this machine: docker pull --platform linux/{here} NAME:TAG",
        )
