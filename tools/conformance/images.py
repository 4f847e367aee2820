"""The images of the suite's backends: which ones, it says itself; here is how each is built where no registry answers.

Built as upstream's Dockerfiles build them: one static program, run by nobody.
"""

from collections.abc import Iterable

from local.errors import UserError
from local.images.catalogue import Entry, static_program

_TOOLS = {
    "registry.k8s.io/gateway-api/echo-basic": "echo-basic",
    "registry.k8s.io/coredns/coredns": "conformance-dns",
}


def entries(references: Iterable[str]) -> list[Entry]:
    """How each image is had. UserError for one that nothing here builds."""
    wanted = {reference: _TOOLS.get(reference.rpartition(":")[0]) for reference in references}
    if unknown := [reference for reference, tool in wanted.items() if tool is None]:
        raise UserError(
            f"The conformance suite asks for images that are not known here: {', '.join(unknown)}.",
            "Say in tools/conformance/images.py what they are built from.",
        )
    return [Entry(reference, tool, static_program) for reference, tool in wanted.items() if tool is not None]
