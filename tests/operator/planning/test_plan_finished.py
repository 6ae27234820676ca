"""A finished VideoJob: its row is repaired, and it is deleted when it has expired."""

import pytest

from runops.failures import TABLE, Reason
from runops.job_row import JobRow
from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.actions import (
    Action,
    CheckResults,
    CompleteRow,
    DeleteVideoJob,
    FailRow,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.plan import plan
from tests.operator.planning.observations import NOW, OTHER_TOKEN, TOKEN, UID, ago, condition, row, seen, spec, videojob
from tests.operator.world import CONFIG

FINISHED, FAILED, COMPLETE = condition("Finished"), condition("Failed"), condition("Complete")
SENTENCE = "It is damaged."


def ended(seconds_ago: float, *, ttl: int = 7200) -> VideoJobView:
    return videojob(
        FINISHED, COMPLETE, spec=spec(ttl_seconds_after_finished=ttl), status={"completion_time": ago(seconds_ago)}
    )


@pytest.mark.parametrize(
    ("seconds_ago", "actions"),
    [
        (7201, [ReadRow()]),
        (7200, [ReadRow()]),
        (7199, [RequeueAfter(1.0)]),
        (3600, [RequeueAfter(3600.0)]),
        (0, [RequeueAfter(3600.0)]),
    ],
)
def test_the_row_of_a_finished_videojob_is_read_when_it_has_expired(seconds_ago: float, actions: list[Action]) -> None:
    assert plan(seen(ended(seconds_ago)), CONFIG, NOW) == actions


@pytest.mark.parametrize(
    ("found", "actions"),
    [
        pytest.param(row("completed"), [DeleteVideoJob(UID)], id="the row ended"),
        pytest.param(None, [DeleteVideoJob(UID)], id="the row was deleted"),
        pytest.param(row(claim=OTHER_TOKEN), [DeleteVideoJob(UID)], id="a later VideoJob holds the row"),
        pytest.param(row(), [CheckResults()], id="the row has not ended"),
    ],
)
def test_an_expired_videojob_is_deleted_unless_its_row_would_run_again(
    found: JobRow | None, actions: list[Action]
) -> None:
    assert plan(seen(ended(7200), row=found), CONFIG, NOW) == actions


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(videojob(FINISHED), id="no completion time"),
        pytest.param(videojob(FINISHED, status={"completion_time": "soon"}), id="malformed completion time"),
        pytest.param(videojob(FINISHED, spec=None, status={"completion_time": ago(10)}), id="malformed spec"),
    ],
)
def test_a_finished_videojob_whose_expiry_is_unknown_stays(view: VideoJobView) -> None:
    assert plan(seen(view), CONFIG, NOW) == []


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="row deleted"),
        pytest.param(row("completed"), id="row completed"),
        pytest.param(row(claim=OTHER_TOKEN), id="row held by a later VideoJob"),
        pytest.param(row(claim=None), id="row held by nobody"),
    ],
)
def test_a_row_that_the_videojob_does_not_hold_changes_nothing(found: JobRow | None) -> None:
    view = videojob(FINISHED, FAILED, status={"completion_time": ago(0)})
    assert plan(seen(view, row=found), CONFIG, NOW) == [RequeueAfter(3600.0)]


def test_an_unclaimed_videojob_holds_no_row() -> None:
    view = videojob(FINISHED, FAILED, claim=None, status={"completion_time": ago(0)})
    assert plan(seen(view, row=row()), CONFIG, NOW) == [RequeueAfter(3600.0)]


def test_a_failed_videojob_sets_a_row_still_in_processing_to_error() -> None:
    view = videojob(FINISHED, FAILED, status={"message": SENTENCE, "completion_time": ago(0)})
    assert plan(seen(view, row=row()), CONFIG, NOW) == [FailRow(TOKEN, SENTENCE, required=False)]


def test_a_failed_videojob_without_a_message_says_that_its_job_was_deleted() -> None:
    sentence = TABLE[Reason.JOB_DELETED].sentence
    assert plan(seen(videojob(FINISHED, FAILED), row=row()), CONFIG, NOW) == [FailRow(TOKEN, sentence, required=False)]


@pytest.mark.parametrize(
    ("results", "action"),
    [(None, CheckResults()), (True, CompleteRow(TOKEN)), (False, DeleteVideoJob(UID))],
)
def test_a_succeeded_videojob_completes_a_row_still_in_processing_if_the_results_exist(
    results: bool | None, action: Action
) -> None:
    assert plan(seen(videojob(FINISHED, COMPLETE), row=row(), results=results), CONFIG, NOW) == [action]
