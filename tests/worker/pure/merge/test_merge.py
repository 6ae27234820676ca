"""Overlapping chunks make one transcript."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import TranscriptItem, VisualItem, timestamp
from runops_worker.transcription.merge_transcript import ChunkTranscript, merged
from tests.worker.pure.items import clicked, said, typed


@given(st.sets(st.integers(0, 594), max_size=40), st.lists(st.sampled_from([-1, 0, 1]), min_size=40, max_size=40))
def test_overlapping_chunks_make_one_transcript_with_nothing_lost_or_doubled(
    starts: set[int], blur: Sequence[int]
) -> None:
    events = [clicked(at, f"{at:03d}" * 3) if at % 2 else said(at, f"{at:03d} " * 5) for at in sorted(starts)]
    first: list[TranscriptItem] = [item for item in events if item.start < 300]
    second: list[TranscriptItem] = []
    for item, off in zip(events, blur, strict=False):
        if item.start >= 295:
            at = max(item.start - 295 + off, 0)
            stamp = {
                "timestamp_start_visual" if isinstance(item, VisualItem) else "timestamp_start_audio": timestamp(at)
            }
            second.append(item.model_copy(update=stamp))
    result = merged([ChunkTranscript(0, 300, first), ChunkTranscript(295, 595, second)])
    assert len(result) == len(events)
    assert [item.start for item in result] == sorted(item.start for item in result)


def test_two_equal_clicks_in_the_overlap_stay_two() -> None:
    twice = [clicked(296, "Next"), clicked(298, "Next")]
    again = [clicked(1, "Next"), clicked(3, "Next")]
    assert len(merged([ChunkTranscript(0, 300, twice), ChunkTranscript(295, 595, again)])) == 2


@pytest.mark.parametrize(
    ("earlier", "later", "left"),
    [
        (typed(299, "Jo"), typed(4, "John Smith"), [typed(299, "John Smith")]),
        (typed(296, "John", end=297), typed(1, "John", end=3), [typed(296, "John", end=297)]),
        (typed(298, "Joan Smith"), typed(3.5, "John Smith"), [typed(298.5, "John Smith")]),
        (typed(296, "12", end=297), typed(1, "97", end=2), [typed(296, "12", end=297), typed(296, "97", end=297)]),
        (said(299, "And now we."), said(4, "And now we open the door."), [said(299, "And now we open the door.")]),
        (said(296, "Open the door."), said(1.5, "open the door"), [said(296, "Open the door.")]),
        (said(299, "Open the door."), said(4, "Open the"), [said(299, "Open the door.")]),
        (
            said(299, "Open the door."),
            clicked(4, "Open the door."),
            [clicked(299, "Open the door."), said(299, "Open the door.")],
        ),
    ],
)
def test_of_two_similar_items_in_the_overlap_the_more_complete_one_is_kept(
    earlier: TranscriptItem, later: TranscriptItem, left: list[TranscriptItem]
) -> None:
    assert merged([ChunkTranscript(295, 595, [later]), ChunkTranscript(0, 300, [earlier])]) == left


def test_items_are_in_the_time_of_the_recording_and_in_order() -> None:
    parts = [
        ChunkTranscript(295, 595, [said(100, "third")]),
        ChunkTranscript(0, 300, [said(50, "second"), said(2, "first")]),
    ]
    assert merged(parts) == [said(2, "first"), said(50, "second"), said(395, "third")]
    assert merged([]) == []


@pytest.mark.parametrize(
    ("earlier", "later", "count"),
    [
        (said(296, "Open the door"), said(1, "Open the door"), 1),
        (said(296, "Open the door"), said(3, "Open the door"), 1),
        (said(296, "Open the door"), said(3.001, "Open the door"), 2),
        (said(298, "Open the door"), said(1, "Open the door"), 1),
        (said(298.001, "Open the door"), said(1, "Open the door"), 2),
        (said(296, "Open the door"), said(1, "Close a window"), 2),
        (clicked(296, "Next page"), clicked(1, "Next page"), 1),
        (clicked(296, "Next page"), clicked(1, "Cancel it"), 2),
        (clicked(296, "Next"), typed(1, "Next"), 2),
    ],
)
def test_two_items_are_one_if_they_are_near_of_one_kind_and_similar(
    earlier: TranscriptItem, later: TranscriptItem, count: int
) -> None:
    assert len(merged([ChunkTranscript(0, 300, [earlier]), ChunkTranscript(295, 595, [later])])) == count


def test_of_two_similar_items_the_one_with_the_same_words_is_replaced_then_the_nearest() -> None:
    first = ChunkTranscript(0, 300, [said(296, "Open the door now"), said(297, "Open the doors now")])
    same_words = ChunkTranscript(295, 595, [said(2.5, "Open the door now")])
    assert merged([first, same_words]) == [said(296, "Open the door now"), said(297, "Open the doors now")]
    first = ChunkTranscript(0, 300, [typed(298, "aaaaa bbbb"), typed(299.5, "aaaaa bbbc")])
    nearest = ChunkTranscript(295, 595, [typed(4.4, "aaaaa bbbd")])
    assert merged([first, nearest]) == [typed(298, "aaaaa bbbb"), typed(299.4, "aaaaa bbbd")]


def test_an_item_at_the_end_of_its_chunk_yields_to_the_one_that_saw_what_followed() -> None:
    for end, kept in ((298.9, 298.9), (299.0, 299.9)):
        earlier = typed(298, "hello", end=end)
        later = typed(3, "hello", end=4.9)
        (item,) = merged([ChunkTranscript(0, 300, [earlier]), ChunkTranscript(295, 595, [later])])
        assert isinstance(item, VisualItem)
        assert item.timestamp_end_visual == timestamp(kept)


def test_punctuation_at_the_end_does_not_tell_whether_words_were_cut_off() -> None:
    earlier, later = said(290, "Save it - and"), said(0, "Save it - and then close...")
    (item,) = merged([ChunkTranscript(0, 292, [earlier]), ChunkTranscript(290, 590, [later])])
    assert item == said(290, "Save it - and then close...")
    kept = merged(
        [ChunkTranscript(0, 300, [said(296, "Close it...")]), ChunkTranscript(296, 596, [said(0, "Close it.")])]
    )
    assert kept == [said(296, "Close it...")]


def test_only_the_first_400_characters_are_compared() -> None:
    long = "a" * 400
    pair = [
        ChunkTranscript(0, 300, [said(296, long + "b" * 400)]),
        ChunkTranscript(295, 595, [said(1, long + "c" * 400)]),
    ]
    assert len(merged(pair)) == 1
