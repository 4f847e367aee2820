"""Secrets: those of a stack's config."""

import pytest

from plans.recording import Secret
from tests.unit import small_stack


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"tls.crt": "a", "tls.key": "b"}, "kubernetes.io/tls"),
        ({"tls.crt": "a", "tls.key": "b", "ca.crt": "c"}, "kubernetes.io/tls"),
        ({".dockerconfigjson": '{"auths": {"a": {}}}'}, "kubernetes.io/dockerconfigjson"),
        ({".htpasswd": "a"}, "Opaque"),
    ],
    ids=str,
)
def test_the_type_of_a_secret_follows_from_its_keys(content: dict[str, str], kind: str) -> None:
    secret = small_stack.build(secrets={"s": content})["secret-s"].inputs
    assert secret["type"] == kind
    assert (secret["metadata"]["namespace"], secret["metadata"]["name"]) == (small_stack.NAMESPACE, "s")
    assert secret["stringData"] == Secret(content)
