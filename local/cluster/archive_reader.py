"""Reader for image archives of `docker save`, `podman save` and `skopeo copy`, which refuses unusable ones."""

import gzip
import hashlib
import json
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local.architecture import architecture
from local.errors import UserError

_NAMES_IN_INDEX = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_SAVE = "Save it again: docker save NAME:TAG --output FILE"


@dataclass(frozen=True)
class Image:
    """One image of an archive: its full names and the digest of its content."""

    names: tuple[str, ...]
    digest: str


def read(archive: Path) -> list[Image]:
    """List the images of a docker-archive or OCI archive. UserError if the file is neither, or cannot be used here."""
    try:
        with tarfile.open(archive, _mode(archive)) as tar:
            images = _images(tar, archive)
    except FileNotFoundError as error:
        raise UserError(f"The image archive {archive} does not exist.", "Check the path.") from error
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        empty = "it is empty" if archive.stat().st_size == 0 else str(error)
        raise UserError(f"{archive} is not an image archive: {empty}.", _SAVE) from error
    except OSError as error:
        raise UserError(
            f"The image archive {archive} cannot be read: {error.strerror or error}.",
            "Check the path and its permissions.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{archive} is damaged: {type(error).__name__} in its manifest: {error}.", _SAVE) from error
    if not images:
        raise UserError(f"{archive} contains no image.", _SAVE)
    for image in images:
        if not image.names:
            raise UserError(
                f"{archive} contains an image without a name, which no pod could use.",
                "Save it by its name, not by its ID: docker save NAME:TAG --output FILE",
            )
    return images


def full_name(name: str) -> str:
    """Complete an image reference with its registry and tag, as containerd stores it."""
    first, slash, rest = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif first == "docker.io" and "/" not in rest:
        name = f"docker.io/library/{rest}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _mode(archive: Path) -> Literal["r:", "r:gz"]:
    """Detect gzip only: Python would also open compressions that containerd does not support."""
    with archive.open("rb") as file:
        return "r:gz" if file.read(2) == b"\x1f\x8b" else "r:"


def _images(tar: tarfile.TarFile, archive: Path) -> list[Image]:
    files = {member.name.removeprefix("./"): member for member in tar}
    if "oci-layout" in files and "index.json" in files:
        return [
            _from_index(tar, files, archive, entry)
            for entry in json.loads(_content(tar, files, "index.json"))["manifests"]
        ]
    if "manifest.json" in files:
        return [_from_docker(tar, files, archive, entry) for entry in json.loads(_content(tar, files, "manifest.json"))]
    raise UserError(
        f"{archive} is a tar file but not an image archive: it has neither manifest.json nor index.json.", _SAVE
    )


def _content(tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], name: str) -> bytes:
    file = tar.extractfile(files[name])
    if file is None:
        raise ValueError(f"{name} is not a file")
    return file.read()


def _from_docker(
    tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], archive: Path, entry: dict[str, Any]
) -> Image:
    for layer in entry["Layers"]:
        if layer not in files:
            raise UserError(f"{archive} is damaged: the layer {layer} is missing.", _SAVE)
    config = _content(tar, files, entry["Config"])
    _check_architecture(archive, json.loads(config).get("architecture"))
    names = tuple(full_name(name) for name in entry.get("RepoTags") or ())
    return Image(names, f"sha256:{hashlib.sha256(config).hexdigest()}")


def _from_index(tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], archive: Path, entry: dict[str, Any]) -> Image:
    manifest = json.loads(_content(tar, files, _blob(entry["digest"])))
    if "manifests" in manifest:
        saved = [nested for nested in manifest["manifests"] if _blob(nested["digest"]) in files]
        manifest = json.loads(_content(tar, files, _blob(_digest_for_this_machine(archive, saved))))
    if "config" in manifest:
        for part in (manifest["config"], *manifest["layers"]):
            if _blob(part["digest"]) not in files:
                raise UserError(f"{archive} is damaged: {part['digest']} is missing.", _SAVE)
        config = json.loads(_content(tar, files, _blob(manifest["config"]["digest"])))
        _check_architecture(archive, config.get("architecture"))
    annotations = entry.get("annotations") or {}
    named = [annotations[key] for key in _NAMES_IN_INDEX if key in annotations]
    # A bare tag such as "latest" is not an image name.
    names = [full_name(name) for name in named[:1] if "/" in name or ":" in name]
    return Image(tuple(names), entry["digest"])


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/", 1)


def _digest_for_this_machine(archive: Path, saved: Sequence[dict[str, Any]]) -> str:
    """Return the digest of the manifest for this machine, of those saved from a multi-platform image."""
    digests = {(entry.get("platform") or {}).get("architecture", architecture()): entry["digest"] for entry in saved}
    digests.pop("unknown", None)  # an attestation of the builder
    if not digests:
        raise UserError(f"{archive} is damaged: the image is missing for every platform.", _SAVE)
    if architecture() not in digests:
        _check_architecture(archive, next(iter(digests)))
    return digests[architecture()]


def _check_architecture(archive: Path, made_for: str | None) -> None:
    here = architecture()
    if made_for and made_for != here:
        raise UserError(
            f"{archive} contains an image for {made_for}, and this machine is {here}.",
            f"Pull it for this machine and save it again: docker pull --platform linux/{here} NAME:TAG",
        )
