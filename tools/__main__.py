"""`python -m tools COMMAND`: the logic behind the targets of make."""

import argparse
import sys
from collections.abc import Callable

from local.command import exit_code
from tools import check, compare, explain, lifecycle, passphrase, render, show_config, stack_tests
from tools.ask.command import run as asked
from tools.conformance import run as conformance
from tools.stack import Stack

Command = Callable[[argparse.Namespace], int]


def main() -> int:
    arguments = _parser().parse_args()
    return exit_code(lambda: arguments.run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def add(name: str, run: Command) -> argparse.ArgumentParser:
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        return command

    def add_for_stack(name: str, run: Callable[[Stack, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = add(name, lambda given: run(Stack.of(given.stack, given.context), given))
        command.add_argument("--stack", default="dev")
        command.add_argument("--context", default="", help="a kubeconfig context; default: the one in the stack's file")
        return command

    command = add_for_stack("up", lambda stack, given: lifecycle.up(stack, confirmed=given.confirm))
    _add_confirm(command)
    command = add_for_stack(
        "preview", lambda stack, given: lifecycle.preview(stack, with_fields=given.diff, sealed=given.sealed)
    )
    command.add_argument("--diff", action="store_true", help="show every field that changes")
    command.add_argument("--sealed", action="store_true", help="do without the key, and list what the stack declares")
    add_for_stack("drift", lambda stack, _: lifecycle.drift(stack))
    add("judge", lambda _: lifecycle.judge())
    add_for_stack("status", lambda stack, _: lifecycle.status(stack))
    add_for_stack("config", lambda stack, _: show_config.run(stack))
    command = add_for_stack("passphrase", lambda stack, given: passphrase.run(stack, given.key))
    command.add_argument("--key", default="", help="URL of a key service, such as awskms://...; default: a passphrase")
    command = add_for_stack(
        "explain",
        lambda stack, given: explain.run(stack, given.url, given.method, given.header, with_envoy=given.ask),
    )
    command.add_argument("--ask", action="store_true", help="also ask a real Envoy, as `ask` does")
    _add_request(command)
    command = add_for_stack("ask", lambda stack, given: asked(stack, given.url, given.method, given.header))
    _add_request(command)
    command = add_for_stack("test-stack", lambda stack, given: stack_tests.run(stack, live=given.live))
    command.add_argument("--live", action="store_true", help="ask the running gateway, in place of an Envoy here")
    command = add("compare", lambda given: compare.command(given.base, given.stack, given.out, with_envoy=given.ask))
    command.add_argument("--stack", default="dev")
    command.add_argument("--base", required=True, help="a revision of git, such as main")
    command.add_argument("--out", default="", help="directory for comment.md, changes.json and report.html")
    command.add_argument("--ask", action="store_true", help="also ask a real Envoy, with both plans")
    command = add_for_stack("render", render.run)
    command.add_argument("--out", default="", help="directory to write the files into")
    command.add_argument("--format", default="plain", help="plain, kustomize, argocd or flux")
    command.add_argument("--secrets", default="none", help="stubs in the place of Secrets: none, external or sealed")
    command.add_argument("--repo", default="", help="URL of the Git repository of the files, for argocd and flux")
    command.add_argument("--repo-path", default="", help="directory of the files in it; default: the stack's name")
    command.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    command = add_for_stack(
        "down", lambda stack, given: lifecycle.down(stack, purge=given.purge, confirmed=given.confirm)
    )
    command.add_argument("--purge", action="store_true")
    _add_confirm(command)
    command = add_for_stack("conformance", lambda stack, given: conformance.run(stack, given.test, given.report))
    command.add_argument("--test", default="", help="run this test only; default: all")
    command.add_argument("--report", default="", help="file for the report; default: in the state directory")
    add("test", lambda _: check.test())
    add("e2e", lambda _: check.e2e())
    command = add("faults", lambda given: check.faults(given.seed, resume=given.resume))
    command.add_argument("--seed", type=int, default=1, help="seed of every random choice; default: 1")
    command.add_argument("--resume", action="store_true", help="do not repeat what passed in a run that was cut off")
    add("check", lambda _: check.check())
    add("lock", lambda _: check.lock())
    return parser


def _add_request(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", required=True)
    command.add_argument("--method", default="", help="default: GET, or POST for gRPC")
    command.add_argument("--header", action="append", default=[], help="name: value; can be repeated")


def _add_confirm(command: argparse.ArgumentParser) -> None:
    command.add_argument("--confirm", default="", help="the stack's name, to change another cluster without a question")


if __name__ == "__main__":
    sys.exit(main())
