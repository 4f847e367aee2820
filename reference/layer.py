"""How much of the gateway is typed: the table of docs/gateway.md, with lines of code counted in the sources."""

import ast
import inspect
import io
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from components import (
    cert_manager,
    cert_manager_release,
    gateway,
    gateway_api,
    issuance,
    issuers,
    listeners,
    policies,
    routes,
    tailored,
    traffic,
)
from config import (
    AcmeConfig,
    CertManagerConfig,
    EnvoyGatewayConfig,
    FurtherGatewayConfig,
    GatewayConfig,
    IssuerConfig,
    ListenerConfig,
    ObjectConfig,
    PolicyConfig,
    RouteConfig,
    ServingConfig,
    TrafficConfig,
)
from config.certificates import CertificateConfig, HttpsConfig
from config.routes import CanaryConfig, TargetConfig

BEGIN, END = "<!-- Written by `python -m reference`: edit reference/layer.py. -->\n", "<!-- Up to here. -->\n"
_PROXY = "[EnvoyProxy](https://gateway.envoyproxy.io/docs/api/extension_types/#envoyproxyspec)"
_LISTENER = "[listener](https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#listener)"
_ISSUER = "[Issuer](https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.IssuerSpec)"
_CONTROLLER = "[controller's configuration](https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway)"


@dataclass(frozen=True)
class Row:
    kinds: str
    typed: str
    passed: str
    sources: Sequence[Any]
    """Classes, functions and modules that are there for these kinds alone."""


ROWS = (
    Row(
        "Gateway",
        "`gateway`, `gateways`; `https`, `redirectToHttps`, `exposure`, `nodePort`",
        f"`listeners`: of a {_LISTENER}; `spec`, `annotations`: of the Gateway",
        [
            *(ServingConfig, GatewayConfig, FurtherGatewayConfig, ListenerConfig, CertificateConfig, HttpsConfig),
            *(gateway, listeners, gateway_api.gateway, gateway_api.listener),
            gateway_api.redirect_to_https,
        ],
    ),
    Row("GatewayClass", "`gateway.className`", "", [gateway_api.gateway_class]),
    Row(
        "EnvoyProxy",
        "`exposure`, `nodePort`, `envoyImage`",
        f"`gateway.proxy`: of the {_PROXY}, laid over the program's own",
        [gateway_api.envoy_proxy, gateway_api.node_port, gateway_api.own_proxy],
    ),
    Row(
        "HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute",
        "`gateway`, `listeners`, `backend`, `canary`, `maintenance`; `workload: web` in a `backendRefs`",
        "`routes`: of the route's spec",
        [RouteConfig, CanaryConfig, routes, gateway_api.route, gateway_api.direct_response, gateway_api.answered_by],
    ),
    Row(
        "BackendTLSPolicy, BackendTrafficPolicy, ClientTrafficPolicy, EnvoyExtensionPolicy, EnvoyPatchPolicy, "
        "SecurityPolicy",
        "`targets`",
        "`policies`: of the policy's spec",
        [PolicyConfig, TargetConfig, policies, gateway_api.policy, gateway_api.target],
    ),
    Row("the two presets", "`gateway.traffic`", "`client`, `backend`: of the policies", [TrafficConfig, traffic]),
    Row(
        "ReferenceGrant",
        "made for a workload of another namespace",
        "`objects`",
        [gateway_api.reference_grant],
    ),
    Row("Backend, ListenerSet, HTTPRouteFilter, any other", "", "`objects`: as they are", [ObjectConfig]),
    Row(
        "EnvoyGateway",
        "`envoyGateway`: `version`, `replicas`, `resources`, `registry`, `image`",
        f"`envoyGateway.config`: of the {_CONTROLLER}",
        [EnvoyGatewayConfig, tailored],
    ),
    Row(
        "Issuer, Certificate",
        "`issuer`; `issuers`: `selfSignedCa`, `acme`",
        f"`issuers`: of the {_ISSUER}",
        [AcmeConfig, IssuerConfig, issuance, issuers],
    ),
    Row(
        "cert-manager itself",
        "`certManager`: `install`, `version`",
        "",
        [CertManagerConfig, cert_manager, cert_manager_release],
    ),
)


def table() -> str:
    lines = ["| kinds | keys of ours | all other fields | lines of code |", "| --- | --- | --- | --- |"]
    for row in ROWS:
        lines.append(f"| {row.kinds} | {row.typed} | {row.passed} | {sum(map(code_lines, row.sources))} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page, with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


def code_lines(source: Any) -> int:
    """Those with code on them: neither blank, nor comment, nor docstring."""
    text = inspect.cleandoc("\n" + inspect.getsource(source))
    docstrings = {line for node in ast.walk(ast.parse(text)) for line in _docstring(node)}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return len(set(_lines_of(tokens)) - docstrings)


def _lines_of(tokens: Iterable[tokenize.TokenInfo]) -> Iterable[int]:
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    for token in tokens:
        if token.type not in empty:
            yield from range(token.start[0], token.end[0] + 1)


def _docstring(node: ast.AST) -> Iterable[int]:
    """Lines of a text that stands by itself."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
