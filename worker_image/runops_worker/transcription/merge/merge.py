"""Merges the transcripts of overlapping chunks. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from runops.transcript import AudioItem, TranscriptItem, VisualItem, ordered, timestamp
from runops_worker.transcription.item_times import shifted
from runops_worker.transcription.merge import common_speech
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript, end_of
from runops_worker.transcription.merge.join_speech import joined_speech
from runops_worker.transcription.merge.opening_item import without_opening
from runops_worker.transcription.merge.pair_actions import MOST_APART, paired_actions
from runops_worker.transcription.merge.same_action import Sighting, one_item

__all__ = ["merged"]

_BEFORE_THE_RECORDING = -1.0


def merged(chunks: Sequence[ChunkTranscript]) -> list[TranscriptItem]:
    """Return all items in the recording's time, ordered, each once.

    Both of two overlapping chunks report what happens in the overlap, each in its own words and with times that are
    wrong by up to 1.5 s. Actions are paired (`pair_actions`), speech is joined word by word (`join_speech`), and the
    item by which each chunk begins is left out (`opening_item`). A chunk may also be within an earlier one: a part that
    was asked about again.
    """
    actions: list[Sighting] = []
    speech: list[AudioItem] = []
    end = _BEFORE_THE_RECORDING
    for chunk in sorted(chunks, key=lambda chunk: (chunk.start, chunk.end)):
        items = without_opening(
            ordered([shifted(item, chunk.start) for item in chunk.items]),
            start=chunk.start,
            before=[one.item for one in actions],
            earlier_end=end,
        )
        seen = [Sighting(item, chunk.end) for item in items if isinstance(item, VisualItem)]
        said = [item for item in items if isinstance(item, AudioItem)]
        if chunk.start <= end:
            actions = _with_actions(actions, seen, start=chunk.start, earlier_end=end)
            speech = _with_speech(speech, said, chunk=chunk, earlier_end=end)
        else:
            actions, speech = [*actions, *seen], [*speech, *said]
        end = max(end, chunk.end)
    return ordered([*(one.item for one in actions), *speech])


def _with_actions(
    earlier: Sequence[Sighting], later: Sequence[Sighting], *, start: float, earlier_end: float
) -> list[Sighting]:
    near = [one for one in earlier if one.item.start >= start - MOST_APART]
    overlapping = [one for one in later if one.item.start <= earlier_end + MOST_APART]
    pairs = paired_actions(near, overlapping, later_start=start, earlier_end=earlier_end)
    earlier_place = {later_place: place for place, later_place in pairs}
    result = list(earlier)
    first_near = len(earlier) - len(near)
    # What a chunk reports after an action does not move before that action, whatever the other chunk says about times.
    not_before = 0.0
    for place, one in enumerate(later):
        if place in earlier_place:
            at = first_near + earlier_place[place]
            other = result[at]
            item = one_item(other, one)
            result[at] = other if item is other.item else Sighting(item, one.chunk_end)
            not_before = max(not_before, item.start)
        else:
            result.append(replace(one, item=_not_before(one.item, not_before)))
    return sorted(result, key=lambda one: one.item.start)


def _not_before(item: VisualItem, start: float) -> VisualItem:
    if item.start >= start:
        return item
    end = item.timestamp_end_visual
    if end is not None and end_of(item) < start:
        end = timestamp(start)
    return item.model_copy(update={"timestamp_start_visual": timestamp(start), "timestamp_end_visual": end})


def _with_speech(
    earlier: Sequence[AudioItem], later: Sequence[AudioItem], *, chunk: ChunkTranscript, earlier_end: float
) -> list[AudioItem]:
    first_near = chunk.start - common_speech.MOST_APART
    before = [item for item in earlier if end_of(item) < first_near]
    near = [item for item in earlier if end_of(item) >= first_near]
    if chunk.end >= earlier_end:
        joined = joined_speech(near, later)
    else:
        # The chunk is within an earlier one, whose speech goes on after it.
        middle = (chunk.start + chunk.end) / 2
        joined = joined_speech([item for item in near if item.start <= middle], later)
        joined = joined_speech(joined, [item for item in near if item.start > middle])
    return sorted([*before, *joined], key=lambda item: item.start)
