"""What the loop of `runops work` decides between two videos, and what it claims. Without a table."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from runops.failures import Reason
from runops.job_row import JobRow
from runops_cli.terminal.exit_codes import Exit
from runops_cli.work.claiming import next_claim, too_many_crashes
from runops_cli.work.faults import Wait
from runops_cli.work.loop_state import LoopState, Step
from runops_cli.work.row_end import Ending


@pytest.mark.parametrize(
    ("once", "claimed", "problem", "step"),
    [
        (False, True, False, Step.CLAIM),
        (False, True, True, Step.CLAIM),
        (False, False, False, Step.PAUSE),
        (False, False, True, Step.PAUSE),
        (True, True, False, Step.CLAIM),
        (True, True, True, Step.CLAIM),
        (True, False, False, Step.STOP),
        (True, False, True, Step.STOP),
    ],
)
def test_next_step(*, once: bool, claimed: bool, problem: bool, step: Step) -> None:
    state = LoopState(once=once)
    if problem:
        state.claim_impossible("Gemini rejected the key.")
    assert state.next_step(claimed=claimed) is step


def test_loop_stops_after_the_wanted_number_of_videos() -> None:
    state = LoopState(most=2)
    state.video_ended(Ending.PUT_BACK, now=0)
    state.queue_read(claimed=True, now=1)
    state.video_ended(Ending.COMPLETED, now=1)
    assert state.next_step(claimed=True) is Step.CLAIM
    state.video_ended(Ending.LEFT_ALONE, now=2)
    assert state.next_step(claimed=True) is Step.STOP


@pytest.mark.parametrize(
    ("endings", "code"),
    [
        ([], Exit.OK),
        ([Ending.COMPLETED, Ending.LEFT_ALONE], Exit.OK),
        ([Ending.FAILED, Ending.COMPLETED], Exit.FAILED),
        ([Ending.FAILED, Ending.PUT_BACK], Exit.FAILED),
        ([Ending.PUT_BACK, Ending.COMPLETED], Exit.OK),
    ],
)
def test_exit_code(endings: list[Ending], code: Exit) -> None:
    state = LoopState()
    for ending in endings:
        state.video_ended(ending, now=0)
    assert state.exit_code is code


@pytest.mark.parametrize(
    ("ending", "needs_check"),
    [(Ending.COMPLETED, False), (Ending.LEFT_ALONE, False), (Ending.FAILED, True), (Ending.PUT_BACK, True)],
)
def test_keys_are_checked_first_and_again_after_each_failure(ending: Ending, *, needs_check: bool) -> None:
    state = LoopState()
    assert state.needs_check
    state.queue_read(claimed=True, now=0)
    assert not state.needs_check
    state.video_ended(ending, now=1)
    assert state.needs_check is needs_check


def test_a_loop_without_a_video_has_found_nothing_unless_something_hindered_it() -> None:
    state = LoopState(once=True)
    state.queue_read(claimed=False, now=0)
    assert state.found_nothing
    state.claim_impossible("Gemini rejected the key.")
    assert not state.found_nothing
    state.queue_read(claimed=True, now=1)
    state.video_ended(Ending.LEFT_ALONE, now=2)
    assert not state.found_nothing


def test_problem_is_printed_once_and_its_end_too() -> None:
    state = LoopState()
    assert state.claim_impossible("Away.") == "Away. Trying again; nothing is claimed meanwhile."
    assert state.claim_impossible("Away.") is None
    assert state.claim_impossible("Wrong key.") == "Wrong key. Trying again; nothing is claimed meanwhile."
    assert state.queue_read(claimed=False, now=0) == "It works again."
    assert state.queue_read(claimed=False, now=1) is None


def test_once_does_not_promise_to_try_again() -> None:
    assert LoopState(once=True).claim_impossible("Away.") == "Away."


AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def waiting(
    reason: Reason = Reason.MODEL_UNAVAILABLE, *, seconds: float = 20, tries: int = 1, alone: bool = False
) -> Wait:
    return Wait(reason, "Words.", AT, AT + timedelta(seconds=seconds), seconds, tries, alone=alone)


def test_a_fault_counts_as_over_only_after_a_video_got_past_it() -> None:
    state = LoopState()
    assert state.waits(waiting(Reason.MISCONFIGURED), now=0) == waiting(Reason.MISCONFIGURED).line
    assert state.queue_read(claimed=True, now=1) is None
    for ending in (Ending.PUT_BACK, Ending.FAILED, Ending.LEFT_ALONE):
        assert state.video_ended(ending, now=1) is None
        assert state.exit_code == 5
    assert state.video_ended(Ending.COMPLETED, now=2) == "It works again."
    assert state.exit_code == 1, "one video ended in error"


def test_a_fault_is_forgotten_where_somebody_else_took_the_rows() -> None:
    state = LoopState(once=True, retries=3)
    state.waits(waiting(), now=0)
    assert state.queue_read(claimed=False, now=1) is None
    assert (state.exit_code, state.next_step(claimed=False)) == (0, Step.STOP)


def test_a_wait_is_told_again_when_it_is_longer_or_lasts() -> None:
    state = LoopState()
    told = [
        state.waits(wait, now=now) is not None
        for wait, now in (
            (waiting(), 0.0),
            (waiting(), 5.0),
            (waiting(seconds=40), 20.0),
            (waiting(seconds=45), 60.0),
            (waiting(Reason.STORAGE_UNAVAILABLE, seconds=5), 61.0),
            (waiting(Reason.STORAGE_UNAVAILABLE, seconds=5), 660.0),
            (waiting(Reason.STORAGE_UNAVAILABLE, seconds=5), 661.0),
        )
    ]
    assert told == [True, False, True, False, True, False, True]


@pytest.mark.parametrize(
    ("wait", "step"),
    [
        (waiting(tries=3), Step.PAUSE),
        (waiting(tries=4), Step.STOP),
        (waiting(Reason.QUOTA_EXCEEDED, tries=200), Step.PAUSE),
        (waiting(Reason.KEY_REJECTED), Step.STOP),
    ],
    ids=["an outage", "a long one", "a quota", "a key"],
)
def test_once_waits_for_an_outage_and_a_quota_and_not_for_a_person(wait: Wait, step: Step) -> None:
    state = LoopState(once=True, retries=3)
    line = state.waits(wait, now=0)
    assert state.next_step(claimed=False) is step
    assert line == (wait.line if step is Step.PAUSE else wait.sentence)


def test_while_nothing_may_be_claimed_the_pause_lasts_until_then_and_beside_one_row_the_queue_is_read() -> None:
    state = LoopState()
    state.waits(waiting(seconds=40), now=0)
    assert state.pause_seconds(now=0, jitter=0) == 40
    state.waits(waiting(seconds=400), now=0)
    assert state.pause_seconds(now=0, jitter=0) == 60
    assert state.needs_check
    state.waits(waiting(seconds=400, alone=True), now=0)
    assert state.pause_seconds(now=0, jitter=0) <= 5
    assert not state.needs_check
    state.waits(waiting(seconds=0.5, alone=True), now=0)
    assert state.pause_seconds(now=0, jitter=0) == 0.5


def test_queue_is_read_often_after_a_video_and_seldom_when_idle() -> None:
    state = LoopState()
    idle = state.pause_seconds(now=0, jitter=0)
    state.queue_read(claimed=True, now=0)
    assert state.pause_seconds(now=1, jitter=0) < idle
    assert state.pause_seconds(now=10_000, jitter=0) == idle


def test_pauses_grow_with_each_failure_and_an_empty_queue_ends_that() -> None:
    state = LoopState()
    pauses = []
    for _ in range(10):
        state.claim_impossible("Away.")
        pauses.append(state.pause_seconds(now=0, jitter=0))
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30
    state.queue_read(claimed=False, now=0)
    assert state.pause_seconds(now=0, jitter=0) < pauses[3]


@pytest.mark.parametrize(("status", "attempt"), [("queued", 1), ("processing", 4)])
def test_only_an_abandoned_row_counts_its_earlier_attempts(status: str, attempt: int) -> None:
    row = JobRow(job_id=uuid4(), status=status, metadata={"runops": {"claim": "old", "by": "work/me", "attempt": 3}})
    claim = next_claim(row, by="work/me")
    assert (claim.attempt, claim.by) == (attempt, "work/me")
    assert claim.claim != "old"


@pytest.mark.parametrize(
    ("attempt", "retries", "error"),
    [
        (2, 1, None),
        (2, 0, "The worker exited without reporting a result. Given up after 1 attempt."),
        (4, 3, None),
        (5, 3, "The worker exited without reporting a result. Given up after 4 attempts."),
    ],
)
def test_row_that_kills_its_process_each_time_is_given_up(attempt: int, retries: int, error: str | None) -> None:
    row = JobRow(
        job_id=uuid4(), status="processing", metadata={"runops": {"claim": "a", "by": "me", "attempt": attempt - 1}}
    )
    assert too_many_crashes(next_claim(row, by="work/me"), retries=retries) == error
