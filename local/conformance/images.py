"""The images of the suite's backends: which ones, it says itself; here is how each is built where no registry answers.

Built as upstream's Dockerfiles build them: one static program, run by nobody.
"""

from collections.abc import Iterable

from local.errors import UserError
from local.images.archive import Image
from local.images.catalogue import NOBODY, Entry
from local.toolchain import Tools
from local.toolchain.pins import ARTEFACTS

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
            "Say in local/conformance/images.py what they are built from.",
        )
    return [Entry(reference, tool, _static) for reference, tool in wanted.items() if tool is not None]


def _static(entry: Entry, tools: Tools) -> Image:
    (program,) = ARTEFACTS[entry.tool].programs
    path = f"/{program}"
    return Image(reference=entry.reference, files={path: tools.program(program)}, entrypoint=(path,), user=NOBODY)
