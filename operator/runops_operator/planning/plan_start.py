"""When the Job of the next attempt is created. Pure."""

from datetime import datetime
from enum import Enum, auto

from runops.breakers.shared_faults import Hold
from runops.failures import TABLE, Reason
from runops.job_row import Claim, JobRow
from runops.retry_policy import History
from runops_operator.config import OperatorConfig
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.observed import Unread
from runops_operator.planning import status
from runops_operator.planning.actions import Action, CreateJob, PatchStatus, ReadRow, RequeueAfter
from runops_operator.planning.observation import Observation
from runops_operator.planning.patch import patch_if_it_changes
from runops_operator.planning.plan_waits import WAITING_RECHECK, plan_stalled_too_long, stalled, stalled_too_long
from runops_operator.planning.waiting import PENDING, SUSPENDED, Wait

__all__ = ["Start", "pause_left", "plan_start", "start_of"]

_LONGEST_REQUEUE_SECONDS = 3600.0
_HOLD_RECHECK_SECONDS = 30.0
"""A fault may be over earlier than a video was told to wait."""
_LONGEST_PAUSE_SECONDS = 2 * 3600.0


class Start(Enum):
    """What is done about a VideoJob that has a claim and no Job."""

    READ_ROW = auto()
    """The row says when the attempt may begin and with how much memory."""
    PAUSE = auto()
    """The pause after the last attempt is not over."""
    HOLD = auto()
    """Other videos met a fault that this one would meet too."""
    STAY_SUSPENDED = auto()
    """No Job is created: Kueue would let it run."""
    END_STALLED = auto()
    """The VideoJob has been stalled for as long as a wait may last."""
    CREATE_FIRST = auto()
    """Create the Job at once; the status follows after other new VideoJobs got their Jobs."""
    CREATE = auto()
    """Create the Job and write the status."""


def start_of(
    *,
    row_needed: bool,
    pausing: bool,
    held: bool,
    suspended_in_queue: bool,
    stalled_too_long: bool,
    has_conditions: bool,
) -> Start:
    """Return what is done, by precedence: the first reason not to create the Job counts.

    Parameters
    ----------
    row_needed
        Whether the row was not read, and may hold a history or a pause.
    pausing
        Whether the pause after the last attempt is not over.
    held
        Whether other videos met a fault that this one would meet too.
    suspended_in_queue
        Whether the VideoJob is suspended and belongs to a Kueue queue.
    stalled_too_long
        Whether it has been stalled for as long as a wait may last.
    has_conditions
        Whether its status was written before.
    """
    match row_needed, pausing, suspended_in_queue, held, stalled_too_long, has_conditions:
        case True, _, _, _, _, _:
            return Start.READ_ROW
        case _, True, _, _, _, _:
            return Start.PAUSE
        case _, _, True, _, _, _:
            return Start.STAY_SUSPENDED
        case _, _, _, True, _, _:
            return Start.HOLD
        case _, _, _, _, True, _:
            return Start.END_STALLED
        case _, _, _, _, _, False:
            return Start.CREATE_FIRST
        case _:
            return Start.CREATE


def pause_left(claim: Claim | None, now: datetime) -> float:
    """Return how many seconds of the pause before an attempt are left; 0 where it may begin."""
    if claim is None or claim.not_before is None:
        return 0.0
    left = max(0.0, (claim.not_before - now).total_seconds())
    # No pause is longer: a wrong clock wrote the time.
    return left if left <= _LONGEST_PAUSE_SECONDS else 0.0


def plan_start(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the actions for a VideoJob that has a claim and no Job."""
    claim = seen.row.claim if isinstance(seen.row, JobRow) else None
    history = claim.history if claim is not None else History()
    left = pause_left(claim, now)
    too_long = stalled_too_long(seen, PENDING, config, now)
    start = start_of(
        row_needed=isinstance(seen.row, Unread) and not seen.never_attempted,
        pausing=left > 0,
        held=seen.hold is not None,
        suspended_in_queue=seen.spec.suspend and bool(seen.spec.queue_name or config.queue_name),
        stalled_too_long=too_long is not None,
        has_conditions=bool(seen.videojob.status.conditions),
    )
    match start:
        case Start.READ_ROW:
            return [ReadRow()]
        case Start.PAUSE:
            assert claim is not None
            return _pause(seen, claim, left, now)
        case Start.HOLD:
            assert seen.hold is not None
            return _hold(seen, seen.hold, history, now)
        case Start.STAY_SUSPENDED:
            # A change of the spec or of the row brings an event, so nothing is requeued.
            return _show_wait(seen, config, history, now)
        case Start.END_STALLED:
            assert too_long is not None
            return plan_stalled_too_long(seen, too_long, now)
        case Start.CREATE_FIRST:
            return [_create(seen, config, history), RequeueAfter(0.0)]
        case Start.CREATE:
            return [_create(seen, config, history), *_show_wait(seen, config, history, now), WAITING_RECHECK]


def _hold(seen: Observation, hold: Hold, history: History, now: datetime) -> list[Action]:
    requeue = RequeueAfter(min(hold.seconds, _HOLD_RECHECK_SECONDS))
    if seen.videojob.blocked_by is not None:
        # It says so already, perhaps with another fault: a second replica, which may know of others, is not answered.
        return [requeue]
    failure = TABLE[hold.reason]
    wait = Wait(hold.reason, f"{failure.with_remedy(hold.words)} {status.ONE_TRIES}")
    attempts = max(history.failures, 1)
    shown = status.waiting(seen.videojob, None, (), wait, now, blocked=True, attempts=attempts)
    return [PatchStatus(shown), requeue]


def _create(seen: Observation, config: OperatorConfig, history: History) -> CreateJob:
    manifest = build_job(seen.videojob, seen.spec, seen.token, config, more_memory=history.more_memory)
    return CreateJob(manifest)


def _show_wait(seen: Observation, config: OperatorConfig, history: History, now: datetime) -> list[Action]:
    wait = SUSPENDED if seen.spec.suspend else PENDING
    overdue = stalled(seen, wait, config)
    shown = status.waiting(seen.videojob, None, (), wait, now, stalled=overdue, attempts=history.failures + 1)
    return patch_if_it_changes(seen.videojob, shown)


def _pause(seen: Observation, claim: Claim, left: float, now: datetime) -> list[Action]:
    """Wait for the next attempt, and write the status where a crash prevented that."""
    assert claim.not_before is not None
    reason = claim.reason or Reason.JOB_DELETED
    shown = any(item.type == "Progressing" and item.reason == reason for item in seen.videojob.status.conditions or ())
    failure = TABLE[reason]
    patch = status.trying_again(
        seen.videojob, failure, failure.sentence, attempts=claim.failures, not_before=claim.not_before, now=now
    )
    return [*(() if shown else (PatchStatus(patch),)), RequeueAfter(min(left, _LONGEST_REQUEUE_SECONDS))]
