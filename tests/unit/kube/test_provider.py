"""Which cluster a stack goes to: the named context or none, and it must answer before anything is registered."""

import base64
import errno
import ipaddress
import os
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kube import provider
from tests.unit.recording import Recording, record
from tests.unit.web import Web, serving


def config(context: str = "mine", *, server: str = "https://127.0.0.1:1", **settings: object) -> dict[str, Any]:
    """A kubeconfig with one context and its cluster; `settings` are the cluster's, with _ for -."""
    cluster = {"server": server} | {key.replace("_", "-"): value for key, value in settings.items()}
    return {
        "current-context": "someone-elses",
        "contexts": [{"name": context, "context": {"cluster": f"{context}-cluster", "user": "ada"}}],
        "clusters": [{"name": f"{context}-cluster", "cluster": cluster}],
    }


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file that is looked at."""
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))
    for variable in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    return path


def connect(document: object = None, *, preview: bool = False) -> Recording:
    if document is not None:
        Path(provider.kubeconfig_files()[-1]).write_text(
            document if isinstance(document, str) else yaml.safe_dump(document)
        )
    return record(lambda: provider.connect("cluster", "mine"), preview=preview)


def refusal(document: object = None, *, preview: bool = False) -> str:
    """What a user reads when the program ends with nothing registered."""
    recording = connect(document, preview=preview)
    assert (recording.exit_code, recording.resources) == (32, {})
    (message,) = recording.log
    return message


def test_the_provider_is_bound_to_the_context_that_the_config_names(kubeconfig: Path) -> None:
    with serving(Web()) as api_server:
        recording = connect(config(server=api_server.url))
    # No path of this machine: the provider reads KUBECONFIG by itself, and the state fits another machine as well.
    assert recording["cluster"].inputs == {
        "context": "mine",
        "kubeconfig": "",
        "enableConfigMapMutable": "true",
        "enableSecretMutable": "true",
    }
    assert api_server.asked == ["/version"]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_server_that_answers_anything_is_a_server(kubeconfig: Path, status: int) -> None:
    with serving(Web(status=status)) as api_server:
        recording = connect(config(server=f"{api_server.url}/"))
    assert recording.exit_code is None
    assert api_server.asked == ["/version"]


def test_a_preview_needs_neither_a_kubeconfig_nor_a_server(kubeconfig: Path) -> None:
    assert connect(preview=True)["cluster"].inputs["context"] == "mine"
    assert connect(config(), preview=True)["cluster"].inputs["context"] == "mine"


def test_a_missing_context_is_named_with_those_that_are_there(kubeconfig: Path) -> None:
    assert refusal(config("another")) == (
        "There is no kubeconfig context mine (synergychat:context).\n"
        f"  looked at: {kubeconfig}\n  contexts there: another\n"
        "Type `make up` for a cluster on this machine, or name one of yours: pulumi config set context NAME"
    )


def test_the_current_context_is_not_taken_in_its_place(kubeconfig: Path) -> None:
    assert "There is no kubeconfig context mine" in refusal(config("another") | {"current-context": "another"})


def test_a_missing_kubeconfig_is_said_to_be_missing(kubeconfig: Path) -> None:
    assert f"  looked at: {kubeconfig} (missing)\n  contexts there: none\n" in refusal()


def test_a_server_that_does_not_answer_is_named(kubeconfig: Path) -> None:
    with serving(Web()) as gone:
        pass
    assert refusal(config(server=gone.url)) == (
        f"The API server of context mine does not answer: {gone.url}: [Errno 111] Connection refused\n"
        f"  looked at: {kubeconfig}\n"
        "Start the cluster (`make up` for the one on this machine), then try: kubectl --context mine version"
    )


def test_a_server_that_is_slow_to_answer_is_given_up(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "_PATIENCE_S", 0.2)
    with serving(Web(delay_s=1)) as api_server:
        assert "does not answer" in refusal(config(server=api_server.url))


def test_a_context_without_a_cluster_is_refused(kubeconfig: Path) -> None:
    message = refusal(config() | {"clusters": []})
    assert message.startswith("The kubeconfig context mine names no cluster with a server.\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contexts: [", "is not YAML: "),
        ("just words", "is no kubeconfig: it holds no keys"),
        ("contexts: words", "is no kubeconfig: contexts is not a list of entries with a name"),
        ("clusters: [words]", "is no kubeconfig: clusters is not a list of entries with a name"),
        ("contexts: [{name: mine, context: words}]", "is no kubeconfig: contexts is not a list of entries with a name"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_named_in_a_preview_too(kubeconfig: Path, text: str, words: str) -> None:
    message = refusal(text, preview=True)
    assert message.startswith(f"The kubeconfig {kubeconfig} {words}")
    assert "\n" not in message


def test_a_kubeconfig_that_cannot_be_read_is_named(kubeconfig: Path) -> None:
    kubeconfig.mkdir()
    assert refusal(preview=True) == f"The kubeconfig {kubeconfig} cannot be read: Is a directory"


def test_a_kubeconfig_in_somebody_elses_directory_is_named(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert refusal(preview=True) == f"The kubeconfig {kubeconfig} cannot be read: Permission denied"


def test_of_several_kubeconfigs_the_first_to_name_a_context_wins(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = kubeconfig.with_name("second")
    monkeypatch.setenv("KUBECONFIG", f"{kubeconfig}::{second}")
    kubeconfig.write_text(yaml.safe_dump(config("other", server="https://first.example")))
    second.write_text(yaml.safe_dump(config("mine", server="https://second.example")))
    merged = provider.read(provider.kubeconfig_files())
    assert list(merged["contexts"]) == ["other", "mine"]
    kubeconfig.write_text(yaml.safe_dump(config("mine", server="https://first.example")))
    assert provider.read(provider.kubeconfig_files())["clusters"]["mine-cluster"]["server"] == "https://first.example"


def test_without_the_variable_the_users_own_kubeconfig_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", "/home/ada")
    assert provider.kubeconfig_files() == [Path("/home/ada/.kube/config")]


# An API server that speaks TLS, with a certificate that only the kubeconfig can vouch for


class Authority:
    """A certificate that vouches for itself, of a server called `kubernetes` at 127.0.0.1 or only by that name."""

    def __init__(self, directory: Path, *, with_address: bool = True) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        names: list[x509.GeneralName] = [x509.DNSName("kubernetes")]
        if with_address:
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM)
        self.file = directory / "ca.crt"
        self.file.write_bytes(self.pem)
        keys = directory / "ca.key"
        keys.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, keys)

    @property
    def data(self) -> str:
        return base64.b64encode(self.pem).decode()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def api_server(authority: Authority) -> Iterator[Web]:
    with serving(Web(), authority.context) as api_server:
        yield api_server


def test_a_certificate_in_the_kubeconfig_is_trusted(kubeconfig: Path, authority: Authority, api_server: Web) -> None:
    connect(config(server=api_server.url, certificate_authority_data=authority.data))
    assert api_server.asked == ["/version"]


def test_a_certificate_beside_the_kubeconfig_is_trusted(
    kubeconfig: Path, authority: Authority, api_server: Web
) -> None:
    # As minikube writes it; the program runs in another directory.
    connect(config(server=api_server.url, certificate_authority=authority.file.name))
    assert api_server.asked == ["/version"]


def test_a_certificate_that_nobody_vouches_for_is_refused(kubeconfig: Path, api_server: Web) -> None:
    assert "certificate verify failed" in refusal(config(server=api_server.url))
    assert api_server.asked == []


def test_a_cluster_that_is_not_to_be_verified_is_not(kubeconfig: Path, api_server: Web) -> None:
    connect(config(server=api_server.url, insecure_skip_tls_verify=True))
    assert api_server.asked == ["/version"]


def test_a_certificate_under_another_name_is_taken_where_the_kubeconfig_names_it(
    kubeconfig: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, with_address=False)
    with serving(Web(), authority.context) as api_server:
        assert "certificate verify failed" in refusal(
            config(server=api_server.url, certificate_authority_data=authority.data)
        )
        connect(config(server=api_server.url, certificate_authority_data=authority.data, tls_server_name="kubernetes"))
        assert api_server.asked == ["/version"]


@pytest.mark.parametrize("setting", ["certificate_authority", "certificate_authority_data"])
def test_a_certificate_that_cannot_be_read_is_an_error_and_no_traceback(
    kubeconfig: Path, api_server: Web, setting: str
) -> None:
    assert "does not answer" in refusal(config(server=api_server.url, **{setting: "missing"}))


def test_a_cluster_behind_a_proxy_is_asked_through_it(kubeconfig: Path) -> None:
    with serving(Web()) as proxy:
        recording = connect(config(server="http://cluster.invalid:6443", proxy_url=proxy.url))
    assert recording.exit_code is None
    assert proxy.asked == ["http://cluster.invalid:6443/version"]


def test_a_cluster_behind_a_socks_proxy_is_left_to_the_provider(kubeconfig: Path) -> None:
    recording = connect(config(server="https://cluster.invalid:6443", proxy_url="socks5://127.0.0.1:1"))
    assert recording.exit_code is None
