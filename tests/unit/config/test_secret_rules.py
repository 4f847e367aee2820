"""Rules that keep secrets out of plain text, and that catch contents which cannot work."""

import pytest

from tests.unit.stacks import parse, problems


def test_a_secret_among_the_objects_is_rejected() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "users"}, "stringData": {"ada": "planted"}}
    assert problems({"objects": [secret]}) == [("objects[0].kind", "secret-in-objects")]


def test_the_value_of_a_secret_is_a_text() -> None:
    assert problems({"secrets": {"s": {"a": 5}}}) == [("secrets.s.a", "config-text")]


@pytest.mark.parametrize("content", ["ada:hunter2", "{}", "[]"])
def test_registry_credentials_are_a_docker_config(content: str) -> None:
    assert problems({"secrets": {"s": {".dockerconfigjson": content}}}) == [
        ('secrets.s[".dockerconfigjson"]', "docker-config-invalid")
    ]


def test_a_docker_config_is_accepted() -> None:
    parse({"secrets": {"s": {".dockerconfigjson": '{"auths": {"registry.example.com": {"auth": "eDp5"}}}'}}})


@pytest.mark.parametrize("key", ["bad key!", "..", ".", "..a", "", "a/b", "a" * 254, "é", "a\n"])
def test_a_key_that_the_api_server_refuses_is_rejected(key: str) -> None:
    ((_, code),) = problems({"secrets": {"s": {key: "planted"}}}, ["secrets"])
    assert code == "config-name"


@pytest.mark.parametrize("key", [".htpasswd", "tls.crt", "a..b", ".a", "A_b-1"])
def test_any_other_key_is_accepted(key: str) -> None:
    parse({"secrets": {"s": {key: "x"}}})
