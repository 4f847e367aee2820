"""A render of a plan: which files, in which order, with which text."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from kube.manifest import Manifest, ObjectName
from kube.plan_run import sealed
from kube.unknown import UNKNOWN
from local.paths import private_cache
from plans import Plan, Planned, SecretValue
from render import Format, Options, RenderError, Stubs, render
from render.secrets import NOT_SEALED
from render.yaml_text import yaml_text
from tests.unit.render.conftest import CLEAR, ENCRYPTED

FORMATS: tuple[Format, ...] = get_args(Format)
STUBS: tuple[Stubs, ...] = get_args(Stubs)
WAVE = "argocd.argoproj.io/sync-wave"


def planned(name: str, manifest: Manifest, *after: str, **options: Any) -> Planned:
    """One object of a plan, which comes after the objects `after`."""
    fixed = {"delete_before_replace": False, "protect": False, "retain_on_delete": False, "aliases": frozenset()}
    return Planned(
        urn=urn(name), name=name, manifest=manifest, depends_on=frozenset(map(urn, after)), **fixed | options
    )


def urn(name: str) -> str:
    return f"urn:pulumi:own::synergychat::kubernetes:core/v1:Any::{name}"


def config_map(name: str, namespace: str = "chat", **fields: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, **fields}


def files_of(*objects: Planned, **options: Any) -> dict[str, str]:
    return render(Plan(stack="own", objects=objects), Options(**options))


def objects_in(files: dict[str, str]) -> Iterator[tuple[str, Manifest]]:
    """The objects of the stack, each with its path, in the order of the paths."""
    for path, text in files.items():
        if "/" in path and path.endswith(".yaml") and not path.endswith("/kustomization.yaml"):
            yield path, yaml.load(text, Loader=yaml.CSafeLoader)


def named(manifest: Manifest) -> str:
    """The name of an object, also of the Secret that a stub stands for."""
    path = ObjectName.declared(manifest).path
    return path.replace("ExternalSecret.external-secrets.io/", "Secret/").replace(
        "SealedSecret.bitnami.com/", "Secret/"
    )


def earlier_of(plan: Plan) -> dict[str, set[str]]:
    """The names of the objects that each object of a plan comes after."""
    names = {each.urn: ObjectName.declared(each.manifest).path for each in plan.objects}
    return {names[each.urn]: {names[other] for other in each.depends_on if other in names} for each in plan.objects}


@pytest.mark.parametrize("secrets", STUBS)
@pytest.mark.parametrize("form", FORMATS)
def test_two_renders_of_a_plan_are_the_same_bytes(secretive: Plan, form: Format, secrets: Stubs) -> None:
    mixed = Plan(stack=secretive.stack, objects=tuple(reversed(secretive.objects)))
    options = Options(format=form, secrets=secrets)
    assert render(secretive, options) == render(mixed, options)


@pytest.mark.parametrize("name", ["dev", "secretive"])
def test_every_object_is_in_a_file_after_those_that_it_depends_on(name: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(name)
    earlier = earlier_of(plan)
    done: set[str] = set()
    for _, manifest in objects_in(render(plan, Options(secrets="external"))):
        own = named(manifest)
        assert earlier[own] <= done
        done.add(own)
    assert done == earlier.keys()


def test_the_folders_of_the_dev_stack(dev: Plan) -> None:
    kinds: dict[str, set[str]] = {}
    for path, manifest in objects_in(render(dev, Options())):
        kinds.setdefault(path.partition("/")[0], set()).add(manifest["kind"])
    assert kinds["00-crds"] == {"CustomResourceDefinition"}
    assert {"Namespace", "Job", "Deployment", "ClusterRole"} <= kinds["10-platform"]
    assert kinds["20-gateway"] == {"EnvoyProxy", "GatewayClass", "Gateway", "Namespace"}
    assert kinds["30-apps"] == {"ConfigMap", "Deployment", "NetworkPolicy", "Service", "ServiceAccount"}
    assert kinds["40-routes"] == {"HTTPRoute"}


@pytest.mark.parametrize("form", FORMATS)
def test_no_file_has_a_mark_of_pulumi(secretive: Plan, form: Format) -> None:
    text = "\n".join(render(secretive, Options(format=form)).values())
    assert "pulumi.com/" not in text
    assert "synergychat/stack" not in text


@pytest.mark.parametrize("secrets", STUBS)
@pytest.mark.parametrize("form", FORMATS)
def test_no_file_has_a_secret_value(secretive: Plan, form: Format, secrets: Stubs) -> None:
    files = render(secretive, Options(format=form, secrets=secrets))
    text = "\n".join(files.values())
    for value in (CLEAR, ENCRYPTED["secure"], ENCRYPTED["secure"][-24:], "sealed:"):
        assert value not in text
    assert not any(manifest["kind"] == "Secret" for _, manifest in objects_in(files))
    assert "| synergychat-staging | database | Opaque | `password`, `user` |" in files["SECRETS.md"]
    assert "Deployment synergychat-staging/shop" in files["SECRETS.md"]


def test_an_external_secret_has_every_key_and_no_value(secretive: Plan) -> None:
    files = render(secretive, Options(secrets="external"))
    stubs = [manifest for _, manifest in objects_in(files) if manifest["kind"] == "ExternalSecret"]
    assert [stub["metadata"]["name"] for stub in stubs] == ["database", "users"]
    assert stubs[0]["spec"]["target"]["name"] == "database"
    assert stubs[0]["spec"]["data"] == [
        {"secretKey": key, "remoteRef": {"key": "own/synergychat-staging/database", "property": key}}
        for key in ("password", "user")
    ]


def test_a_sealed_secret_keeps_the_values_that_are_sealed(secretive: Plan) -> None:
    known = {"synergychat-staging/database": {"password": "AgBy", "gone": "AgCz"}}
    files = render(secretive, Options(secrets="sealed"), known)
    (stub,) = [each for _, each in objects_in(files) if each["kind"] == "SealedSecret" and "database" in str(each)]
    assert stub["spec"]["encryptedData"] == {"password": "AgBy", "user": NOT_SEALED}


def test_a_secret_annotation_is_left_out() -> None:
    pods = {"metadata": {"annotations": {"digest": SecretValue("1"), "known": "yes"}}}
    (text,) = [text for path, text in files_of(planned("a", config_map("a", spec=pods))).items() if "configmap" in path]
    assert yaml.safe_load(text)["spec"] == {"metadata": {"annotations": {"known": "yes"}}}


@pytest.mark.parametrize(
    ("value", "why"),
    [(SecretValue("1"), "is secret"), (UNKNOWN, "is known only after `up`"), (sealed("abc"), "is secret")],
)
def test_a_value_that_a_field_needs_is_refused_with_object_and_field(value: object, why: str) -> None:
    with pytest.raises(RenderError) as refused:
        files_of(planned("a", config_map("a", data={"password": value})))
    assert str(refused.value) == f"ConfigMap chat/a cannot be rendered: data.password {why}."


def test_an_object_is_in_the_folder_of_the_first_that_needs_it() -> None:
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gate"}}
    files = files_of(planned("a", config_map("a")), planned("b", config_map("b"), "a"), planned("gate", gateway, "b"))
    assert [path for path in files if path.endswith(".yaml")] == [
        "20-gateway/00-configmap-a.yaml",
        "20-gateway/01-configmap-b.yaml",
        "20-gateway/02-gateway-gate.yaml",
    ]


def test_objects_with_the_same_name_have_their_namespace_in_the_path() -> None:
    files = files_of(planned("a", config_map("a", "x")), planned("b", config_map("a", "y")))
    assert {"30-apps/00-configmap-x-a.yaml", "30-apps/00-configmap-y-a.yaml"} <= files.keys()


def test_paths_differ_also_where_names_differ_only_in_special_characters() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    objects = [planned(name, role | {"metadata": {"name": name}}) for name in ("a:b", "a-b", "a" * 253)]
    paths = [path for path, _ in objects_in(files_of(*objects))]
    assert len({path.lower() for path in paths}) == 3
    assert max(map(len, paths)) < 240
    assert not any(":" in path for path in paths)


@pytest.mark.parametrize(
    "word", ["y", "No", "on", "1e3", "0x1f", "1_000", "12:30:45", "2026-01-02", "~", "", "=", ".5"]
)
def test_a_string_stays_a_string_for_every_reader(word: str) -> None:
    text = yaml_text({"metadata": {"name": word}})
    assert f'"{word}"' in text
    assert yaml.safe_load(text) == {"metadata": {"name": word}}


def test_keys_are_in_a_fixed_order() -> None:
    manifest = {
        "spec": {"b": 1, "a": [{"image": "x", "name": "app"}]},
        "metadata": {"labels": {}, "name": "own"},
        "kind": "K",
    }
    assert yaml_text(manifest).splitlines() == [
        "kind: K",
        "metadata:",
        "  name: own",
        "  labels: {}",
        "spec:",
        "  a:",
        "  - name: app",
        "    image: x",
        "  b: 1",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_the_values_of_an_object_are_those_of_the_plan(dev: Plan, form: Format) -> None:
    same_specs(dev, render(dev, Options(format=form)))


def test_the_values_of_every_crd_are_those_of_the_plan(whole: Plan) -> None:
    same_specs(whole, render(whole, Options()))


def same_specs(plan: Plan, files: dict[str, str]) -> None:
    specs = {ObjectName.declared(each.manifest).path: each.manifest.get("spec") for each in plan.objects}
    found = {ObjectName.declared(manifest).path: manifest.get("spec") for _, manifest in objects_in(files)}
    assert found == specs


def test_kustomize_builds_all_objects_in_their_order(secretive: Plan, tmp_path: Path) -> None:
    files = render(secretive, Options(format="kustomize"))
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    built = subprocess.run([kubectl(), "kustomize", tmp_path], check=True, capture_output=True, text=True).stdout
    assert [named(each) for each in yaml.safe_load_all(built)] == [named(each) for _, each in objects_in(files)]


def kubectl() -> str:
    """The kubectl of set-up, or the one on the PATH."""
    for directory in private_cache("tools").glob("kubernetes-*/kubectl"):
        return str(directory)
    if found := shutil.which("kubectl"):
        return found
    pytest.skip("there is no kubectl: set-up builds it")


def test_argo_cd_syncs_every_object_after_those_that_it_depends_on(secretive: Plan) -> None:
    files = render(secretive, Options(format="argocd", secrets="external"))
    found = {named(manifest): manifest for _, manifest in objects_in(files)}
    waves = {name: int(manifest["metadata"]["annotations"][WAVE]) for name, manifest in found.items()}
    for name, earlier in earlier_of(secretive).items():
        if found[name]["kind"] == "Certificate":
            continue
        assert all(waves[other] < waves[name] for other in earlier)


def test_a_certificate_is_in_the_wave_of_its_gateway() -> None:
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gate"}}
    certificate = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "cert"}}
    objects = planned("gate", gateway), planned("cert", certificate, "gate")
    found = [manifest for _, manifest in objects_in(files_of(*objects, format="argocd"))]
    assert [manifest["metadata"]["annotations"][WAVE] for manifest in found] == ["200", "200"]


def test_argo_cd_replaces_jobs_and_keeps_crds_and_what_is_protected(secretive: Plan) -> None:
    found = [manifest for _, manifest in objects_in(render(secretive, Options(format="argocd")))]
    annotations: Callable[[str], list[dict[str, str]]] = lambda kind: [  # noqa: E731
        each["metadata"]["annotations"] for each in found if each["kind"] == kind
    ]
    for job in annotations("Job"):
        assert job["argocd.argoproj.io/hook"] == "Sync"
        assert job["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"
    for crd in annotations("CustomResourceDefinition"):
        assert crd["argocd.argoproj.io/sync-options"] == "ServerSideApply=true,Prune=false,Delete=false"
    assert [each["argocd.argoproj.io/sync-options"] for each in annotations("Gateway")] == ["Prune=false,Delete=false"]
    assert len(annotations("Job")) == 2
    assert not any(name.startswith("helm.sh/hook") for each in found for name in each["metadata"]["annotations"])
    assert not any("ttlSecondsAfterFinished" in each["spec"] for each in found if each["kind"] == "Job")


def test_the_application_ignores_what_is_written_into_webhooks(dev: Plan) -> None:
    options = Options(format="argocd", repo="https://git.example.com/ops.git", path="./clusters/dev/")
    spec = yaml.safe_load(render(dev, options)["application.yaml"])["spec"]
    assert spec["source"]["repoURL"] == "https://git.example.com/ops.git"
    assert spec["source"]["path"] == "clusters/dev"
    assert [(each["kind"], each["jqPathExpressions"]) for each in spec["ignoreDifferences"]] == [
        ("MutatingWebhookConfiguration", [".webhooks[]?.clientConfig.caBundle"])
    ]
    assert "RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"]


def test_flux_waits_for_each_folder_and_for_the_gateways(dev: Plan) -> None:
    files = render(dev, Options(format="flux"))
    source, *folders = yaml.safe_load_all(files["flux.yaml"])
    assert source["kind"] == "GitRepository"
    assert [each["spec"]["path"] for each in folders] == [
        f"./dev/{phase}" for phase in ("00-crds", "10-platform", "20-gateway", "30-apps", "40-routes")
    ]
    assert all(each["spec"]["wait"] for each in folders)
    names = [each["metadata"]["name"] for each in folders]
    assert [each["spec"].get("dependsOn") for each in folders] == [None, *([{"name": name}] for name in names[:-1])]
    assert ["healthCheckExprs" in each["spec"] for each in folders] == [False, False, True, False, False]
    crds = [each for path, each in objects_in(files) if path.startswith("00-crds/")]
    assert all(each["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled" for each in crds)


def test_the_readme_applies_every_folder(dev: Plan) -> None:
    page = render(dev, Options())["README.md"]
    for phase in ("00-crds", "10-platform", "20-gateway", "30-apps", "40-routes"):
        assert f"kubectl apply --server-side -f {phase}" in page
    assert "kubectl wait --for=condition=Programmed --timeout=10m -f 20-gateway/02-gateway-app-gateway.yaml" in page


@pytest.mark.parametrize("form", FORMATS)
def test_every_folder_has_a_readme_of_a_few_sentences(secretive: Plan, form: Format) -> None:
    files = render(secretive, Options(format=form))
    for folder in {path.partition("/")[0] for path in files if "/" in path}:
        title, _, text = files[f"{folder}/README.md"].splitlines()
        assert title.startswith("# ")
        assert 2 <= text.count(". ") + 1 <= 3
