"""What is given up about a chunk, without the times that another answer tells about. Pure."""

from collections.abc import Sequence
from typing import Final

from runops.transcript import TranscriptItem, parse_item
from runops_worker.checkpoint.format import AnsweredRange, ChunkState, LostRange, OpenQuestion
from runops_worker.transcription.coverage import without_items
from runops_worker.transcription.item_times import shifted
from runops_worker.transcription.next_questions.left_out import LEFT_OUT
from runops_worker.transcription.next_questions.ranges import Range

__all__ = ["given_up", "still_lost"]

_LEAST_GAP_SECONDS: Final = 30.0


def still_lost(lost: Sequence[LostRange], answered: Sequence[AnsweredRange]) -> list[LostRange]:
    """Return what is lost, without the times that an earlier answer tells about."""
    items = _placed(answered)
    result: list[LostRange] = []
    for part in lost:
        is_left_out = part.trouble.reason == LEFT_OUT.reason
        result.extend(_still_missing(items, (part.start, part.end)) if is_left_out else [part])
    return result


def given_up(state: ChunkState, questions: Sequence[OpenQuestion]) -> ChunkState:
    """Return the state with what these questions are about lost, and the items that they would repair dropped."""
    lost: list[LostRange] = []
    dropped = 0
    items = _placed(state.answered)
    for question in questions:
        if question.purpose == "repair":
            dropped += len(question.unsettled)
        elif question.purpose == "missing":
            lost.extend(_still_missing(items, (question.start, question.end)))
        else:
            lost.append(LostRange(start=question.start, end=question.end, trouble=question.trouble))
    return state.model_copy(update={"lost": (*state.lost, *lost), "dropped": state.dropped + dropped})


def _placed(answered: Sequence[AnsweredRange]) -> list[TranscriptItem]:
    """Return the items in the recording's time."""
    return [shifted(parse_item(item), part.start) for part in answered for item in part.items]


def _still_missing(items: Sequence[TranscriptItem], part: Range) -> list[LostRange]:
    # Between two items there is no gap, however few seconds of the range they tell about.
    least = min(_LEAST_GAP_SECONDS, part[1] - part[0])
    holes = without_items(items, start=part[0], end=part[1], least=least)
    return [LostRange(start=start, end=end, trouble=LEFT_OUT) for start, end in holes]
