"""A VideoJob whose Job has not ended: what its status shows, and what ends it."""

from dataclasses import replace
from typing import Any

import pytest

from runops.failures import TABLE, Reason
from runops_operator.planning.actions import (
    Action,
    DeleteJob,
    FailRow,
    NextAttempt,
    PatchStatus,
    ReadRow,
    RequeueAfter,
    SuspendJob,
)
from runops_operator.planning.plan import plan
from runops_operator.planning.plan_active import RUNNING_RECHECK
from runops_operator.planning.plan_waits import WAITING_RECHECK
from tests.operator.planning.observations import (
    JOB_UID,
    NAME,
    NOW,
    ago,
    condition,
    conditions_of,
    job,
    kinds,
    pod,
    row,
    seen,
    spec,
    videojob,
)
from tests.operator.world import CONFIG

SUSPENDED = videojob(spec=spec(suspend=True))
QUIET = CONFIG.deadlines.no_progress_seconds


def test_a_running_worker_is_shown_and_rechecked_rarely() -> None:
    patch, recheck = plan(seen(job=job(), pods=[pod()]), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["phase"] == "Running"
    assert patch.status["resolved"]["image"] == "worker:1"
    assert patch.status["workerPod"] == {"name": "pod-1", "uid": "pod-uid", "node": "node-1"}
    assert recheck is RUNNING_RECHECK
    assert (recheck.seconds, recheck.most_per_second) == (15.0, 0.5)


def test_a_waiting_worker_is_shown_and_rechecked_soon() -> None:
    patch, recheck = plan(seen(job=job(), pods=[pod(phase="Pending")]), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["phase"] == "Pending"
    assert patch.status["resolved"]["image"] == "worker:1"
    assert recheck is WAITING_RECHECK
    assert (recheck.seconds, recheck.most_per_second) == (5.0, 10.0)


def test_a_status_that_shows_everything_is_not_written_again() -> None:
    first = plan(seen(job=job(), pods=[pod()]), CONFIG, NOW)[0]
    assert isinstance(first, PatchStatus)
    view = videojob(status=dict(first.status))
    assert plan(seen(view, job=job(), pods=[pod()]), CONFIG, NOW) == [RUNNING_RECHECK]


@pytest.mark.parametrize(("quiet", "ends"), [(QUIET + 0.1, True), (QUIET, False), (0.0, False)])
def test_a_worker_that_makes_no_progress_is_ended_after_its_deadline(quiet: float, ends: bool) -> None:
    actions = plan(seen(job=job(), pods=[pod()], row=row(), quiet_seconds=quiet), CONFIG, NOW)
    if ends:
        assert kinds(actions) == ["NextAttempt", "AdoptClaim", "PatchStatus", "DeleteJob", "RequeueAfter"]
        patch = actions[2]
        assert isinstance(patch, PatchStatus)
        assert patch.status["reason"] == Reason.NO_PROGRESS
    else:
        assert actions[-1] is RUNNING_RECHECK


def test_a_quiet_row_is_read_before_its_worker_is_ended() -> None:
    assert plan(seen(job=job(), pods=[pod()], quiet_seconds=QUIET + 1), CONFIG, NOW) == [ReadRow()]


def test_a_pod_that_does_not_run_makes_no_progress_and_is_not_ended_for_it() -> None:
    actions = plan(seen(job=job(), pods=[pod(phase="Pending")], row=row(), quiet_seconds=QUIET + 1), CONFIG, NOW)
    assert actions[-1] is WAITING_RECHECK


@pytest.mark.parametrize(
    ("suspend", "suspended", "queued", "actions"),
    [
        pytest.param(False, False, False, [], id="neither"),
        pytest.param(True, True, False, [], id="both"),
        pytest.param(True, False, False, [SuspendJob(NAME, True)], id="suspend it"),
        pytest.param(False, True, False, [SuspendJob(NAME, False)], id="resume it"),
        pytest.param(False, True, True, [], id="Kueue has not admitted it"),
    ],
)
def test_the_job_is_suspended_and_resumed_as_the_spec_says(
    suspend: bool, suspended: bool, queued: bool, actions: list[SuspendJob]
) -> None:
    view = videojob(spec=spec(suspend=suspend))
    planned = plan(seen(view, job=job(suspended=suspended, queued=queued)), CONFIG, NOW)
    assert [action for action in planned if isinstance(action, SuspendJob)] == actions
    assert planned[-1] is WAITING_RECHECK


def test_a_job_is_suspended_while_its_worker_still_runs() -> None:
    planned = plan(seen(SUSPENDED, job=job(), pods=[pod()]), CONFIG, NOW)
    assert planned[0] == SuspendJob(NAME, suspend=True)


@pytest.mark.parametrize("suspended", [False, True])
def test_a_suspended_videojob_in_a_queue_loses_its_job(suspended: bool) -> None:
    planned = plan(seen(SUSPENDED, job=job(queued=True, suspended=suspended)), CONFIG, NOW)
    assert planned == [DeleteJob(NAME, JOB_UID), RequeueAfter(0.5)]


def test_a_pod_that_waits_too_long_is_stalled() -> None:
    unscheduled = pod(phase="Pending", waiting_reason="Unschedulable")
    overdue = CONFIG.deadlines.unschedulable_seconds + 1
    patch = plan(seen(job=job(), pods=[unscheduled], waited_seconds=overdue), CONFIG, NOW)[0]
    assert isinstance(patch, PatchStatus)
    assert conditions_of(patch.status)["Stalled"] == ("True", "Unschedulable")


def test_a_pod_stalled_for_longer_than_any_wait_may_last_ends_the_videojob() -> None:
    stalled = condition("Stalled", reason="Unschedulable", since=ago(CONFIG.deadlines.waiting_seconds + 1))
    tried = CONFIG.deadlines.starting_seconds + 1
    waiting = {"job": job(), "pods": [pod(phase="Pending")], "waited_seconds": tried}
    assert plan(seen(videojob(stalled), **waiting), CONFIG, NOW) == [ReadRow()]
    assert kinds(plan(seen(videojob(stalled), row=row(), **waiting), CONFIG, NOW)) == [
        "FailRow",
        "DeleteJob",
        "PatchStatus",
    ]


def test_a_worker_that_runs_is_not_ended_for_an_earlier_stall() -> None:
    stalled = condition("Stalled", reason="Unschedulable", since=ago(CONFIG.deadlines.waiting_seconds + 1))
    assert plan(seen(videojob(stalled), job=job(), pods=[pod()]), CONFIG, NOW)[-1] is RUNNING_RECHECK


def test_a_refused_pod_is_shown_with_the_api_servers_words() -> None:
    patch = plan(seen(job=job(), pod_refused="exceeded quota"), CONFIG, NOW)[0]
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == Reason.JOB_REFUSED
    assert "(exceeded quota)" in patch.status["message"]


def _quiet(seconds: float, **changes: Any) -> list[Action]:
    return plan(seen(job=job(), row=row(), pods=[replace(pod(), **changes)], quiet_seconds=seconds), CONFIG, NOW)


@pytest.mark.parametrize("lost", [{"disrupted": True}, {"deleting": True}])
def test_a_pod_that_the_cluster_took_away_is_an_interruption_and_no_attempt(lost: dict[str, bool]) -> None:
    grace = CONFIG.worker.termination_grace_period_seconds + 60
    assert kinds(_quiet(grace, **lost))[0] == "PatchStatus", "its worker may still write its last words"
    for quiet in (grace + 1, CONFIG.deadlines.no_progress_seconds + 1):
        prepare = _quiet(quiet, **lost)[0]
        assert isinstance(prepare, NextAttempt)
        assert (prepare.claim.reason, prepare.claim.failures) == (Reason.EVICTED, 0)


@pytest.mark.parametrize(("seconds", "ends"), [(7200, False), (7201, True)])
def test_the_deadline_of_a_video_counts_from_when_its_container_began(seconds: float, ends: bool) -> None:
    fail = _quiet(0, started=ago(seconds), created=ago(9e5))[0]
    assert isinstance(fail, FailRow) is ends
    if isinstance(fail, FailRow):
        assert fail.sentence == TABLE[Reason.DEADLINE_EXCEEDED].sentence
