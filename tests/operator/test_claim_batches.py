import json
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from runops.job_row import JobRow
from runops_operator.intake.claim_batches import claim_batches

KINDS: list[Any] = [None, {}, {"a": 1}, {"a": 1.0}, {"a": True}, {"b": 1, "a": 1}, {"a": 1, "b": 1}, [], "text"]


def row(number: int, metadata: Any, status: str) -> JobRow:
    return JobRow(job_id=UUID(int=number), status=status, metadata=metadata)


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["queued", "processing"]))), st.integers(1, 4))
def test_groups_hold_every_row_once_beside_its_like(kinds: list[tuple[Any, str]], at_most: int) -> None:
    rows = [row(number, metadata, status) for number, (metadata, status) in enumerate(kinds)]
    groups = claim_batches(rows, at_most=at_most)
    assert sorted(one.job_id for group in groups for one in group) == [one.job_id for one in rows]
    assert all(1 <= len(group) <= at_most for group in groups)
    for group in groups:
        assert len({(one.status, json.dumps(one.metadata, sort_keys=True)) for one in group}) == 1


def test_rows_alike_are_claimed_together_in_their_order() -> None:
    rows = [row(number, {"user_id": number % 2}, "queued") for number in range(5)]
    assert [[one.job_id.int for one in group] for group in claim_batches(rows, at_most=2)] == [[0, 2], [4], [1, 3]]


def test_the_order_of_keys_does_not_part_rows_of_the_same_metadata() -> None:
    rows = [row(1, {"a": 1, "b": 2}, "queued"), row(2, {"b": 2, "a": 1}, "queued")]
    assert claim_batches(rows, at_most=2) == [rows]
