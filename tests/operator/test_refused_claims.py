"""Rows whose claims the table refuses: for how long each is passed over, and when the table refuses them all."""

from uuid import UUID

from runops.job_row import JobRow
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.intake.refused_claims import RefusedClaims

FROZEN = SupabaseError(ErrorKind.INVALID, "This row is frozen.", code="P0001")


def row(number: int) -> JobRow:
    return JobRow(job_id=UUID(int=number), status="queued", updated_at="2026-01-01T00:00:00+00:00")


def test_a_row_is_passed_over_for_a_growing_time_and_says_why_once() -> None:
    seconds, told, pauses = 0.0, [], []
    refused = RefusedClaims(lambda: seconds)
    for _ in range(11):
        told.append(refused.note(row(1), FROZEN))
        began = seconds
        while refused.passes_over(row(1)):
            seconds += 1.0
        pauses.append(seconds - began)
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert told == [False, False, True, *[False] * 8]


def test_a_row_that_was_claimed_begins_anew() -> None:
    refused = RefusedClaims(lambda: 0.0)
    refused.note(row(1), FROZEN)
    assert len(refused) == 1
    refused.won(row(1).job_id)
    assert len(refused) == 0
    assert not refused.passes_over(row(1))
    refused.won(row(2).job_id)


def test_five_different_rows_without_a_claim_between_them_are_all() -> None:
    refused = RefusedClaims(lambda: 0.0)
    for number in (1, 2, 3, 4, 1, 2):
        refused.note(row(number), FROZEN)
        assert refused.of_all is None
    refused.note(row(5), FROZEN)
    assert refused.of_all is FROZEN
    refused.won(UUID(int=9))
    assert refused.of_all is None
    assert refused.passes_over(row(5))


def test_a_thousand_rows_are_remembered_the_newest_ones() -> None:
    refused = RefusedClaims(lambda: 0.0)
    for number in range(1000):
        refused.note(row(number), FROZEN)
    assert (len(refused), refused.passes_over(row(0))) == (1000, True)
    refused.note(row(1000), FROZEN)
    assert len(refused) == 1000
    assert [refused.passes_over(row(number)) for number in (0, 1, 1000)] == [False, True, True]
