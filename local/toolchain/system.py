"""Packages of the operating system: programs and headers that only its package manager can install."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from local.errors import UserError
from local.toolchain.progress import Progress

CNI_DIRECTORIES = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")

# Debian's package names, where they differ from the name of the program.
_DEBIAN = {
    "nft": ("nftables",),
    "ip": ("iproute2",),
    "unshare": ("util-linux",),
    "nsenter": ("util-linux",),
    "gcc": ("gcc", "libc6-dev"),
    "libseccomp": ("libseccomp-dev",),
    "redis-check-rdb": ("redis-tools",),
    "cni": ("containernetworking-plugins",),
}


def ensure(needs: Iterable[str], progress: Progress) -> None:
    """Install the missing `needs`. UserError with the command to run if this user or system cannot."""
    missing = sorted(need for need in needs if not _present(need))
    if not missing:
        return
    packages = sorted({package for need in missing for package in _DEBIAN.get(need, (need,))})
    apt = shutil.which("apt-get")
    if apt is None:
        raise UserError(
            f"These programs are missing: {', '.join(missing)}. This machine has no apt-get to install them.",
            f"Install them with your package manager. The Debian packages are: {' '.join(packages)}",
        )
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise UserError(f"These programs are missing: {', '.join(missing)}.", f"Run: sudo {' '.join(install)}")
    with progress.step(f"system packages: {' '.join(packages)}"):
        if _apt(install) is not None:
            _apt(["apt-get", "update"])
            reason = _apt(install)
            if reason is not None:
                raise UserError(
                    f"apt-get could not install {' '.join(packages)}:\n{reason}", f"Run: {' '.join(install)}"
                )


def _present(need: str) -> bool:
    if need == "cni":
        return any((Path(directory) / "ptp").exists() for directory in CNI_DIRECTORIES)
    if need == "libseccomp":
        # cgo uses pkg-config. A header check would match the kernel's header of the same name.
        return _runs(["pkg-config", "--exists", "libseccomp"])
    return shutil.which(need) is not None or Path(f"/usr/sbin/{need}").exists()


def _runs(command: list[str]) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, check=False).returncode == 0


def _apt(command: list[str]) -> str | None:
    """Run a command. Return None on success, else its last error lines."""
    done = subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return None if done.returncode == 0 else "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-5:])
