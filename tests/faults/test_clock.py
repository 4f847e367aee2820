"""The clock is set while a cluster runs, and certificates that come to their end.

The programs of Kubernetes read the clock without libc, so only the cluster's supervisor and its commands can be given
another one. The certificates are moved in time instead: for all programs, certificates that ended an hour ago are the
same as a clock that is 366 days ahead.
"""

import os
import signal
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from local.cluster import credentials, pki
from local.toolchain import Tools, system
from local.toolchain.progress import Progress
from tests.faults.small_cluster import API_PORT, answers, cli, small_cluster
from tests.live.test_cluster_lifecycle import Life
from tests.live.waiting import wait_until


@pytest.fixture(scope="module")
def faketime() -> Path:
    """The library that gives a program another clock."""
    with Progress() as progress:
        system.ensure(["faketime"], progress)
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


@pytest.fixture
def offset(faketime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the difference of the clock of every program that starts from now on.

    `time.sleep` fails with it (libfaketime 0.9.10, Python 3.11). The supervisor only sleeps so while it removes its
    cgroups at the end, and `down` removes what is left.
    """
    file = tmp_path / "offset"
    file.write_text("+0")
    for name, value in {
        "LD_PRELOAD": str(faketime),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # setting the clock does not change it
    }.items():
        monkeypatch.setenv(name, value)
    return file


@pytest.mark.parametrize("hours", [-2, 2])
@pytest.mark.fault(
    "the clock of the supervisor is set by two hours, back or forward, and kubelet restarts",
    "The node is ready again, no pod is reported as missing, and `up` ends well.",
)
def test_the_clock_is_set(offset: Path, tools: Tools, injected: bool, hours: int) -> None:
    with small_cluster(tools) as small:
        if injected:
            offset.write_text(f"{hours:+d}h")
        restarts = small.component("kubelet")["restarts"]
        os.kill(small.component("kubelet")["pid"], signal.SIGKILL)
        wait_until(lambda: small.component("kubelet")["restarts"] > restarts)
        wait_until(lambda: small.cluster.status().state == "ready", 110)
        assert small.up() < 60
        status = small.cluster.status()
        assert (status.problem, status.returning, status.healthy) == (None, (), True)
        moved = datetime.fromisoformat(_last_line(small)[:19]) - datetime.now()  # noqa: DTZ005 # as in the log
        assert abs(moved - timedelta(hours=hours if injected else 0)) < timedelta(minutes=10)


@pytest.mark.fault(
    "the clock is 340 days ahead",
    "`status` names the certificates that are near their end.",
)
def test_status_340_days_later(faketime: Path, small: Life, injected: bool) -> None:
    said = cli("status", before=("faketime", "-f", "+340d") if injected else ())
    assert ("warning: certificates near their end: " in said.stdout) == injected
    assert "apiserver (" in said.stdout or not injected
    assert said.returncode == 0


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
@pytest.mark.fault(
    "all certificates ended an hour ago, as they have 366 days later, while the cluster runs or is stopped",
    "They are renewed, and the cluster is ready without a restart of a component, or after `up`.",
    limit_s=720,
)
def test_certificates_that_have_ended(
    small: Life, injected: bool, running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    before = {name: small.component(name)["pid"] for name in ("etcd", "kube-apiserver", "kubelet")}
    if not running:
        small.cluster.down()
    if injected:
        with monkeypatch.context() as ended:
            ended.setattr(pki, "LEAF_LIFE", timedelta(hours=-1))
            ended.setattr(pki, "RENEW_BEFORE", timedelta(days=367))
            assert "apiserver" in credentials.renew(small.directory, small.settings())
        assert "apiserver" in credentials.expiring(small.directory)
    if not running:
        small.up()
    wait_until(lambda: not credentials.expiring(small.directory), 90)
    wait_until(lambda: answers(small, "get", "nodes"), 180)
    wait_until(lambda: small.cluster.status().healthy, 360)  # clients look for a new certificate every five minutes
    assert _served_until() > datetime.now(UTC) + timedelta(days=360)
    if running:
        assert {name: small.component(name)["pid"] for name in before} == before
    assert small.kubectl("get", "configmap", "kept", "--output=jsonpath={.data.answer}") == "42"
    small.kubectl("run", "after", "--image=registry.k8s.io/pause:3.10")
    small.kubectl("wait", "--for=condition=Ready", "pod/after", "--timeout=60s")


def _last_line(small: Life) -> str:
    return (small.directory.logs / "supervisor.log").read_text().splitlines()[-1]


def _served_until() -> datetime:
    served = ssl.get_server_certificate(("127.0.0.1", API_PORT))
    return x509.load_pem_x509_certificate(served.encode()).not_valid_after_utc
