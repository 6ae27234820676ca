"""The error of everything that starts programs."""


class StackError(RuntimeError):
    """A part of the stack cannot be started or found; the message says why and what to do."""
