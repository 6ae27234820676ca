"""Where a chunk begins, by what happens around its planned start."""

import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_worker.media.transcode.chunks import OVERLAP_SECONDS, Chunk, between_seams, plan_chunks
from runops_worker.media.transcode.seams import (
    STEPS_PER_SECOND,
    SeamSignal,
    candidates,
    chosen_start,
    is_candidate,
    seam_clip,
)
from tests.worker.pure.merge.recording_model import WORD_SECONDS, Word, truth

SECONDS = 30
STEPS = SECONDS * STEPS_PER_SECOND
ALL_QUIET = (True,) * STEPS
NOTHING = (False,) * SECONDS
Range = tuple[float, float]


def speech(*pauses: Range) -> tuple[bool, ...]:
    """Return steps of speech with these pauses, in seconds from the first candidate."""
    return tuple(any(begin * 10 <= step < end * 10 for begin, end in pauses) for step in range(STEPS))


def changes(*seconds: int) -> tuple[bool, ...]:
    return tuple(second in seconds for second in range(SECONDS))


def test_the_candidates_are_five_seconds_apart_and_the_last_one_is_planned() -> None:
    assert candidates(1) == (270, 275, 280, 285, 290, 295)
    assert candidates(24) == tuple(24 * 295 - before for before in (25, 20, 15, 10, 5, 0))
    assert seam_clip(1) == Chunk(1, 270.0, 30.0)
    assert seam_clip(2) == Chunk(2, 565.0, 30.0)


def test_key_frames_are_ignored_only_where_the_transcode_sets_them() -> None:
    expected = {second for index in range(1, 25) for second in candidates(index)}
    assert {second for second in range(24 * 295 + 100) if is_candidate(float(second))} == expected
    assert not any(map(is_candidate, (274.6, 275.4, 275.5, 275.0006)))
    assert is_candidate(275.0004)
    assert is_candidate(275 * 12800 * (1 / 12800) + 1e-9)


@pytest.mark.parametrize(
    ("quiet", "changed", "start"),
    [
        # Nothing to choose by: the planned start, which is the latest.
        (ALL_QUIET, NOTHING, 295),
        (speech(), NOTHING, 295),
        (speech(), (True,) * SECONDS, 295),
        ((), NOTHING, 295),
        # Speech decides: silence, then a chunk that begins at the end of a sentence, best where the one before it ends
        # at one, then one that begins at a breath, then one whose overlap has a pause, then one without.
        (speech((5, 10), (14.5, 15.5), (19.5, 20.5)), NOTHING, 275),
        (speech((14.5, 15.5), (19.5, 20.5), (24.5, 25.4)), NOTHING, 290),
        (speech((9.5, 10.5), (14.5, 15.5), (24.5, 25.4)), NOTHING, 280),
        (speech((9.5, 10.5), (14.6, 15.1), (24.8, 25.2)), NOTHING, 280),
        (speech((9.8, 10.4), (14.9, 15.4), (27, 28)), NOTHING, 280),
        (speech((9.8, 10.3), (14.9, 15.3), (27, 28)), NOTHING, 285),
        (speech((12, 12.3)), NOTHING, 280),
        (speech((12, 12.3), (27, 27.3)), NOTHING, 295),
        (speech((12, 12.2)), NOTHING, 295),
        # What is before and after the 30 s is unknown.
        (speech((0, 0.6), (10, 11)), NOTHING, 270),
        (speech((0, 0.3), (10.2, 11)), NOTHING, 270),
        (speech((24.4, 25.4), (14, 16), (29.4, 30)), NOTHING, 295),
        (speech((29.7, 30), (2, 3)), NOTHING, 295),
        # A pause that only touches the start is none there, since levels are up to a step early or late.
        (speech((9.4, 10), (25, 26)), NOTHING, 295),
        (speech((9.4, 10.1)), NOTHING, 280),
        (speech((9.7, 10)), NOTHING, 275),
        (speech((10, 10.3)), NOTHING, 280),
        (speech((9.9, 10.1)), NOTHING, 295),
        # Where speech is alike, the picture decides.
        (ALL_QUIET, changes(26, 27, 28), 290),
        (speech(), changes(26, 21), 285),
        (speech((2, 3), (17, 18)), changes(16), 270),
        (ALL_QUIET, changes(2, 6, 7, 11, 12, 16, 17, 21, 22, 26, 27), 270),
        # Speech comes before the picture.
        (speech((4.6, 5.2), (17, 17.4)), changes(5, 6, 7, 8), 275),
        (speech((2, 3)), changes(*range(1, 5)), 270),
        # Sound that ends before the pictures is silence.
        ((False,) * 200, NOTHING, 295),
    ],
)
def test_a_seam_is_chosen(quiet: tuple[bool, ...], changed: tuple[bool, ...], start: float) -> None:
    assert chosen_start(1, SeamSignal(changed, quiet)) == start
    assert chosen_start(7, SeamSignal(changed, quiet)) == start + 6 * 295


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_no_chunk_begins_in_speech_where_one_can_begin_in_a_pause(lengths: list[int]) -> None:
    quiet = tuple(bool(place % 2) for place, length in enumerate(lengths) for _ in range(length))[:STEPS]
    quiet += (False,) * (STEPS - len(quiet))
    first = round((chosen_start(1, SeamSignal(NOTHING, quiet)) - 270) * STEPS_PER_SECOND)
    drawn = "".join("q" if is_quiet else "s" for is_quiet in quiet)
    pauses = [found.span() for found in re.finditer("q{3,}", drawn)]
    in_pauses = {
        edge for edge in range(0, STEPS, 50) for begin, end in pauses if begin <= max(edge - 1, 0) < edge < end
    }
    in_overlaps = {
        edge
        for edge in range(0, STEPS, 50)
        for begin, end in pauses
        if set(range(begin, end)) & set(range(edge, edge + 50))
    }
    assert first in (in_pauses or in_overlaps or {250})


@given(st.floats(0.1, 100_000), st.data())
def test_moved_chunks_cover_the_video_without_a_hole(duration: float, data: st.DataObject) -> None:
    plan = plan_chunks(duration)
    starts = [0.0, *(data.draw(st.sampled_from(candidates(index))) for index in range(1, len(plan)))][:40]
    plan = plan[:40]
    chunks = [
        between_seams(planned, start=start, next_start=following)
        for planned, start, following in zip(plan, starts, [*starts[1:], None], strict=True)
    ]
    assert chunks[0].start == 0
    assert chunks[-1].start + chunks[-1].length == pytest.approx(plan[-1].start + plan[-1].length)
    for before, after in pairwise(chunks):
        assert before.start + before.length - after.start == OVERLAP_SECONDS
    # A chunk of 360 s is the longest that there was without moved seams, see `plan_chunks`.
    assert all(chunk.length <= 360 for chunk in chunks)
    assert all(chunk.length >= 275 for chunk in chunks[:-1])
    assert len(chunks) == 1 or chunks[-1].length >= 35


def quiet_steps(words: list[Word]) -> tuple[bool, ...]:
    said = {round(word.at * 10) + step for word in words for step in range(int(WORD_SECONDS * 10))}
    return tuple(step not in said for step in range(2700, 2700 + STEPS))


def sentences(words: list[Word]) -> list[Range]:
    spans: dict[int, list[float]] = {}
    for word in words:
        spans.setdefault(word.sentence, []).extend((word.at, word.at + WORD_SECONDS))
    return [(min(span), max(span)) for span in spans.values()]


def test_of_random_recordings_fewer_chunks_begin_in_a_sentence_than_at_fixed_times() -> None:
    fixed = moved = 0
    for seed in range(300):
        words = truth(Random(seed), seconds=320).words  # noqa: S311 - the same recordings each time
        start = chosen_start(1, SeamSignal(NOTHING, quiet_steps(words)))
        fixed += any(begin < 295 < end for begin, end in sentences(words))
        moved += any(begin < start < end for begin, end in sentences(words))
    # Sentences of 1.2 to 5.6 s, pauses of 0.3, 1 and 4 s.
    assert fixed > 150
    assert moved < 20
