"""Rules of issuers and of the listeners that refer to them."""

from typing import Any

import pytest

from tests.unit.stacks import explained, parse, problems

ACME: dict[str, Any] = {"acme": {"server": "https://acme.example.com"}}
SOLVERS = [{"dns01": {"cloudDNS": {"project": "p"}}}]


@pytest.mark.parametrize("issuer", [{}, {"selfSignedCa": False}])
def test_an_issuer_has_a_type(issuer: dict[str, Any]) -> None:
    assert problems({"issuers": {"ours": issuer}}) == [("issuers.ours", "issuer-type-required")]


@pytest.mark.parametrize("issuer", [{"selfSignedCa": True}, ACME, {"vault": {}}], ids=str)
def test_an_issuer_may_have_any_type(issuer: dict[str, Any]) -> None:
    parse({"issuers": {"ours": issuer}})


@pytest.mark.parametrize(
    ("issuer", "place", "other"),
    [
        ({**ACME, "vault": {}}, "issuers.ours.vault", "acme"),
        ({**ACME, "selfSignedCa": True}, "issuers.ours.acme", "selfSignedCa"),
    ],
    ids=str,
)
def test_an_issuer_has_one_type(issuer: dict[str, Any], place: str, other: str) -> None:
    assert explained({"issuers": {"ours": issuer}}) == [(place, "keys-exclusive", {"other": other})]


@pytest.mark.parametrize(
    ("config", "place", "suggestion"),
    [
        (
            {
                "issuers": {"letsencrypt": ACME},
                "gateway": {"https": {"issuer": "letsencrypt", "hosts": {"a.example.com": {"issuer": "letsencrpt"}}}},
            },
            'gateway.https.hosts["a.example.com"].issuer',
            "did you mean letsencrypt?",
        ),
        ({"gateways": {"inner": {"https": {"issuer": "i"}}}}, "gateways.inner.https.issuer", "add it to `issuers`"),
    ],
    ids=["similar", "no-issuers"],
)
def test_an_issuer_of_a_stack_that_installs_cert_manager_is_one_of_its_own(
    config: dict[str, Any], place: str, suggestion: str
) -> None:
    assert explained({"certManager": {"install": True}, **config}) == [
        (place, "issuer-unknown", {"suggestion": suggestion})
    ]
    parse(config)


def test_an_issuer_may_be_a_cluster_issuer_among_the_objects() -> None:
    cluster_issuer = {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "shared"}}
    gateway = {"https": {"issuer": "shared"}}
    parse({"certManager": {"install": True}, "objects": [cluster_issuer], "gateway": gateway})


def test_a_wildcard_cannot_be_verified_over_http() -> None:
    gateway = {"https": {"hosts": {"*.example.com": {"issuer": "letsencrypt"}}}}
    assert explained({"issuers": {"letsencrypt": ACME}, "gateway": gateway}) == [
        (
            'gateway.https.hosts["*.example.com"].issuer',
            "acme-wildcard",
            {"host": "*.example.com", "issuer": "letsencrypt"},
        )
    ]
    by_dns = {"acme": {**ACME["acme"], "solvers": SOLVERS}}
    parse({"issuers": {"letsencrypt": by_dns}, "gateway": gateway})
