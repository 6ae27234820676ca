"""With which codes the commands end."""

from enum import IntEnum

__all__ = ["Exit", "worse"]


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    FAILED = 1
    """A job failed, was not in a state for what was asked, or something that is needed is wrong."""
    USAGE = 2
    """An option, a file or a setting is missing or cannot be right."""
    NOT_THERE = 3
    """What was asked for does not exist (yet)."""
    TIMEOUT = 4
    """What was waited for did not happen in time."""
    OUTSIDE = 5
    """Supabase, Gemini or the cluster refused or could not be reached."""
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


def worse(one: Exit, other: Exit) -> Exit:
    """Return the code of a command that came to one end with some jobs and to another end with others."""
    order = (Exit.OK, Exit.NOT_THERE, Exit.FAILED)
    return max(one, other, key=order.index)
