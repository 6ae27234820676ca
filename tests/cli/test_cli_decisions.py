"""What `runops work` decides, without any outside."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import TABLE, Failed, FailureClass, Reason
from runops.job_row import JobRow
from runops.retry_policy import MOST_WAITS, Again, History
from runops_cli.work.abandoned import STALE_SECONDS, is_abandoned
from runops_cli.work.claiming import taken_up
from runops_cli.work.next_attempt import GiveUp, LeaveAlone, PutBack, after_failure

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


HISTORIES = st.builds(
    History,
    failures=st.integers(0, 12),
    waits=st.dictionaries(st.sampled_from(list(MOST_WAITS)), st.integers(0, max(MOST_WAITS.values()))),
    more_memory=st.booleans(),
)
ASKED = st.none() | st.floats(0, 100_000)


@given(
    reason=st.sampled_from(Reason),
    history=HISTORIES,
    retries=st.integers(0, 10),
    asked=ASKED,
    jitter=st.floats(0, 1),
    shared=st.booleans(),
)
def test_every_failure_leads_to_a_bounded_next_step(
    *, reason: Reason, history: History, retries: int, asked: float | None, jitter: float, shared: bool
) -> None:
    error = Failed(reason, "Told.", retry_after=asked)
    match after_failure(error, history, retries=retries, shared=shared, jitter=jitter):
        case PutBack(_, later) if reason is Reason.TERMINATED:
            assert later == history
        case Again(seconds, later) | PutBack(seconds, later):
            assert TABLE[reason].retryable
            if reason in {Reason.SIDECAR_FAILED, Reason.WRONG_ARCHITECTURE}:
                # Waited for without end, with a pause: no pod of a cluster belongs to `runops work`.
                assert (later, seconds) == (history, 60.0)
                return
            assert (later.failures, later.interruptions, later.more_memory) > (
                history.failures,
                history.interruptions,
                history.more_memory,
            )
            assert later.failures <= max(retries, history.failures)
            assert all(
                later.waits[kind] <= most
                for kind, most in MOST_WAITS.items()
                if later.waits.get(kind) != history.waits.get(kind)
            )
            assert 0 < seconds <= 3630
        case GiveUp(sentence):
            assert sentence.startswith("Told.")
        case LeaveAlone():
            assert TABLE[reason].failure_class is FailureClass.CLAIM


@pytest.mark.parametrize("reason", [Reason.KEY_REJECTED, Reason.MODEL_UNAVAILABLE, Reason.WORKER_CRASHED])
def test_what_other_videos_meet_too_puts_the_video_back_and_uses_up_no_attempt(reason: Reason) -> None:
    decided = after_failure(Failed(reason), History(failures=9), retries=0, shared=True)
    assert isinstance(decided, PutBack)
    assert (decided.history.failures, decided.history.interruptions) == (9, 1)


def test_an_outage_of_one_video_alone_is_not_tried_in_place() -> None:
    decided = after_failure(Failed(Reason.MODEL_UNAVAILABLE), History(), retries=1)
    assert isinstance(decided, PutBack)
    assert decided.history.failures == 1
    assert isinstance(after_failure(Failed(Reason.UPLOAD_INCOMPLETE), History(), retries=1), Again)


def test_the_error_gives_the_number_of_attempts() -> None:
    error = Failed(Reason.MODEL_TIMEOUT, "No answer.")
    assert after_failure(error, History(failures=2), retries=2) == GiveUp("No answer. Given up after 3 attempts.")


def test_a_quota_error_waits_as_long_as_the_service_asks_and_uses_up_no_attempt() -> None:
    error = Failed(Reason.QUOTA_EXCEEDED, retry_after=77)
    assert after_failure(error, History(failures=2), retries=2) == Again(
        77, History(failures=2, waits={FailureClass.QUOTA: 1})
    )


def _row(*, status: str = "processing", by: str = "work/me", updated_at: str | None) -> JobRow:
    return JobRow(
        job_id=uuid4(), status=status, updated_at=updated_at, metadata={"runops": {"claim": "token", "by": by}}
    )


@pytest.mark.parametrize(
    ("status", "by", "age", "abandoned"),
    [
        ("processing", "work/me", STALE_SECONDS + 1, True),
        ("processing", "work/me", STALE_SECONDS - 1, False),
        ("processing", "work/3f2a9c4417de", STALE_SECONDS + 1, True),
        ("processing", "work/3f2a9c4417de", STALE_SECONDS - 1, False),
        ("processing", "runops-operator", 10 * STALE_SECONDS, False),
        ("processing", "workshop", 10 * STALE_SECONDS, False),
        ("queued", "work/me", STALE_SECONDS + 1, False),
    ],
)
def test_only_a_silent_row_of_a_runops_work_is_abandoned(status: str, by: str, age: float, abandoned: bool) -> None:
    row = _row(status=status, by=by, updated_at=(NOW - timedelta(seconds=age)).isoformat())
    assert is_abandoned(row, now=NOW) is abandoned


@pytest.mark.parametrize(
    ("updated_at", "abandoned"),
    [(None, False), ("yesterday", False), ("2020-01-01T00:00:00", False), ("2020-01-01T00:00:00+09:00", True)],
)
def test_a_row_is_silent_since_its_time_where_that_has_a_zone(updated_at: str | None, abandoned: bool) -> None:
    assert is_abandoned(_row(updated_at=updated_at), now=NOW) is abandoned


def test_a_row_without_a_claim_is_nobodys_to_take_up() -> None:
    row = JobRow(job_id=uuid4(), status="processing", updated_at="2020-01-01T00:00:00+00:00")
    assert not is_abandoned(row, now=NOW)


def test_a_row_that_is_taken_up_is_said_with_who_held_it_and_how_long_it_was_silent() -> None:
    updated_at = (NOW - timedelta(seconds=419)).isoformat()
    row = _row(by="work/3f2a9c4417de", updated_at=updated_at)
    assert taken_up(row, now=NOW) == "taken up: work/3f2a9c4417de has not written to the row for 6 min"
    assert taken_up(_row(status="queued", updated_at=updated_at), now=NOW) is None


def test_a_quota_error_that_asks_for_no_wait_does_not_use_up_all_attempts_at_once() -> None:
    assert after_failure(Failed(Reason.QUOTA_EXCEEDED, retry_after=0), History(), retries=2) == Again(
        1.0, History(waits={FailureClass.QUOTA: 1})
    )
