"""What is written to a row at each of its turns."""

from typing import Any

import pytest

from runops.logs import never_show
from runops.progress import Stage
from runops.supabase.job_values import (
    LONGEST_SENTENCE,
    claimed,
    completed,
    explained,
    failed,
    queued,
    queued_afresh,
    refreshed,
)

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


def test_a_claim_wipes_what_an_earlier_run_left() -> None:
    assert claimed({"runops": CLAIM}) == {
        "status": "processing",
        "updated_at": "now",
        "metadata": {"runops": CLAIM},
        "error": None,
        "completed_at": None,
        "progress_stage": None,
        "progress_percent": 0,
    }


@pytest.mark.parametrize(
    ("stage", "percent", "progress"),
    [
        (None, None, {}),
        (Stage.TRANSCRIBING, None, {"progress_stage": "transcribing"}),
        (None, 0, {"progress_percent": 0}),
        (Stage.TRANSCRIBING, 50, {"progress_stage": "transcribing", "progress_percent": 50}),
    ],
)
def test_a_heartbeat_leaves_the_progress_that_it_does_not_know(
    stage: Stage | None, percent: int | None, progress: dict[str, Any]
) -> None:
    assert refreshed(stage, percent) == {"updated_at": "now"} | progress


def test_a_completed_row_has_no_error_and_all_of_its_progress() -> None:
    assert completed() == {
        "status": "completed",
        "updated_at": "now",
        "completed_at": "now",
        "error": None,
        "progress_stage": "completed",
        "progress_percent": 100,
    }


def test_a_failed_row_keeps_its_progress_and_its_sentence_without_keys_and_within_the_column() -> None:
    never_show("a-key-that-nobody-sees")
    sentence = "Rejected a-key-that-nobody-sees.\x00" + "x" * 3000
    written = failed(sentence)
    assert {name: written[name] for name in written if name != "error"} == {"status": "error", "updated_at": "now"}
    assert len(written["error"]) == LONGEST_SENTENCE == 2000
    assert written["error"].startswith("Rejected ")
    assert "a-key" not in written["error"]
    assert "\x00" not in written["error"]


def test_a_row_that_waits_gets_the_sentence_alone() -> None:
    assert explained("The quota is used up.") == {"error": "The quota is used up."}
