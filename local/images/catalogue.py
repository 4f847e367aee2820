"""The catalogue of images, under their public names, with the tool that each can be built from."""

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local import child
from local.errors import UserError
from local.images.archive_writer import Image
from local.toolchain import Tools, system
from local.toolchain.adoption import adopt
from local.toolchain.pins import ARTEFACTS, COREDNS, ENVOY, ENVOY_DIGEST, ENVOY_GATEWAY
from local.toolchain.progress import Progress
from local.toolchain.reach import reachable
from local.toolchain.store import Store

_REGISTRY_HOSTS = {"docker.io": "registry-1.docker.io"}
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_DEADLINE_S = 900.0
NOBODY = "65532:65532"


@dataclass(frozen=True)
class Entry:
    """One image: its public name, the tool that it can be built from, and the function that builds it."""

    reference: str
    tool: str
    build: Callable[["Entry", Tools], Image]
    digest: str = ""
    """Digest to download, where one is known; without it the registry chooses what the tag means."""

    @property
    def host(self) -> str:
        registry = self.reference.partition("/")[0]
        return _REGISTRY_HOSTS.get(registry, registry)

    @property
    def source(self) -> str:
        """What skopeo downloads. It takes a tag or a digest, not both."""
        return f"{self.reference.rpartition(':')[0]}@{self.digest}" if self.digest else self.reference


def static_program(entry: Entry, tools: Tools) -> Image:
    """Build an image with the only program of a tool, a static binary."""
    (program,) = ARTEFACTS[entry.tool].programs
    path = f"/{program}"
    return Image(reference=entry.reference, files={path: tools.program(program)}, entrypoint=(path,), user=NOBODY)


def _chat(entry: Entry, tools: Tools) -> Image:
    """Build an image like the public ones of the chat: a static binary in CMD, without USER."""
    name = entry.reference.rpartition("-")[2].partition(":")[0]
    return Image(reference=entry.reference, files={f"/bin/{name}": tools.program(name)}, command=(f"/bin/{name}",))


def _envoy_gateway(entry: Entry, tools: Tools) -> Image:
    path = "/usr/local/bin/envoy-gateway"
    files = {path: tools.program("envoy-gateway")} | authorities()
    return Image(reference=entry.reference, files=files, entrypoint=(path,), user=NOBODY)


def _envoy(entry: Entry, tools: Tools) -> Image:
    path = "/usr/local/bin/envoy"
    program = tools.program("envoy")
    files = {path: program} | libraries(program) | authorities()
    return Image(reference=entry.reference, files=files, entrypoint=(path,), user=NOBODY)


def authorities() -> dict[str, Path]:
    """Return the CA certificates of this machine, as files of an image."""
    return {str(_AUTHORITIES): _AUTHORITIES} if _AUTHORITIES.exists() else {}


def libraries(program: Path) -> dict[str, Path]:
    """Return the shared libraries and the loader of `program`, from this machine."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise UserError(
            f"{program.name} does not run on this machine: {(done.stderr or done.stdout).strip()}.",
            "Use a machine with glibc, or one that reaches the image's registry.",
        )
    words = [word for line in done.stdout.splitlines() for word in line.split()]
    return {word: Path(word).resolve() for word in words if word.startswith("/")}


ENTRIES = (
    Entry("registry.k8s.io/pause:3.10", "pause", static_program),
    Entry(f"registry.k8s.io/coredns/coredns:v{COREDNS}", "coredns", static_program),
    Entry(f"docker.io/envoyproxy/gateway:v{ENVOY_GATEWAY}", "envoy-gateway", _envoy_gateway),
    Entry(f"docker.io/envoyproxy/envoy:distroless-v{ENVOY}", "envoy", _envoy, digest=ENVOY_DIGEST),
    *(Entry(f"docker.io/bootdotdev/synergychat-{name}:latest", "chat", _chat) for name in ("web", "api", "crawler")),
)


def tools_for(progress: Progress, entries: Sequence[Entry] = ENTRIES) -> list[str]:
    """List the tools to build images from, for images whose registry does not answer."""
    answering = reachable(frozenset(entry.host for entry in entries))
    missing = sorted({entry.reference.partition("/")[0] for entry in entries if entry.host not in answering})
    kept = Store("images")
    if missing and not any(kept.root.iterdir()):
        progress.say(f"The image registries {', '.join(missing)} do not answer; their images are built here.")
    # Build only for registries that do not answer. A failed download is reported instead.
    return list(dict.fromkeys(entry.tool for entry in entries if entry.host not in answering))


def archives(tools: Tools, progress: Progress, entries: Sequence[Entry] = ENTRIES) -> list[Path]:
    """Ensure an archive of every image, in the order of `entries`."""
    store = Store("images")
    answering = reachable(frozenset(entry.host for entry in entries))
    if any(entry.host in answering for entry in entries):
        system.ensure(["skopeo"], progress)
    with ThreadPoolExecutor(max_workers=2) as pool:
        recipes = list(
            pool.map(lambda entry: _downloaded(entry) if entry.host in answering else _built(entry, tools), entries)
        )
        adopt([(store, recipe.key) for recipe in recipes], progress)
        return list(pool.map(lambda recipe: _kept(store, recipe, progress), recipes))


@dataclass(frozen=True)
class _Recipe:
    """How to make an archive, and the key of its directory in the store."""

    key: str
    title: str
    make: Callable[[Path], None]


def _built(entry: Entry, tools: Tools) -> _Recipe:
    image = entry.build(entry, tools)
    return _Recipe(image.key(), f"build image {entry.reference}", image.write)


def _downloaded(entry: Entry) -> _Recipe:
    def fetch(archive: Path) -> None:
        command = [
            "skopeo",
            "copy",
            "--quiet",
            f"docker://{entry.source}",
            f"docker-archive:{archive}:{entry.reference}",
        ]
        try:
            done = child.run(command, timeout_s=_DEADLINE_S, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired as error:
            raise UserError(
                f"The image {entry.reference} could not be downloaded within {_DEADLINE_S:g} s.",
                "Check the network, then run the same command again.",
            ) from error
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"skopeo ended with exit code {done.returncode}"]
            raise UserError(
                f"The image {entry.reference} could not be downloaded: {lines[-1]}",
                "Run the same command again, or import an archive of it: python -m local.cluster load-image FILE",
            )

    key = f"fetched-{entry.source.replace('/', '_').replace(':', '-')}"
    return _Recipe(key, f"fetch image {entry.reference}", fetch)


def _kept(store: Store, recipe: _Recipe, progress: Progress) -> Path:
    directory = store.find(recipe.key)
    if directory is None:
        with (
            progress.step(recipe.title),
            store.making(recipe.key, lambda holder: progress.say(f"  waiting for {holder}")) as work,
        ):
            if work is not None:
                recipe.make(work / "image.tar")
        directory = store.root / recipe.key
    return directory / "image.tar"
