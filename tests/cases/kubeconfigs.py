"""Examples of the problems of a cluster, one per code, from `kubeconfigs.yaml`."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from diagnostics.render import Located
from kube.kubeconfig import ClusterError, check_reachable, read_kubeconfig
from tests.cases.builders import certificate
from tests.unit.web import Web, serving

CONTEXT = "mine"
_FILE = Path(__file__).with_suffix(".yaml")
_SERVER, _CLOSED = "127.0.0.1:6443", "127.0.0.1:1"
_HOME = "~/.kube"


@dataclass(frozen=True, kw_only=True)
class KubeconfigCase:
    """A kubeconfig with one problem, and the server that it leads to."""

    code: str
    kubeconfig: Any = None
    """Its content, as text where it is not YAML or not a mapping."""
    directory: bool = False
    """Whether it is a directory."""
    server: bool = False
    """Whether a server answers, with a self-signed certificate."""

    def found(self) -> tuple[str, str]:
        """The code and the line of the problem that the program finds, for the kubeconfig ~/.kube/config."""
        with (
            TemporaryDirectory() as home,
            _self_signed(Path(home)) if self.server else nullcontext(_CLOSED) as address,
        ):
            located = _checked(self._written(Path(home, "config"), address))
        line = str(located).partition("\n")[0]
        return located.problem.code, line.replace(home, _HOME).replace(address, _SERVER)

    def _written(self, file: Path, address: str) -> Path:
        if self.directory:
            file.mkdir()
        else:
            text = self.kubeconfig if isinstance(self.kubeconfig, str) else yaml.safe_dump(self.kubeconfig)
            file.write_text(text.replace(_SERVER, address))
        return file


def load() -> list[KubeconfigCase]:
    """All examples, in the order of the file."""
    return [KubeconfigCase(code=code, **fields) for code, fields in yaml.safe_load(_FILE.read_text()).items()]


def _checked(file: Path) -> Located:
    try:
        check_reachable(CONTEXT, read_kubeconfig([file]), [file])
    except ClusterError as error:
        return error.located
    raise ValueError("the kubeconfig has no problem")


@contextmanager
def _self_signed(directory: Path) -> Iterator[str]:
    """The address of a server with a self-signed certificate, which is kept in the directory."""
    for name, data in certificate("server", "kubernetes")["data"].items():
        (directory / name).write_bytes(base64.b64decode(data))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "tls.crt", directory / "tls.key")
    with serving(Web(), context) as web:
        yield web.url.removeprefix("https://")
