"""When a wait lasts too long: how the status shows it, and when it ends the VideoJob. Pure."""

from datetime import datetime
from typing import Final

from runops.failures import TABLE, Reason
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import Unread
from runops_operator.planning import status
from runops_operator.planning.actions import Action, DeleteJob, FailRow, PatchStatus, ReadRow, Recheck
from runops_operator.planning.observation import Observation
from runops_operator.planning.patch import patch_if_it_changes
from runops_operator.planning.waiting import Wait, deadline_of, stalled_message
from runops_operator.times import moment

__all__ = ["WAITING_RECHECK", "plan_refused", "plan_stalled_too_long", "stalled", "stalled_too_long"]

WAITING_RECHECK: Final = Recheck(seconds=5.0, most_per_second=10.0)


def plan_refused(seen: Observation, words: str, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return what to do when Kubernetes refuses the Job of a VideoJob: show it. The plan is repeated after a pause.

    Parameters
    ----------
    seen
        The observation that the plan was made of.
    words
        The API server's message.
    config, now
        As for `plan`.
    """
    wait = Wait(Reason.JOB_REFUSED, f"{TABLE[Reason.JOB_REFUSED].sentence} ({words[:500]})")
    shown = status.waiting(seen.videojob, None, (), wait, now, stalled=stalled(seen, wait, config))
    return patch_if_it_changes(seen.videojob, shown)


def stalled(seen: Observation, wait: Wait, config: OperatorConfig) -> tuple[Reason, str] | None:
    """Return reason and sentence where a wait lasts longer than its deadline."""
    deadline = deadline_of(wait.reason, config.deadlines)
    if deadline is None:
        return None
    seconds, reason = deadline
    shown = seen.videojob.condition("Stalled")
    # After a restart `waited_seconds` starts at 0 again; the condition stays.
    stays = shown is not None and shown.status == "True" and shown.reason == reason
    return (reason, stalled_message(wait, reason)) if stays or seen.waited_seconds > seconds else None


def stalled_too_long(seen: Observation, wait: Wait, config: OperatorConfig, now: datetime) -> Reason | None:
    """Return why a VideoJob has been stalled for longer than any wait may last; None where it has not.

    The wait of this process must have exceeded its deadline too: while the operator was away, nobody tried. An image
    that cannot be pulled is waited for without end: its registry is the trouble of all videos.
    """
    shown = seen.videojob.condition("Stalled")
    if shown is None or shown.status != "True" or shown.reason not in {reason.value for reason in TABLE}:
        return None
    deadline = deadline_of(wait.reason, config.deadlines)
    if shown.reason == Reason.IMAGE_PULL_FAILED or deadline is None or seen.waited_seconds <= deadline[0]:
        return None
    since = moment(shown.last_transition_time)
    if since is None or (now - since).total_seconds() <= config.deadlines.waiting_seconds:
        return None
    return Reason(shown.reason)


def plan_stalled_too_long(seen: Observation, reason: Reason, now: datetime) -> list[Action]:
    """Return the actions that end a VideoJob that has been stalled for longer than any wait may last."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    message = f"{TABLE[reason].sentence} {TABLE[reason].remedy}"
    patch = status.failed(seen.videojob, reason, message, attempts=0, report=None, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job is not None else []
    return [FailRow(seen.token, message), *stop, PatchStatus(patch)]
