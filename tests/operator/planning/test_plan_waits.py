"""When a wait is shown as stalled, and when it has lasted longer than any wait may."""

from dataclasses import replace

import pytest

from runops.failures import TABLE, Reason
from runops.videojob import Condition
from runops_operator.planning.actions import DeleteJob, FailRow, PatchStatus, ReadRow
from runops_operator.planning.plan_waits import plan_refused, plan_stalled_too_long, stalled, stalled_too_long
from runops_operator.planning.waiting import PENDING, SUSPENDED, deadline_of
from tests.operator.planning.observations import (
    JOB_UID,
    NAME,
    NOW,
    TOKEN,
    ago,
    condition,
    conditions_of,
    job,
    row,
    seen,
    videojob,
)
from tests.operator.world import CONFIG

CLAIMED = CONFIG.deadlines.claimed_seconds
LONGEST = CONFIG.deadlines.waiting_seconds
REMEDY = TABLE[Reason.JOB_REFUSED].remedy


@pytest.mark.parametrize(
    ("waited", "shown", "overdue"),
    [
        pytest.param(CLAIMED, None, False, id="at its deadline"),
        pytest.param(CLAIMED + 0.1, None, True, id="after its deadline"),
        pytest.param(0, condition("Stalled", reason="JobRefused"), True, id="shown before a restart"),
        pytest.param(0, condition("Stalled", reason="Unschedulable"), False, id="shown for another reason"),
        pytest.param(0, condition("Stalled", status="False", reason="JobRefused"), False, id="no longer shown"),
        pytest.param(0, condition("Blocked", reason="JobRefused"), False, id="another condition"),
    ],
)
def test_a_wait_is_stalled_after_its_deadline(waited: float, shown: Condition | None, overdue: bool) -> None:
    view = videojob(shown) if shown is not None else videojob()
    expected = (Reason.JOB_REFUSED, f"{PENDING.message} {REMEDY}") if overdue else None
    assert stalled(seen(view, waited_seconds=waited), PENDING, CONFIG) == expected


def test_a_suspended_videojob_is_never_stalled() -> None:
    assert stalled(seen(waited_seconds=1e9), SUSPENDED, CONFIG) is None


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        pytest.param(None, None, id="never stalled"),
        pytest.param(condition("Stalled", reason="Unschedulable", since=ago(LONGEST)), None, id="at the limit"),
        pytest.param(
            condition("Stalled", reason="Unschedulable", since=ago(LONGEST + 1)), Reason.UNSCHEDULABLE, id="too long"
        ),
        pytest.param(
            condition("Stalled", reason="ImagePullFailed", since=ago(100 * LONGEST)), None, id="an image is waited for"
        ),
        pytest.param(
            condition("Stalled", status="False", reason="Unschedulable", since=ago(LONGEST + 1)),
            None,
            id="not any more",
        ),
        pytest.param(condition("Stalled", reason="Odd", since=ago(LONGEST + 1)), None, id="a reason of somebody else"),
        pytest.param(condition("Stalled", reason="Unschedulable", since="long ago"), None, id="no readable time"),
        pytest.param(
            condition("Blocked", reason="Unschedulable", since=ago(LONGEST + 1)), None, id="another condition"
        ),
    ],
)
def test_the_longest_wait(shown: Condition | None, reason: Reason | None) -> None:
    view = videojob(shown) if shown is not None else videojob()
    tried = deadline_of("Pending", CONFIG.deadlines)
    assert tried is not None
    waited = seen(view, waited_seconds=tried[0] + 1)
    assert stalled_too_long(waited, PENDING, CONFIG, NOW) is reason
    just_started = replace(waited, waited_seconds=tried[0])
    assert stalled_too_long(just_started, PENDING, CONFIG, NOW) is None, "nobody tried while the operator was away"


def test_a_wait_without_a_deadline_ends_nothing() -> None:
    view = videojob(condition("Stalled", reason="Unschedulable", since=ago(LONGEST + 1)))
    assert stalled_too_long(seen(view, waited_seconds=1e9), SUSPENDED, CONFIG, NOW) is None


def test_the_row_is_read_before_a_wait_ends_the_videojob() -> None:
    assert plan_stalled_too_long(seen(), Reason.UNSCHEDULABLE, NOW) == [ReadRow()]


def test_a_wait_that_ends_the_videojob_says_how_to_avoid_it_and_counts_no_attempt() -> None:
    fail, stop, patch = plan_stalled_too_long(seen(row=row(), job=job()), Reason.UNSCHEDULABLE, NOW)
    failure = TABLE[Reason.UNSCHEDULABLE]
    message = f"{failure.sentence} {failure.remedy}"
    assert fail == FailRow(TOKEN, message, required=True)
    assert stop == DeleteJob(NAME, JOB_UID)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"], patch.status["attempts"]) == ("Unschedulable", message, 0)


def test_a_refused_job_is_shown_with_the_api_servers_words() -> None:
    (patch,) = plan_refused(seen(), "exceeded quota" + "!" * 600, CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    words = "exceeded quota" + "!" * 486
    assert patch.status["message"] == f"{TABLE[Reason.JOB_REFUSED].sentence} ({words})"
    assert conditions_of(patch.status) == {"Progressing": ("False", "JobRefused"), "Finished": ("False", "JobRefused")}


def test_a_job_refused_for_too_long_is_stalled() -> None:
    (patch,) = plan_refused(seen(waited_seconds=CLAIMED + 1), "no", CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert conditions_of(patch.status)["Stalled"] == ("True", "JobRefused")


def test_a_refusal_that_is_already_shown_is_not_written_again() -> None:
    (patch,) = plan_refused(seen(), "no", CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert plan_refused(seen(videojob(status=dict(patch.status))), "no", CONFIG, NOW) == []
