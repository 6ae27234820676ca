"""Which failures of Supabase are worth another attempt, and how patient programs are with it."""

from runops.retrying import Again, RetryPolicy
from runops.supabase.errors import ErrorKind, SupabaseError

__all__ = ["PATIENT", "may_pass", "may_pass_or_conflicts"]

PATIENT = RetryPolicy(attempts=12, base_seconds=1.0, cap_seconds=30.0, deadline_seconds=180.0)
"""Where giving up would lose paid work: waits 104 s on average, which outlasts a restart of the database."""


def may_pass(error: BaseException) -> Again | None:
    """Return that Supabase was away or overloaded, and for how long it asked to wait."""
    if isinstance(error, SupabaseError) and error.retryable:
        return Again(error.kind.value, wait_seconds=error.retry_after)
    return None


def may_pass_or_conflicts(error: BaseException) -> Again | None:
    """Return the same, also for a change that somebody else made at the same moment."""
    if isinstance(error, SupabaseError) and error.kind is ErrorKind.CONFLICT:
        return Again(error.kind.value)
    return may_pass(error)
