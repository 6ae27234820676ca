"""How many rows may be claimed now, and why not more. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runops.failures import TABLE, FailureClass, Reason
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import VideoJobView

__all__ = ["Admission", "admit"]

_BY_NAME = {reason.value: reason for reason in TABLE}


@dataclass(frozen=True, slots=True)
class Admission:
    """What may be claimed.

    Attributes
    ----------
    slots
        How many rows.
    active
        Videos at work by user; "" for those without one.
    paused
        Reason of the table for which nothing at all is claimed; None where only the slots count.
    """

    slots: int
    active: Counter[str]
    paused: Reason | None = None


def admit(unfinished: Iterable[VideoJobView], config: OperatorConfig, *, claimed: Mapping[str, int]) -> Admission:
    """Return what may be claimed beside the unfinished VideoJobs.

    A video that a key keeps from going on would be joined by every other one, and so would one that a quota does, if
    it uses a model that new videos would use: then those at work try on, and nothing new is begun.

    Parameters
    ----------
    unfinished
        VideoJobs that have not ended. Paused ones take no slot.
    config
        Settings of this installation.
    claimed
        Rows by user that are claimed and have no VideoJob yet.
    """
    active: Counter[str] = Counter(claimed)
    paused: Reason | None = None
    for videojob in unfinished:
        spec = videojob.spec
        if spec is not None and spec.suspend:
            continue
        active[(spec.user_id if spec is not None else None) or ""] += 1
        if videojob.blocked_by is None or (reason := _BY_NAME.get(videojob.blocked_by)) is None:
            continue
        if TABLE[reason].failure_class is FailureClass.KEY or _uses(videojob, config):
            paused = reason
    slots = 0 if paused is not None else max(0, config.max_concurrent - active.total())
    return Admission(slots, active, paused)


def _uses(videojob: VideoJobView, config: OperatorConfig) -> bool:
    if videojob.spec is None:
        return False
    theirs, ours = videojob.spec.model, config.models
    return bool({theirs.transcribe, theirs.sop} & {ours.transcribe, ours.sop})
