"""What `runops work` decides, without any outside."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import TABLE, Failed, FailureClass, Reason
from runops.job_row import JobRow
from runops_cli.decide import (
    STALE_SECONDS,
    GiveUp,
    LeaveAlone,
    PutBack,
    Retry,
    after_failure,
    is_abandoned,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@given(st.sampled_from(Reason), st.integers(1, 12), st.integers(0, 10), st.floats(0, 1))
def test_every_failure_comes_to_an_end(reason: Reason, attempt: int, retries: int, jitter: float) -> None:
    error = Failed(reason, "Told.")
    match after_failure(error, attempt=attempt, retries=retries, jitter=jitter):
        case Retry(seconds):
            assert TABLE[reason].retryable
            assert attempt <= retries
            assert 0 < seconds <= 360
        case GiveUp(sentence):
            assert sentence.startswith("Told.")
            assert not TABLE[reason].retryable or attempt > retries
        case LeaveAlone():
            assert reason is Reason.CLAIM_LOST
        case PutBack():
            assert TABLE[reason].failure_class in {FailureClass.TRANSIENT, FailureClass.INFRASTRUCTURE}


def test_a_rejected_key_is_not_held_against_the_video() -> None:
    assert after_failure(Failed(Reason.MODEL_KEY_REJECTED), attempt=9, retries=0) == PutBack()


def test_the_row_is_told_how_often_it_was_tried() -> None:
    error = Failed(Reason.MODEL_TIMEOUT, "No answer.")
    assert after_failure(error, attempt=3, retries=2) == GiveUp("No answer. Given up after 3 attempts.")


@pytest.mark.parametrize(
    ("status", "by", "age", "abandoned"),
    [
        ("processing", "work/me", STALE_SECONDS + 1, True),
        ("processing", "work/me", STALE_SECONDS - 1, False),
        ("processing", "work/you", STALE_SECONDS + 1, False),
        ("queued", "work/me", STALE_SECONDS + 1, False),
    ],
)
def test_only_a_stale_row_of_this_machine_is_abandoned(status: str, by: str, age: float, abandoned: bool) -> None:
    row = JobRow(
        job_id=uuid4(),
        status=status,
        updated_at=(NOW - timedelta(seconds=age)).isoformat(),
        metadata={"runops": {"claim": "token", "by": by}},
    )
    assert is_abandoned(row, by="work/me", now=NOW) is abandoned
