"""What the loop of `runops work` decides between two videos, and what it claims. Without a table."""

from uuid import uuid4

import pytest

from runops.job_row import JobRow
from runops_cli.terminal.exit_codes import Exit
from runops_cli.work.claiming import next_claim, too_many_crashes
from runops_cli.work.loop_state import LoopState, Step
from runops_cli.work.row_end import Ending


@pytest.mark.parametrize(
    ("once", "claimed", "problem", "step"),
    [
        (False, True, False, Step.CLAIM),
        (False, True, True, Step.PAUSE),
        (False, False, False, Step.PAUSE),
        (False, False, True, Step.PAUSE),
        (True, True, False, Step.CLAIM),
        (True, True, True, Step.STOP),
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
        ([Ending.FAILED, Ending.PUT_BACK], Exit.UNAVAILABLE),
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


def test_problem_is_printed_once_and_its_end_too() -> None:
    state = LoopState()
    assert state.claim_impossible("Away.") == "Away. Trying again; nothing is claimed meanwhile."
    assert state.claim_impossible("Away.") is None
    assert state.claim_impossible("Wrong key.") == "Wrong key. Trying again; nothing is claimed meanwhile."
    assert state.queue_read(claimed=False, now=0) == "It works again."
    assert state.queue_read(claimed=False, now=1) is None


def test_once_does_not_promise_to_try_again() -> None:
    assert LoopState(once=True).claim_impossible("Away.") == "Away."


def test_wrong_setting_counts_as_fixed_only_after_a_video_got_past_it() -> None:
    state = LoopState()
    state.video_ended(Ending.PUT_BACK, now=0)
    assert state.queue_read(claimed=True, now=1) is None
    assert state.exit_code == 5
    assert state.video_ended(Ending.COMPLETED, now=2) == "It works again."
    assert state.exit_code == 0


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
