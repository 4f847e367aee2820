"""The settings of a cluster, fixed at its first start."""

import json
import stat

import pytest

from local.cluster.directory import DEFAULT_NAME, Directory
from local.cluster.settings import Settings
from local.errors import UserError


def test_a_new_cluster_gets_the_default_port_and_address() -> None:
    settings = Settings.of(Directory("test"), None, None)
    assert (settings.api_port, settings.first_address) == (6443, "127.0.0.1")


def test_two_containers_with_the_same_paths_and_cgroup_file_system_get_different_cgroups() -> None:
    here, there = (Settings.of(Directory("test"), None, None) for _ in range(2))
    assert here.cgroup != there.cgroup


def test_a_cluster_keeps_its_cgroup() -> None:
    cgroup = _start(Directory("test")).cgroup
    assert _start(Directory("test")).cgroup == cgroup


def test_a_cluster_of_an_older_version_gets_a_cgroup_at_its_next_start(directory: Directory) -> None:
    directory.settings.write_text(json.dumps({"api_port": 7443, "first_address": "127.0.3.1"}))
    assert _start(directory).api_port == 7443
    assert Settings.kept(directory) == Settings.kept(directory)


def _start(directory: Directory, api_port: int | None = None, first_address: str | None = None) -> Settings:
    """Store the settings, as a successful start does."""
    settings = Settings.of(directory, api_port, first_address)
    directory.create()
    settings.keep(directory)
    return settings


def test_the_settings_of_the_first_start_are_kept() -> None:
    given = _start(Directory("test"), 7443, "127.0.3.1")
    assert (given.api_port, given.first_address) == (7443, "127.0.3.1")
    assert Settings.of(Directory("test"), None, None) == given
    assert Settings.of(Directory("test"), 7443, None) == given


def test_reading_the_settings_creates_nothing() -> None:
    assert Settings.kept(Directory("test")) is None
    Settings.of(Directory("test"), 7443, None)
    assert not Directory("test").root.exists()


def test_settings_are_readable_by_their_owner_only() -> None:
    _start(Directory("test"))
    assert stat.S_IMODE(Directory("test").settings.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("test", "python -m local.cluster --name test down --purge"),
        (DEFAULT_NAME, "python -m local.cluster down --purge"),
    ],
)
def test_a_flag_that_differs_from_the_stored_settings_is_refused_with_the_fix(name: str, fix: str) -> None:
    _start(Directory(name), 7443, "127.0.3.1")
    with pytest.raises(UserError, match=f"{name} was created with api_port 7443, not 6443") as caught:
        Settings.of(Directory(name), 6443, "127.0.3.1")
    assert caught.value.fix == f"Omit --api-port, or delete the cluster first: {fix}"
    with pytest.raises(UserError, match=r"was created with first_address 127\.0\.3\.1, not 127\.0\.0\.1"):
        Settings.of(Directory(name), None, "127.0.0.1")


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(UserError, match=f"The API port {port} is out of range"):
        Settings(api_port=port)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port_are_accepted(port: int) -> None:
    assert Settings(api_port=port).api_port == port


@pytest.mark.parametrize("address", ["128.0.0.1", "10.0.0.1", "::1", "localhost", "127.0.0", ""])
def test_an_address_outside_the_loopback_range_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="is not a loopback address"):
        Settings(first_address=address)


def test_refused_settings_are_not_stored() -> None:
    with pytest.raises(UserError):
        Settings.of(Directory("test"), 0, None)
    assert Settings.kept(Directory("test")) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"port": 1}',
        '{"api_port": "6443", "first_address": "127.0.0.1"}',
        '{"cgroup": "synergychat-../user.slice"}',
        '{"cgroup": ""}',
        "\N{NULL}" * 20,
    ],
    ids=repr,
)
def test_a_damaged_settings_file_is_named_with_the_fix(directory: Directory, content: str) -> None:
    directory.settings.write_text(content)
    with pytest.raises(UserError, match=f"{directory.settings} is damaged") as caught:
        Settings.of(directory, None, None)
    assert caught.value.fix is not None
    assert "Delete that file" in caught.value.fix
    assert caught.value.fix.endswith("python -m local.cluster --name test up")


def test_stored_settings_out_of_range_are_refused(directory: Directory) -> None:
    directory.settings.write_text(json.dumps({"api_port": 99999, "first_address": "127.0.0.1"}))
    with pytest.raises(UserError, match="The API port 99999 is out of range"):
        Settings.of(directory, None, None)
