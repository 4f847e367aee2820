"""The known releases: each line's own, in order, with checksums that are checksums."""

import pytest

from config import CertManagerConfig
from releases import CERT_MANAGER_SHA256, ENVOY_GATEWAY_SHA256, LINES, NEWEST, Line, release_of


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_a_line_knows_every_release_up_to_its_newest(line: Line) -> None:
    patches = [int(version.rpartition(".")[2]) for version in line.manifests]
    assert patches == list(range(len(patches)))
    assert {release_of(version) for version in line.manifests} == {line.release}
    assert line.newest in line.manifests


@pytest.mark.parametrize("known", [ENVOY_GATEWAY_SHA256, CERT_MANAGER_SHA256], ids=["Envoy Gateway", "cert-manager"])
def test_every_release_has_a_checksum_of_its_own(known: dict[str, str]) -> None:
    assert {len(bytes.fromhex(sha256)) for sha256 in known.values()} == {32}
    assert len(set(known.values())) == len(known)


def test_the_default_releases_are_known() -> None:
    assert NEWEST in ENVOY_GATEWAY_SHA256
    assert CertManagerConfig().version in CERT_MANAGER_SHA256
