"""Gives every error of a run its reason from the failure table. Pure."""

import errno

from runops.failures import TABLE, Failed, Reason
from runops.supabase.errors import SupabaseError
from runops_worker.media.errors import MediaRejected, MediaToolFailed, SandboxUnavailable

__all__ = ["as_failed"]


def as_failed(error: Exception) -> Failed:
    """Return the failure that an error means; an unexpected error is `Internal`, named by its type only."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, MediaRejected):
        reason = Reason(error.reason)
        return Failed(reason, f"{error.detail} {TABLE[reason].remedy}")
    if isinstance(error, MediaToolFailed):
        return Failed(Reason.DISK_FULL if error.disk_full else Reason.MEDIA_TOOL_FAILED, error.detail)
    if isinstance(error, SandboxUnavailable):
        return Failed(Reason.SANDBOX_UNAVAILABLE, error.detail)
    if isinstance(error, SupabaseError):
        return Failed(error.reason, error.message)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Failed(Reason.DISK_FULL)
    # The text of an unexpected error may hold anything, a key included. The log has its traceback, redacted.
    return Failed(
        Reason.INTERNAL,
        f"The worker failed with an unexpected error ({type(error).__name__}). This is a bug in runops.",
    )
