"""Which of a few situations a VideoJob is in. Pure."""

from enum import Enum
from typing import Final

from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import Unread
from runops_operator.manifests.observed_pod import PodView
from runops_operator.planning.observation import Observation
from runops_operator.planning.row_relation import RowRelation, row_relation
from runops_operator.planning.waiting import newest

__all__ = ["JOB_ENDS_WITHIN_SECONDS", "Situation", "situation_of"]

JOB_ENDS_WITHIN_SECONDS: Final = 30.0
"""A Job ends a second or two after its worker, and then says more than the pod."""


class Situation(Enum):
    """The situations, in the order of their precedence: the first that applies counts."""

    DELETING = "Kubernetes deletes the VideoJob"
    FINISHED = "its outcome is recorded"
    MALFORMED = "its spec cannot be read"
    FOREIGN_JOB = "the Job of its name belongs to an earlier VideoJob"
    UNCLAIMED = "it has no claim: somebody made it by hand"
    ROW_NOT_HELD = "its row was read and is not in processing under its token"
    NO_JOB = "it has no Job"
    OLD_JOB = "its Job belongs to another attempt"
    SUCCEEDED = "its worker, or its Job, succeeded"
    FAILED = "its worker, or its Job, failed"
    JOB_ACTIVE = "neither its worker nor its Job has ended"


def situation_of(seen: Observation, *, config: OperatorConfig) -> Situation:
    """Return the situation of a VideoJob.

    Parameters
    ----------
    seen
        The observation.
    config
        Settings of this installation.
    """
    videojob, job = seen.videojob, seen.job
    pod = newest(seen.pods)
    exit_code = pod.exit_code if pod is not None else None
    attempt_over = job is not None and (job.over or _job_outlives_worker(seen, pod))
    applies = {
        Situation.DELETING: videojob.deleting,
        Situation.FINISHED: videojob.finished,
        Situation.MALFORMED: videojob.spec is None,
        Situation.FOREIGN_JOB: job is not None and seen.own_job is None,
        Situation.UNCLAIMED: videojob.claim is None,
        Situation.ROW_NOT_HELD: _row_is_known_not_to_be_held(seen, config),
        Situation.NO_JOB: job is None,
        Situation.OLD_JOB: job is not None and job.claim != videojob.claim,
        Situation.SUCCEEDED: job is not None and (job.complete or (attempt_over and exit_code == 0)),
        Situation.FAILED: attempt_over,
        Situation.JOB_ACTIVE: True,
    }
    return next(situation for situation in Situation if applies[situation])


def _row_is_known_not_to_be_held(seen: Observation, config: OperatorConfig) -> bool:
    if isinstance(seen.row, Unread) or seen.videojob.claim is None:
        return False
    return row_relation(seen.row, seen.videojob.claim, config) is not RowRelation.HELD


def _job_outlives_worker(seen: Observation, pod: PodView | None) -> bool:
    """Return whether the worker has ended and its Job will not: a sidecar keeps the pod running, and so the Job."""
    if pod is None or pod.exit_code is None or any(other.works for other in seen.pods):
        return False
    return bool(pod.beside) or seen.waited_seconds > JOB_ENDS_WITHIN_SECONDS
