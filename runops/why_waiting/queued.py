"""Why a queued row is not claimed. Pure."""

from datetime import datetime

from runops.failures import by_sentence
from runops.row_summary import RowSummary
from runops.why_waiting.explanation import Explanation, State
from runops.why_waiting.queue_state import QueueState

__all__ = ["explain_queued"]

_USUAL_SECONDS = 120.0
"""An operator or `runops work` with a free slot claims a row in a few seconds, where it reads the table at all."""
_NEXT = "It is the next in the queue and waits for a slot."
_CHECK = "`runops check` says whether anything claims jobs, and if not, why."


def explain_queued(job: RowSummary, queue: QueueState, now: datetime) -> Explanation:
    """Return why a row waits in the queue."""
    since = job.queued_at
    error = " ".join((job.error or "").split())
    if error:
        # Only what refused it writes an error into a queued row; its claim removes it.
        failure = by_sentence(error)
        remedy = None if failure is None or failure.remedy in error else failure.remedy
        return Explanation(State.HINDERED, f"It waits in the queue: {error}", since, remedy=remedy)
    if queue.drain is not None:
        remedy = "`runops undrain` ends the drain."
        return Explanation(
            State.HINDERED,
            f"It waits in the queue, since nothing new is claimed: {queue.drain.sentence}",
            since,
            remedy=remedy,
        )
    if (told := queue.standstill) is not None:
        sentence = f"It waits in the queue, since nothing is claimed: {told.reason}: {told.detail}"
        return Explanation(State.HINDERED, sentence, since, remedy=told.remedy)
    if queue.limit_of_user is not None and (queue.of_user or 0) >= queue.limit_of_user:
        sentence = (
            f"It waits in the queue: {queue.of_user} videos of its user are at work, and {queue.limit_of_user} may be."
        )
        return Explanation(State.WAITING, sentence, since, remedy="It runs when one of them has ended.")
    if queue.ahead:
        jobs = "1 other job" if queue.ahead == 1 else f"{queue.ahead:,} other jobs"
        return Explanation(State.WAITING, f"It waits in the queue behind {jobs}.", since, remedy=_late(since, now))
    sentence = "It waits in the queue." if queue.ahead is None else _NEXT
    return Explanation(State.WAITING, sentence, since, remedy=_late(since, now))


def _late(since: datetime | None, now: datetime) -> str | None:
    if since is not None and (now - since).total_seconds() < _USUAL_SECONDS:
        return None
    return _CHECK
