"""When the Job of the next attempt is created: the whole decision table, and the actions of each decision."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from runops.breakers.shared_faults import Hold
from runops.failures import TABLE, Reason
from runops.job_row import Claim
from runops_operator.config import OperatorConfig
from runops_operator.planning.actions import CreateJob, FailRow, PatchStatus, ReadRow, RequeueAfter
from runops_operator.planning.plan import plan
from runops_operator.planning.plan_start import Start, pause_left, start_of
from runops_operator.planning.plan_waits import WAITING_RECHECK
from tests.operator.planning.observations import (
    INSTALLATION,
    NOW,
    TOKEN,
    ago,
    condition,
    conditions_of,
    kinds,
    row,
    seen,
    spec,
    videojob,
)
from tests.operator.world import CONFIG

WITH_MEMORY = OperatorConfig.model_validate(
    CONFIG.model_dump(by_alias=True)
    | {"worker": CONFIG.worker.model_dump(by_alias=True) | {"resources": {"limits": {"memory": "1Gi"}}}}
)
BOTH = (False, True)
SHOWN = condition("Progressing", status="False", reason="Pending")


def claim(**given: Any) -> Claim:
    return Claim(claim=TOKEN, by=INSTALLATION, **given)


@pytest.mark.parametrize("rest", list(product(BOTH, repeat=5)))
def test_an_unread_row_is_read_before_anything_else(rest: tuple[bool, bool, bool, bool, bool]) -> None:
    assert _start(True, *rest) is Start.READ_ROW


@pytest.mark.parametrize("rest", list(product(BOTH, repeat=4)))
def test_a_pause_comes_before_suspension_faults_and_deadlines(rest: tuple[bool, bool, bool, bool]) -> None:
    assert _start(False, True, *rest) is Start.PAUSE


@pytest.mark.parametrize("rest", list(product(BOTH, repeat=3)))
def test_a_suspended_videojob_in_a_queue_gets_no_job(rest: tuple[bool, bool, bool]) -> None:
    assert _start(False, False, True, *rest) is Start.STAY_SUSPENDED


@pytest.mark.parametrize("rest", list(product(BOTH, repeat=2)))
def test_a_videojob_waits_for_a_fault_that_others_met_whatever_its_deadline(rest: tuple[bool, bool]) -> None:
    assert _start(False, False, False, True, *rest) is Start.HOLD


@pytest.mark.parametrize("has_conditions", BOTH)
def test_a_videojob_stalled_for_too_long_gets_no_job(has_conditions: bool) -> None:
    assert _start(False, False, False, False, True, has_conditions) is Start.END_STALLED


def test_a_new_videojob_gets_its_job_first_and_its_status_later() -> None:
    assert _start(False, False, False, False, False, False) is Start.CREATE_FIRST


def test_any_other_videojob_gets_its_job_and_its_status() -> None:
    assert _start(False, False, False, False, False, True) is Start.CREATE


def _start(*facts: bool) -> Start:
    names = ("row_needed", "pausing", "suspended_in_queue", "held", "stalled_too_long", "has_conditions")
    return start_of(**dict(zip(names, facts, strict=True)))


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(1, 1.0), (0, 0.0), (-1, 0.0), (7200, 7200.0), (7201, 0.0)],
    ids=["in the future", "now", "over", "the longest pause", "a wrong clock"],
)
def test_seconds_left_of_a_pause(seconds: float, left: float) -> None:
    assert pause_left(claim(not_before=NOW + timedelta(seconds=seconds)), NOW) == left


@pytest.mark.parametrize("without", [None, claim()])
def test_no_pause_is_left_where_none_is_recorded(without: Claim | None) -> None:
    assert pause_left(without, NOW) == 0.0


def test_a_videojob_whose_row_was_not_read_reads_it() -> None:
    assert plan(seen(), CONFIG, NOW) == [ReadRow()]


def test_a_row_that_was_never_attempted_needs_no_read() -> None:
    create, requeue = plan(seen(never_attempted=True), CONFIG, NOW)
    assert isinstance(create, CreateJob)
    assert create.manifest["metadata"]["annotations"] == {"runops.dev/claim": TOKEN}
    assert requeue == RequeueAfter(0.0), "the status follows"


def test_the_status_is_written_with_every_later_job() -> None:
    create, patch, recheck = plan(seen(videojob(SHOWN), row=row(failures=2)), CONFIG, NOW)
    assert isinstance(create, CreateJob)
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == 3, "two are used up"
    assert (patch.status["phase"], patch.status["reason"]) == ("Pending", "Pending")
    assert recheck == WAITING_RECHECK


@pytest.mark.parametrize(("more_memory", "limit"), [(False, "1Gi"), (True, "2Gi")])
def test_an_attempt_after_one_that_ran_out_of_memory_gets_twice_as_much(more_memory: bool, limit: str) -> None:
    create, _ = plan(seen(row=row(more_memory=more_memory)), WITH_MEMORY, NOW)
    assert isinstance(create, CreateJob)
    container = create.manifest["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"]["memory"] == limit


@pytest.mark.parametrize(
    ("of_videojob", "of_installation", "created"),
    [(None, None, True), ("videos", None, False), (None, "videos", False)],
)
def test_a_suspended_videojob_gets_a_suspended_job_unless_kueue_would_resume_it(
    of_videojob: str | None, of_installation: str | None, created: bool
) -> None:
    config = CONFIG.model_copy(update={"queue_name": of_installation})
    view = videojob(SHOWN, spec=spec(suspend=True, queue_name=of_videojob))
    actions = plan(seen(view, row=row(failures=1)), config, NOW)
    assert kinds(actions) == (["CreateJob", "PatchStatus", "Recheck"] if created else ["PatchStatus"])
    patch = next(action for action in actions if isinstance(action, PatchStatus))
    assert (patch.status["phase"], patch.status["reason"]) == ("Suspended", "Suspended")
    assert patch.status["attempts"] == 2


def test_a_queued_videojob_that_is_not_suspended_gets_its_job() -> None:
    view = videojob(SHOWN, spec=spec(queue_name="videos"))
    assert kinds(plan(seen(view, row=row()), CONFIG, NOW)) == ["CreateJob", "PatchStatus", "Recheck"]


def test_a_videojob_without_a_job_that_waits_too_long_is_stalled() -> None:
    overdue = seen(videojob(SHOWN), row=row(), waited_seconds=CONFIG.deadlines.claimed_seconds + 1)
    patch = plan(overdue, CONFIG, NOW)[1]
    assert isinstance(patch, PatchStatus)
    assert conditions_of(patch.status)["Stalled"] == ("True", "JobRefused")


def test_a_videojob_stalled_for_longer_than_any_wait_may_last_ends_in_error() -> None:
    stalled = condition("Stalled", reason="JobRefused", since=ago(CONFIG.deadlines.waiting_seconds + 1))
    tried = CONFIG.deadlines.claimed_seconds + 1
    fail, patch = plan(seen(videojob(SHOWN, stalled), row=row(), waited_seconds=tried), CONFIG, NOW)
    failure = TABLE[Reason.JOB_REFUSED]
    assert fail == FailRow(TOKEN, f"{failure.sentence} {failure.remedy}")
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "JobRefused"


def test_a_pause_is_waited_for_and_shown_where_the_status_does_not_show_it() -> None:
    waiting = row(failures=2, reason=Reason.MODEL_TIMEOUT, not_before=NOW + timedelta(seconds=90))
    patch, requeue = plan(seen(row=waiting), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    sentence = TABLE[Reason.MODEL_TIMEOUT].sentence
    assert patch.status["message"] == f"{sentence} Trying again at 2026-01-02T03:05:35Z."
    assert patch.status["attempts"] == 2
    assert requeue == RequeueAfter(90.0)


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        (condition("Progressing", status="False", reason="ModelTimeout"), False),
        (condition("Progressing", status="False", reason="Pending"), True),
        (condition("Stalled", status="False", reason="ModelTimeout"), True),
    ],
)
def test_a_pause_that_the_status_shows_is_not_written_again(shown: Any, written: bool) -> None:
    waiting = row(reason=Reason.MODEL_TIMEOUT, not_before=NOW + timedelta(seconds=90))
    actions = plan(seen(videojob(shown), row=waiting), CONFIG, NOW)
    assert kinds(actions) == (["PatchStatus", "RequeueAfter"] if written else ["RequeueAfter"])


def test_a_pause_without_a_reason_is_shown_as_a_deleted_job() -> None:
    patch = plan(seen(row=row(not_before=NOW + timedelta(seconds=1))), CONFIG, NOW)[0]
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "JobDeleted"


def test_a_long_pause_is_checked_every_hour() -> None:
    waiting = row(reason=Reason.MODEL_TIMEOUT, not_before=NOW + timedelta(seconds=5400))
    assert plan(seen(row=waiting), CONFIG, NOW)[-1] == RequeueAfter(3600.0)


def test_a_video_that_would_meet_the_fault_of_others_waits_and_says_for_what() -> None:
    hold = Hold(Reason.MODEL_UNAVAILABLE, "The model is overloaded.", 400.0)
    patch, requeue = plan(seen(row=row(), hold=hold), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    shown = conditions_of(patch.status)
    assert shown["Blocked"] == ("True", "ModelUnavailable")
    assert shown["Progressing"] == ("False", "ModelUnavailable")
    assert patch.status["message"].startswith("The model is overloaded. ")
    assert TABLE[Reason.MODEL_UNAVAILABLE].remedy in patch.status["message"]
    assert requeue == RequeueAfter(30.0), "the fault may be over earlier"
    told = videojob(condition("Blocked", reason="KeyRejected"))
    assert plan(seen(told, row=row(), hold=hold), CONFIG, NOW) == [RequeueAfter(30.0)], "it says so already"
    soon = replace(hold, words="", seconds=3.0)
    patch, requeue = plan(seen(row=row(), hold=soon), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"].startswith(TABLE[Reason.MODEL_UNAVAILABLE].sentence)
    assert requeue == RequeueAfter(3.0)


@pytest.mark.parametrize(("failures", "attempts"), [(0, 1), (1, 1), (3, 3)])
def test_a_video_that_waits_for_a_fault_of_others_shows_the_attempts_it_used(failures: int, attempts: int) -> None:
    hold = Hold(Reason.MODEL_UNAVAILABLE, "The model is overloaded.", 400.0)
    patch, _ = plan(seen(row=row(failures=failures), hold=hold), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == attempts
