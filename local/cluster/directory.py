"""The directory of one cluster, which holds all of its files and is readable by its owner only."""

import re
from dataclasses import dataclass
from pathlib import Path

from kube.xdg_directories import make_private
from local.errors import UserError
from local.paths import state_root

DEFAULT_NAME = "synergychat"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")


@dataclass(frozen=True)
class Directory:
    """The paths of the cluster `name`. The node has the same name."""

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UserError(
                f"The cluster name {self.name!r} is not valid.",
                "Use at most 20 characters of a-z, 0-9 and -, with a letter or digit at both ends.",
            )

    @property
    def root(self) -> Path:
        return state_root() / "clusters" / self.name

    @property
    def lock(self) -> Path:
        """The lock file, beside the directory, so that it can be held while the directory is deleted."""
        return self.root.with_name(f".{self.name}.lock")

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def launch_spec(self) -> Path:
        """The programs and images that the supervisor runs, written by `up`."""
        return self.root / "order.json"

    @property
    def supervisor_pid(self) -> Path:
        return self.root / "supervisor.pid"

    @property
    def node_pid(self) -> Path:
        """The record of the node's process 1, by its PID on the host."""
        return self.root / "node.pid"

    @property
    def status(self) -> Path:
        return self.root / "status.json"

    @property
    def cloud_settings(self) -> Path:
        return self.root / "cloud.json"

    @property
    def cloud_status(self) -> Path:
        return self.root / "cloud-status.json"

    @property
    def images(self) -> Path:
        """The imported images by name. It distinguishes images of set-up from images that the user loaded."""
        return self.root / "images.json"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def config(self) -> Path:
        """The components' configuration files, rewritten at each start."""
        return self.root / "config"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def containerd(self) -> Path:
        return self.root / "containerd"

    @property
    def kubelet(self) -> Path:
        return self.root / "kubelet"

    @property
    def pod_logs(self) -> Path:
        return self.root / "pod-logs"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def scratch(self) -> Path:
        return self.root / "tmp"

    @property
    def context(self) -> str:
        """The name of the context in the kubeconfig."""
        return "synergychat-local" if self.name == DEFAULT_NAME else f"synergychat-{self.name}"

    def create(self) -> None:
        """Create the directory and its subdirectories, with their modes."""
        try:
            make_private(self.root)
            self.root.chmod(0o700)
            private = (self.pki, self.config, self.logs, self.etcd, self.containerd, self.scratch)
            for path in private:
                path.mkdir(mode=0o700, exist_ok=True)
            # Pods of any user access these through bind mounts.
            for path in (self.kubelet, self.pod_logs, self.volumes):
                path.mkdir(exist_ok=True)
                path.chmod(0o755)  # independent of the umask
        except OSError as error:
            raise UserError(
                f"The cluster's directory {self.root} cannot be used: {error.strerror} ({error.filename}).",
                "Change its owner to your user, or set XDG_STATE_HOME to another directory.",
            ) from error
