"""Decides which failed calls to the model are retried. Pure."""

from runops.retrying import Again, RetryPolicy
from runops_worker.gemini.judge_error import Action, CallFailed

__all__ = ["MODEL_RETRIES", "may_pass"]

MODEL_RETRIES = RetryPolicy(attempts=3, base_seconds=2.0, cap_seconds=20.0, deadline_seconds=1800.0)
"""Three calls of nine minutes each, with the waits that the API asks for between them."""


def may_pass(error: BaseException) -> Again | None:
    """Return the wait that the API asked for and the most calls with the same verdict; None for no retry."""
    if not isinstance(error, CallFailed) or error.verdict.action is not Action.RETRY:
        return None
    verdict = error.verdict
    return Again(verdict.reason.value, wait_seconds=verdict.wait, attempts=verdict.attempts)
