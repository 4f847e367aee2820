"""What several live tests use."""

import pytest
import yaml

from checks.schema import Crds, builtin
from components.platform.sources import cache_directory
from local.toolchain.pins import MANIFEST_SHA256


@pytest.fixture(scope="session")
def crds() -> Crds:
    """All kinds of Kubernetes and of the pinned release."""
    documents = yaml.load_all((cache_directory() / f"{MANIFEST_SHA256}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    found = [each for each in documents if each and each["kind"] == "CustomResourceDefinition"]
    return Crds({**builtin.kinds(), **Crds.of(found).kinds})
