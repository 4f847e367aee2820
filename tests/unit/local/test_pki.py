"""Certificates, keys and kubeconfigs: issued once, reissued when no longer valid, and usable for TLS handshakes."""

import asyncio
import base64
import json
import os
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rich.console import Console

from local.cluster import credentials, network, pki
from local.cluster.cloud.api import Api
from local.cluster.directory import DEFAULT_NAME, Directory
from local.cluster.pki import Authority, Leaf, ensure_signing_key
from local.cluster.process import Process
from local.cluster.settings import Settings
from local.cluster.status import Status

SERVER = Leaf(file="server", user="server", serves=("localhost", "127.0.0.1"), client=False)
CLIENT = Leaf(file="client", user="someone", groups=("a group", "another"))
# A CA lives much longer than a leaf, so a leaf expires far from the end of its CA.
BEFORE_EXPIRY = timedelta(days=1)


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def _assert_valid(directory: Path, authority: str, *leaves: Leaf) -> None:
    """Assert that the authority signed each leaf, and that each certificate has its key beside it."""
    issuer = _certificate(directory / f"{authority}.crt")
    for file in (authority, *(leaf.file for leaf in leaves)):
        certificate = _certificate(directory / f"{file}.crt")
        certificate.verify_directly_issued_by(issuer)
        assert certificate.public_key() == _key(directory / f"{file}.key").public_key()


def test_a_new_directory_gets_an_authority_that_signs_each_leaf(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    assert authority.made
    assert authority.ensure([SERVER, CLIENT]) == ["server", "client"]
    assert {path.stem for path in tmp_path.iterdir()} == {"ca", "server", "client"}
    _assert_valid(tmp_path, "ca", SERVER, CLIENT)


def test_valid_certificates_are_kept(tmp_path: Path) -> None:
    Authority(tmp_path, "ca").ensure([SERVER, CLIENT])
    before = _files(tmp_path)
    again = Authority(tmp_path, "ca")
    assert not again.made
    assert again.ensure([SERVER, CLIENT]) == []
    assert _files(tmp_path) == before


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    Authority(tmp_path, "ca").ensure([SERVER])
    ensure_signing_key(tmp_path / "signing.key")
    keys = list(tmp_path.glob("*.key"))
    assert len(keys) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_an_expiring_leaf_is_renewed_and_its_authority_is_kept(tmp_path: Path) -> None:
    made = Authority(tmp_path, "ca")
    made.ensure([SERVER])
    end = _certificate(tmp_path / "server.crt").not_valid_after_utc
    early = Authority(tmp_path, "ca", now=end - pki.RENEW_BEFORE - BEFORE_EXPIRY)
    assert early.ensure([SERVER]) == []
    late = Authority(tmp_path, "ca", now=end - pki.RENEW_BEFORE)
    assert not late.made
    assert late.ensure([SERVER]) == ["server"]
    assert _certificate(tmp_path / "server.crt").not_valid_after_utc > end
    _assert_valid(tmp_path, "ca", SERVER)


def test_an_expiring_authority_is_reissued_with_all_of_its_leaves(tmp_path: Path) -> None:
    Authority(tmp_path, "ca").ensure([SERVER, CLIENT])
    end = _certificate(tmp_path / "ca.crt").not_valid_after_utc
    late = Authority(tmp_path, "ca", now=end - pki.RENEW_BEFORE)
    assert late.made
    assert late.ensure([SERVER, CLIENT]) == ["server", "client"]
    _assert_valid(tmp_path, "ca", SERVER, CLIENT)


def test_certificates_are_reissued_after_the_clock_was_set_back(tmp_path: Path) -> None:
    Authority(tmp_path, "ca").ensure([SERVER])
    past = datetime.now(UTC) - timedelta(days=400)
    authority = Authority(tmp_path, "ca", now=past)
    assert authority.made
    assert authority.ensure([SERVER]) == ["server"]
    assert _certificate(tmp_path / "server.crt").not_valid_before_utc <= past


@pytest.mark.parametrize(
    "wanted",
    [
        Leaf(file="client", user="someone else", groups=CLIENT.groups),
        Leaf(file="client", user=CLIENT.user, groups=("a group",)),
        Leaf(file="client", user=CLIENT.user, groups=CLIENT.groups, serves=("localhost",)),
        Leaf(file="client", user=CLIENT.user, groups=CLIENT.groups, serves=("127.0.0.1",)),
    ],
    ids=["user", "groups", "host name", "address"],
)
def test_a_leaf_for_other_names_is_reissued(tmp_path: Path, wanted: Leaf) -> None:
    authority = Authority(tmp_path, "ca")
    authority.ensure([CLIENT])
    assert authority.ensure([wanted]) == ["client"]
    assert authority.ensure([wanted]) == []
    _assert_valid(tmp_path, "ca", wanted)


def test_a_leaf_replaced_authority_is_reissued(tmp_path: Path) -> None:
    Authority(tmp_path, "ca").ensure([SERVER])
    for path in tmp_path.glob("ca.*"):
        path.unlink()
    assert Authority(tmp_path, "ca").ensure([SERVER]) == ["server"]
    _assert_valid(tmp_path, "ca", SERVER)


def _removed(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def _overwritten(path: Path) -> None:
    path.write_bytes(b"\x00" * 300)


def _replaced(path: Path) -> None:
    """Replace the file by a valid one of another authority."""
    other = path.parent / "elsewhere"
    other.mkdir()
    Authority(other, "ca").ensure([SERVER])
    path.write_bytes((other / path.name).read_bytes())


@pytest.mark.parametrize("harm", [_removed, _emptied, _cut_short, _overwritten, _replaced])
@pytest.mark.parametrize("file", ["ca.crt", "ca.key", "server.crt", "server.key"])
def test_a_damaged_file_is_reissued_with_its_dependents(
    tmp_path: Path, file: str, harm: Callable[[Path], None]
) -> None:
    Authority(tmp_path, "ca").ensure([SERVER])
    harm(tmp_path / file)
    authority = Authority(tmp_path, "ca")
    assert authority.made == file.startswith("ca")
    assert authority.ensure([SERVER]) == ["server"]
    _assert_valid(tmp_path, "ca", SERVER)


@pytest.mark.parametrize("file", ["ca.crt", "ca.key", "server.crt", "server.key"])
def test_any_single_wrong_byte_is_repaired_at_the_next_start(tmp_path: Path, file: str) -> None:
    Authority(tmp_path, "ca").ensure([SERVER])
    whole = _files(tmp_path)
    first, *body, last = whole[file].splitlines()
    content = base64.b64decode(b"".join(body))
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 0x01
        text = b"\n".join([first, base64.b64encode(damaged), last])
        for name, kept in (whole | {file: text}).items():
            (tmp_path / name).write_bytes(kept)
        Authority(tmp_path, "ca").ensure([SERVER])
        _assert_valid(tmp_path, "ca", SERVER)


def test_the_token_signing_key_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "service-accounts.key"
    ensure_signing_key(path)
    before = _files(tmp_path)
    ensure_signing_key(path)
    assert _files(tmp_path) == before


@pytest.mark.parametrize("harm", [_removed, _emptied, _cut_short, _overwritten])
@pytest.mark.parametrize("file", ["service-accounts.key", "service-accounts.pub"])
def test_a_damaged_half_of_the_signing_key_is_replaced_by_a_matching_one(
    tmp_path: Path, file: str, harm: Callable[[Path], None]
) -> None:
    path = tmp_path / "service-accounts.key"
    ensure_signing_key(path)
    before = path.read_bytes()
    harm(tmp_path / file)
    ensure_signing_key(path)
    assert (path.read_bytes() == before) == file.endswith(".pub")
    public = serialization.load_pem_public_key(path.with_suffix(".pub").read_bytes())
    assert public == _key(path).public_key()


def test_any_single_wrong_byte_of_the_signing_key_is_repaired_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "service-accounts.key"
    ensure_signing_key(path)
    first, *body, last = path.read_bytes().splitlines()
    content = base64.b64decode(b"".join(body))
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        path.write_bytes(b"\n".join([first, base64.b64encode(damaged), last]))
        ensure_signing_key(path)
        assert _key(path).public_key() == serialization.load_pem_public_key(path.with_suffix(".pub").read_bytes())


def test_a_leaf_has_its_subject_and_extended_key_usages(tmp_path: Path) -> None:
    both = Leaf(file="both", user="both", serves=("localhost",))
    Authority(tmp_path, "ca").ensure([SERVER, CLIENT, both])
    client = _certificate(tmp_path / "client.crt")
    names = [(attribute.oid, attribute.value) for attribute in client.subject]
    group = NameOID.ORGANIZATION_NAME
    assert names == [(group, "a group"), (group, "another"), (NameOID.COMMON_NAME, "someone")]
    uses: dict[str, set[x509.ObjectIdentifier]] = {}
    for file in ("server", "client", "both"):
        extensions = _certificate(tmp_path / f"{file}.crt").extensions
        uses[file] = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    for_clients, for_servers = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
    assert uses == {"server": {for_servers}, "client": {for_clients}, "both": {for_clients, for_servers}}


def _handshake(directory: Path, authority: str, server: Leaf, name: str, client: Leaf) -> None:
    """Do a mutual TLS handshake in this process, with certificates of `authority`."""
    ends: list[ssl.SSLObject] = []
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    for leaf, purpose in ((server, ssl.PROTOCOL_TLS_SERVER), (client, ssl.PROTOCOL_TLS_CLIENT)):
        context = ssl.SSLContext(purpose)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(directory / f"{authority}.crt")
        context.load_cert_chain(directory / f"{leaf.file}.crt", directory / f"{leaf.file}.key")
        serving = leaf is server
        incoming, outgoing = (to_server, to_client) if serving else (to_client, to_server)
        host = None if serving else name
        ends.append(context.wrap_bio(incoming, outgoing, server_side=serving, server_hostname=host))
    waiting = [*reversed(ends)]
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    assert not waiting


@pytest.fixture
def made(directory: Directory) -> Directory:
    credentials.ensure(directory, Settings(api_port=7443))
    return directory


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", network.NODE, network.API_SERVICE, "kubernetes.default.svc.cluster.local"]
)
def test_the_api_server_and_its_clients_authenticate_each_other_under_each_of_its_names(
    made: Directory, name: str
) -> None:
    _handshake(made.pki, "ca", credentials.api_server(), name, credentials.ADMIN)


def test_the_api_servers_certificate_is_not_valid_for_another_name(made: Directory) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|doesn't match"):
        _handshake(made.pki, "ca", credentials.api_server(), "example.org", credentials.ADMIN)


def test_kubelets_certificate_is_valid_for_its_name_and_address_and_etcds_on_loopback(made: Directory) -> None:
    kubelet = credentials.kubelet(made.name)
    for name in (made.name, network.NODE):
        _handshake(made.pki, "ca", kubelet, name, credentials.KUBELET_CLIENT)
    _handshake(made.pki, "etcd-ca", credentials.ETCD, "127.0.0.1", credentials.ETCD_CLIENT)


@pytest.mark.parametrize(
    "client", [credentials.ADMIN, credentials.CLOUD, credentials.FRONT_PROXY], ids=lambda c: c.file
)
def test_etcd_accepts_no_client_certificate_of_the_cluster(made: Directory, client: Leaf) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        _handshake(made.pki, "etcd-ca", credentials.ETCD, "127.0.0.1", client)


@pytest.mark.parametrize("client", [credentials.ADMIN, credentials.ETCD_CLIENT], ids=lambda c: c.file)
def test_only_the_front_proxy_has_a_certificate_of_its_authority(made: Directory, client: Leaf) -> None:
    trusted = _certificate(made.pki / "front-proxy-ca.crt")
    _certificate(made.pki / "front-proxy-client.crt").verify_directly_issued_by(trusted)
    with pytest.raises(ValueError, match="does not match certificate issuer"):
        _certificate(made.pki / f"{client.file}.crt").verify_directly_issued_by(trusted)


def test_credentials_are_issued_once_and_kubelets_again_for_a_new_node_name(made: Directory) -> None:
    before = _files(made.pki)
    assert credentials.ensure(made, Settings(api_port=7443)) == []
    assert _files(made.pki) == before
    made.root.rename(made.root.with_name("moved"))
    assert credentials.ensure(Directory("moved"), Settings(api_port=7443)) == ["kubelet"]


def _kubeconfig(path: Path) -> dict[str, Any]:
    """Return the fields of the only cluster and user of a kubeconfig; check that its only context is current."""
    document = yaml.safe_load(path.read_text())
    (cluster,), (user,), (context,) = document["clusters"], document["users"], document["contexts"]
    assert context["name"] == document["current-context"]
    assert context["context"] == {"cluster": cluster["name"], "user": user["name"]}
    return {"context": context["name"], **cluster["cluster"], **user["user"]}


def test_the_users_kubeconfig_is_self_contained_and_has_the_port_on_the_host(made: Directory) -> None:
    found = _kubeconfig(made.kubeconfig)
    assert found["server"] == "https://127.0.0.1:7443"
    assert found["context"] == "synergychat-test"
    embedded = {
        "certificate-authority-data": "ca.crt",
        "client-certificate-data": "admin.crt",
        "client-key-data": "admin.key",
    }
    for entry, file in embedded.items():
        assert base64.b64decode(found[entry]) == (made.pki / file).read_bytes()
    assert str(made.root) not in made.kubeconfig.read_text()


def test_the_default_cluster_has_the_context_of_the_dev_stack() -> None:
    directory = Directory(DEFAULT_NAME)
    directory.create()
    credentials.ensure(directory, Settings())
    assert _kubeconfig(directory.kubeconfig)["context"] == "synergychat-local"


def test_components_use_the_port_in_the_node_and_the_cloud_uses_the_port_on_the_host(
    made: Directory,
) -> None:
    servers = {path.stem: _kubeconfig(path)["server"] for path in made.pki.glob("*.kubeconfig")}
    of_kubernetes = ("kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
    inside = (*of_kubernetes, "kube-network-policies", "metrics-server", "admin")
    assert servers == dict.fromkeys(inside, f"https://127.0.0.1:{network.API_PORT}") | {
        "cloud": "https://127.0.0.1:7443"
    }


def test_every_kubeconfig_has_its_components_own_certificate_and_key(made: Directory) -> None:
    for path in made.pki.glob("*.kubeconfig"):
        found = _kubeconfig(path)
        for entry, suffix in {"client-certificate": ".crt", "client-key": ".key"}.items():
            assert found[entry] == str(path.with_suffix(suffix))


LAST_DAYS = datetime.now(UTC) + pki.LEAF_LIFE - pki.RENEW_BEFORE + timedelta(days=1)
"""A time when the certificates that are issued now are near their end, but not their CAs."""


def test_a_running_cluster_renews_the_certificates_near_their_end_and_keeps_its_cas(made: Directory) -> None:
    assert credentials.renew(made, Settings(api_port=7443)) == []
    before = _files(made.pki)
    renewed = credentials.renew(made, Settings(api_port=7443), LAST_DAYS)
    assert {"apiserver", "kubelet", "cloud", "etcd", "front-proxy-client", "admin"} < set(renewed)
    changed = {name for name, content in _files(made.pki).items() if before[name] != content}
    assert changed == {f"{name}.{suffix}" for name in renewed for suffix in ("crt", "key")}
    embedded = _kubeconfig(made.kubeconfig)["client-certificate-data"]
    assert base64.b64decode(embedded) == (made.pki / "admin.crt").read_bytes()
    assert credentials.renew(made, Settings(api_port=7443), LAST_DAYS) == []


def test_expired_certificates_are_renewed_too(made: Directory) -> None:
    assert "apiserver" in credentials.renew(made, Settings(), datetime.now(UTC) + pki.LEAF_LIFE + timedelta(days=1))


def test_a_running_cluster_replaces_no_ca(made: Directory) -> None:
    before = _files(made.pki)
    end = datetime.now(UTC) + pki.AUTHORITY_LIFE - timedelta(days=1)
    assert {"ca", "etcd-ca", "front-proxy-ca", "apiserver"} <= credentials.expiring(made, end).keys()
    assert credentials.renew(made, Settings(), end) == []
    assert _files(made.pki) == before


def test_a_clock_that_was_set_back_makes_no_certificate_expire(made: Directory) -> None:
    past = datetime.now(UTC) - timedelta(days=400)
    assert credentials.expiring(made, past) == {}
    assert credentials.renew(made, Settings(), past) == []


def test_certificates_are_valid_after_a_clock_in_local_time_is_corrected(made: Directory) -> None:
    corrected = datetime.now(UTC) - timedelta(hours=14)
    assert _certificate(made.pki / "apiserver.crt").not_valid_before_utc <= corrected


def test_the_status_names_certificates_near_their_end(made: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    end = datetime(2027, 3, 1, tzinfo=UTC)
    monkeypatch.setattr(credentials, "expiring", lambda _: {"apiserver": end})
    Settings().keep(made)
    own = Process.of(os.getpid())
    assert own is not None
    own.write(made.supervisor_pid)
    status = Status.of(made)
    assert json.loads(status.json())["expiring"] == {"apiserver": "2027-03-01T00:00:00+00:00"}
    console = Console(record=True, width=200)
    status.print(console)
    text = console.export_text()
    assert "apiserver (2027-03-01)" in text
    assert "python -m local.cluster --name test down" in text


def test_the_status_escapes_what_a_terminal_would_act_on(made: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "expiring", lambda _: {})
    Settings().keep(made)
    own = Process.of(os.getpid())
    assert own is not None
    own.write(made.supervisor_pid)
    report = {"problem": "the node: \x1b]0;title\x07", "returning": ["chat/\u202epi"], "components": []}
    made.status.write_text(json.dumps(report))
    made.cloud_status.write_text(json.dumps({"errors": ["\x1b[2J"]}))
    console = Console(record=True, width=200)
    Status.of(made).print(console)
    text = console.export_text()
    assert all(character == "\n" or character.isprintable() for character in text)
    assert all(escaped in text for escaped in (r"\x1b]0;title\x07", r"\u202epi", r"\x1b[2J"))


def test_the_cloud_uses_a_renewed_certificate_for_its_next_connections(made: Directory) -> None:
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made.pki / "ca.crt")
    served.load_cert_chain(made.pki / "apiserver.crt", made.pki / "apiserver.key")
    served.verify_mode = ssl.CERT_REQUIRED
    seen: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append(int(writer.get_extra_info("peercert")["serialNumber"], 16))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    async def call_twice() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served)
        settings = Settings(api_port=server.sockets[0].getsockname()[1])
        credentials.ensure(made, settings)
        api = Api(credentials.kubeconfig_of(made, credentials.CLOUD))
        await api.get("/")
        (made.pki / "cloud.crt").unlink()
        assert await api.get("/") == {}  # half-written: it keeps the certificate that it has
        credentials.ensure(made, settings)
        await api.get("/")
        await api.close()
        server.close()

    asyncio.run(call_twice())
    first, second, third = seen
    assert first == second != third == _certificate(made.pki / "cloud.crt").serial_number


def test_every_kubeconfig_and_key_is_readable_by_its_owner_only(made: Directory) -> None:
    secret = [made.kubeconfig, *made.pki.glob("*.kubeconfig"), *made.pki.glob("*.key")]
    assert len(secret) > 15
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_another_port_on_the_host_changes_kubeconfigs_but_no_certificate(made: Directory) -> None:
    before = {name: content for name, content in _files(made.pki).items() if name.endswith((".crt", ".key"))}
    assert credentials.ensure(made, Settings(api_port=8443)) == []
    assert _kubeconfig(made.kubeconfig)["server"] == "https://127.0.0.1:8443"
    assert before.items() <= _files(made.pki).items()
