"""Why a recording is refused: each reason at its limit, and which reason comes first."""

from dataclasses import replace
from fractions import Fraction

import pytest

from runops_worker.media.codecs import AUDIO_CODECS, VIDEO_CODECS
from runops_worker.media.errors import REASONS, MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.probe.refusal import header_refusal, refusal
from runops_worker.media.recording.timeline import Timeline
from runops_worker.media.recording.track import Track
from runops_worker.media.sandbox.run_tool import Outcome

LIMITS = Limits(
    max_duration_seconds=600,
    min_duration_seconds=2,
    max_pixels=2_000_000,
    max_streams=3,
    max_gap_seconds=100,
    least_readable_percent=100,
)
DONE = Outcome(0, ())
FAILED = Outcome(1, ())
NO_STREAM = Outcome(1, ("Stream map '0:V:0' matches no streams.",))
NO_INDEX = Outcome(1, ("[mov @ 0x1] moov atom not found",))


def video(**changes: object) -> Track:
    stream = Track(kind="video", codec="h264", width=1000, height=500, packets=90, start=0.0, end=60.0)
    return replace(stream, **changes)  # type: ignore[arg-type]


def sound(**changes: object) -> Track:
    stream = Track(kind="audio", codec="aac", sar=Fraction(1), packets=90, start=0.0, end=60.0)
    return replace(stream, **changes)  # type: ignore[arg-type]


def summary(**changes: object) -> InputSummary:
    usual = InputSummary(claimed_seconds=60.0, starts_at=0.0, streams=2, has_sound=True, has_known_tracks=True)
    return replace(usual, **changes)  # type: ignore[arg-type]


def packets(picture: Track | None = None, audio: Track | None = None) -> PacketReport:
    return PacketReport({0: picture or video(), 1: audio or sound()})


def said(refused: MediaRejected | None) -> str | None:
    return None if refused is None else str(refused)


def whole(outcome: Outcome = DONE, listed: InputSummary | None = None, read: PacketReport | None = None) -> str | None:
    return said(refusal(outcome, listed or summary(), read or packets(), LIMITS))


def header(
    outcome: Outcome = FAILED,
    listed: InputSummary | None = None,
    read: PacketReport | None = None,
    *,
    demuxer: str = "mov",
) -> str | None:
    return said(header_refusal(outcome, listed or summary(), read or packets(), LIMITS, demuxer=demuxer))


TOO_LARGE = "PictureTooLarge: The recording's picture is {} x {} ({} million pixels); the limit is 2 million pixels."
TOO_LONG = "MediaTooLong: The recording is {} long; the limit is 10 min."
TOO_MANY_STREAMS = "UnsupportedMedia: The recording has 4 streams; the limit is 3."
ODD_VIDEO = "UnsupportedMedia: The recording's video codec is svq3, which cannot be read. Export it as MP4 with H.264."
SOUND_ONLY = "NoVideoStream: The recording has sound but no picture."
NOTHING = "NoVideoStream: The recording has neither a picture nor sound."
NO_TRACK = "MediaCorrupt: No track can be recognised in the recording: its index is damaged."
NO_HEADER = "MediaCorrupt: The recording's index is missing: the file was cut off before its end was written."
DAMAGED = "MediaCorrupt: The recording cannot be opened: its structure is damaged."
NO_PICTURE = "MediaCorrupt: The recording has a video track, but no picture can be read from it."
NO_SIZE = "MediaCorrupt: The recording does not say how large its picture is."
GAP = "TimestampGap: The recording's timestamps jump by {} after 20 s; the longest gap allowed is 1 min 40 s."
LATE = "TimestampGap: The recording's timestamps begin at {} instead of 0."
CUT_OFF = "MediaCorrupt: The recording is cut off: only {} of its {} can be read."
TOO_SHORT = "MediaTooShort: The recording is {} long; it must be at least 2 s."


def test_a_usual_recording_is_accepted() -> None:
    assert whole() is None
    assert header() is None


@pytest.mark.parametrize("judge", [whole, header])
@pytest.mark.parametrize(
    ("refused", "size", "expected"),
    [
        (None, (2000, 1000), None),
        (None, (2000, 1001), TOO_LARGE.format(2000, 1001, 2)),
        ((4000, 1000), (0, 0), TOO_LARGE.format(4000, 1000, 4)),
        ((4000, 1000), (4000, 1001), TOO_LARGE.format(4000, 1001, 4)),
        ((4000, 1002), (4000, 1001), TOO_LARGE.format(4000, 1002, 4)),
        ((2, 5_000_000), (4000, 2000), TOO_LARGE.format(2, 5_000_000, 10)),
        ((5_000_000, 2), (2000, 4000), TOO_LARGE.format(5_000_000, 2, 10)),
        # Rounded to whole millions.
        (None, (7, 357_143), TOO_LARGE.format(7, 357_143, 3)),
        (None, (3, 833_333), TOO_LARGE.format(3, 833_333, 2)),
    ],
)
def test_the_larger_picture_is_compared_with_the_limit(
    judge: object, refused: tuple[int, int] | None, size: tuple[int, int], expected: str | None
) -> None:
    assert callable(judge)
    read = packets(video(width=size[0], height=size[1]))
    assert judge(listed=summary(refused_picture=refused), read=read) == expected


@pytest.mark.parametrize(("most", "millions"), [(1_500_001, 2), (1_499_999, 1)])
def test_the_limit_is_said_in_whole_millions(most: int, millions: int) -> None:
    large = packets(video(width=4000, height=1000))
    refused = said(refusal(DONE, summary(), large, replace(LIMITS, max_pixels=most)))
    assert refused is not None
    assert refused.endswith(f"the limit is {millions} million pixels.")


def test_a_picture_that_is_too_large_comes_first() -> None:
    large = packets(video(width=3000, height=1000, codec="svq3", packets=0))
    assert whole(NO_STREAM, read=large) == TOO_LARGE.format(3000, 1000, 3)


@pytest.mark.parametrize(
    ("outcome", "has_sound", "picture", "expected"),
    [
        (NO_STREAM, True, video(), SOUND_ONLY),
        (NO_STREAM, False, video(), NOTHING),
        (NO_INDEX, False, video(), NO_HEADER),
        (DONE, True, video(codec=""), DAMAGED),
        (FAILED, True, video(packets=0), DAMAGED),
        (Outcome(-6, ()), True, video(packets=0), DAMAGED),
        (DONE, True, video(packets=0), NO_PICTURE),
        (FAILED, True, video(packets=1, width=1), NO_SIZE),
        (FAILED, True, video(), None),
    ],
)
def test_a_file_that_does_not_open(outcome: Outcome, has_sound: bool, picture: Track, expected: str | None) -> None:
    assert whole(outcome, summary(has_sound=has_sound), packets(picture)) == expected


@pytest.mark.parametrize("judge", [whole, header])
def test_an_index_in_which_no_track_can_be_recognised_is_damaged(judge: object) -> None:
    assert callable(judge)
    unknown = summary(streams=1, has_sound=False, has_known_tracks=False)
    assert judge(NO_STREAM, listed=unknown) == NO_TRACK


@pytest.mark.parametrize(
    ("listed", "picture", "audio", "expected"),
    [
        (summary(streams=3), video(), sound(), None),
        (summary(streams=4), video(codec="svq3"), sound(), TOO_MANY_STREAMS),
        (summary(), video(codec="svq3", width=1), sound(codec="amr"), ODD_VIDEO),
        (summary(), video(), sound(codec="ra_144"), None),
    ],
)
def test_streams_that_cannot_be_used(listed: InputSummary, picture: Track, audio: Track, expected: str | None) -> None:
    assert whole(listed=listed, read=packets(picture, audio)) == expected


ENCRYPTED = "UnsupportedMedia: The recording is encrypted. Upload it without copy protection."


@pytest.mark.parametrize(
    ("listed", "picture", "expected"),
    [
        (summary(), video(encrypted=1), ENCRYPTED),
        (summary(is_encrypted=True), video(codec="svq3"), ENCRYPTED),
        (summary(), video(), None),
    ],
)
def test_an_encrypted_recording_is_refused_as_such(listed: InputSummary, picture: Track, expected: str | None) -> None:
    assert whole(listed=listed, read=packets(picture, sound(encrypted=0))) == expected


@pytest.mark.parametrize(("count", "refused"), [(1, True), (2, False)])
def test_a_gif_of_one_picture_is_an_image(count: int, *, refused: bool) -> None:
    expected = "NotAVideo: The file is a GIF image, not a video recording." if refused else None
    assert whole(read=packets(video(codec="gif", packets=count))) == expected


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp8", "vp9", "av1", "mpeg4"])
def test_the_video_codecs_of_recorders_are_accepted(codec: str) -> None:
    assert whole(read=packets(video(codec=codec))) is None
    assert codec in VIDEO_CODECS


@pytest.mark.parametrize(
    "codec",
    [
        *("aac", "opus", "vorbis", "mp3", "alac", "flac"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_u8"),
    ],
)
def test_the_audio_codecs_of_recorders_are_accepted(codec: str) -> None:
    assert whole(read=packets(audio=sound(codec=codec))) is None
    assert codec in AUDIO_CODECS


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(1, 2, NO_SIZE), (2, 1, NO_SIZE), (0, 0, NO_SIZE), (2, 2, None)]
)
def test_a_picture_has_two_pixels_a_side_at_least(width: int, height: int, expected: str | None) -> None:
    # The second part shows that the size comes before the times.
    read = packets(video(width=width, height=height, jumps_back_at=30.0 if expected else None))
    assert whole(read=read) == expected


@pytest.mark.parametrize(
    ("gap", "start", "starts_at", "expected"),
    [
        (100.0, 0.0, 0.0, None),
        (101.0, 0.0, 0.0, GAP.format("1 min 41 s")),
        (101.0, 500.0, 0.0, GAP.format("1 min 41 s")),
        (0.0, 100.0, 0.0, None),
        (0.0, 101.0, 0.0, LATE.format("1 min 41 s")),
        (0.0, 101.0, None, LATE.format("1 min 41 s")),
        (0.0, 500.0, 400.0, None),
        (0.0, 501.0, 400.0, LATE.format("1 min 41 s")),
    ],
)
def test_time_with_neither_picture_nor_sound(
    gap: float, start: float, starts_at: float | None, expected: str | None
) -> None:
    spans = Timeline([(start, start + 20.0), (start + 20.0 + gap, start + 60.0 + gap)])
    read = packets(video(start=start, end=start + 60.0, timeline=spans), sound(start=start, end=start + 60.0))
    assert whole(listed=summary(starts_at=starts_at), read=read) == expected
    if expected:
        assert whole(listed=summary(starts_at=starts_at, claimed_seconds=9000.0), read=read) == expected


@pytest.mark.parametrize(
    ("claimed", "length", "expected"),
    [
        (60.0, 60.0, None),
        (None, 60.0, None),
        (600.0, 600.0, None),
        (None, 601.0, TOO_LONG.format("10 min 1 s")),
        (60.0, 601.0, TOO_LONG.format("10 min 1 s")),
        (601.0, 60.0, TOO_LONG.format("10 min 1 s")),
        (602.0, 603.0, TOO_LONG.format("10 min 3 s")),
        (62.0, 60.0, None),
        (62.5, 60.0, CUT_OFF.format("1 min", "1 min 2 s")),
        (200.0, 194.0, None),
        (200.0, 193.5, CUT_OFF.format("3 min 14 s", "3 min 20 s")),
        (10.0, 7.5, CUT_OFF.format("7.5 s", "10 s")),
        (60.0, 90.0, None),
        (4.0, 2.0, None),
        (2.0, 1.9, TOO_SHORT.format("1.9 s")),
        (2.0, 1.97, TOO_SHORT.format("1.97 s")),
        (None, 1.9, TOO_SHORT.format("1.9 s")),
        (10.0, 1.0, CUT_OFF.format("1 s", "10 s")),
    ],
)
def test_the_length_of_a_file_that_ends_early(claimed: float | None, length: float, expected: str | None) -> None:
    read = packets(video(end=length), sound(end=length))
    assert whole(listed=summary(claimed_seconds=claimed, ends_early=True), read=read) == expected


@pytest.mark.parametrize(
    ("claimed", "length", "expected"),
    [(601.0, 60.0, None), (10.0, 7.5, None), (60.0, 601.0, TOO_LONG.format("10 min 1 s"))],
)
def test_a_header_of_a_whole_file_that_claims_more_is_wrong(
    claimed: float, length: float, expected: str | None
) -> None:
    read = packets(video(end=length), sound(end=length))
    assert whole(listed=summary(claimed_seconds=claimed), read=read) == expected


def test_a_second_recording_in_the_file_is_not_left_out_in_silence() -> None:
    read = packets(video(start=10.0, end=60.0, jumps_back_at=30.0), sound(start=10.0, end=60.0))
    assert whole(read=read) == (
        "TimestampGap: The recording starts again after 20 s: it is two recordings in one file. "
        "Join them with a video editor, or upload each."
    )


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        (packets(video(end=1.98), sound(end=1.98)), "is 1.98 s long; it must be at least 2 s."),
        (packets(video(end=600.3), sound(end=600.3)), "is 600.30 s long; the limit is 10 min."),
        (
            packets(video(timeline=Timeline([(0.0, 9.0), (109.2, 120.0)]), end=120.0), sound(end=9.0)),
            "jump by 100.20 s after 9 s; the longest gap allowed is 1 min 40 s.",
        ),
    ],
)
def test_a_sentence_does_not_contradict_itself_by_rounding(read: PacketReport, sentence: str) -> None:
    assert str(whole(read=read)).endswith(sentence)


def test_the_largest_picture_is_the_one_that_is_judged() -> None:
    camera = video(codec="mjpeg", width=640, height=480)
    assert said(refusal(DONE, summary(), PacketReport({0: camera, 1: video()}), LIMITS)) is None
    odd = PacketReport({0: video(), 1: video(codec="svq3", width=1920, height=1000)})
    assert said(refusal(DONE, summary(), odd, LIMITS)) == ODD_VIDEO


@pytest.mark.parametrize(
    ("outcome", "listed", "read", "expected"),
    [
        # Without a list of streams, ffmpeg did not understand the header: only the whole file can tell.
        (NO_STREAM, summary(streams=0, claimed_seconds=9000.0), packets(video(codec="svq3")), None),
        (NO_STREAM, summary(streams=1), packets(), SOUND_ONLY),
        (NO_STREAM, summary(streams=1, has_sound=False), packets(), NOTHING),
        (NO_INDEX, summary(), packets(), None),
        (FAILED, summary(), packets(video(codec="svq3")), ODD_VIDEO),
        (FAILED, summary(claimed_seconds=601.0), packets(video(codec="svq3")), ODD_VIDEO),
        (FAILED, summary(), packets(video(codec="")), None),
        (FAILED, summary(streams=4), packets(), TOO_MANY_STREAMS),
        # A codec that ffmpeg did not print yet says nothing, and neither do pictures that did not arrive yet.
        (FAILED, summary(streams=4), packets(video(codec="")), None),
        (FAILED, summary(), packets(video(packets=0)), None),
        (DONE, summary(claimed_seconds=600.0), packets(video(end=1.0), sound(end=1.0)), None),
        (DONE, summary(claimed_seconds=601.0), packets(video(end=1.0)), TOO_LONG.format("10 min 1 s")),
        (DONE, summary(claimed_seconds=None), packets(video(end=9000.0)), None),
        (DONE, summary(streams=1, claimed_seconds=601.0), packets(), TOO_LONG.format("10 min 1 s")),
    ],
)
def test_what_a_header_alone_shows(
    outcome: Outcome, listed: InputSummary, read: PacketReport, expected: str | None
) -> None:
    assert header(outcome, listed, read) == expected


@pytest.mark.parametrize(
    ("starts_at", "demuxer", "refused"), [(0.0, "mov", True), (2.0, "mov", False), (0.0, "matroska", False)]
)
def test_a_length_in_the_header_counts_from_the_start_and_only_where_it_is_written_last(
    starts_at: float, demuxer: str, *, refused: bool
) -> None:
    claimed = header(listed=summary(claimed_seconds=601.0, starts_at=starts_at), demuxer=demuxer)
    assert claimed == (TOO_LONG.format("10 min 1 s") if refused else None)


def test_only_a_known_reason_can_be_given() -> None:
    with pytest.raises(AssertionError):
        MediaRejected("TooBad", "It is bad.")
    assert {str(MediaRejected(reason, "Why.")) for reason in REASONS} == {f"{reason}: Why." for reason in REASONS}


@pytest.mark.parametrize(
    ("filled", "has_second_index", "refused"), [(66.5, True, True), (65.5, True, False), (66.5, False, False)]
)
def test_two_recordings_in_pieces_whose_pictures_are_mixed_are_refused(
    filled: float, *, has_second_index: bool, refused: bool
) -> None:
    read = packets(video(start=100.0, end=160.0, filled=filled), sound(start=100.0, end=160.0))
    said_of_it = whole(listed=summary(starts_at=100.0, has_second_index=has_second_index), read=read)
    assert (said_of_it or "").startswith("TimestampGap: The recording's file holds two recordings") is refused
