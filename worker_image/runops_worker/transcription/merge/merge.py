"""Merges the transcripts of overlapping chunks. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from runops.transcript import AudioItem, TranscriptItem, VisualItem, ordered, timestamp
from runops_worker.transcription.gaps import gaps_in
from runops_worker.transcription.merge import common_speech
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript, end_of, shifted
from runops_worker.transcription.merge.join_speech import joined_speech
from runops_worker.transcription.merge.opening_item import without_opening
from runops_worker.transcription.merge.pair_actions import MOST_APART, paired_actions
from runops_worker.transcription.merge.same_action import Sighting, one_item

__all__ = ["merged"]

_GAP_APPLICATION = "unknown"
_BEFORE_THE_RECORDING = -1.0


def merged(chunks: Sequence[ChunkTranscript]) -> list[TranscriptItem]:
    """Return all items in the recording's time, ordered, each once.

    Both of two overlapping chunks report what happens in the overlap, each in its own words and with times that are
    wrong by up to 1.5 s. Actions are paired (`pair_actions`), speech is joined word by word (`join_speech`), and the
    item by which each chunk begins is left out (`opening_item`). Marks of gaps stay as they are.
    """
    marks: list[VisualItem] = []
    actions: list[Sighting] = []
    speech: list[AudioItem] = []
    end = reported_until = _BEFORE_THE_RECORDING
    for chunk in sorted(chunks, key=lambda chunk: (chunk.start, chunk.end)):
        items = ordered([shifted(item, chunk.start) for item in chunk.items])
        gaps = [item for item in items if isinstance(item, VisualItem) and _is_gap(item)]
        marks.extend(gaps)
        items = without_opening(
            [item for item in items if not any(item is gap for gap in gaps)],
            start=chunk.start,
            before=[one.item for one in actions],
            reported_until=reported_until,
        )
        seen = [Sighting(item, chunk.end) for item in items if isinstance(item, VisualItem)]
        said = [item for item in items if isinstance(item, AudioItem)]
        actions = _with_actions(actions, seen, start=chunk.start, earlier_end=end)
        speech = _with_speech(speech, said, start=chunk.start, earlier_end=end)
        end = max(end, chunk.end)
        at_the_end = [gap.start for gap in gaps if end_of(gap) >= chunk.end]
        reported_until = max(reported_until, min([chunk.end, *at_the_end]))
    return ordered([*marks, *(one.item for one in actions), *speech])


def _is_gap(item: VisualItem) -> bool:
    return item.application_in_focus == _GAP_APPLICATION and bool(gaps_in([item.model_dump(mode="json")]))


def _with_actions(
    earlier: Sequence[Sighting], later: Sequence[Sighting], *, start: float, earlier_end: float
) -> list[Sighting]:
    near = [one for one in earlier if earlier_end > start and one.item.start >= start - MOST_APART]
    overlapping = [one for one in later if one.item.start <= earlier_end + MOST_APART]
    pairs = dict(
        (later_place, earlier_place)
        for earlier_place, later_place in paired_actions(near, overlapping, later_start=start, earlier_end=earlier_end)
    )
    result = list(earlier)
    first_near = len(earlier) - len(near)
    # What a chunk reports after an action does not move before that action, whatever the other chunk says about times.
    not_before = 0.0
    for place, one in enumerate(later):
        if place in pairs:
            at = first_near + pairs[place]
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
    earlier: Sequence[AudioItem], later: Sequence[AudioItem], *, start: float, earlier_end: float
) -> list[AudioItem]:
    near = [earlier_end > start and end_of(item) >= start - common_speech.MOST_APART for item in earlier]
    overlapping = [item.start <= earlier_end + common_speech.MOST_APART for item in later]
    joined = joined_speech(
        [item for item, is_near in zip(earlier, near, strict=True) if is_near],
        [item for item, overlaps in zip(later, overlapping, strict=True) if overlaps],
    )
    before = [item for item, is_near in zip(earlier, near, strict=True) if not is_near]
    after = [item for item, overlaps in zip(later, overlapping, strict=True) if not overlaps]
    return sorted([*before, *joined, *after], key=lambda item: item.start)
