"""Which failures of a call to the model are worth another attempt."""

from runops.retrying import Again, RetryPolicy
from runops_worker.gemini.verdict import Action, ModelTrouble

__all__ = ["MODEL_RETRIES", "may_pass"]

MODEL_RETRIES = RetryPolicy(attempts=3, base_seconds=2.0, cap_seconds=20.0, deadline_seconds=1800.0)
"""Three calls of nine minutes each, and what the API asks to wait between them."""


def may_pass(error: BaseException) -> Again | None:
    """Return for how long the API asked to wait, and how many attempts may end with the same verdict."""
    if not isinstance(error, ModelTrouble) or error.verdict.action is not Action.RETRY:
        return None
    verdict = error.verdict
    return Again(verdict.reason.value, wait_seconds=verdict.wait, attempts=verdict.attempts)
