"""Sums of one track, over packets in the order of the file."""

import pytest

from runops_worker.media.recording.track import Track

KEY = 1


def track(*packets: tuple[int, int, int], kind: str = "video") -> Track:
    """Return a track of packets with these times, lengths and flags, in tenths of a second."""
    made = Track(kind=kind, time_base=0.1)
    for pts, duration, flags in packets:
        made.take(pts=pts, duration=duration, size=1, flags=flags)
    return made


def test_the_lengths_of_all_packets_are_added_up() -> None:
    assert track((0, 10, KEY), (10, -5, 0), (20, 20, 0)).filled == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("times", "at"),
    [
        # It does not begin at 0, and starts again where it began.
        ([1000, 1050, 1005], 106.0),
        ([1000, 1002], None),
        ([1000, 1050, 1015], None),
    ],
)
def test_a_recording_begins_anew_where_it_began(times: list[int], at: float | None) -> None:
    assert track(*((time, 10, KEY) for time in times)).jumps_back_at == at


def test_only_key_pictures_begin_a_recording_anew() -> None:
    assert track((1000, 10, KEY), (1050, 10, 0), (1005, 10, 0)).jumps_back_at is None


@pytest.mark.parametrize(
    ("packets", "end"),
    [
        # A usual distance; in the order of decoding, too; a still screen.
        ([(0, 0), (30, 0), (60, 0)], 0.09),
        ([(0, 0), (90, 0), (30, 0), (60, 0)], 0.12),
        ([(0, 0), (2900, 0), (5800, 0)], 5.84),
        # The file says it, or has one picture only.
        ([(0, 0), (30, 0), (60, 2000)], 2.06),
        ([(0, 0), (60, 0), (60, 2000)], 2.06),
        ([(500, 0)], 0.5),
    ],
)
def test_a_last_picture_of_unknown_length_is_as_long_as_a_usual_one(packets: list[tuple[int, int]], end: float) -> None:
    made = Track(kind="video", time_base=0.001)
    for pts, duration in packets:
        made.take(pts=pts, duration=duration, size=1, flags=KEY)
    assert made.end == pytest.approx(end)
    assert made.last_has_no_length is not any(duration for _, duration in packets)


BROKEN = 2


@pytest.mark.parametrize(
    ("packets", "parts"),
    [
        ([(0, KEY), (10, 0), (20, 0)], []),
        ([(0, KEY), (10, BROKEN), (20, 0), (30, KEY)], [(1.0, 3.0)]),
        ([(0, KEY), (10, BROKEN), (20, BROKEN), (30, KEY | BROKEN), (40, KEY)], [(1.0, 3.0), (3.0, 4.0)]),
        ([(0, KEY), (10, BROKEN), (20, 0)], [(1.0, 2.0)]),
        ([(0, KEY), (10, BROKEN), (70, 0), (120, 0), (130, 0)], [(1.0, 12.0)]),
        ([(0, KEY), (10, BROKEN), (110, 0)], [(1.0, 11.0)]),
    ],
)
def test_a_picture_that_is_not_whole_is_seen_until_the_next_key_picture(
    packets: list[tuple[int, int]], parts: list[tuple[float, float]]
) -> None:
    made = track(*((pts, 0, flags) for pts, flags in packets))
    assert list(made.parts_broken_until(made.latest)) == parts
