"""How to build the images of the suite's backends where no registry answers.

As in upstream's Dockerfiles, each image holds one static program, which the user nobody runs.
"""

from collections.abc import Iterable

from local.errors import UserError
from local.images.catalogue import Entry, static_program

_TOOLS = {
    "registry.k8s.io/gateway-api/echo-basic": "echo-basic",
    "registry.k8s.io/coredns/coredns": "conformance-dns",
}


def entries(references: Iterable[str]) -> list[Entry]:
    """Return how to build each image. Raises UserError for an unknown image."""
    wanted = {reference: _TOOLS.get(reference.rpartition(":")[0]) for reference in references}
    if unknown := [reference for reference, tool in wanted.items() if tool is None]:
        raise UserError(
            f"The conformance suite needs images that cannot be built here: {', '.join(unknown)}.",
            "Add the programs that they hold to tools/conformance/images.py.",
        )
    return [Entry(reference, tool, static_program) for reference, tool in wanted.items() if tool is not None]
