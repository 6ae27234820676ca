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
