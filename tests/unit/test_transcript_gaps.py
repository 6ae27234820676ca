"""How a gap is marked in the transcript and read back."""

from typing import Any, get_args

import pytest

from runops.quality import MOST_GAPS, Gap, GapReason
from runops.transcript import dump_transcript, parse_item
from runops.transcript_gaps import gap_item, gaps_in, joined
from runops_worker.reporting.gap_notes import gap_notes
from tests.worker.pure.items import clicked, said


def gap(start: float, end: float, reason: GapReason = "refused") -> Gap:
    return Gap(start=start, end=end, reason=reason)


@pytest.mark.parametrize("reason", get_args(GapReason))
def test_a_gap_is_read_back_from_the_stored_transcript(reason: GapReason) -> None:
    marked = gap(295.25, 3723.5, reason)
    stored = dump_transcript([clicked(1, "Save"), gap_item(marked), said(2, "Hello.")])
    assert [parse_item(item) for item in stored][1] == gap_item(marked)
    assert gaps_in(stored) == (marked,)


@pytest.mark.parametrize(
    "change",
    [
        {"application_in_focus": "Editor"},
        {"screen_region_description_post_action": "A form."},
        {"timestamp_end_visual": None},
        {"screen_region_description_pre_action": "This part of the recording was not transcribed: I was tired."},
        {"screen_region_description_pre_action": "The page says: nothing was transcribed."},
    ],
)
def test_an_item_of_the_model_is_not_taken_for_a_gap(change: dict[str, Any]) -> None:
    (stored,) = dump_transcript([gap_item(gap(1, 2))])
    assert gaps_in([stored | change]) == ()


def test_the_row_has_one_note_about_all_gaps() -> None:
    assert gap_notes([]) == []
    (note,) = gap_notes([gap(1, 2.5), gap(5, 65, "empty")])
    assert note == {
        "kind": "gaps",
        "sentence": "2 parts of the recording (00:01:02) could not be transcribed; the SOP asks about them.",
        "gaps": [{"start": 1.0, "end": 2.5, "reason": "refused"}, {"start": 5.0, "end": 65.0, "reason": "empty"}],
    }


def test_of_very_many_gaps_the_longest_are_listed_and_all_are_counted() -> None:
    (note,) = gap_notes([gap(10 * number, 10 * number + 1 + number % 2) for number in range(2 * MOST_GAPS)])
    assert note["sentence"].startswith(f"{2 * MOST_GAPS} parts")
    assert len(note["gaps"]) == MOST_GAPS
    assert {one["end"] - one["start"] for one in note["gaps"]} == {2.0}


def test_gaps_that_touch_are_joined_if_they_have_the_same_reason() -> None:
    assert joined([gap(20, 30), gap(0, 10), gap(10, 15), gap(30, 40, "empty"), gap(12, 14)]) == (
        gap(0, 15),
        gap(20, 30),
        gap(30, 40, "empty"),
    )
