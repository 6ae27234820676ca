"""What is asked about a chunk, and how a chunk is halved."""

from dataclasses import replace

import pytest

from runops.failures import Reason
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.transcription.chunk_request import (
    chunk_question,
    cut_off_failure,
    empty_failure,
    halves,
    may_be_halved,
)
from tests.worker.fakes import PROMPT, TASK

CHUNK = Chunk(index=1, start=295.0, length=305.0)


def test_the_halves_of_a_chunk_cover_it_overlap_by_two_seconds_and_meet_at_a_whole_second() -> None:
    first, second = halves(CHUNK)
    assert (first.start, first.length) == (295.0, 154.0)
    assert (second.start, second.length) == (447.0, 153.0)


@pytest.mark.parametrize(
    ("seconds", "halvings", "may_be"), [(40.0, 0, True), (39.9, 0, False), (300.0, 2, True), (300.0, 3, False)]
)
def test_a_chunk_is_halved_three_times_and_down_to_twenty_seconds(
    seconds: float, halvings: int, *, may_be: bool
) -> None:
    assert may_be_halved(Chunk(index=0, start=0.0, length=seconds), halvings=halvings) is may_be


def test_the_question_names_length_sound_and_pictures() -> None:
    question = chunk_question(TASK, seconds=304.6, has_audio=True)
    assert (question.model, question.instruction) == (TASK.transcribe_model, PROMPT.text)
    assert "is 305 seconds long and shows one picture per second. It has sound" in question.text
    question = chunk_question(replace(TASK, fps=2), seconds=10, has_audio=False)
    assert "is 10 seconds long and shows 2 pictures per second. It has no sound" in question.text


def test_failures_name_the_model_and_the_time_range() -> None:
    failure = cut_off_failure(CHUNK, model="m")
    assert failure.reason is Reason.OUTPUT_CUT_OFF
    assert "that m gave was cut off, even for 305 s" in failure.detail
    failure = empty_failure(CHUNK, model="m", is_whole_video=False)
    assert failure.reason is Reason.MODEL_EMPTY_ANSWER
    assert "m saw and heard nothing in the recording from second 295 to 600." in failure.detail
    assert "nothing in the recording. Run" in empty_failure(CHUNK, model="m", is_whole_video=True).detail
