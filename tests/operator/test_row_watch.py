"""What is done about claimed rows that do not match a VideoJob, and when they are read."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.job_row import ClaimedRow
from runops_operator.intake.rows import Step, read_is_due, step_for
from runops_operator.manifests.observed import VideoJobView, parse_videojob

TOKEN = str(uuid4())
ROW = ClaimedRow(job_id=UUID(int=1), claim=f"{TOKEN}/pod")


def videojob(claim: str, *, finished: bool) -> VideoJobView:
    conditions: list[dict[str, Any]] = [
        {"type": "Finished", "status": str(finished), "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    ]
    metadata = {"name": "vj-1", "uid": "u", "annotations": {"runops.dev/claim": claim}}
    return parse_videojob({"metadata": metadata, "spec": {}, "status": {"conditions": conditions}})


@pytest.mark.parametrize(
    ("view", "in_hand", "deleted", "step"),
    [
        pytest.param(None, False, False, Step.ADOPT, id="no VideoJob was made"),
        pytest.param(None, True, False, Step.NOTHING, id="the row is being claimed or adopted"),
        pytest.param(None, False, True, Step.NOTHING, id="its deletion is processed first"),
        pytest.param(videojob(TOKEN, finished=False), False, False, Step.NOTHING, id="its VideoJob was made meanwhile"),
        pytest.param(videojob(TOKEN, finished=True), False, False, Step.RECONCILE, id="it ended, the row did not"),
        pytest.param(videojob(str(uuid4()), finished=True), False, False, Step.ADOPT, id="it is of an earlier claim"),
        pytest.param(videojob(TOKEN, finished=True), True, False, Step.NOTHING, id="it ended, and the row is in hand"),
        pytest.param(videojob(TOKEN, finished=True), False, True, Step.NOTHING, id="it ended, another was deleted"),
    ],
)
def test_a_claimed_row_without_an_unfinished_videojob(
    view: VideoJobView | None, in_hand: bool, deleted: bool, step: Step
) -> None:
    assert step_for(ROW, view, in_hand=in_hand, deleted=deleted) is step


@pytest.mark.parametrize(
    ("claimed", "unfinished", "since", "due"),
    [
        (0, False, 59.9, False),
        (0, False, 60.0, True),
        (1, False, 0.0, True),
        (0, True, 0.0, True),
    ],
)
def test_claimed_rows_are_read_when_there_may_be_some(claimed: int, unfinished: bool, since: float, due: bool) -> None:
    assert read_is_due(claimed=claimed, unfinished=unfinished, since=since) is due
