"""The table of verdicts on a real API server, which accepts and refuses the same objects as `checks.schema`.

The release's CRDs are created, and stay. The objects are not: every request is a dry run, with strict field validation
as `kubectl` asks for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.schema import Crds, validate
from local.cluster.cloud.api import Api, ApiError
from tests.conftest import TestCluster
from tests.unit.checks.schema.verdicts import BUILTIN, CASES, Case

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_PARALLEL = 8
_TIMEOUT_S = 30


@pytest.fixture(scope="module")
def answers(
    cluster: TestCluster, manifest_crds: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The refusal of the API server by the name of the case; empty for an object that it accepts."""
    # The client reads a certificate from files, and the kubeconfig for users has it embedded.
    kubeconfig = tmp_path_factory.mktemp("admin") / "kubeconfig"
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    admin = cluster.directory.pki / "admin"
    content["users"][0]["user"] = {"client-certificate": f"{admin}.crt", "client-key": f"{admin}.key"}
    kubeconfig.write_text(yaml.safe_dump(content))
    # The browser of other tests keeps an event loop running in this thread.
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, _refusals(kubeconfig, manifest_crds)).result()


async def _refusals(kubeconfig: Path, manifest_crds: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    api, slots = Api(kubeconfig), asyncio.Semaphore(_PARALLEL)
    endpoints = {crd["spec"]["names"]["kind"]: _endpoint(crd["spec"]) for crd in manifest_crds}
    endpoints |= {case.manifest["kind"]: f"namespaces/default/{_plural(case.manifest['kind'])}" for case in BUILTIN}
    cases = [*CASES, *BUILTIN]

    async def answer(case: Case) -> str:
        version = case.manifest["apiVersion"]
        path = f"/{'apis' if '/' in version else 'api'}/{version}/{endpoints[case.manifest['kind']]}"
        async with slots:
            await _wait_until_served(api, path)
            return await _refusal(api, f"{path}?dryRun=All&fieldValidation=Strict", case.manifest)

    try:
        for crd in manifest_crds:
            refusal = await _refusal(api, _CRDS, crd)
            assert not refusal or "already exists" in refusal
        return dict(zip([case.name for case in cases], await asyncio.gather(*map(answer, cases)), strict=True))
    finally:
        await api.close()


def _plural(kind: str) -> str:
    return kind.lower().replace("policy", "policie") + "s"


def _endpoint(spec: Mapping[str, Any]) -> str:
    return f"{'namespaces/default/' if spec['scope'] == 'Namespaced' else ''}{spec['names']['plural']}"


async def _wait_until_served(api: Api, path: str) -> None:
    """Wait for a kind: it is served some time after its CRD is created."""
    async with asyncio.timeout(_TIMEOUT_S):
        while True:
            try:
                await api.get(f"{path}?limit=1")
                return
            except ApiError:
                await asyncio.sleep(0.1)


async def _refusal(api: Api, path: str, manifest: Mapping[str, Any]) -> str:
    try:
        await api.create(path, manifest)
    except ApiError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", [*CASES, *BUILTIN], ids=lambda case: case.name)
def test_the_api_server_refuses_the_same_objects(case: Case, crds: Crds, answers: dict[str, str]) -> None:
    refusal = answers[case.name]
    assert bool(validate(case.manifest, crds)) == bool(refusal), refusal


@pytest.mark.parametrize("case", [case for case in CASES if case.breaks], ids=lambda case: case.name)
def test_the_api_server_names_the_same_fields(case: Case, crds: Crds, answers: dict[str, str]) -> None:
    # It decodes metadata into a Go struct, and does not name a single label, annotation or finalizer.
    refusal = answers[case.name].replace("ObjectMeta.", "metadata.")
    for problem in validate(case.manifest, crds):
        inside_metadata = problem.path[0] == "metadata" and len(problem.path) > 2
        assert (".".join(map(str, problem.path[:2])) if inside_metadata else problem.field) in refusal
