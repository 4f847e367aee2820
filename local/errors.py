"""The one exception that a user is meant to read."""


class UserError(Exception):
    """A failure whose message is for the user: what happened, to what, and why. `cure` is what to type next."""

    def __init__(self, message: str, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return self.message if self.cure is None else f"{self.message}\n  {self.cure}"
