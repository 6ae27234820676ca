"""What a slim video must be to be accepted, at each limit."""

import pytest

from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.recording.track import Track
from runops_worker.media.transcode.check import check
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.slim_length import longest_seconds, shortest_seconds

NOTHING_LOST = Limits(least_readable_percent=100)
CLEAN = DecodingReport(packets=1000, pictures=1000)


def info(seconds: float, *, video_seconds: float | None = None, has_audio: bool = True) -> Recording:
    return Recording(
        duration_seconds=seconds,
        video_seconds=seconds if video_seconds is None else video_seconds,
        screen=0,
        width=1920,
        height=1080,
        video_codec="h264",
        sounds=(SoundTrack(place=0, codec="aac"),) if has_audio else (),
        container="mov",
    )


def slim(frames: int, seconds: float, *, sound: int = 100) -> PacketReport:
    audio = Track(kind="audio", packets=sound, start=0.0, end=seconds)
    return PacketReport({0: Track(kind="video", packets=frames, start=0.0, end=float(frames)), 1: audio})


def verdict(
    packets: PacketReport,
    recording: Recording,
    *,
    fps: int = 1,
    report: DecodingReport = CLEAN,
    limits: Limits = NOTHING_LOST,
    damaged_seconds: float = 0.1,
) -> str | None:
    try:
        check(packets, recording=recording, fps=fps, report=report, limits=limits, damaged_seconds=damaged_seconds)
    except MediaRejected as refused:
        return str(refused)
    return None


def damaged(errors: int, concealed: int, packets: int) -> str | None:
    report = DecodingReport(packets=packets, pictures=packets, errors=errors, damaged=concealed)
    return verdict(slim(60, 60.0), info(60.0), report=report)


@pytest.mark.parametrize(
    ("errors", "concealed", "packets", "bad"),
    [
        (0, 0, 0, None),
        (2, 0, 2, None),
        (1, 1, 100, None),
        (3, 0, 300, None),
        (3, 0, 299, 3),
        (1, 2, 299, 3),
        (0, 3, 299, 3),
        (10, 0, 1000, None),
        (11, 0, 1000, 11),
    ],
)
def test_three_bad_pictures_and_more_than_one_in_a_hundred_are_too_many(
    errors: int, concealed: int, packets: int, bad: int | None
) -> None:
    expected = (
        None
        if bad is None
        else (f"MediaCorrupt: The recording is damaged: {bad} of its {packets} pictures cannot be decoded.")
    )
    assert damaged(errors, concealed, packets) == expected


@pytest.mark.parametrize(
    ("damaged_seconds", "least_percent", "least_seconds", "fine"),
    [
        (30.0, 50, 30.0, True),
        (30.1, 50, 10.0, False),
        (30.0, 51, 10.0, False),
        (30.0, 50, 30.1, False),
        (0.0, 100, 60.0, True),
    ],
)
def test_a_damaged_recording_is_worked_on_if_enough_of_it_is_left(
    damaged_seconds: float, least_percent: int, least_seconds: float, *, fine: bool
) -> None:
    limits = Limits(least_readable_percent=least_percent, least_readable_seconds=least_seconds)
    report = DecodingReport(packets=300, pictures=290, errors=100)
    got = verdict(slim(60, 60.0), info(60.0), report=report, limits=limits, damaged_seconds=damaged_seconds)
    refused = "MediaCorrupt: The recording is damaged: 100 of its 300 pictures cannot be decoded."
    assert got == (None if fine else refused)


@pytest.mark.parametrize(
    ("seconds", "frames", "fine"),
    [
        (60.0, 60, True),
        (60.0, 59, True),
        (60.0, 61, True),
        (60.0, 58, False),
        (60.0, 62, False),
        (199.0, 198, True),
        (199.0, 197, False),
        (200.0, 198, True),
        (200.0, 202, True),
        (200.0, 197, False),
        (1000.0, 990, True),
        (1000.0, 989, False),
        (1000.0, 1011, False),
    ],
)
def test_one_picture_or_one_in_a_hundred_may_be_missing_or_too_many(seconds: float, frames: int, *, fine: bool) -> None:
    got = verdict(slim(frames, seconds), info(seconds))
    assert got is None if fine else got is not None and got.startswith("MediaCorrupt: The recording is damaged: ")


def test_the_sentence_says_how_many_pictures_were_expected() -> None:
    assert verdict(slim(50, 60.0), info(60.0)) == (
        "MediaCorrupt: The recording is damaged: decoding its 1 min gave 50 pictures instead of 60."
    )


def test_sound_that_is_announced_must_be_there() -> None:
    assert verdict(slim(60, 60.0, sound=0), info(60.0)) == (
        "MediaCorrupt: The recording has a sound track, but none of it can be decoded."
    )
    assert verdict(slim(60, 60.0, sound=1), info(60.0)) is None
    assert verdict(slim(60, 60.0, sound=0), info(60.0, has_audio=False)) is None


@pytest.mark.parametrize(
    ("fps", "length", "expected"),
    [
        (1, 57.0, None),
        (1, 63.0, None),
        (1, 56.9, "MediaCorrupt: The recording is damaged: decoding its 1 min gave 57 s of picture and sound."),
        (1, 63.5, "MediaCorrupt: The recording is damaged: decoding its 1 min gave 1 min 4 s of picture and sound."),
        (2, 57.5, None),
        (2, 57.4, "MediaCorrupt: The recording is damaged: decoding its 1 min gave 57 s of picture and sound."),
    ],
)
def test_with_sound_the_length_is_that_of_the_recording(fps: int, length: float, expected: str | None) -> None:
    packets = slim(60 * fps, length)
    packets.video.end = 0.0
    assert verdict(packets, info(60.0), fps=fps) == expected


def test_lengths_that_read_alike_are_told_to_the_second() -> None:
    found = verdict(slim(7204, 7204.0), info(7200.0))
    assert found == "MediaCorrupt: The recording is damaged: decoding its 2 h gave 2 h 4 s of picture and sound."


def test_without_sound_the_length_is_not_compared() -> None:
    assert verdict(slim(60, 10.0, sound=0), info(60.0, has_audio=False)) is None


@pytest.mark.parametrize(
    ("recording", "fps", "shortest"),
    [
        (info(600.0), 1, 597.0),
        (info(600.0), 2, 597.5),
        (info(600.0, video_seconds=10.0), 1, 597.0),
        (info(600.0, has_audio=False), 1, 594.0),
        (info(600.0, has_audio=False), 2, 594.0),
        (info(60.0, has_audio=False), 1, 59.0),
        (info(60.0, has_audio=False), 4, 59.5),
    ],
)
def test_the_shortest_length_is_what_is_just_accepted(recording: Recording, fps: int, shortest: float) -> None:
    assert shortest_seconds(recording, fps=fps) == shortest
    frames = round(shortest * fps)
    if not recording.has_audio:
        assert verdict(slim(frames, shortest, sound=0), recording, fps=fps) is None
        assert verdict(slim(frames - 1, shortest, sound=0), recording, fps=fps) is not None


@pytest.mark.parametrize(
    ("recording", "fps", "longest"),
    [
        (info(600.0), 1, 603.0),
        (info(60.0), 1, 63.0),
        (info(60.0), 2, 62.5),
        (info(60.0, has_audio=False), 1, 61.0),
        (info(600.0, has_audio=False), 2, 606.0),
    ],
)
def test_nothing_longer_than_the_longest_length_is_accepted(recording: Recording, fps: int, longest: float) -> None:
    assert longest_seconds(recording, fps=fps) == longest
    sound = int(recording.has_audio)
    assert verdict(slim(round(longest * fps) + 1, longest + 1 / fps, sound=sound), recording, fps=fps) is not None
