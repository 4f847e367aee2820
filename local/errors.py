"""The one exception that a user is meant to read."""


class UserError(Exception):
    """A failure whose message is for the user: what happened, to what, and why. `fix` is what to type next."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.fix is None else f"{self.message}\n  {self.fix}"
