"""This machine's architecture, by the name that Go, images and releases give it."""

import platform

_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture() -> str:
    """Return `amd64` or `arm64`; on another machine, its own name for its architecture."""
    return _NAMES.get(platform.machine(), platform.machine())


def release_platform() -> str:
    """Return the name of the releases that run here: those of an architecture are programs for Linux."""
    system = platform.system()
    return architecture() if system == "Linux" else f"{system}/{architecture()}"
