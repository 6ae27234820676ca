"""Exit codes, the same for every command."""

from enum import IntEnum

__all__ = ["Exit", "worse"]


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    """A job failed or is in the wrong state, or a check found a problem."""
    USAGE = 2
    """An option, a file or a setting is missing or invalid."""
    NOT_FOUND = 3
    """The job, its SOP, its VideoJob or its pod does not exist (yet)."""
    TIMEOUT = 4
    """The time limit passed."""
    UNAVAILABLE = 5
    """Supabase, Gemini or the cluster refused the request or could not be reached."""
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


def worse(one: Exit, other: Exit) -> Exit:
    """Return the exit code of a command whose jobs ended with these two: FAILED over NOT_FOUND over OK."""
    return max(one, other, key=(Exit.OK, Exit.NOT_FOUND, Exit.FAILED).index)
