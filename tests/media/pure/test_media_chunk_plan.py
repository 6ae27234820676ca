"""How a slim video is divided into chunks, at each limit."""

import pytest

from runops_worker.media.transcode.chunks import (
    CHUNK_SECONDS,
    OVERLAP_SECONDS,
    SEAM_SECONDS,
    Chunk,
    plan_chunks,
    settled_chunks,
)


def plan(seconds: float) -> list[tuple[float, float]]:
    return [(chunk.start, chunk.length) for chunk in plan_chunks(seconds)]


def test_chunks_of_five_minutes_share_five_seconds() -> None:
    assert (CHUNK_SECONDS, OVERLAP_SECONDS, SEAM_SECONDS) == (300, 5, 295)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.5, [(0, 0.5)]),
        (300.0, [(0, 300)]),
        # Up to a fifth more than a chunk is one chunk.
        (360.0, [(0, 360)]),
        (360.5, [(0, 300), (295, 65.5)]),
        (595.0, [(0, 300), (295, 300)]),
        # A last chunk that would add less than 30 s is joined to the one before it.
        (595.5, [(0, 300), (295, 300.5)]),
        (624.5, [(0, 300), (295, 329.5)]),
        (625.0, [(0, 300), (295, 300), (590, 35)]),
        (890.0, [(0, 300), (295, 300), (590, 300)]),
        (919.5, [(0, 300), (295, 300), (590, 329.5)]),
        (920.0, [(0, 300), (295, 300), (590, 300), (885, 35)]),
    ],
)
def test_a_video_is_divided(seconds: float, expected: list[tuple[float, float]]) -> None:
    assert plan(seconds) == expected
    assert [chunk.index for chunk in plan_chunks(seconds)] == list(range(len(expected)))


def test_other_lengths() -> None:
    chunks = plan_chunks(100.0, chunk_seconds=40, overlap_seconds=10, min_tail_seconds=5)
    assert chunks == (Chunk(0, 0.0, 40.0), Chunk(1, 30.0, 40.0), Chunk(2, 60.0, 40.0))
    # A tail of the whole second chunk leaves one chunk.
    assert plan_chunks(50.0, chunk_seconds=40, overlap_seconds=10, min_tail_seconds=11) == (Chunk(0, 0.0, 50.0),)
    assert plan_chunks(50.0, chunk_seconds=40, overlap_seconds=10, min_tail_seconds=10) == (
        Chunk(0, 0.0, 40.0),
        Chunk(1, 30.0, 20.0),
    )
    # No overlap is allowed.
    assert len(plan_chunks(100.0, chunk_seconds=10, overlap_seconds=0, min_tail_seconds=0)) == 10


@pytest.mark.parametrize("overlap", [-1, 10, 11])
def test_an_overlap_is_shorter_than_a_chunk_and_not_negative(overlap: int) -> None:
    with pytest.raises(ValueError, match=f"^chunks of 10 s cannot overlap by {overlap} s$"):
        plan_chunks(100.0, chunk_seconds=10, overlap_seconds=overlap)


def test_an_overlap_of_all_but_a_second_is_possible() -> None:
    assert len(plan_chunks(20.0, chunk_seconds=10, overlap_seconds=9, min_tail_seconds=0)) == 11


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
def test_a_video_without_length_cannot_be_divided(seconds: float) -> None:
    with pytest.raises(ValueError, match=f"^a video of {seconds} s cannot be divided$"):
        plan_chunks(seconds)


@pytest.mark.parametrize(
    ("shortest", "count"),
    [(-5.0, 0), (0.0, 0), (0.5, 0), (360.0, 0), (360.5, 1), (624.5, 1), (625.0, 2), (919.5, 2), (920.0, 3)],
)
def test_all_chunks_but_the_last_are_settled(shortest: float, count: int) -> None:
    assert settled_chunks(shortest) == plan_chunks(9000.0)[:count]
