"""The exception whose message is for the user."""


class UserError(Exception):
    """A failure that the user can act on. The message says what failed and why; `fix` says what to do next."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.fix is None else f"{self.message}\n  {self.fix}"
