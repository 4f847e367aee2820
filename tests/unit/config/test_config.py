"""What a stack's config may say, what it must not, and in which words it is refused."""

import json
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

import config
from config import ConfigError, StackConfig
from tests.unit.recording import record

PROJECT = "synergychat"
CONTEXT = {"synergychat:context": "my-cluster"}
SECRET = "s3cr3t-Value"  # in upper case: no rule takes it for a name


def parse(**sections: Any) -> StackConfig:
    """The config of a stack whose file has these keys beside its context."""
    return config.parse(PROJECT, CONTEXT | {f"synergychat:{key}": json.dumps(value) for key, value in sections.items()})


def mistakes(**sections: Any) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse(**sections)
    return raised.value.mistakes


def test_a_context_is_all_that_a_stack_must_set() -> None:
    assert config.parse(PROJECT, CONTEXT) == StackConfig(context="my-cluster")


def test_a_missing_context_is_named_with_its_rule() -> None:
    with pytest.raises(ConfigError) as raised:
        config.parse(PROJECT, {})
    assert raised.value.mistakes == ["synergychat:context is required, and has no default"]


def test_a_value_given_replaces_its_default_and_leaves_its_neighbours() -> None:
    web = parse(web={"port": 9090}).web
    assert (web.port, web.hostname, web.service_name) == (9090, "synchat.internal", "web-service")


def test_a_context_that_looks_like_json_stays_text() -> None:
    assert config.parse(PROJECT, {"synergychat:context": "123"}).context == "123"


def test_keys_of_pulumi_and_of_other_projects_are_not_looked_at() -> None:
    values = CONTEXT | {"pulumi:disable-default-providers": '["kubernetes"]', "aws:region": "eu-west-1"}
    assert config.parse(PROJECT, values) == StackConfig(context="my-cluster")


def test_a_config_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValidationError):
        parse().web.port = 1  # type: ignore[misc] # it is frozen: that is what is tried


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"gatway": {}}, "synergychat:gatway = {} is not a key of this program; did you mean gateway?"),
        (
            {"web": {"hostnme": "a.example"}},
            'synergychat:web.hostnme = "a.example" is not a key of this program; did you mean hostname?',
        ),
        (
            {"envoyGateway": {"zzz": 1}},
            "synergychat:envoyGateway.zzz = 1 is not a key of this program; "
            "known here: version, manifest, sha256, namespace, replicas, resources, registry, image, "
            "rateLimitImage, config, protect",
        ),
        (
            {"web": {"route_name": "web"}},
            'synergychat:web.route_name = "web" is not a key of this program; did you mean routeName?',
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(sections: dict[str, Any], line: str) -> None:
    assert mistakes(**sections) == [line]


@pytest.mark.parametrize(
    "hostname",
    ["synchat.internal", "localhost", "a-b.example.com", "1.example", "a" * 63 + ".example", "xn--bcher-kva.example"],
)
def test_a_host_name_that_a_browser_can_ask_for_is_accepted(hostname: str) -> None:
    assert parse(web={"hostname": hostname}).web.hostname == hostname


LONGEST = ".".join(["a" * 62] * 4) + ".b"


def test_a_host_name_of_253_characters_is_accepted() -> None:
    assert len(LONGEST) == 253
    assert parse(web={"hostname": LONGEST}).web.hostname == LONGEST


@pytest.mark.parametrize(
    ("hostname", "rule"),
    [
        ("SynChat.internal", "must be in lower case"),
        ("synchat.internal.", "must not end with a dot"),
        (LONGEST + "b", "must have at most 253 characters (it has 254)"),
        ("10.0.0.1", "must be a name, not an IP address"),
        ("2001:db8::1", "must be a name, not an IP address"),
        ("synchat.0x7f", "must be a name, not an IP address"),
        ("synchat..internal", "must not have an empty label (two dots in a row, or one at the start)"),
        (".internal", "must not have an empty label (two dots in a row, or one at the start)"),
        ("*.internal", "must not be a wildcard: the chat answers under one name"),
        ("a" * 64 + ".internal", "must have labels of at most 63 characters (one has 64)"),
        ("syn_chat.internal", "may have only a-z, 0-9 and '-' in a label, and no '-' at its ends"),
        ("synchat-.internal", "may have only a-z, 0-9 and '-' in a label, and no '-' at its ends"),
        ("http://synchat.internal", "must be a name alone, with no scheme, port or path"),
        ("synchat.internal:8080", "must be a name alone, with no scheme, port or path"),
        ("synchat.internal/chat", "must be a name alone, with no scheme, port or path"),
        ("synchat.internal\n", "may have only a-z, 0-9 and '-' in a label, and no '-' at its ends"),
        ("bücher.example", "may have only a-z, 0-9 and '-' in a label, and no '-' at its ends"),
        ("", "must be a host name"),
        (7, "must be a host name"),
    ],
)
def test_a_host_name_that_no_route_can_serve_is_refused_with_its_rule(hostname: object, rule: str) -> None:
    (line,) = mistakes(web={"hostname": hostname})
    assert line.startswith("synergychat:web.hostname = ")
    assert line.endswith(f" {rule}")


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"web": {"hostname": "one.example"}, "api": {"hostname": "one.example"}},
            'synergychat:api.hostname = "one.example" must differ from web.hostname',
        ),
        ({"web": {"hostname": "synchatapi.internal"}}, "synergychat:api.hostname must differ from web.hostname"),
        (
            {"web": {"routeName": "route"}, "api": {"routeName": "route"}},
            'synergychat:api.routeName = "route" must differ from web.routeName',
        ),
        (
            {"crawler": {"serviceName": "web-service"}},
            'synergychat:crawler.serviceName = "web-service" must differ from web.serviceName',
        ),
    ],
)
def test_two_parts_must_not_share_a_host_name_a_route_or_a_service(sections: dict[str, Any], line: str) -> None:
    assert mistakes(**sections) == [line]


@pytest.mark.parametrize("port", [1, 80, 65535])
def test_every_port_there_is_is_accepted(port: int) -> None:
    assert parse(web={"port": port}).web.port == port


@pytest.mark.parametrize("port", [0, 65536, -1, "eighty", "8080", 80.0, 80.5, True, None, [80]])
def test_what_is_no_port_is_refused(port: object) -> None:
    shown = "" if port is None else f" = {json.dumps(port)}"
    assert mistakes(web={"port": port}) == [f"synergychat:web.port{shown} must be a whole number from 1 to 65535"]


@pytest.mark.parametrize("replicas", [-1, 101, 1.5, "1"])
def test_what_is_no_number_of_replicas_is_refused(replicas: object) -> None:
    line = f"synergychat:api.replicas = {json.dumps(replicas)} must be a whole number from 0 to 100"
    assert mistakes(api={"replicas": replicas}) == [line]


def test_no_replicas_at_all_are_accepted() -> None:
    assert parse(api={"replicas": 0}).api.replicas == 0


@pytest.mark.parametrize("seconds", [9, 3601, "120s"])
def test_what_is_no_time_to_wait_is_refused(seconds: object) -> None:
    line = f"synergychat:timeoutSeconds = {json.dumps(seconds)} must be a whole number from 10 to 3600"
    assert mistakes(timeoutSeconds=seconds) == [line]


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "bootdotdev/synergychat-web:latest",
        "localhost:5000/chat/web",
        "registry.example.com:443/a/b__c:v1.2-rc_3",
        "nginx@sha256:" + "0" * 64,
        "nginx:1.2@sha256:" + "f" * 64,
    ],
)
def test_an_image_reference_is_accepted(image: str) -> None:
    assert parse(web={"image": image}).web.image == image


@pytest.mark.parametrize(
    "image",
    [
        "",
        "Nginx",
        "nginx:",
        "nginx:a b",
        "https://registry.example.com/web",
        "nginx@sha256:12",
        "a//b",
        "nginx\n",
        "a" * 256,
    ],
)
def test_what_is_no_image_reference_is_refused(image: str) -> None:
    (line,) = mistakes(web={"image": image})
    assert line.startswith("synergychat:web.image = ")
    assert line.endswith(" must be an image reference, [registry[:port]/]name[:tag][@sha256:digest]")


@pytest.mark.parametrize("version", ["1.9.1", "1.5.0", "1.5.1"])
def test_a_release_of_a_known_line_is_accepted(version: str) -> None:
    assert parse(envoyGateway={"version": version}).envoy_gateway.version == version


@pytest.mark.parametrize(
    ("version", "rule"),
    [
        ("1.4.0", "must be a release of 1.5, 1.6, 1.7, 1.8, 1.9"),
        ("1.91.0", "must be a release of 1.5, 1.6, 1.7, 1.8, 1.9"),
        ("v1.9.1", "must be a version in quotes, such as '1.9.1'"),
        (1.9, "must be a version in quotes, such as '1.9.1'"),
        ("1.9.1-rc.1", "must be a version in quotes, such as '1.9.1'"),
    ],
)
def test_a_release_of_no_known_line_is_refused(version: object, rule: str) -> None:
    assert mistakes(envoyGateway={"version": version}) == [
        f"synergychat:envoyGateway.version = {json.dumps(version)} {rule}"
    ]


@pytest.mark.parametrize("checksum", ["0" * 63, "F" * 64, "sha256:" + "0" * 64])
def test_what_is_no_sha256_is_refused(checksum: str) -> None:
    (line,) = mistakes(envoyGateway={"sha256": ["0" * 64, checksum]})
    assert line.startswith("synergychat:envoyGateway.sha256[1] = ")
    assert line.endswith(" must be a SHA-256: 64 of 0-9 and a-f")


@pytest.mark.parametrize("keywords", [["love", "a,b"], ["love", " "]])
def test_a_keyword_that_the_crawler_would_read_as_another_is_refused(keywords: list[str]) -> None:
    (line,) = mistakes(crawler={"keywords": keywords})
    assert line == f"synergychat:crawler.keywords[1] = {json.dumps(keywords[1])} must be a word without a comma"


def test_the_crawler_needs_a_keyword() -> None:
    assert mistakes(crawler={"keywords": []}) == ["synergychat:crawler.keywords = [] must not be empty"]


@pytest.mark.parametrize("namespace", ["Chat", "chat.one", "-chat", "a" * 64, ""])
def test_a_namespace_that_kubernetes_would_refuse_is_refused_here(namespace: str) -> None:
    with pytest.raises(ConfigError, match=r"synergychat:namespace = .* must be a DNS label"):
        config.parse(PROJECT, CONTEXT | {"synergychat:namespace": namespace})


def test_a_service_name_must_start_with_a_letter() -> None:
    (line,) = mistakes(web={"serviceName": "1-web"})
    assert line.startswith('synergychat:web.serviceName = "1-web" must be a DNS label that starts with a letter')


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"web": "synchat.internal"}, 'synergychat:web = "synchat.internal" must be a group of keys'),
        ({"web": None}, "synergychat:web must be a group of keys"),
        ({"web": []}, "synergychat:web = [] must be a group of keys"),
        ({"crawler": {"keywords": "love"}}, 'synergychat:crawler.keywords = "love" must be a list'),
    ],
)
def test_a_value_where_a_group_or_a_list_belongs_is_refused(sections: dict[str, Any], line: str) -> None:
    assert mistakes(**sections) == [line]


@pytest.mark.parametrize(
    ("gateway", "line"),
    [
        (
            {"exposure": "NodePort"},
            "synergychat:gateway.nodePort is required with exposure NodePort: a whole number from 30000 to 32767",
        ),
        ({"nodePort": 30080}, "synergychat:gateway.nodePort = 30080 goes only with exposure NodePort"),
        (
            {"exposure": "ClusterIP", "nodePort": 30080},
            "synergychat:gateway.nodePort = 30080 goes only with exposure NodePort",
        ),
        (
            {"exposure": "NodePort", "nodePort": 80},
            "synergychat:gateway.nodePort = 80 must be a whole number from 30000 to 32767",
        ),
        (
            {"exposure": "nodePort"},
            'synergychat:gateway.exposure = "nodePort" must be LoadBalancer, NodePort or ClusterIP',
        ),
    ],
)
def test_a_node_port_goes_with_its_exposure_and_only_with_it(gateway: dict[str, Any], line: str) -> None:
    assert mistakes(gateway=gateway) == [line]


@pytest.mark.parametrize(
    ("gateway", "urls"),
    [
        ({}, {"web": "http://synchat.internal", "api": "http://synchatapi.internal"}),
        ({"port": 8080}, {"web": "http://synchat.internal:8080", "api": "http://synchatapi.internal:8080"}),
        (
            {"exposure": "NodePort", "nodePort": 30080},
            {"web": "http://synchat.internal:30080", "api": "http://synchatapi.internal:30080"},
        ),
    ],
)
def test_the_urls_have_the_host_names_and_the_port_that_clients_use(gateway: Any, urls: dict[str, str]) -> None:
    assert parse(gateway=gateway).urls == urls


def test_all_mistakes_are_reported_at_once_in_the_order_of_their_keys() -> None:
    with pytest.raises(ConfigError) as raised:
        config.parse(
            PROJECT,
            {
                "synergychat:web": json.dumps({"port": 0, "hostname": "synchatapi.internal"}),
                "synergychat:api": json.dumps({"replicas": -1, "imagee": "nginx"}),
                "synergychat:gateway": json.dumps({"exposure": "NodePort", "port": "eighty"}),
            },
        )
    assert raised.value.mistakes == [
        "synergychat:api.hostname must differ from web.hostname",
        'synergychat:api.imagee = "nginx" is not a key of this program; did you mean image?',
        "synergychat:api.replicas = -1 must be a whole number from 0 to 100",
        "synergychat:context is required, and has no default",
        "synergychat:gateway.nodePort is required with exposure NodePort: a whole number from 30000 to 32767",
        'synergychat:gateway.port = "eighty" must be a whole number from 1 to 65535',
        "synergychat:web.port = 0 must be a whole number from 1 to 65535",
    ]
    assert str(raised.value) == "\n".join(raised.value.mistakes)


def test_a_long_value_is_cut_so_that_its_rule_is_seen() -> None:
    (line,) = mistakes(web={"image": "A" * 1000})
    assert len(line) < 200
    assert line.endswith("[@sha256:digest]")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("context", " "),
        ("web", {"hostname": SECRET, "port": SECRET, "image": SECRET + ":", "unknown": SECRET}),
        ("gateway", {"exposure": SECRET, "nodePort": SECRET, "name": SECRET}),
        ("crawler", {"keywords": [f"{SECRET},"], "serviceName": SECRET}),
        ("envoyGateway", {"version": SECRET, "sha256": [SECRET], "manifest": [SECRET]}),
        ("web", SECRET),
        ("unheardOf", {"token": SECRET}),
        ("timeoutSeconds", SECRET),
    ],
)
def test_a_secret_value_is_never_shown(key: str, value: object) -> None:
    values = CONTEXT | {f"synergychat:{key}": value if isinstance(value, str) else json.dumps(value)}
    with pytest.raises(ConfigError) as raised:
        config.parse(PROJECT, values, secret_keys=[f"synergychat:{key}"])
    assert SECRET not in str(raised.value)
    assert all(f"synergychat:{key}" in line and "[secret]" in line for line in raised.value.mistakes)


def _program(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], secret_keys: list[str]) -> None:
    """Set what Pulumi hands a program, as it hands it over."""
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(values))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(secret_keys))


def test_a_program_with_mistakes_in_its_config_ends_with_all_of_them_and_registers_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _program(
        monkeypatch,
        CONTEXT | {"synergychat:web": '{"port": 0}', "synergychat:api": '{"hostname": "Hidden"}'},
        ["synergychat:api"],
    )
    recording = record(lambda: (config.load(), pulumi.export("reached", True)), stack="staging")
    assert recording.log == [
        "3 mistakes in the config of stack staging:\n"
        "  synergychat:api = [secret] holds a secret value, which would be shown and kept in clear: "
        "only those of synergychat:secrets are not. Put it there, and name that Secret\n"
        "  synergychat:api.hostname = [secret] must be in lower case\n"
        "  synergychat:web.port = 0 must be a whole number from 1 to 65535\n"
        "Edit Pulumi.staging.yaml, or type: pulumi config set --path 'synergychat:KEY' VALUE"
    ]
    # The code by which Pulumi's language host knows that the user has been told.
    assert recording.exit_code == 32
    assert recording.resources == {}
    assert recording.outputs == {}


def test_one_mistake_is_not_called_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    _program(monkeypatch, {}, [])
    assert record(config.load).log[0].startswith("One mistake in the config of stack dev:\n")


def test_a_good_config_is_loaded_as_pulumi_hands_it_over(monkeypatch: pytest.MonkeyPatch) -> None:
    _program(monkeypatch, CONTEXT | {"synergychat:timeoutSeconds": "60", "synergychat:web": '{"port": 9090}'}, [])
    loaded: list[StackConfig] = []
    recording = record(lambda: loaded.append(config.load()))
    assert loaded == [parse(timeoutSeconds=60, web={"port": 9090})]
    assert recording.log == []


@pytest.mark.parametrize(
    ("given", "image"),
    [
        ({}, "docker.io/envoyproxy/envoy:distroless-v1.39.1"),
        ({"synergychat:envoyGateway": '{"version": "1.5.1"}'}, None),
        ({"synergychat:gateway": '{"envoyImage": "example.com/envoy:1"}'}, "example.com/envoy:1"),
    ],
)
def test_the_envoy_is_the_one_that_is_named_else_the_releases(given: dict[str, str], image: str | None) -> None:
    assert config.parse(PROJECT, CONTEXT | given).envoy_image == image


def test_the_chat_and_the_controller_do_not_share_a_namespace() -> None:
    with pytest.raises(
        ConfigError, match=r'namespace = "envoy-gateway-system" must differ from envoyGateway\.namespace'
    ):
        config.parse(PROJECT, CONTEXT | {"synergychat:namespace": "envoy-gateway-system"})


# Listeners, routes, policies, secrets


HTTPS = {"name": "https", "protocol": "HTTPS", "port": 443}


@pytest.mark.parametrize(
    ("listeners", "urls"),
    [
        ([HTTPS], {"web": "https://synchat.internal", "api": "https://synchatapi.internal"}),
        ([HTTPS | {"port": 8443}], {"web": "https://synchat.internal:8443", "api": "https://synchatapi.internal:8443"}),
        (
            [HTTPS | {"hostname": "synchat.internal"}],
            {"web": "https://synchat.internal", "api": "http://synchatapi.internal"},
        ),
        (
            [HTTPS | {"hostname": "*.internal"}],
            {"web": "https://synchat.internal", "api": "https://synchatapi.internal"},
        ),
        (
            [HTTPS | {"hostname": "shop.example.com"}],
            {"web": "http://synchat.internal", "api": "http://synchatapi.internal"},
        ),
        (
            [{"name": "tls", "protocol": "TLS", "port": 443}],
            {"web": "http://synchat.internal", "api": "http://synchatapi.internal"},
        ),
    ],
    ids=str,
)
def test_a_url_is_https_where_a_listener_for_https_serves_its_host(listeners: Any, urls: dict[str, str]) -> None:
    assert parse(gateway={"listeners": listeners}).urls == urls


@pytest.mark.parametrize(
    ("listeners", "self_signed"),
    [
        ([], False),
        ([HTTPS], False),
        ([HTTPS | {"selfSigned": True}], True),
        ([HTTPS | {"selfSigned": True, "hostname": "shop.example.com"}], False),
        ([HTTPS | {"issuer": "ours", "hostname": "synchat.internal"}], True),
        ([HTTPS | {"issuer": "letsencrypt", "hostname": "synchat.internal"}], False),
    ],
    ids=str,
)
def test_clients_are_told_of_a_self_signed_certificate_that_the_chat_is_served_with(
    listeners: Any, self_signed: bool
) -> None:
    issuers = {"ours": {"selfSignedCa": True}, "letsencrypt": {"acme": {"server": "https://acme.example.com"}}}
    assert parse(gateway={"listeners": listeners}, issuers=issuers).self_signed is self_signed


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"gateway": {"redirectToHttps": True}},
            "synergychat:gateway.redirectToHttps = true needs https, or a listener with protocol HTTPS",
        ),
        (
            {"gateway": {"listeners": [{"name": "a", "protocol": "TCP", "port": 1, "selfSigned": True}]}},
            "synergychat:gateway.listeners[0].selfSigned = true goes only with protocol HTTPS or TLS",
        ),
        (
            {"issuers": {"ours": {"selfSignedCa": False}}},
            'synergychat:issuers.ours = {"selfSignedCa": false} needs one way to sign: selfSignedCa, acme, or another '
            "one of an Issuer's spec",
        ),
        (
            {"issuers": {"ours": {"acme": {"server": "s"}, "vault": {}}}},
            "synergychat:issuers.ours.vault = {} does not go together with acme",
        ),
        (
            {"issuers": {"ours": {"acme": {}}}},
            "synergychat:issuers.ours.acme.server is required, and has no default",
        ),
        (
            {
                "certManager": {"install": True},
                "issuers": {"letsencrypt": {"acme": {"server": "s"}}},
                "gateway": {"https": {"issuer": "letsencrypt", "hosts": {"a.example.com": {"issuer": "letsencrpt"}}}},
            },
            'synergychat:gateway.https.hosts.a.example.com.issuer = "letsencrpt" must be one of letsencrypt; '
            "did you mean letsencrypt?",
        ),
        (
            {"certManager": {"install": True}, "gateways": {"inner": {"https": {"issuer": "i"}}}},
            'synergychat:gateways.inner.https.issuer = "i" needs an issuer of this name in issuers',
        ),
        (
            {
                "issuers": {"letsencrypt": {"acme": {"server": "s"}}},
                "gateway": {"https": {"hosts": {"*.example.com": {"issuer": "letsencrypt"}}}},
            },
            'synergychat:gateway.https.hosts.*.example.com.issuer = "letsencrypt" cannot prove *.example.com over '
            "HTTP: give issuers.letsencrypt.acme.solvers one of dns01",
        ),
        (
            {"platform": "external", "certManager": {"install": True}},
            "synergychat:certManager.install = true goes only with platform managed: the platform's cert-manager is "
            "others' too",
        ),
        (
            {"gateway": {"listeners": [{"name": "a", "protocol": "SCTP", "port": 1}]}},
            'synergychat:gateway.listeners[0].protocol = "SCTP" must be HTTP, HTTPS, TLS, TCP or UDP',
        ),
        (
            {
                "gateway": {
                    "listeners": [
                        {"name": "a", "protocol": "TLS", "port": 1, "selfSigned": True, "secret": "s"},
                    ]
                }
            },
            'synergychat:gateway.listeners[0].secret = "s" does not go together with selfSigned',
        ),
        (
            {"gateway": {"listeners": [{"name": "a", "protocol": "HTTPS", "port": 1, "issuer": "i"}]}},
            'synergychat:gateway.listeners[0].issuer = "i" needs a hostname beside it, which the certificate is '
            "ordered for",
        ),
        (
            {"gateway": {"https": {}}},
            "synergychat:gateway.https = {} needs one of selfSigned, secret, issuer, or hosts",
        ),
        (
            {"gateway": {"https": {"hosts": {"a.internal": {}}}}},
            "synergychat:gateway.https.hosts.a.internal = {} needs one of selfSigned, secret, issuer",
        ),
        (
            {"gateway": {"https": {"hosts": {"A.internal": {"selfSigned": True}}}}},
            "synergychat:gateway.https.hosts.A.internal is a name that must be in lower case",
        ),
        (
            {"gateway": {"https": {"selfSigned": True}, "exposure": "NodePort", "nodePort": 30080}},
            "synergychat:gateway.https.nodePort is required with exposure NodePort: a whole number from 30000 to 32767",
        ),
        (
            {
                "gateway": {
                    "https": {"selfSigned": True, "nodePort": 30080},
                    "exposure": "NodePort",
                    "nodePort": 30080,
                }
            },
            "synergychat:gateway.https.nodePort = 30080 leads to port 80 already",
        ),
        (
            {"gateway": {"https": {"selfSigned": True, "nodePort": 30080}}},
            "synergychat:gateway.https.nodePort = 30080 goes only with exposure NodePort",
        ),
        (
            {"gateway": {"proxy": {"provider": {"kubernetes": {"envoyHpa": {}, "envoyDeployment": {"replicas": 2}}}}}},
            "synergychat:gateway.proxy.provider.kubernetes.envoyDeployment.replicas = 2 does not go together with "
            "envoyHpa, which sets the number: keep one of the two",
        ),
        (
            {"gateways": {"inner": {"spec": {"gatewayClassName": "x"}}}},
            'synergychat:gateways.inner.spec.gatewayClassName = "x" is what className says',
        ),
        (
            {"gateways": {"app-gateway": {}}},
            "synergychat:gateways.app-gateway = {} must have another name than the chat's own Gateway",
        ),
        (
            {"gateways": {"inner": {}}, "routes": {"a": {"gateway": "iner", "backend": "web"}}},
            'synergychat:routes.a.gateway = "iner" must be one of app-gateway, inner; did you mean inner?',
        ),
        (
            {"policies": {"p": {"kind": "SecurityPolicy", "targets": [{"gateway": "x"}]}}},
            'synergychat:policies.p.targets[0].gateway = "x" must be one of app-gateway',
        ),
        (
            {
                "policies": {
                    "p": {
                        "kind": "SecurityPolicy",
                        "targets": [{"gateway": "app-gateway", "route": "web-httproute"}],
                    }
                }
            },
            'synergychat:policies.p.targets[0].gateway = "app-gateway" does not go together with route',
        ),
        (
            {"envoyGateway": {"replicas": 0}},
            "synergychat:envoyGateway.replicas = 0 must be a whole number from 1 to 100",
        ),
        (
            {"envoyGateway": {"registry": "Example.com/X"}},
            'synergychat:envoyGateway.registry = "Example.com/X" must be a registry, host[:port][/path]',
        ),
        (
            {"routes": {"web-httproute": {"backend": "web"}}},
            'synergychat:routes.web-httproute = {"backend": "web"} must have another name than the chat\'s own routes',
        ),
        (
            {"routes": {"a": {"backend": "web", "rules": []}}},
            "synergychat:routes.a.rules = [] does not go together with backend",
        ),
        (
            {"routes": {"a": {"kind": "GRPCRoute", "maintenance": "later"}}},
            'synergychat:routes.a.maintenance = "later" goes only with an HTTPRoute',
        ),
        (
            {"routes": {"a": {"backend": "wep"}}},
            'synergychat:routes.a.backend = "wep" must be one of web, api, crawler; did you mean web?',
        ),
        (
            {"routes": {"a": {"rules": [{"backendRefs": [{"workload": "wep"}]}]}}},
            'synergychat:routes.a.rules[0].backendRefs[0].workload = "wep" must be one of web, api, crawler; '
            "did you mean web?",
        ),
        (
            {"routes": {"a": {"canary": {"stable": "web", "next": "api", "percent": 101}}}},
            "synergychat:routes.a.canary.percent = 101 must be a whole number from 0 to 100",
        ),
        (
            {"policies": {"p": {"kind": "SecurityPolicy", "targets": [{"route": "web-route"}]}}},
            'synergychat:policies.p.targets[0].route = "web-route" must be one of web-httproute, api-httproute; '
            "did you mean web-httproute?",
        ),
        ({"policies": {"p": {}}}, "synergychat:policies.p.kind is required, and has no default"),
        ({"secrets": {"s": {"a": 5}}}, "synergychat:secrets.s.a = [secret] must be text"),
        (
            {"secrets": {"s": {".dockerconfigjson": "ada:hunter2"}}},
            "synergychat:secrets.s..dockerconfigjson = [secret] must be JSON with `auths`, "
            "as Docker's config.json has it",
        ),
    ],
    ids=str,
)
def test_a_listener_a_route_or_a_policy_that_cannot_be_is_refused(sections: dict[str, Any], line: str) -> None:
    assert mistakes(**sections) == [line]


def test_a_secret_value_is_taken_for_secrets_only() -> None:
    values = CONTEXT | {"synergychat:secrets": '{"users": {"ada": "x"}}', "synergychat:objects": "[]"}
    assert config.parse(PROJECT, values, ["synergychat:secrets"]).secrets == {"users": {"ada": "x"}}
    with pytest.raises(ConfigError, match=r"^synergychat:objects = \[secret\] holds a secret value"):
        config.parse(PROJECT, values, ["synergychat:secrets", "synergychat:objects"])


def test_the_host_names_of_a_stack_are_the_chats_and_its_routes_each_once() -> None:
    routes = {"a": {"hostnames": ["a.internal", "synchat.internal"]}, "b": {"hostnames": ["*.internal"]}}
    names = ("synchat.internal", "synchatapi.internal", "a.internal", "*.internal")
    assert parse(routes=routes).hostnames_of("app-gateway") == names


def test_the_envoys_come_from_the_registry_too() -> None:
    mirror = "registry.example.com/mirror"
    assert parse(envoyGateway={"registry": mirror}).envoy_image == f"{mirror}/envoyproxy/envoy:distroless-v1.39.1"
    other = {"registry": mirror, "version": "1.8.0"}
    assert parse(envoyGateway=other).envoy_image == f"{mirror}/envoyproxy/envoy"
    assert parse(envoyGateway=other, gateway={"envoyImage": "mine:1"}).envoy_image == "mine:1"
    assert parse(envoyGateway={"version": "1.8.0"}).envoy_image is None


def test_a_further_gateway_is_for_the_host_names_of_its_own_routes() -> None:
    routes = {"a": {"hostnames": ["a.internal"]}, "b": {"hostnames": ["b.internal"], "gateway": "inner"}}
    stack = parse(routes=routes, gateways={"inner": {"https": {"issuer": "i"}}})
    assert stack.hostnames_of("inner") == ("b.internal",)
    assert stack.hostnames_of("app-gateway") == ("synchat.internal", "synchatapi.internal", "a.internal")
    assert [each.name for each in stack.listeners_of("inner")] == ["https-b.internal", "http"]


def test_no_certificate_is_ordered_for_a_host_name_that_https_does_not_serve() -> None:
    sealed = {"name": "sealed", "protocol": "HTTPS", "port": 443, "hostname": "own.internal", "secret": "s"}
    routes = {
        "a": {"kind": "TLSRoute", "hostnames": ["tls.internal"]},
        "b": {"hostnames": ["own.internal"]},
    }
    stack = parse(gateway={"https": {"issuer": "i"}, "listeners": [sealed]}, routes=routes)
    ordered = [each.hostname for each in stack.listeners_of("app-gateway") if each.issuer]
    assert ordered == ["synchat.internal", "synchatapi.internal"]


def test_urls_lead_to_the_port_of_every_node() -> None:
    gateway = {"exposure": "NodePort", "nodePort": 30080, "https": {"selfSigned": True, "nodePort": 30443}}
    assert parse(gateway=gateway).urls["web"] == "https://synchat.internal:30443"


def test_a_secret_among_the_objects_is_refused_and_not_shown() -> None:
    hidden = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "users"}, "stringData": {"ada": "planted"}}
    assert mistakes(objects=[hidden]) == [
        'synergychat:objects[0].kind = "Secret" goes into secrets: here its content would be shown and kept in clear'
    ]


@pytest.mark.parametrize(("secret_keys", "warned"), [([], True), (["synergychat:secrets"], False)])
def test_secrets_that_stand_in_clear_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, secret_keys: list[str], warned: bool
) -> None:
    _program(monkeypatch, CONTEXT | {"synergychat:secrets": '{"users": {"ada": "planted"}}'}, secret_keys)
    said = record(config.load).log
    assert [line.partition(" in Pulumi.")[0] for line in said] == ["synergychat:secrets stand in clear"] * warned
    assert "planted" not in str(said)


def test_envoys_in_the_chats_own_namespace_do_not_go_with_a_default_deny_there() -> None:
    deploy = {"provider": {"kubernetes": {"deploy": {"type": "GatewayNamespace"}}}}
    (line,) = mistakes(envoyGateway={"config": deploy})
    assert line.startswith("synergychat:networkPolicy must be false where envoyGateway.config runs the Envoys")
    parse(envoyGateway={"config": deploy}, networkPolicy=False)
