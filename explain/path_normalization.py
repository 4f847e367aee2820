"""Paths as Envoy compares them: normalized, without dot segments and double slashes.

Follows `normalize_path`, `merge_slashes` and `path_with_escaped_slashes_action` of Envoy's HTTP connection manager,
https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto,
as Envoy Gateway sets them.
"""

import re

_UNRESERVED = re.compile(r"%(4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|3[0-9]|2[DE]|5F|7E)", re.IGNORECASE)
_ESCAPED_SLASH = re.compile(r"%(2F|5C)", re.IGNORECASE)


def has_escaped_slash(path: str) -> bool:
    """Whether the path has a `%2F` or `%5C`."""
    return _ESCAPED_SLASH.search(path) is not None


def with_slashes(path: str) -> str:
    """The path with `%2F` and `%5C` decoded."""
    return _ESCAPED_SLASH.sub(lambda found: chr(int(found[1], 16)), path)


def normalized(path: str, *, merge_slashes: bool = True) -> str:
    """`/a/./b/../%63` is `/a/c`; with `merge_slashes`, `//` is `/`."""
    decoded = _UNRESERVED.sub(lambda found: chr(int(found[1], 16)), path).replace("\\", "/")
    kept: list[str] = []
    segments = decoded.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", "..") or not kept:
        kept.append("")
    clean = "/" + "/".join(kept)
    return re.sub("//+", "/", clean) if merge_slashes else clean
