"""What follows for a VideoJob whose Job has not ended: show where it is, and enforce deadlines. Pure."""

from datetime import datetime
from typing import Final

from runops.failures import TABLE, Reason
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import JobView
from runops_operator.planning import status
from runops_operator.planning.actions import Action, DeleteJob, Recheck, RequeueAfter, SuspendJob
from runops_operator.planning.observation import Observation
from runops_operator.planning.patch import patch_if_it_changes
from runops_operator.planning.plan_attempt_end import plan_without_result
from runops_operator.planning.plan_waits import WAITING_RECHECK, plan_stalled_too_long, stalled, stalled_too_long
from runops_operator.planning.waiting import Wait, newest, wait_of
from runops_operator.planning.why_ended import Ended
from runops_operator.times import moment

__all__ = ["DELETED_JOB_SECONDS", "RUNNING_RECHECK", "plan_active"]

RUNNING_RECHECK: Final = Recheck(seconds=15.0, most_per_second=0.5)
_LAST_WORDS_SECONDS = 60.0
"""For a worker that was stopped: its last write, and the report of its kubelet."""
DELETED_JOB_SECONDS: Final = 0.5
"""After this a deleted Job is expected to be gone."""


def plan_active(seen: Observation, job: JobView, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the actions for a VideoJob whose Job has not ended."""
    if job.queued and seen.spec.suspend:
        # Kueue decides whether a queued Job is suspended, and would resume it.
        return [DeleteJob(job.name, job.uid), RequeueAfter(DELETED_JOB_SECONDS)]
    wait = wait_of(seen.videojob, job, seen.pods, pod_refused=seen.pod_refused)
    return _running(seen, job, config, now) if wait is None else _waiting(seen, job, wait, config, now)


def _running(seen: Observation, job: JobView, config: OperatorConfig, now: datetime) -> list[Action]:
    if (reason := _overdue(seen, config, now)) is not None:
        failure = TABLE[reason]
        return plan_without_result(seen, job, Ended(failure, failure.sentence), config, now)
    shown = status.running(seen.videojob, job, seen.pods, now)
    return [*_suspend_or_resume(seen, job), *patch_if_it_changes(seen.videojob, shown), RUNNING_RECHECK]


def _overdue(seen: Observation, config: OperatorConfig, now: datetime) -> Reason | None:
    """Return why a worker that runs must be ended; None where it need not be.

    A pod on a node that is down shows its last state for as long as the node is away.
    """
    pod = newest(seen.pods)
    assert pod is not None
    if pod.disrupted or pod.deleting:
        longest = config.worker.termination_grace_period_seconds + _LAST_WORDS_SECONDS
        return Reason.EVICTED if seen.quiet_seconds > longest else None
    began = moment(pod.started)
    if began is not None and (now - began).total_seconds() > seen.spec.active_deadline_seconds:
        return Reason.DEADLINE_EXCEEDED
    return Reason.NO_PROGRESS if seen.quiet_seconds > config.deadlines.no_progress_seconds else None


def _waiting(seen: Observation, job: JobView, wait: Wait, config: OperatorConfig, now: datetime) -> list[Action]:
    if (reason := stalled_too_long(seen, wait, config, now)) is not None:
        return plan_stalled_too_long(seen, reason, now)
    shown = status.waiting(seen.videojob, job, seen.pods, wait, now, stalled=stalled(seen, wait, config))
    return [*_suspend_or_resume(seen, job), *patch_if_it_changes(seen.videojob, shown), WAITING_RECHECK]


def _suspend_or_resume(seen: Observation, job: JobView) -> list[Action]:
    if job.queued or job.suspended == seen.spec.suspend:
        return []
    return [SuspendJob(job.name, seen.spec.suspend)]
