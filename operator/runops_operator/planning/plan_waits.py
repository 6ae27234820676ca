"""When a wait lasts too long: what is said of it, and when it is over. Pure."""

from datetime import datetime

from runops.failures import TABLE, Reason
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import Unread
from runops_operator.planning import status
from runops_operator.planning.actions import Action, DeleteJob, FailRow, PatchStatus, ReadRow
from runops_operator.planning.observation import Observation
from runops_operator.planning.patch import patch_if_it_changes
from runops_operator.planning.waiting import Wait, deadline_of, stalled_message
from runops_operator.times import moment

__all__ = ["plan_refused", "stalled", "waited_too_long"]


def plan_refused(seen: Observation, words: str, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return what to do when Kubernetes will not make the Job of a VideoJob: say so. It is tried again after a pause.

    Parameters
    ----------
    seen
        The observation that the plan was made of.
    words
        The API server's.
    config, now
        As for `plan`.
    """
    wait = Wait(Reason.JOB_REFUSED, f"{TABLE[Reason.JOB_REFUSED].sentence} ({words[:500]})")
    shown = status.waiting(seen.videojob, None, (), wait, now, stalled=stalled(seen, wait, config))
    return patch_if_it_changes(seen.videojob, shown)


def stalled(seen: Observation, wait: Wait, config: OperatorConfig) -> tuple[Reason, str] | None:
    """Return reason and sentence where a wait lasts longer than it may."""
    deadline = deadline_of(wait.reason, config.deadlines)
    if deadline is None:
        return None
    seconds, reason = deadline
    known = next((item for item in seen.videojob.status.conditions or () if item.type == "Stalled"), None)
    # What was said before a restart, whose own clock begins anew, stays said.
    said = known is not None and known.status == "True" and known.reason == reason
    return (reason, stalled_message(wait, reason)) if said or seen.waited_seconds > seconds else None


def waited_too_long(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action] | None:
    """Return how a video ends that has been stalled for as long as anything may wait; None where it has not."""
    videojob = seen.videojob
    stalled = next((item for item in videojob.status.conditions or () if item.type == "Stalled"), None)
    since = moment(stalled.last_transition_time) if stalled is not None and stalled.status == "True" else None
    if stalled is None or since is None or stalled.reason not in {reason.value for reason in TABLE}:
        return None
    if (now - since).total_seconds() <= config.deadlines.waiting_seconds:
        return None
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    assert videojob.claim is not None
    reason = Reason(stalled.reason)
    message = f"{TABLE[reason].sentence} {TABLE[reason].remedy}"
    patch = status.failed(videojob, reason, message, attempts=0, report=None, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job is not None else []
    return [FailRow(videojob.claim, message), *stop, PatchStatus(patch)]
