"""Whether a row that is completed under a VideoJob's token, or without any, was completed by its worker. Pure."""

from enum import Enum, auto

from runops.failures import TABLE, Reason
from runops.job_row import JobRow
from runops.progress import Stage
from runops_operator.planning.observation import Observation
from runops_operator.planning.waiting import newest

__all__ = ["Completer", "who_completed", "worker_ended_well"]

_LAST_WORDS_SECONDS = 30.0
"""For the report that a worker writes after it has completed the row, and for a pod to end."""
_CLAIM_LOST = TABLE[Reason.CLAIM_LOST].exit_code
_LAST_STAGES = frozenset({Stage.FINALIZING, Stage.COMPLETED})


class Completer(Enum):
    """Who completed a row."""

    WORKER = auto()
    SOMEBODY_ELSE = auto()
    """A consumer without claims, or a person: the claim stays in the row."""
    NOT_KNOWN_YET = auto()


def who_completed(seen: Observation) -> Completer:
    """Return who completed the row.

    The columns do not say it. The worker's exit and reports do: it shows the stage `finalizing` before it completes a
    row, and no worker writes under a token to which its pod is not bound.

    Parameters
    ----------
    seen
        With the row, completed under the VideoJob's token. An app may have written over that since, or before.
    """
    assert isinstance(seen.row, JobRow)
    pod, stage = newest(seen.pods), seen.videojob.status.stage
    works = seen.job is not None and not seen.job.over and pod is not None and pod.works
    may_follow = seen.completed_seconds < _LAST_WORDS_SECONDS
    if worker_ended_well(seen):
        return Completer.WORKER
    if seen.row.claim is None:
        # A worker that had completed it says so at its end.
        return Completer.NOT_KNOWN_YET if works and may_follow and stage in _LAST_STAGES else Completer.SOMEBODY_ELSE
    if not seen.row.claim.bound or _bound_pod_lost_the_claim(seen, seen.row.claim.claim):
        return Completer.SOMEBODY_ELSE
    if works and may_follow:
        return Completer.NOT_KNOWN_YET
    if stage in _LAST_STAGES:
        return Completer.WORKER
    if may_follow:
        return Completer.NOT_KNOWN_YET
    # Without a stage, which an event may bring late, the API server did not take the worker's reports.
    unreported = stage is None and not works and _bound_pod_may_have(seen, seen.row.claim.claim)
    return Completer.WORKER if unreported else Completer.SOMEBODY_ELSE


def worker_ended_well(seen: Observation) -> bool:
    """Return whether the worker says that it has completed the row, which it does under the claim only."""
    return (
        seen.videojob.status.outputs is not None
        or (seen.job is not None and seen.job.complete)
        or any(pod.exit_code == 0 for pod in seen.pods)
    )


def _bound_pod_may_have(seen: Observation, claim: str) -> bool:
    """Return whether the bound pod is gone or one of the Job's; a row that was queued again may name one of before."""
    return not seen.pods or any(claim.endswith(f"/{pod.uid}") for pod in seen.pods)


def _bound_pod_lost_the_claim(seen: Observation, claim: str) -> bool:
    return any(claim.endswith(f"/{pod.uid}") and pod.exit_code == _CLAIM_LOST for pod in seen.pods)
