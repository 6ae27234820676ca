"""The situations that need no module of their own, and what follows when a VideoJob or its row cannot be used."""

import pytest

from runops.failures import TABLE, Reason
from runops.job_row import successor
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.planning.actions import (
    Action,
    CompleteRow,
    DeleteJob,
    DeleteVideoJob,
    FailRow,
    PatchStatus,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.observation import Observation
from runops_operator.planning.plan import plan, plan_gone, plan_row_refused, plan_unreadable
from tests.operator.planning.observations import (
    JOB_UID,
    NAME,
    NOW,
    OTHER_TOKEN,
    TOKEN,
    UID,
    ago,
    condition,
    conditions_of,
    job,
    kinds,
    row,
    seen,
    spec,
    videojob,
)
from tests.operator.world import CONFIG

CANCELLED = TABLE[Reason.CANCELLED].sentence
STOP = DeleteJob(NAME, JOB_UID)


def test_a_videojob_that_a_finalizer_keeps_is_cancelled_and_holds_no_slot() -> None:
    actions = plan(seen(videojob(deleting=True), job=job()), CONFIG, NOW)
    assert kinds(actions) == ["FailRow", "FailRow", "DeleteJob", "PatchStatus"]
    (patch,) = [action for action in actions if isinstance(action, PatchStatus)]
    assert conditions_of(patch.status)["Finished"] == ("True", "Cancelled")


@pytest.mark.parametrize(
    ("given", "attempts"),
    [
        pytest.param(None, 0, id="no Job"),
        pytest.param(job(active=0), 0, id="no pod was created"),
        pytest.param(job(), 1, id="a pod runs"),
    ],
)
def test_a_videojob_that_a_finalizer_keeps_counts_an_attempt_whose_pod_was_created(
    given: JobView | None, attempts: int
) -> None:
    actions = plan(seen(videojob(deleting=True), job=given), CONFIG, NOW)
    (patch,) = [action for action in actions if isinstance(action, PatchStatus)]
    assert patch.status["attempts"] == attempts


def test_nothing_is_done_about_an_ended_videojob_that_kubernetes_deletes() -> None:
    assert plan(seen(videojob(condition("Finished"), deleting=True), job=job(), row=None), CONFIG, NOW) == []


def test_the_job_of_an_earlier_videojob_is_deleted_by_its_uid() -> None:
    assert plan(seen(job=job(uid="old", owner_uid="earlier")), CONFIG, NOW) == [
        DeleteJob(NAME, "old"),
        RequeueAfter(0.5),
    ]


def test_a_job_of_another_attempt_is_deleted_after_the_row_was_read() -> None:
    old = job(claim=OTHER_TOKEN)
    assert plan(seen(job=old), CONFIG, NOW) == [ReadRow()]
    assert plan(seen(job=old, row=row()), CONFIG, NOW) == [STOP, RequeueAfter(0.5)]


@pytest.mark.parametrize(
    ("observation", "actions"),
    [
        pytest.param(seen(videojob(spec=None, spec_fault="spec.x: no")), ["FailRow", "PatchStatus"], id="claimed"),
        pytest.param(seen(videojob(spec=None, claim=None)), ["PatchStatus"], id="unclaimed"),
        pytest.param(seen(videojob(spec=None), job=job()), ["DeleteJob", "FailRow", "PatchStatus"], id="with its Job"),
        pytest.param(
            seen(videojob(spec=None), job=job(owner_uid="earlier")), ["FailRow", "PatchStatus"], id="with another's Job"
        ),
    ],
)
def test_a_malformed_videojob_ends_with_its_job_and_its_row(observation: Observation, actions: list[str]) -> None:
    assert kinds(plan(observation, CONFIG, NOW)) == actions


def test_a_malformed_videojob_says_what_is_wrong_and_does_not_depend_on_the_row() -> None:
    stop, fail, patch = plan(seen(videojob(spec=None, spec_fault="spec.x: no"), job=job()), CONFIG, NOW)
    message = "The VideoJob is malformed: spec.x: no."
    assert (stop, fail) == (STOP, FailRow(TOKEN, message, required=False))
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("InvalidSpec", message)
    assert conditions_of(patch.status)["Finished"] == ("True", "InvalidSpec")
    assert patch.status["attempts"] == 0


def test_a_row_that_can_never_be_read_ends_the_videojob_in_the_databases_words() -> None:
    fail, patch = plan_unreadable(seen(), "It is no row.", CONFIG, NOW)
    assert fail == FailRow(TOKEN, "It is no row.", required=False)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("DatabaseRefused", "It is no row.")


def test_a_finished_videojob_stays_as_it_is_when_its_row_cannot_be_read() -> None:
    assert plan_unreadable(seen(videojob(condition("Finished"))), "It is no row.", CONFIG, NOW) == []


def test_an_expired_videojob_is_deleted_though_its_row_cannot_be_read() -> None:
    expired = videojob(
        condition("Finished"), spec=spec(ttl_seconds_after_finished=60), status={"completion_time": ago(61)}
    )
    assert plan_unreadable(seen(expired), "It is no row.", CONFIG, NOW) == [DeleteVideoJob(UID)]


REFUSED = "Supabase refused setting the row to error."


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        pytest.param([CompleteRow(TOKEN)], REFUSED, id="the plan names no reason"),
        pytest.param([FailRow(TOKEN, "It is damaged.")], f"It is damaged. {REFUSED}", id="its reason is kept"),
    ],
)
def test_a_row_that_the_table_refuses_to_write_ends_its_videojob(refused: list[Action], message: str) -> None:
    stop, patch = plan_row_refused(seen(job=job()), refused, REFUSED, NOW)
    assert stop == STOP
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("DatabaseRefused", message)
    assert conditions_of(patch.status)["Finished"] == ("True", "DatabaseRefused")
    assert patch.status["attempts"] == 1


@pytest.mark.parametrize(
    "given", [pytest.param(None, id="no Job"), pytest.param(job(owner_uid="earlier"), id="an earlier VideoJob's Job")]
)
def test_a_refused_row_without_a_job_of_its_own_counts_no_attempt(given: JobView | None) -> None:
    (patch,) = plan_row_refused(seen(job=given), [], REFUSED, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == 0


def test_a_job_that_has_ended_stays_when_the_row_is_refused() -> None:
    assert kinds(plan_row_refused(seen(job=job(complete=True)), [], REFUSED, NOW)) == ["PatchStatus"]


def test_a_finished_videojob_stays_as_it_is_when_its_row_is_refused() -> None:
    assert plan_row_refused(seen(videojob(condition("Finished"))), [], REFUSED, NOW) == []


def test_a_deleted_videojob_cancels_its_row_under_its_token_and_under_the_next_attempts() -> None:
    assert plan_gone(videojob(), job()) == [
        STOP,
        FailRow(TOKEN, CANCELLED, required=False),
        FailRow(successor(TOKEN, JOB_UID), CANCELLED, required=False),
    ]


@pytest.mark.parametrize(
    "other", [pytest.param(None, id="no Job"), pytest.param(job(owner_uid="later"), id="the Job of a later VideoJob")]
)
def test_a_deleted_videojob_without_a_job_cancels_its_row_only(other: JobView | None) -> None:
    actions = plan_gone(videojob(), other)
    assert actions == [FailRow(TOKEN, CANCELLED, required=False)]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(videojob(condition("Finished")), id="finished"),
        pytest.param(videojob(claim=None), id="never claimed"),
    ],
)
def test_a_deleted_videojob_that_holds_no_row_loses_its_job_only(last: VideoJobView) -> None:
    assert plan_gone(last, job()) == [STOP]
