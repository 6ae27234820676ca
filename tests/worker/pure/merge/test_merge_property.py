"""Whatever a model does to the chunks of a recording, the merged transcript has each event and each word once."""

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from runops.transcript import AudioItem, VisualItem, ordered
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript
from runops_worker.transcription.merge.merge import merged
from tests.worker.pure.merge.recording_model import Recording, truth

# Shorter than real chunks, so that most of what happens is near a seam.
CHUNKS = [(0.0, 60.0), (55.0, 115.0), (110.0, 160.0)]
SECONDS = CHUNKS[-1][1]


def described(recording: Recording, random: Random) -> list[ChunkTranscript]:
    return [
        recording.described(random, start=start, end=end, is_first=start == 0, is_last=end == SECONDS)
        for start, end in CHUNKS
    ]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_each_event_is_there_once_and_in_order(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed must give the same run again
    recording = truth(random, seconds=SECONDS)
    items = [item for item in merged(described(recording, random)) if isinstance(item, VisualItem)]
    # Only the recording has an opening item.
    assert items[0].action_type_observed == "SCREEN_UPDATE"
    numbers = [int(item.application_in_focus.rpartition("#")[2]) for item in items[1:]]
    assert sorted(numbers) == [event.number for event in recording.events]
    far_apart = [
        (numbers.index(one.number), numbers.index(other.number))
        for one, other in zip(recording.events, recording.events[1:], strict=False)
        if other.at - one.at >= 3
    ]
    assert all(one < other for one, other in far_apart)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_each_word_is_there_once_and_in_order(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed must give the same run again
    recording = truth(random, seconds=SECONDS)
    items = [item for item in merged(described(recording, random)) if isinstance(item, AudioItem)]
    words = [word for item in items for word in re.findall(r"\w+", item.verbatim_transcript_segment.lower())]
    assert len(words) == len(recording.words)
    for word, true in zip(words, recording.words, strict=True):
        assert fuzz.ratio(word, true.text) > 70
    assert items == ordered(items)
