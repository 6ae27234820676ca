"""What is written to a row when it is queued again."""

from typing import Any

import pytest

from runops.supabase.job_values import queued, queued_afresh

CLAIM = {"claim": "6b1f8a0e-0000-4000-8000-000000000001", "by": "ours"}
QUEUED = {"status": "queued", "updated_at": "now", "progress_stage": None, "progress_percent": None}


@pytest.mark.parametrize(
    ("metadata", "written"),
    [
        (None, {}),
        (["an app's"], {}),
        ("runops", {}),
        ({"title": "a"}, {}),
        ({"title": "a", "runops": CLAIM}, {"metadata": {"title": "a"}}),
        ({"title": "a", "runops": {**CLAIM, "from": "sop"}}, {"metadata": {"title": "a", "runops": {"from": "sop"}}}),
    ],
)
def test_a_row_that_goes_back_into_the_queue_loses_its_claim_alone(metadata: Any, written: dict[str, Any]) -> None:
    assert queued(metadata) == QUEUED | written


@pytest.mark.parametrize(
    ("metadata", "only_sop", "written"),
    [
        ({"title": "a"}, False, {}),
        ({"title": "a", "runops": {**CLAIM, "from": "sop"}}, False, {"metadata": {"title": "a"}}),
        ({"title": "a", "runops": CLAIM}, True, {"metadata": {"title": "a", "runops": {"from": "sop"}}}),
        (None, True, {"metadata": {"runops": {"from": "sop"}}}),
    ],
)
def test_a_row_that_had_ended_begins_anew(metadata: Any, only_sop: bool, written: dict[str, Any]) -> None:
    assert queued_afresh(metadata, only_sop=only_sop) == QUEUED | {"error": None, "completed_at": None} | written


def test_everything_is_made_again_unless_told_otherwise() -> None:
    assert queued_afresh({"runops": {"from": "sop"}}) == queued_afresh({"runops": {"from": "sop"}}, only_sop=False)
