"""README files of a render: what each folder has, and how to apply it."""

from collections.abc import Iterator, Sequence

from kube.manifest import kind_of
from render.phases import APPS, CRDS, GATEWAY, PLATFORM, ROUTING, File, Format

_TITLES = {
    CRDS: "CRDs",
    PLATFORM: "Platform",
    GATEWAY: "Gateway",
    APPS: "Apps",
    ROUTING: "Routes",
}
_SENTENCES = {
    CRDS: "These are the kinds of Gateway API and of the controllers. All other folders need them. "
    "If you delete one, Kubernetes deletes all objects of its kind in the cluster.",
    PLATFORM: "These are the controllers with their namespace, roles and webhooks. "
    "They must run before the Gateway can become ready.",
    GATEWAY: "These are the namespace of the apps, the GatewayClass, the Gateways, and their certificates. "
    "A Gateway is ready when its condition Programmed is true.",
    APPS: "These are the apps with their configuration, Services and network policies. "
    "They need their Secrets and nothing of the Gateway.",
    ROUTING: "These are the routes, and the policies for the traffic. "
    "They come last, so that no request gets to an app that does not run.",
}
_JOBS = (
    "Kubernetes refuses a change of a Job's pods: with kubectl or kustomize, delete the Job before you apply "
    "another version of it."
)
_WAIT = "10m"


def folder(phase: str, files: Sequence[File]) -> str:
    """The README of one folder."""
    sentences = [_SENTENCES[phase], *([_JOBS] if any(kind_of(file.manifest) == "Job" for file in files) else [])]
    return f"# {_TITLES[phase]}\n\n{' '.join(sentences)}\n"


def top(
    stack: str,
    phases: Sequence[str],
    files: Sequence[File],
    format_: Format,
    *,
    has_secrets: bool,
) -> str:
    """The README of the whole render."""
    lines = [
        f"# The stack {stack}",
        "",
        f"`make render STACK={stack}` wrote these files from `Pulumi.{stack}.yaml`. Change the stack's file and render",
        "again: the next render replaces them.",
    ]
    if has_secrets:
        lines += ["", "No file has a secret value: see [SECRETS.md](SECRETS.md)."]
    lines += ["", *_how(phases, files, format_)]
    return "\n".join(lines) + "\n"


def _how(phases: Sequence[str], files: Sequence[File], format_: Format) -> Iterator[str]:
    match format_:
        case "argocd":
            yield "Set `repoURL`, `targetRevision` and `path` in `application.yaml`, commit this directory, and type:"
            yield from _block(["kubectl apply -f application.yaml"])
        case "flux":
            yield "Set `url`, `branch` and each `path` in `flux.yaml`, commit this directory, and type:"
            yield from _block(["kubectl apply -f flux.yaml"])
        case _:
            yield "Apply the folders in their order. The files of a folder are in the order that they need."
            yield from _block(commands(phases, files, "-k" if format_ == "kustomize" else "-f"))


def _block(commands: Sequence[str]) -> Sequence[str]:
    return ["", "```sh", *commands, "```"]


def commands(phases: Sequence[str], files: Sequence[File], flag: str) -> list[str]:
    """Commands that apply each folder, and wait for what the next one needs."""
    typed: list[str] = []
    for phase in phases:
        typed.append(f"kubectl apply --server-side {flag} {phase}")
        own = [file for file in files if file.phase == phase]
        waited = {
            CRDS: [("Established", f"{flag} {CRDS}")],
            PLATFORM: [("Available", f"-f {file.path}") for file in own if kind_of(file.manifest) == "Deployment"],
            GATEWAY: [("Programmed", f"-f {file.path}") for file in own if kind_of(file.manifest) == "Gateway"],
        }
        typed += [
            f"kubectl wait --for=condition={condition} --timeout={_WAIT} {objects}"
            for condition, objects in waited.get(phase, [])
        ]
    return typed
