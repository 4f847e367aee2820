"""Confirmation of a change on a cluster that make did not start."""

import sys

from local.errors import UserError
from tools.stack import Stack


def check(stack: Stack, confirmed: str) -> None:
    """Refuse a CONFIRM that names another stack, before anything is done."""
    if confirmed not in ("", stack.name):
        raise UserError(
            f"CONFIRM={confirmed!a} does not name the stack of this command: {stack.name}.",
            f"To confirm a change of that stack: CONFIRM={stack.name}",
        )


def ask(stack: Stack, question: str, answer: str, *, confirmed: str, typed: str) -> None:
    """Ask the question on the terminal. Raises UserError unless the reply is `answer`, or CONFIRM names the stack.

    `typed` is the command to type with CONFIRM where there is no terminal.
    """
    if confirmed == stack.name:
        return
    if not sys.stdin.isatty():
        raise UserError(
            f"There is no terminal on which to confirm the change of {stack.context}. Nothing was changed.",
            f"Type: {typed} CONFIRM={stack.name}",
        )
    try:
        reply = input(f"{question} Type {answer}: ")
    except EOFError:
        reply = ""
    if reply.strip() != answer:
        raise UserError("Not confirmed. Nothing was changed.")
