"""When a video fails because too much of it has no transcript, and what it says."""

import pytest

from runops.failures import Reason
from runops_worker.checkpoint.format import LostRange, Trouble
from runops_worker.transcription.lost_ranges import lost_failure, lost_seconds, nothing_found

REFUSED = Trouble(reason="refused", failure=Reason.BLOCKED, detail="SAFETY")
EMPTY = Trouble(reason="empty", failure=Reason.MODEL_EMPTY_ANSWER)
UNREADABLE = Trouble(reason="empty", failure=Reason.INVALID_OUTPUT, detail="The answer is not JSON.")
CUT_OFF = Trouble(reason="cut_off", failure=Reason.OUTPUT_CUT_OFF)


def lost(start: float, end: float, trouble: Trouble = REFUSED) -> LostRange:
    return LostRange(start=start, end=end, trouble=trouble)


def test_a_second_that_is_lost_twice_counts_once() -> None:
    assert lost_seconds([lost(10, 30), lost(0, 20), lost(12, 14), lost(50, 60)]) == 40
    assert lost_seconds([]) == 0


def test_half_of_a_recording_may_be_lost_and_not_more() -> None:
    assert lost_failure([lost(0, 300)], video_seconds=600, model="m") is None
    assert lost_failure([lost(0, 301)], video_seconds=600, model="m") is not None
    assert lost_failure([], video_seconds=600, model="m") is None


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (REFUSED, "m refused the recording for its content (SAFETY)."),
        (EMPTY, "m gave an empty answer about the recording."),
        (UNREADABLE, "The transcript that m gave of the recording could not be used: The answer is not JSON."),
        (CUT_OFF, "The transcript that m gave of the recording was cut off, however short the part asked for was."),
    ],
)
def test_the_sentence_says_why_and_what_to_do(trouble: Trouble, sentence: str) -> None:
    failure = lost_failure([lost(0, 60, trouble)], video_seconds=60, model="m")
    assert failure is not None
    assert failure.reason is trouble.failure
    assert failure.detail.startswith(sentence)
    assert failure.detail.endswith(failure.failure.remedy)


def test_of_several_reasons_the_one_of_the_most_seconds_is_named_with_what_is_lost() -> None:
    parts = [lost(0, 300, CUT_OFF), lost(300, 700), lost(700, 900, CUT_OFF)]
    failure = lost_failure(parts, video_seconds=1200, model="m")
    assert failure is not None
    assert failure.reason is Reason.OUTPUT_CUT_OFF
    assert "of 00:15:00 of the recording (00:20:00) was cut off" in failure.detail


def test_a_recording_in_which_nothing_was_found() -> None:
    failure = nothing_found(model="m")
    assert failure.reason is Reason.MODEL_EMPTY_ANSWER
    assert failure.detail.startswith("m saw and heard nothing in the recording.")


@pytest.mark.parametrize(("until", "what"), [(59.0, "the recording "), (58.9, "00:00:59 of the recording (00:01:00) ")])
def test_all_but_a_second_is_the_recording(until: float, what: str) -> None:
    failure = lost_failure([lost(0, until)], video_seconds=60, model="m")
    assert failure is not None
    assert failure.detail.startswith(f"m refused {what}")


def test_the_detail_is_that_of_the_reason_which_is_named() -> None:
    failure = lost_failure([lost(0, 10), lost(10, 60, UNREADABLE)], video_seconds=60, model="m")
    assert failure is not None
    assert failure.reason is Reason.INVALID_OUTPUT
    assert "The answer is not JSON." in failure.detail


def test_a_reason_counts_by_its_seconds_and_not_by_when_they_are() -> None:
    failure = lost_failure([lost(0, 400, CUT_OFF), lost(500, 600)], video_seconds=600, model="m")
    assert failure is not None
    assert failure.reason is Reason.OUTPUT_CUT_OFF


def test_a_recording_in_which_nothing_was_found_comes_with_what_to_do() -> None:
    failure = nothing_found(model="m")
    assert failure.detail.endswith(f" {failure.failure.remedy}")
