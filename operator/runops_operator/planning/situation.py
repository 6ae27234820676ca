"""Which of a few situations a VideoJob is in. Pure."""

from enum import Enum

from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import Unread
from runops_operator.planning.observation import Observation
from runops_operator.planning.row_relation import RowRelation, row_relation

__all__ = ["Situation", "situation_of"]


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
    JOB_COMPLETE = "its Job succeeded"
    JOB_FAILED = "its Job failed"
    JOB_ACTIVE = "its Job has not ended"


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
    applies = {
        Situation.DELETING: videojob.deleting,
        Situation.FINISHED: videojob.finished,
        Situation.MALFORMED: videojob.spec is None,
        Situation.FOREIGN_JOB: job is not None and seen.own_job is None,
        Situation.UNCLAIMED: videojob.claim is None,
        Situation.ROW_NOT_HELD: _row_is_known_not_to_be_held(seen, config),
        Situation.NO_JOB: job is None,
        Situation.OLD_JOB: job is not None and job.claim != videojob.claim,
        Situation.JOB_COMPLETE: job is not None and job.complete,
        Situation.JOB_FAILED: job is not None and job.failed_reason is not None,
        Situation.JOB_ACTIVE: True,
    }
    return next(situation for situation in Situation if applies[situation])


def _row_is_known_not_to_be_held(seen: Observation, config: OperatorConfig) -> bool:
    if isinstance(seen.row, Unread) or seen.videojob.claim is None:
        return False
    return row_relation(seen.row, seen.videojob.claim, config) is not RowRelation.HELD
