"""Durations and sizes as text, the deadlines of ffmpeg, and the size of the slim picture."""

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.transcode.slim_size import slim_size
from runops_worker.media.wording import bytes_text, distinct_text, seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.3, "0.3 s"),
        (1.0, "1 s"),
        (9.94, "9.9 s"),
        (10.0, "10 s"),
        (10.4, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61.0, "1 min 1 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h"),
        (3659.0, "1 h"),
        (3660.0, "1 h 1 min"),
        (90000.0, "25 h"),
    ],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "other", "text"),
    [
        (0.3, 1.0, "0.3 s"),
        (0.97, 1.0, "0.97 s"),
        (0.9996, 1.0, "0.9996 s"),
        (7204.0, 7200.0, "2 h 4 s"),
        (7200.0, 7204.0, "2 h"),
        (7260.4, 7200.0, "2 h 1 min"),
        (7200.3, 7200.0, "7200.30 s"),
        (100.4, 100.0, "100.40 s"),
        (0.99999999, 1.0, "0.99999999 s"),
        (0.04, 0.0, "0.04 s"),
    ],
)
def test_a_duration_beside_another_one_reads_differently(seconds: float, other: float, text: str) -> None:
    assert distinct_text(seconds, other) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (1_000_000, "1.0 MB"),
        (999_900_000, "999.9 MB"),
        (1_000_000_000, "1.0 GB"),
        # Rounded to a tenth.
        (1_049_999, "1.0 MB"),
        (1_049_999_999, "1.0 GB"),
        (1_050_000_001, "1.1 GB"),
        (4_294_967_296, "4.3 GB"),
    ],
)
def test_a_size(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_the_defaults_are_those_of_the_documentation() -> None:
    limits = Limits()
    assert (limits.max_bytes, limits.max_duration_seconds, limits.min_duration_seconds) == (4 * 1024**3, 7200, 1)
    assert (limits.max_pixels, limits.max_streams, limits.max_gap_seconds) == (36_000_000, 32, 1800)
    assert (limits.max_memory_bytes, limits.tool_seconds_per_media_second) == (1536 * 1024**2, 6)
    assert (limits.least_readable_percent, limits.least_readable_seconds) == (50, 10)
    assert limits.require_landlock is False


def test_the_deadlines_grow_with_the_work() -> None:
    assert Limits().probe_deadline(0) == 30
    assert Limits().probe_deadline(50_000_000) == 40
    assert Limits().transcode_deadline(0) == 60
    assert Limits(tool_seconds_per_media_second=2.5).transcode_deadline(100) == 310


@pytest.mark.parametrize(
    ("size", "shorter_side", "expected"),
    [
        ((1920, 1080), 720, (1280, 720)),
        # A telephone that stands upright keeps as many pixels per letter as one that lies.
        ((1080, 1920), 720, (720, 1280)),
        ((1080, 2340), 720, (720, 1560)),
        ((2340, 1080), 720, (1560, 720)),
        ((1000, 1000), 720, (720, 720)),
        # Never larger than the recording.
        ((320, 240), 720, (320, 240)),
        ((1280, 720), 720, (1280, 720)),
        # Even sides, not below 2.
        ((321, 241), 720, (320, 240)),
        ((323, 243), 720, (324, 244)),
        ((4000, 2), 720, (4000, 2)),
        ((20000, 4), 720, (4096, 2)),
        ((1, 5000), 720, (2, 4096)),
        # No side longer than 4096.
        ((1080, 20000), 720, (222, 4096)),
        ((8192, 1000), 720, (4096, 500)),
        ((40960, 7169), 720, (4096, 716)),
        ((4096, 700), 720, (4096, 700)),
        ((4098, 700), 720, (4096, 700)),
    ],
)
def test_the_slim_picture_is_scaled_down_to_even_sides(
    size: tuple[int, int], shorter_side: int, expected: tuple[int, int]
) -> None:
    assert slim_size(*size, shorter_side=shorter_side) == expected


def test_a_frame_for_pictures_of_any_size_is_as_large_as_wanted() -> None:
    assert slim_size(320, 180, shorter_side=720, enlarge=True) == (1280, 720)
    assert slim_size(1920, 1080, shorter_side=720, enlarge=True) == (1280, 720)
    assert slim_size(400, 10, shorter_side=720, enlarge=True) == (4096, 102)
