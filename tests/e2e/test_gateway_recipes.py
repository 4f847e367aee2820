"""Every recipe of docs/gateway.md, applied to the stack and tested as a client sees it."""

import base64
import json
import socket
import ssl
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from cryptography import x509
from websockets.sync.client import connect

from components.gateway.self_signed import make_pair
from local.images import peers
from local.toolchain import cert_manager_manifest
from local.toolchain.progress import Progress
from tests.conftest import TestCluster
from tests.e2e.asking import address_of, answer_to, count
from tests.live import acme, tokens
from tests.live.authority import Authority
from tests.live.clients import agreed_protocol, ask, browser, certificate, http2_settings, showing, trusting_anything
from tests.live.live_stack import LiveStack
from tests.live.quic import ask_by_quic
from tests.live.recipes import Checked, file_with, recipes
from tests.live.waiting import wait_until

RECIPES = recipes("gateway.md")
AGAINST_OTHERS = {
    "HTTPS, with a redirect from HTTP",
    "HTTPS for all host names, one with a certificate of my own",
    "More Envoys",
    "A rate limit shared by all Envoys",
    "Two controllers, for my namespaces only",
}
"""Recipes that change the results of others, so they are applied after them."""
ACME = "HTTPS with Let's Encrypt"
"""The recipe that cannot be combined with any other."""
ONLY_PREVIEWED = {"Images from my registry"}
"""Recipes that refer to things no cluster here has."""
BUILT_HERE = {"synergychat:envoyGateway": {"rateLimitImage": peers.RATELIMIT.reference}}
"""The release names this image by digest, which an image that is built here does not have."""

PASSWORD, KEY, CLIENT_SECRET = "correct horse battery staple", "key-5f2c8f0e", "secret-7d1e6b43"
SHOP = make_pair(["shop.example.com"], datetime.now(UTC))
SECOND = make_pair(["ports.example.com"], datetime.now(UTC))
HELD = make_pair(["held.example.com"], datetime.now(UTC))
PARTNERS = Authority.new()
SECRETS = {
    'synergychat:secrets.shop-certificate["tls.crt"]': SHOP.certificate.decode(),
    'synergychat:secrets.shop-certificate["tls.key"]': SHOP.key.decode(),
    'synergychat:secrets.second-certificate["tls.crt"]': SECOND.certificate.decode(),
    'synergychat:secrets.second-certificate["tls.key"]': SECOND.key.decode(),
    'synergychat:secrets.partners["ca.crt"]': PARTNERS.pem,
    # `htpasswd -nbs ada` with the password above.
    'synergychat:secrets.users[".htpasswd"]': "ada:{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=",
    "synergychat:secrets.api-keys.partner": KEY,
    'synergychat:secrets.oidc-client["client-secret"]': CLIENT_SECRET,
}

APART = {*AGAINST_OTHERS, ACME, *ONLY_PREVIEWED}
CHECKED = Checked()
of = CHECKED.of


@pytest.fixture(scope="module")
def servers(cluster: TestCluster) -> None:
    """Load the images of the servers that the recipes install or use."""
    images = (peers.OPENID, peers.PEBBLE, peers.RATELIMIT, peers.REDIS, *peers.CERT_MANAGER_PARTS)
    with Progress() as progress:
        cert_manager_manifest.ensure_manifest(progress)
        for archive in peers.ensure_archives(progress, images):
            cluster.cluster.load_image(archive)


@pytest.fixture(scope="module")
def held(stack: LiveStack) -> None:
    """Create the certificate that the stack finds in the cluster."""
    name = {"name": "held-certificate", "namespace": "certificates"}
    pair = {"tls.crt": HELD.certificate.decode(), "tls.key": HELD.key.decode()}
    stack.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "certificates"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": name, "type": "kubernetes.io/tls", "stringData": pair},
    )


@pytest.fixture(scope="module")
def up(stack: LiveStack, echo_images: object, servers: object, held: object, original: str) -> str:
    """The output of the first `up`, with all recipes that can be combined."""
    stack.file.write_text(file_with(original, [piece for heading, piece in RECIPES.items() if heading not in APART]))
    _set_secrets(stack, SECRETS)
    stack.up()
    return stack.said


@pytest.fixture(scope="module")
def gateway(stack: LiveStack, up: object) -> str:
    """The address of the Gateway with these recipes."""
    return stack.gateway_address


@pytest.fixture(scope="module")
def other_gateway(stack: LiveStack, echo_images: object, servers: object, original: str) -> str:
    """The address of the Gateway with the recipes against others, and no more."""
    against = [RECIPES[heading] for heading in sorted(AGAINST_OTHERS)]
    stack.file.write_text(file_with(original, [*against, BUILT_HERE]))
    _set_secrets(stack, {path: value for path, value in SECRETS.items() if "shop-certificate" in path})
    stack.up()
    # `up` waits for the Gateway. Envoys of another size take the place of the old ones after that.
    for envoys in json.loads(stack.kubectl("get", "deployments", *_ENVOYS, "-o", "json"))["items"]:
        named = envoys["metadata"]
        stack.kubectl("rollout", "status", f"deployment/{named['name']}", "-n", named["namespace"], "--timeout=120s")
    return stack.gateway_address


@pytest.fixture(scope="module")
def acme_gateway(stack: LiveStack, servers: object, original: str) -> Iterator[str]:
    """The address of the Gateway with certificates of an authority that speaks ACME, in Let's Encrypt's place."""
    envoys = json.loads(stack.kubectl("get", "services", *_ENVOYS, "-o", "json"))["items"][0]["metadata"]
    stack.apply(*acme.objects(f"{envoys['name']}.{envoys['namespace']}.svc.cluster.local"))
    stack.kubectl("rollout", "status", "deployment/pebble", "-n", "acme", "--timeout=60s")
    text = json.dumps(RECIPES[ACME])
    for host, known in acme.HOSTS.items():
        text = text.replace(host, known)
    here = json.loads(text)
    here["synergychat:issuers"]["letsencrypt"]["acme"] |= acme.SETTINGS
    stack.file.write_text(file_with(original, [here]))
    stack.up()
    yield stack.gateway_address
    stack.kubectl("delete", "namespace", "acme", "--wait=false")


def _set_secrets(stack: LiveStack, secrets: Mapping[str, str]) -> None:
    for path, value in secrets.items():
        done = stack.cli("config", "set", "--secret", "--path", path, typed=value)
        assert done.returncode == 0, done.stdout


def _previewed_without_a_cluster(stack: LiveStack) -> str:
    done = stack.cli("preview", KUBECONFIG=str(stack.directory / "no-kubeconfig"))
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_every_recipe_has_a_test_and_every_test_a_recipe() -> None:
    assert CHECKED.headings == set(RECIPES)


def test_recipes_are_previewed_without_a_cluster(stack: LiveStack, up: object) -> None:
    assert "error" not in _previewed_without_a_cluster(stack)


# The app of the recipes


@of("The app `echo`")
def test_the_app_describes_the_request(gateway: str) -> None:
    seen = ask(gateway, "http://echo.internal/any/path").json()
    assert (seen["host"], seen["method"], seen["path"]) == ("echo.internal", "GET", "/any/path")


# TLS


@of("HTTPS with a certificate of my own")
def test_the_certificate_of_ones_own_is_the_one_that_is_shown(gateway: str) -> None:
    shown = certificate(gateway, 443, "shop.example.com")
    assert shown == x509.load_pem_x509_certificate(SHOP.certificate)
    assert ask(gateway, "https://shop.example.com/").status_code == 200


@of("HTTPS with a certificate that is already in the cluster")
def test_a_certificate_of_another_namespace_is_the_one_that_is_shown(gateway: str) -> None:
    assert certificate(gateway, 443, "held.example.com") == x509.load_pem_x509_certificate(HELD.certificate)
    assert ask(gateway, "https://held.example.com/").status_code == 200


@of("A second HTTPS port with a certificate of its own")
def test_each_port_of_a_host_name_has_its_own_certificate_and_http_redirects_to_the_first(gateway: str) -> None:
    own = x509.load_pem_x509_certificate(SECOND.certificate)
    assert certificate(gateway, 9443, "ports.example.com") == own
    assert certificate(gateway, 443, "ports.example.com") != own
    for url in ("https://ports.example.com/", "https://ports.example.com:9443/"):
        assert ask(gateway, url).status_code == 200
    answer = ask(gateway, "http://ports.example.com/a")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://ports.example.com/a")


@of("HTTPS with cert-manager")
def test_the_certificate_is_one_that_cert_manager_issued(stack: LiveStack, gateway: str) -> None:
    names = ("get", "secret", "ours-authority", "-n", stack.outputs["namespace"])
    authority = base64.b64decode(stack.kubectl(*names, "-o", r"jsonpath={.data.ca\.crt}")).decode()
    trusting = ssl.create_default_context(cadata=authority)
    assert ask(gateway, "https://issued.example.com/", verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(gateway, "https://shop.example.com/", verify=trusting)


@of("Only TLS 1.3")
def test_an_older_version_of_tls_is_refused(gateway: str) -> None:
    older = trusting_anything()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.ConnectError, match=r"(?i)alert protocol version"):
        ask(gateway, "https://modern.example.com/", verify=older)
    assert ask(gateway, "https://shop.example.com/", verify=older).status_code == 200
    assert ask(gateway, "https://modern.example.com/").status_code == 200


@of("HTTP/2, and HTTP/1.1 only")
def test_a_client_gets_http_2_with_its_settings_unless_only_http_1_is_offered(gateway: str) -> None:
    assert agreed_protocol(gateway, "two.example.com", "h2", "http/1.1") == "h2"
    assert agreed_protocol(gateway, "one.example.com", "h2", "http/1.1") == "http/1.1"
    most_streams = 3
    assert http2_settings(gateway, "two.example.com")[most_streams] == 50
    assert ask(gateway, "https://one.example.com/").status_code == 200


@of("HTTP/3")
def test_a_request_by_quic_reaches_the_app(stack: LiveStack, gateway: str) -> None:
    quick = address_of(stack, "quick")
    assert 'h3=":443"' in ask(quick, "https://quick.internal/").headers["alt-svc"]
    answer = ask_by_quic(quick, "quick.internal", "/by/quic")
    assert (answer.status, json.loads(answer.body)["path"]) == (200, "/by/quic")
    assert "alt-svc" not in ask(gateway, "https://shop.example.com/").headers


@of("Client certificates (mTLS)")
def test_only_a_client_with_a_certificate_of_the_authority_gets_in(gateway: str, tmp_path: Path) -> None:
    url = "https://partner.example.com/"
    theirs, strangers = tmp_path / "theirs.pem", tmp_path / "strangers.pem"
    theirs.write_bytes(PARTNERS.client())
    strangers.write_bytes(Authority.new().client())
    assert ask(gateway, url, verify=showing(theirs)).status_code == 200
    for refused in (trusting_anything(), showing(strangers)):
        # In TLS 1.3 the server says so when the client has asked already: what arrives first is a matter of luck.
        with pytest.raises(httpx.TransportError, match=r"(?i)alert|disconnected|reset"):
            ask(gateway, url, verify=refused)


@of("TLS passthrough")
def test_a_sealed_connection_ends_at_the_app(gateway: str) -> None:
    assert certificate(gateway, 8443, "sealed.internal").subject.rfc4514_string() == "CN=echo"
    assert ask(gateway, "https://sealed.internal:8443/deep").json()["path"] == "/deep"


# Releases


@of("A canary")
def test_about_ten_of_a_hundred_requests_go_to_the_next_version(stack: LiveStack, gateway: str) -> None:
    answers = _asked_often(stack, "canary.internal", 1000)
    # Five standard deviations, of 9.5 each.
    assert 52 <= sum(_is_echo(answer) for answer in answers) <= 148
    assert {answer.status_code for answer in answers} == {200}


@of("Blue and green, by header")
def test_a_header_leads_to_the_next_version(gateway: str) -> None:
    assert _is_echo(ask(gateway, "http://colours.internal/", headers={"x-version": "green"}))
    assert not _is_echo(ask(gateway, "http://colours.internal/", headers={"x-version": "blue"}))
    assert not _is_echo(ask(gateway, "http://colours.internal/"))


@of("A copy of the traffic")
def test_each_request_is_copied_once_and_its_answer_is_not_the_copys(stack: LiveStack, gateway: str) -> None:
    path = f"/{uuid.uuid4()}"
    assert {ask(gateway, f"http://mirrored.internal{path}").status_code for _ in range(20)} == {404}
    wait_until(lambda: count(stack, path) >= 20)
    assert count(stack, path) == 20


@of("A maintenance page")
def test_the_maintenance_page_answers_every_request(gateway: str) -> None:
    answer = ask(gateway, "http://down.internal/any", method="POST")
    assert (answer.status_code, answer.text) == (503, "We are back soon.")


# Paths and headers


@of("Another path at the backend")
def test_the_backend_sees_another_path(gateway: str) -> None:
    assert ask(gateway, "http://rewritten.internal/api/users").json()["path"] == "/v2/users"


@of("An old path that redirects")
def test_an_old_path_redirects_to_the_new_one(gateway: str) -> None:
    answer = ask(gateway, "http://moved.internal/old/page")
    assert (answer.status_code, answer.headers["location"]) == (301, "http://moved.internal/new/page")
    assert ask(gateway, "http://moved.internal/new/page").json()["path"] == "/new/page"


@of("Add and remove headers")
def test_headers_are_set_and_removed_on_the_way(gateway: str) -> None:
    answer = ask(gateway, "http://headers.internal/", headers={"cookie": "a=b", "x-stage": "mine"})
    seen = answer.json()["headers"]
    assert (seen["X-Stage"], "Cookie" in seen) == (["live"], False)
    assert answer.headers["x-frame-options"] == "DENY"


@of("CORS")
def test_pages_of_the_allowed_origins_may_ask_and_others_may_not(gateway: str) -> None:
    def preflight(origin: str) -> httpx.Headers:
        headers = {"origin": origin, "access-control-request-method": "POST"}
        return ask(gateway, "http://shared.internal/", method="OPTIONS", headers=headers).headers

    allowed = preflight("https://a.example.com")
    assert allowed["access-control-allow-origin"] == "https://a.example.com"
    assert "POST" in allowed["access-control-allow-methods"]
    assert "access-control-allow-origin" not in preflight("https://a.example.org")


@of("Session persistence")
def test_a_cookie_leads_back_to_the_first_pod(gateway: str) -> None:
    url = "http://sticky.internal/"
    without = {ask(gateway, url).json()["pod"] for _ in range(50)}
    assert len(without) == 2
    first = ask(gateway, url)
    cookie = {"cookie": first.headers["set-cookie"].partition(";")[0]}
    assert {ask(gateway, url, headers=cookie).json()["pod"] for _ in range(20)} == {first.json()["pod"]}


# Who gets in


@of("Only my office")
def test_only_the_offices_network_gets_in(gateway: str) -> None:
    assert ask(gateway, "http://office.internal/").status_code == 403
    assert ask(gateway, "http://office.internal/", source="127.0.7.7").status_code == 200


@of("A password")
def test_a_password_is_asked_for(gateway: str) -> None:
    url = "http://private.internal/"
    assert ask(gateway, url).status_code == 401
    assert ask(gateway, url, auth=("ada", "a guess")).status_code == 401
    assert ask(gateway, url, auth=("ada", PASSWORD)).status_code == 200


@of("A password for one path")
def test_a_password_guards_one_path_and_leaves_the_others_open(gateway: str) -> None:
    url = "http://echo.internal/admin/users"
    assert ask(gateway, url).status_code == 401
    assert ask(gateway, url, auth=("ada", PASSWORD)).json()["path"] == "/admin/users"
    assert {ask(gateway, f"http://echo.internal{path}").status_code for path in ("/", "/administrator")} == {200}


@of("An API key")
def test_a_key_is_asked_for(gateway: str) -> None:
    url = "http://keyed.internal/"
    assert ask(gateway, url).status_code == 401
    assert ask(gateway, url, headers={"x-api-key": "a guess"}).status_code == 401
    assert ask(gateway, url, headers={"x-api-key": KEY}).status_code == 200


@of("A JWT")
def test_a_token_of_the_issuer_is_asked_for(gateway: str) -> None:
    def answered(token: str) -> int:
        return ask(gateway, "http://signed.internal/", headers={"authorization": f"Bearer {token}"}).status_code

    issuer = "https://issuer.example.com"
    assert ask(gateway, "http://signed.internal/").status_code == 401
    assert answered(tokens.signed(issuer)) == 200
    assert answered(tokens.signed("https://other.example.com")) == 401
    assert answered(tokens.signed(issuer, key=tokens.other_key())) == 401
    assert answered(tokens.signed(issuer, lifetime=timedelta(hours=-1))) == 401


@of("A login (OIDC)")
def test_a_browser_is_sent_to_the_login_page_and_back(gateway: str) -> None:
    page = "https://members.example.com/app.js"
    with browser(gateway) as user:
        asked = user.get(page)
        assert asked.status_code == 302
        assert asked.headers["location"].startswith("https://login.example.com/auth?client_id=chat&")
        form = user.get(asked.headers["location"], follow_redirects=True)
        login = {"id": form.url.params["authRequestID"], "username": "test-user2"}
        refused = user.post(form.url, data=login | {"password": "a guess"}, follow_redirects=True)
        assert (refused.url.host, "Login" in refused.text) == ("login.example.com", True)
        back = user.post(form.url, data=login | {"password": "verysecure"}, follow_redirects=True)
        assert (back.status_code, str(back.url)) == (200, page)
        assert "https://members.example.com/oauth2/callback" in [
            str(response.url.copy_with(query=None)) for response in back.history
        ]
        assert user.get(page).status_code == 200
        assert user.get("https://members.example.com/logout").status_code == 302
        assert user.get(page).status_code == 302
    with browser(gateway) as stranger:
        # A state in Base64: Envoy logs what it is decoded to.
        assert stranger.get("https://members.example.com/oauth2/callback?code=a-guess&state=Z3Vlc3M").status_code == 401


# Under load


@of("A preset for all traffic")
def test_a_strict_gateway_ends_what_takes_too_long_and_a_gentle_one_waits_and_tries_again(
    stack: LiveStack, gateway: str
) -> None:
    careful, patient = (address_of(stack, name) for name in ("careful", "patient"))
    with ThreadPoolExecutor(4) as pool:
        late = pool.submit(ask, careful, "http://careful.internal/wait/20s", timeout=30)
        waited = pool.submit(ask, patient, "http://waiting.internal/wait/20s", timeout=30)
        begun = b"POST / HTTP/1.1\r\nhost: careful.internal\r\n"
        headers = pool.submit(answer_to, careful, begun, 30)
        body = pool.submit(answer_to, careful, begun + b"content-length: 9\r\n\r\n", 30)
        assert (late.result().status_code, waited.result().status_code) == (504, 200)
        assert headers.result().startswith(b"HTTP/1.1 408 ")
        assert body.result().startswith(b"HTTP/1.1 408 ")
    before = count(stack, "/status/503")
    assert ask(patient, "http://waiting.internal/status/503").status_code == 503
    assert count(stack, "/status/503") - before == 4
    assert ask(careful, "http://careful.internal/status/503").status_code == 503
    assert count(stack, "/status/503") - before == 5


def test_a_strict_gateway_refuses_more_requests_than_an_app_can_have_done_in_time(
    stack: LiveStack, gateway: str
) -> None:
    careful = address_of(stack, "careful")
    with ThreadPoolExecutor(400) as pool:
        wait = "http://careful.internal/wait/12s"
        codes = Counter(pool.map(lambda _: ask(careful, wait, timeout=60).status_code, range(400)))
    assert set(codes) == {200, 503}
    assert codes[200] >= 256


@of("Timeouts and retries")
def test_what_takes_too_long_ends_and_what_fails_is_tried_again(stack: LiveStack, gateway: str) -> None:
    assert ask(gateway, "http://patient.internal/wait/0s").status_code == 200
    assert ask(gateway, "http://patient.internal/wait/5s").status_code == 504
    before = count(stack, "/status/503")
    assert ask(gateway, "http://patient.internal/status/503").status_code == 503
    assert count(stack, "/status/503") - before == 3


@of("A rate limit")
def test_beyond_the_limit_the_answer_is_429(gateway: str) -> None:
    codes = [ask(gateway, "http://limited.internal/").status_code for _ in range(20)]
    assert codes == [200] * 5 + [429] * 15


@of("A rate limit per client")
def test_beyond_its_limit_a_client_gets_429_and_another_client_does_not(gateway: str) -> None:
    def codes(source: str) -> list[int]:
        return [ask(gateway, "http://fair.internal/", source=source).status_code for _ in range(8)]

    assert codes("127.0.7.8") == [200] * 5 + [429] * 3
    assert codes("127.0.7.9") == [200] * 5 + [429] * 3


@of("Compression, circuit breakers, load balancing")
def test_answers_are_compressed_and_too_many_requests_at_once_are_refused(gateway: str) -> None:
    answer = ask(gateway, "http://busy.internal/", headers={"accept-encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.json()["path"]) == ("gzip", "/")
    with ThreadPoolExecutor(40) as pool:
        codes = Counter(pool.map(lambda _: ask(gateway, "http://busy.internal/wait/2s").status_code, range(40)))
    assert set(codes) == {200, 503}
    assert codes[200] >= 4


@of("Fault injection")
def test_about_half_of_the_requests_fail(stack: LiveStack, gateway: str) -> None:
    codes = Counter(answer.status_code for answer in _asked_often(stack, "shaky.internal", 1000))
    assert set(codes) == {200, 500}
    # Five standard deviations, of 15.8 each.
    assert 420 <= codes[500] <= 580


# Other protocols


@of("WebSocket")
def test_a_websocket_stays_open_both_ways(gateway: str) -> None:
    with (
        socket.create_connection((gateway, 80), timeout=10) as opened,
        connect("ws://live.internal/socket", sock=opened, proxy=None) as live,
    ):
        for message in ("one", "two"):
            live.send(message)
            assert live.recv(timeout=10) == message


@of("gRPC")
def test_a_call_is_answered(gateway: str) -> None:
    options = [("grpc.default_authority", "calls.internal"), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"{gateway}:80", options=options) as channel:
        serving = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
        assert serving == b"\x08\x01"  # HealthCheckResponse, with status SERVING
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary("/grpc.reflection.v1.Other/Check")(b"", timeout=10)
    assert "UNIMPLEMENTED" in str(raised.value)


@of("TCP")
def test_a_tcp_stream_comes_back(gateway: str) -> None:
    with socket.create_connection((gateway, 9001), timeout=10) as stream:
        stream.sendall(b"hello")
        assert stream.recv(5, socket.MSG_WAITALL) == b"hello"


@of("UDP")
def test_a_datagram_comes_back(gateway: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(10)
        datagrams.sendto(b"hello", (gateway, 9002))
        assert datagrams.recv(100) == b"hello"


# Other backends


@of("A backend outside of the cluster")
def test_a_host_that_is_no_service_is_reached_by_its_name(gateway: str) -> None:
    assert ask(gateway, "http://outside.internal/far").json()["path"] == "/far"


@of("A Service of another namespace")
def test_a_service_of_another_namespace_answers(gateway: str) -> None:
    answer = ask(gateway, "http://metrics.internal/metrics")
    assert (answer.status_code, "# HELP " in answer.text) == (200, True)


# The Envoys


@of("Listeners from a ListenerSet")
def test_a_listener_of_a_listener_set_serves_its_route(gateway: str) -> None:
    assert ask(gateway, "http://team.internal:8081/").status_code == 200
    assert ask(gateway, "http://team.internal/").status_code == 404


@of("A second Gateway")
def test_a_second_gateway_serves_its_own_routes_at_its_own_address(stack: LiveStack, gateway: str) -> None:
    inner = address_of(stack, "inner")
    assert inner not in ("", gateway)
    assert ask(inner, "https://inner.internal/").status_code == 200
    redirected = ask(inner, "http://inner.internal/a")
    assert (redirected.status_code, redirected.headers["location"]) == (301, "https://inner.internal/a")
    assert ask(inner, "https://synchat.internal/").status_code == 404
    assert ask(gateway, "http://inner.internal/").status_code == 404
    older = trusting_anything()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.ConnectError, match=r"(?i)alert protocol version"):
        ask(inner, "https://inner.internal/", verify=older)


@of("A fixed address, and labels")
def test_a_gateway_has_the_address_and_the_labels_that_it_asks_for(stack: LiveStack, gateway: str) -> None:
    assert address_of(stack, "fixed") == "10.96.7.7"
    (service,) = json.loads(stack.kubectl("get", "services", "-A", "-l", "team=inside", "-o", "json"))["items"]
    assert service["spec"]["clusterIP"] == "10.96.7.7"
    assert service["metadata"]["annotations"]["example.com/owner"] == "inside"


@of("A node port, and an Envoy on every node")
def test_a_port_of_the_node_leads_to_each_listener_of_a_daemon_set(stack: LiveStack, gateway: str) -> None:
    owned = "gateway.envoyproxy.io/owning-gateway-name=ported"
    assert len(json.loads(stack.kubectl("get", "daemonsets", "-A", "-l", owned, "-o", "json"))["items"]) == 1
    node = stack.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    for door in (f"http:{node}:30081", f"https:{node}:30444"):
        assert "synergychat" in stack.kubectl("get", "--raw", f"/api/v1/nodes/{door}/proxy/").lower()


@of("Routes of other namespaces")
def test_a_route_of_a_chosen_namespace_is_served(gateway: str) -> None:
    answer = ask(gateway, "http://partner.internal:8082/")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://partner.example.com:8082/")


@of("An access log as JSON")
def test_every_request_is_a_line_of_json_in_the_log(stack: LiveStack, gateway: str) -> None:
    path = f"/{uuid.uuid4()}"
    assert ask(gateway, f"http://synchat.internal{path}").status_code == 404
    wanted = {"host": "synchat.internal", "path": path, "status": 404, "response_code_details": "via_upstream"}

    def is_logged() -> bool:
        found = [json.loads(line) for line in _envoys_log(stack) if path in line]
        of_route = [line for line in found if line["route_name"].startswith("httproute/synergychat/web-httproute/")]
        return any(wanted.items() <= line.items() and line["upstream_host"] for line in of_route)

    wait_until(is_logged)


# Secrets


def test_a_secret_of_the_config_is_nowhere_in_clear(stack: LiveStack, up: str) -> None:
    in_base64 = [base64.b64encode(value.encode()).decode() for value in SECRETS.values()]
    # A line of a certificate or a key stands for all of it: in JSON and YAML its lines are joined otherwise.
    in_lines = [line for value in SECRETS.values() for line in value.splitlines() if not line.startswith("-----")]
    planted = [*in_base64, *in_lines]
    # Pulumi's logs have values from -v=9 on, as its manual warns.
    logged = stack.cli("preview", "--diff", "--refresh", "--logtostderr", "-v=3").stdout
    places = {"up": up, "preview": logged, "outputs": stack.cli("stack", "output", "--json").stdout}
    places |= {
        str(file): file.read_bytes().decode(errors="replace")
        for root in (stack.directory, stack.directory.parent / "state")
        for file in root.rglob("*")
        if file.is_file() and file.suffix not in (".crt", ".key") and ".venv" not in file.parts
    }
    assert any("shop-certificate" in text for place, text in places.items() if "/state/" in place)
    assert [(place, value[:8]) for place, text in places.items() for value in planted if value in text] == []


# Those against others


def test_recipes_against_others_are_previewed_without_a_cluster_too(stack: LiveStack, other_gateway: str) -> None:
    assert "error" not in _previewed_without_a_cluster(stack)


@of("HTTPS, with a redirect from HTTP")
def test_http_only_redirects_to_https_with_a_certificate_for_every_name(other_gateway: str) -> None:
    answer = ask(other_gateway, "http://synchat.internal/a?b=c")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://synchat.internal/a?b=c")
    assert ask(other_gateway, "https://synchat.internal/").status_code == 200
    assert ask(other_gateway, "https://synchatapi.internal/healthz").json() == {"status": "ok"}
    shown = certificate(other_gateway, 443, "synchat.internal")
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["counted.internal", "synchat.internal", "synchatapi.internal"]


@of("HTTPS for all host names, one with a certificate of my own")
def test_one_host_name_has_its_own_certificate_and_all_others_another(other_gateway: str) -> None:
    own = x509.load_pem_x509_certificate(SHOP.certificate)
    assert certificate(other_gateway, 443, "shop.example.com") == own
    assert certificate(other_gateway, 443, "synchat.internal") != own
    for host in ("shop.example.com", "synchat.internal"):
        assert ask(other_gateway, f"https://{host}/").status_code == 200
        assert ask(other_gateway, f"http://{host}/").status_code == 301


@of("More Envoys")
def test_two_envoys_with_other_resources_carry_the_traffic(stack: LiveStack, other_gateway: str) -> None:
    pods = json.loads(stack.kubectl("get", "pods", *_ENVOYS, "-o", "json"))["items"]
    running = [pod["spec"]["containers"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    requests = [
        next(container for container in containers if container["name"] == "envoy")["resources"]
        for containers in running
    ]
    assert [resources["requests"] for resources in requests] == [{"cpu": "100m", "memory": "192Mi"}] * 2


@of("A rate limit shared by all Envoys")
def test_envoys_count_requests_together(stack: LiveStack, other_gateway: str) -> None:
    stack.kubectl("rollout", "status", "deployment/envoy-ratelimit", "-n", "envoy-gateway-system", "--timeout=120s")
    codes = [ask(other_gateway, "https://counted.internal/").status_code for _ in range(40)]
    assert Counter(codes) == {200: 5, 429: 35}


@of("Two controllers, for my namespaces only")
def test_one_of_two_controllers_leads_and_another_namespace_is_not_looked_at(
    stack: LiveStack, other_gateway: str
) -> None:
    owner = ("-n", "envoy-gateway-system")
    pods = json.loads(stack.kubectl("get", "pods", *owner, "-l", "control-plane=envoy-gateway", "-o", "json"))["items"]
    running = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    requests = [pod["spec"]["containers"][0]["resources"]["requests"] for pod in running]
    assert requests == [{"cpu": "50m", "memory": "128Mi"}] * 2
    leases = json.loads(stack.kubectl("get", "leases", *owner, "-o", "json"))["items"]
    (holder,) = [lease["spec"]["holderIdentity"].rpartition("_")[0] for lease in leases]
    assert holder in [pod["metadata"]["name"] for pod in running]
    # The leader goes: the other one configures what comes then.
    stack.kubectl("delete", "pod", *owner, holder)
    elsewhere = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "elsewhere", "namespace": "default"},
        "spec": {
            "gatewayClassName": "app-gatewayclass",
            "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}],
        },
    }
    here = elsewhere | {"metadata": {"name": "here", "namespace": stack.outputs["namespace"]}}
    stack.apply(elsewhere, here)
    conditions = ("-o", "jsonpath={.status.conditions[?(@.type=='Accepted')].status}")
    wait_until(lambda: stack.kubectl("get", "gateway", "here", "-n", stack.outputs["namespace"], *conditions) == "True")
    assert stack.kubectl("get", "gateway", "elsewhere", "-n", "default", *conditions) == "Unknown"
    stack.kubectl("delete", "gateway", "here", "-n", stack.outputs["namespace"])
    stack.kubectl("delete", "gateway", "elsewhere", "-n", "default")
    assert ask(other_gateway, "https://synchat.internal/").status_code == 200


@of("Images from my registry")
def test_every_image_of_the_release_comes_from_the_registry(stack: LiveStack, original: str) -> None:
    stack.file.write_text(file_with(original, [RECIPES["Images from my registry"]]))
    shown = stack.cli("preview", "--diff", "--json").stdout
    mirrored = ("envoyproxy/gateway:v", "envoyproxy/envoy:distroless", "envoyproxy/ratelimit:")
    assert [image for image in mirrored if f"registry.example.com/mirror/{image}" not in shown] == []


@of(ACME)
def test_an_authority_asks_through_the_gateway_and_signs_for_every_host(acme_gateway: str) -> None:
    for host in acme.HOSTS.values():
        shown = certificate(acme_gateway, 443, host)
        assert "Pebble Intermediate CA" in shown.issuer.rfc4514_string()
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [host]
        # Until the file's route is gone, its path is all that there is of the name on HTTP.
        wait_until(lambda host=host: ask(acme_gateway, f"http://{host}/").status_code == 301)
    assert ask(acme_gateway, f"https://{acme.HOSTS['chat.example.com']}/").status_code == 200


_ENVOYS = ("-A", "-l", "gateway.envoyproxy.io/owning-gateway-name=app-gateway")


def _asked_often(stack: LiveStack, host: str, times: int) -> list[httpx.Response]:
    with stack.client() as client:
        return [client.get("/", headers={"Host": host}) for _ in range(times)]


def _is_echo(answer: httpx.Response) -> bool:
    return answer.headers["content-type"] == "application/json"


def _envoys_log(stack: LiveStack) -> list[str]:
    names = ("-n", "envoy-gateway-system", *_ENVOYS[1:], "-c", "envoy", "--tail=-1")
    return stack.kubectl("logs", *names).splitlines()
