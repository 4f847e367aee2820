"""`python -m tools COMMAND`: what the targets of make do."""

import argparse
import sys
from collections.abc import Callable

from local.command import exit_code
from tools import check, explain, lifecycle, show_config
from tools.conformance import run as conformance
from tools.stack import Stack


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    on_stack: dict[str, Callable[[argparse.Namespace], int]] = {
        "up": lambda arguments: lifecycle.up(Stack.of(arguments.stack, arguments.context)),
        "preview": lambda arguments: lifecycle.preview(Stack.of(arguments.stack, arguments.context)),
        "status": lambda arguments: lifecycle.status(Stack.of(arguments.stack, arguments.context)),
        "config": lambda arguments: show_config.run(Stack.of(arguments.stack, arguments.context)),
        "explain": lambda arguments: explain.run(
            Stack.of(arguments.stack, arguments.context), arguments.url, arguments.method, arguments.header
        ),
        "down": lambda arguments: lifecycle.down(Stack.of(arguments.stack, arguments.context), purge=arguments.purge),
        "conformance": lambda arguments: conformance.run(
            Stack.of(arguments.stack, arguments.context), arguments.test, arguments.report
        ),
    }
    for name in on_stack:
        command = commands.add_parser(name)
        command.add_argument("--stack", default="dev")
        command.add_argument("--context", default="", help="a kubeconfig context; default: the one in the stack's file")
        if name == "explain":
            command.add_argument("--url", required=True)
            command.add_argument("--method", default="", help="default: GET, or POST for gRPC")
            command.add_argument("--header", action="append", default=[], help="name: value; may be given again")
        if name == "down":
            command.add_argument("--purge", action="store_true")
        if name == "conformance":
            command.add_argument("--test", default="", help="the one test to run; default: all")
            command.add_argument("--report", default="", help="where the report goes; default: in the state directory")
    alone: dict[str, Callable[[], int]] = {
        "test": check.test,
        "e2e": check.e2e,
        "check": check.check,
        "lock": check.lock,
    }
    for name in alone:
        commands.add_parser(name)
    arguments = parser.parse_args()
    if arguments.command in alone:
        return exit_code(alone[arguments.command])
    return exit_code(lambda: on_stack[arguments.command](arguments))


if __name__ == "__main__":
    sys.exit(main())
