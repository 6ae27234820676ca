"""The error that ends a command with one sentence."""

from runops_cli.terminal.exit_codes import Exit

__all__ = ["CommandFailed"]


class CommandFailed(Exception):  # noqa: N818 - says what is the case
    """A command cannot go on.

    Parameters
    ----------
    message
        For a person: why, and what to do next.
    code
        The exit code of the command.
    """

    def __init__(self, message: str, code: Exit = Exit.UNAVAILABLE) -> None:
        self.code = code
        super().__init__(message)
