"""CEL of Kubernetes, as CRDs use it: functions, escaped names and types.

https://kubernetes.io/docs/reference/using-api/cel/
"""

import re
from collections.abc import Mapping
from functools import cache, partial
from ipaddress import IPv6Address
from typing import Any

# The package has stubs but no py.typed.
from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs]
from cel_expr_python.ext import ext_strings  # pyright: ignore[reportMissingTypeStubs]

from checks.schema.formats import ip, is_label, is_subdomain
from checks.schema.structural import Schema, of_child
from kube.json_paths import children

_RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile(r"__|[-./]")
_FORMATS = {"dns1123Label": is_label, "dns1123Subdomain": is_subdomain}


@cache
def compiled(expression: str) -> cel.Expression | None:
    """The compiled expression, or None for one that does not compile.

    That is an expression with an unknown function, or a transition rule: those compare with `oldSelf`, which does not
    exist when an object is created.
    """
    try:
        return _environment().compile(expression)
    except RuntimeError:
        return None


def evaluate(expression: str, self: Any) -> Any:
    """The value of the expression for `self`, which `typed` makes.

    Raises ValueError with CEL's message when there is no value, as for a missing field, and LookupError when the
    expression does not compile.
    """
    program = compiled(expression)
    if program is None:
        raise LookupError(expression)
    result = program.eval(data={"self": self})
    if result.type() == cel.Type.ERROR:
        raise ValueError(str(result.value()))
    return result.value()


def typed(value: Any, schema: Schema) -> Any:
    """The value with the names and types that the schema gives it in CEL."""
    if isinstance(value, Mapping):
        declared = schema.get("properties", {})
        return {
            escaped(name) if name in declared else name: typed(field, of_child(schema, name) or {})
            for name, field in children(value)
        }
    if isinstance(value, list):
        return [typed(item, of_child(schema, index) or {}) for index, item in children(value)]
    return float(value) if schema.get("type") == "number" and isinstance(value, int) else value


def escaped(name: str) -> str:
    """A field's name as an identifier, such as `__namespace__`."""
    if name in _RESERVED:
        return f"__{name}__"
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], name)


@cache
def _environment() -> cel.Env:
    extensions = [ext_strings.ExtStrings(), cel.CelExtension("kubernetes", _functions())]
    return cel.NewEnv(variables={"self": cel.Type.DYN}, extensions=extensions)


def _functions() -> list[cel.FunctionDecl]:
    """Kubernetes' own functions, as far as the CRDs of the releases call them."""
    text, anything = cel.Type.STRING, cel.Type.DYN
    named = [
        cel.FunctionDecl(f"format.{name}", [cel.Overload(name, anything, [], False, partial(str, name))])
        for name in _FORMATS
    ]
    return [
        cel.FunctionDecl("isIP", [cel.Overload("is_ip", cel.Type.BOOL, [text], False, _is_ip)]),
        *named,
        cel.FunctionDecl("validate", [cel.Overload("format_validate", anything, [anything, text], True, _problems)]),
    ]


def _is_ip(value: str) -> bool:
    # Kubernetes does not accept an IPv4 address in the form of IPv6.
    address = ip(value)
    return address is not None and not (isinstance(address, IPv6Address) and address.ipv4_mapped)


def _problems(format: str, value: str) -> list[str]:
    # Kubernetes returns an optional, which never equals null, empty or not. A list behaves alike.
    return [] if _FORMATS[format](value) else [f"is no {format}"]
