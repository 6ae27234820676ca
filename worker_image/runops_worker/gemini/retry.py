"""Decides which failed calls to the model are retried, and after which wait. Pure."""

from runops.failures import Reason
from runops.retrying import Again, RetryPolicy
from runops_worker.gemini.judge_error import Action, CallFailed

__all__ = ["MODEL_RETRIES", "CallRetries"]

MODEL_RETRIES = RetryPolicy(attempts=5, base_seconds=8.0, cap_seconds=60.0, deadline_seconds=1800.0)
"""An overloaded model is waited for four times: 58 s on average and two minutes at most, after which the attempt fails.
The deadline is for calls that take nine minutes each."""

_UNASKED_QUOTA_WAIT_SECONDS = 5.0
"""First wait for a quota where the API names none; the next ones double."""


class CallRetries:
    """Judges the failures of one call, in their order.

    Parameters
    ----------
    paced
        Whether a gate lets the call wait for a quota per minute. Then it is repeated at once, which means: it goes to
        the gate.
    """

    def __init__(self, *, paced: bool = False) -> None:
        self._paced = paced
        self._quota_waits = 0

    def __call__(self, error: BaseException) -> Again | None:
        """Return the wait and the most calls with the same verdict; None for no retry."""
        if not isinstance(error, CallFailed) or error.verdict.action is not Action.RETRY:
            return None
        verdict = error.verdict
        if self._paced and verdict.refusal is not None:
            return Again(verdict.reason.value, wait_seconds=0.0)
        wait = verdict.wait
        if wait is None and verdict.reason is Reason.QUOTA_EXCEEDED:
            wait = _UNASKED_QUOTA_WAIT_SECONDS * 2**self._quota_waits
            self._quota_waits += 1
        return Again(verdict.reason.value, wait_seconds=wait, attempts=verdict.attempts)
