"""Images of the servers that the recipes of docs/gateway.md use. For tests only."""

from collections.abc import Sequence
from pathlib import Path

from local.images.archive_writer import Image
from local.images.catalogue import NOBODY, Entry, archives, authorities, libraries, static_program, tools_for
from local.toolchain import Tools, ensure
from local.toolchain.pins import CERT_MANAGER
from local.toolchain.progress import Progress


def ensure_archives(progress: Progress, entries: Sequence[Entry]) -> list[Path]:
    """Ensure archives of the images: downloaded if the registry answers, else built."""
    return archives(ensure(tools_for(progress, entries), progress), progress, entries)


def _cert_manager(entry: Entry, tools: Tools) -> Image:
    path = "/cert-manager"
    component = entry.reference.rpartition(":")[0].rpartition("-")[2]
    files = {path: tools.program("cert-manager")} | authorities()
    return Image(reference=entry.reference, files=files, entrypoint=(path, component), user=NOBODY)


def _ratelimit(entry: Entry, tools: Tools) -> Image:
    """Build an image with the program at the path that Envoy Gateway runs."""
    files = {"/bin/ratelimit": tools.program("service_cmd")}
    return Image(reference=entry.reference, files=files, command=("/bin/ratelimit",), user=NOBODY)


def _redis(entry: Entry, tools: Tools) -> Image:
    """Build an image with Debian's redis binary, which is the server or a file checker depending on its name."""
    program = tools.program("redis-check-rdb")
    path = "/usr/local/bin/redis-server"
    files = {path: program} | libraries(program)
    return Image(reference=entry.reference, files=files, entrypoint=(path,), user=NOBODY)


OPENID = Entry("registry.example.com/openid:1", "openid", static_program)
PEBBLE = Entry("ghcr.io/letsencrypt/pebble:2.10.1", "pebble", static_program)
RATELIMIT = Entry("docker.io/envoyproxy/ratelimit:8fe6ea42", "ratelimit", _ratelimit)
REDIS = Entry("docker.io/library/redis:7.0", "redis", _redis)
CERT_MANAGER_PARTS = tuple(
    Entry(f"quay.io/jetstack/cert-manager-{component}:v{CERT_MANAGER}", "cert-manager", _cert_manager)
    for component in ("controller", "webhook", "cainjector", "acmesolver")
)
