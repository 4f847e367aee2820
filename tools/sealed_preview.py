"""The preview of a stack without the key to its encrypted values: what it declares, but not what changes."""

from collections import Counter

from diagnostics.terminal import printable
from kube.encrypted_values import has_encrypted
from kube.manifest import ObjectName
from local import supplies
from local.toolchain.progress import Progress
from plans import Plan
from tools.environment import stack_file, variables
from tools.planned import planned
from tools.stack import Stack, document_of

_GIVEN = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def lacks_passphrase(stack: Stack) -> bool:
    """Tell whether the stack's file has values under a passphrase that nobody has given.

    Whether a key service gives its key, only the service knows.
    """
    document = document_of(stack_file(stack.name))
    environment = variables(stack.context, stack.name)
    return (
        "encryptionsalt" in document
        and "secretsprovider" not in document
        and has_encrypted(document.get("config"))
        and not any(environment.get(name) for name in _GIVEN)
    )


def run(stack: Stack) -> int:
    """Check everything that the stack declares, and list it. Raises UserError with the problems in it."""
    with Progress() as progress:
        supplies.for_plan(progress)
    _print(planned(stack), stack)
    return 0


def _print(made: Plan, stack: Stack) -> None:
    names = [ObjectName.declared(each.manifest) for each in made.objects]
    for warning in made.warnings:
        print(f"warning: {printable(warning)}")
    for name in sorted(names):
        print(f"  {name}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(name.kind for name in names).items()))
    print(f"\nThe stack {stack.name} declares {len(names)} objects: {kinds}.")
    values = "1 encrypted value is" if made.sealed == 1 else f"{made.sealed} encrypted values are"
    print(f"{values} sealed: nothing that depends on the content is checked.")
    print("Without the key nobody can read the state, so nothing here says what changes.")
