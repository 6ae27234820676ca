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
    assert not is_candidate(275.5)
    assert is_candidate(275 * 12800 * (1 / 12800) + 1e-9)


@pytest.mark.parametrize(
    ("quiet", "changed", "start"),
    [
        # Nothing to choose by: the planned start, which is the latest.
        (ALL_QUIET, NOTHING, 295),
        (speech(), NOTHING, 295),
        (speech(), (True,) * SECONDS, 295),
        ((), NOTHING, 295),
        # Speech decides: a silent overlap, then the end of a sentence, then a breath, then no pause.
        (speech((5, 10), (12, 13), (27, 28)), NOTHING, 275),
        (speech((5.1, 10), (12, 13)), NOTHING, 280),
        (speech((12, 12.6), (27, 27.5)), NOTHING, 280),
        (speech((12, 12.5), (27, 27.5)), NOTHING, 295),
        (speech((12, 12.3)), NOTHING, 280),
        (speech((12, 12.2)), NOTHING, 295),
        (speech((0, 0.3)), NOTHING, 270),
        (speech((29.7, 30)), NOTHING, 295),
        # A pause at the edge of two overlaps counts where enough of it is inside; the later chunk begins in it.
        (speech((9.8, 10.2)), NOTHING, 280),
        (speech((9.7, 10.1)), NOTHING, 275),
        (speech((9.2, 10.1)), NOTHING, 275),
        # Where speech is alike, the picture decides.
        (ALL_QUIET, changes(26, 27, 28), 290),
        (speech(), changes(26, 21), 285),
        (speech((2, 3), (17, 18)), changes(16), 270),
        (ALL_QUIET, changes(2, 6, 7, 11, 12, 16, 17, 21, 22, 26, 27), 270),
        # Speech comes before the picture.
        (speech((2, 3), (17, 17.4)), changes(1, 2, 3, 4), 270),
        (speech((2, 3)), changes(*range(1, 5)), 270),
        # Sound that ends before the pictures is silence.
        ((False,) * 200, NOTHING, 295),
    ],
)
def test_a_seam_is_chosen(quiet: tuple[bool, ...], changed: tuple[bool, ...], start: float) -> None:
    assert chosen_start(1, SeamSignal(changed, quiet)) == start
    assert chosen_start(7, SeamSignal(changed, quiet)) == start + 6 * 295


@given(st.lists(st.booleans(), min_size=STEPS, max_size=STEPS), st.floats(0, 29.4), st.floats(0.6, 3.0))
def test_speech_is_never_cut_where_there_is_a_pause(loud: list[bool], begin: float, length: float) -> None:
    pause = speech((begin, begin + length))
    quiet = tuple(is_pause or not is_loud for is_pause, is_loud in zip(pause, loud, strict=True))
    first = round((chosen_start(1, SeamSignal(NOTHING, quiet)) - 270) * STEPS_PER_SECOND)
    drawn = "".join("q" if is_quiet else "s" for is_quiet in quiet)
    pauses = [set(range(*found.span())) for found in re.finditer("q{5,}", drawn)]
    assert any(len(pause & set(range(first, first + 50))) >= 2 for pause in pauses)


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


def whole_in_neither(words: list[Word], start: float) -> bool:
    """Return whether a sentence is whole neither in the chunk that ends at a seam nor in the one that begins there."""
    spans: dict[int, list[float]] = {}
    for word in words:
        spans.setdefault(word.sentence, []).extend((word.at, word.at + WORD_SECONDS))
    return any(min(span) < start and max(span) > start + OVERLAP_SECONDS for span in spans.values())


def test_of_random_recordings_fewer_sentences_are_cut_than_by_fixed_times() -> None:
    cut_when_fixed = cut = 0
    for seed in range(300):
        words = truth(Random(seed), seconds=320).words  # noqa: S311 - the same recordings each time
        said = {int((word.at + tenth / 10) * 10) for word in words for tenth in range(int(WORD_SECONDS * 10))}
        quiet = tuple(step not in said for step in range(2700, 2700 + STEPS))
        start = chosen_start(1, SeamSignal(NOTHING, quiet))
        cut_when_fixed += whole_in_neither(words, 295.0)
        cut += whole_in_neither(words, start)
    assert cut_when_fixed >= 3
    assert cut == 0
