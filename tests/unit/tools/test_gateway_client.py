"""The client of the running gateway sends a request as it is."""

import pytest

from explain import Request
from tests.unit.web import Web, serving
from tools import gateway_client


@pytest.mark.parametrize("target", ["/a?b=1", "/a/../b", "/a%2Fb", '/a|b"{}'])
def test_a_path_arrives_as_it_was_asked(target: str) -> None:
    with serving(Web()) as web:
        request = Request.of(f"http://chat.internal:{web.url.rpartition(':')[2]}{target}")
        assert gateway_client.send(request, "127.0.0.1", verify=True).status_code == 200
    assert web.asked == [target]
