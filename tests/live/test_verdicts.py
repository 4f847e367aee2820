"""The tables of good and bad objects, put to a real API server: it takes what `checks` takes, and refuses the rest.

No object of the table is created: each is a dry run, with unknown fields refused as `kubectl` has them refused. The
release's kinds are, and stay.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.schema import Crds, builtin, validate
from components.platform.sources import cache_directory
from local.cluster.cloud.api import Api, ApiError
from local.toolchain.pins import MANIFEST_SHA256
from tests.conftest import TestCluster
from tests.unit.checks.schema.verdicts import BUILTIN, CASES, Case

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_AT_A_TIME = 8
_PATIENCE_S = 30


@pytest.fixture(scope="module")
def manifest_crds(cluster: TestCluster) -> list[dict[str, Any]]:
    text = (cache_directory() / f"{MANIFEST_SHA256}.yaml").read_bytes()
    documents = yaml.load_all(text, Loader=yaml.CSafeLoader)
    return [each for each in documents if each and each["kind"] == "CustomResourceDefinition"]


@pytest.fixture(scope="module")
def crds(manifest_crds: list[dict[str, Any]]) -> Crds:
    return Crds({**builtin.kinds(), **Crds.of(manifest_crds).kinds})


@pytest.fixture(scope="module")
def answers(cluster: TestCluster, manifest_crds: list[dict[str, Any]]) -> dict[str, str]:
    """What the API server says against each object; empty for one that it takes."""
    # The browser of other tests keeps an event loop running in this thread.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, _asked(cluster.kubeconfig, manifest_crds)).result()


async def _asked(kubeconfig: Path, manifest_crds: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    api, turns = Api(kubeconfig), asyncio.Semaphore(_AT_A_TIME)
    endpoints = {crd["spec"]["names"]["kind"]: _endpoint(crd["spec"]) for crd in manifest_crds}
    endpoints |= {case.wire["kind"]: f"namespaces/default/{_plural(case.wire['kind'])}" for case in BUILTIN}
    cases = [*CASES, *BUILTIN]

    async def answer(case: Case) -> str:
        version = case.wire["apiVersion"]
        path = f"/{'apis' if '/' in version else 'api'}/{version}/{endpoints[case.wire['kind']]}"
        async with turns:
            await _served(api, path)
            return await _refusal(api, f"{path}?dryRun=All&fieldValidation=Strict", case.wire)

    try:
        for crd in manifest_crds:
            said = await _refusal(api, _CRDS, crd)
            assert not said or "already exists" in said
        return dict(zip([case.name for case in cases], await asyncio.gather(*map(answer, cases)), strict=True))
    finally:
        await api.close()


def _plural(kind: str) -> str:
    return kind.lower().replace("policy", "policie") + "s"


def _endpoint(spec: Mapping[str, Any]) -> str:
    return f"{'namespaces/default/' if spec['scope'] == 'Namespaced' else ''}{spec['names']['plural']}"


async def _served(api: Api, path: str) -> None:
    """A kind is served some time after its CRD was made."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                await api.get(f"{path}?limit=1")
                return
            except ApiError:
                await asyncio.sleep(0.1)


async def _refusal(api: Api, path: str, wire: Mapping[str, Any]) -> str:
    try:
        await api.create(path, wire)
    except ApiError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", [*CASES, *BUILTIN], ids=lambda case: case.name)
def test_the_api_server_refuses_what_is_refused_here_and_nothing_else(
    case: Case, crds: Crds, answers: dict[str, str]
) -> None:
    said = answers[case.name]
    assert bool(validate(case.wire, crds)) == bool(said), said


@pytest.mark.parametrize("case", [case for case in CASES if case.breaks], ids=lambda case: case.name)
def test_the_api_server_names_the_same_fields(case: Case, crds: Crds, answers: dict[str, str]) -> None:
    # It decodes metadata into a Go struct, and of its labels, annotations and finalizers it names no single one.
    said = answers[case.name].replace("ObjectMeta.", "metadata.")
    for mistake in validate(case.wire, crds):
        inside_metadata = mistake.path[0] == "metadata" and len(mistake.path) > 2
        assert (".".join(map(str, mistake.path[:2])) if inside_metadata else mistake.field) in said
