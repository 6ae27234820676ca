"""What ffmpeg says about a file on standard error."""

import pytest

from runops_worker.media.probe.input_summary import InputSummary, VideoHeader
from runops_worker.media.recording.picture_format import PictureFormat

LINES = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/work/recording':
  Metadata:
    title           :   Duration: 99:00:00.00, start: 7.000000, bitrate: 1 kb/s
  Duration: 01:02:03.50, start: 0.250000, bitrate: 100 kb/s
  Stream #0:0[0x1](und): Video: h264 (High), yuv420p, 320x240, 30 fps
      Metadata:
        handler_name    : VideoHandler
      Side data:
        displaymatrix: rotation of -90.00 degrees
  Stream #0:1[0x2](und): Audio: aac (LC), 48000 Hz, mono
Stream mapping:
  Stream #0:0 -> #0:0 (copy)
Output #0, framecrc, to 'pipe:':
  Duration: 09:09:09.90, start: 9.000000, bitrate: 9 kb/s
  Stream #0:8: Video: h264, 320x240
        displaymatrix: rotation of 45.00 degrees
""".splitlines()


def read(*lines: str) -> InputSummary:
    summary = InputSummary()
    for line in lines:
        summary.take(line)
    return summary


def test_the_input_is_read_and_the_output_is_not() -> None:
    summary = read(*LINES)
    assert summary.claimed_seconds == 3723.5
    assert summary.starts_at == 0.25
    assert summary.streams == 2
    assert summary.videos == [VideoHeader(rotation=-90.0, picture=PictureFormat(pixels="yuv420p"))]
    assert summary.has_sound
    assert summary.refused_picture is None


@pytest.mark.parametrize(
    ("stream", "known"),
    [
        ("[0x1](und): Video: h264 (High), yuv420p, 320x240", True),
        ("[0x1](und): Audio: none", True),
        (": Subtitle: mov_text (tx3g / 0x67337874)", True),
        ("[0x3](eng): Data: none (tmcd / 0x64636D74)", False),
        (": Data: bin_data (gpmd / 0x646D7067)", True),
        ("[0x1]: Data: none (default)", False),
        (": Unknown: none", False),
    ],
)
def test_a_track_of_which_nothing_is_known_is_told_apart(stream: str, *, known: bool) -> None:
    assert read(f"  Stream #0:0{stream}").has_known_tracks is known


@pytest.mark.parametrize("last", ["Stream mapping:", "Output #0, framecrc, to 'pipe:':"])
def test_either_line_ends_the_input(last: str) -> None:
    assert read(last, "  Stream #0:0: Audio: aac", "  Duration: 00:00:09.90, start: 9.000000").streams == 0


def test_nothing_is_known_of_an_unknown_file() -> None:
    assert read("Invalid data found when processing input") == InputSummary(
        claimed_seconds=None, starts_at=None, streams=0, videos=[], refused_picture=None, has_sound=False
    )


@pytest.mark.parametrize(
    ("line", "seconds", "start"),
    [
        ("  Duration: 100:00:00.00, start: -1.500000, bitrate: 1 kb/s", 360000.0, -1.5),
        ("  Duration: 00:00:01.04, start: 0.000000, bitrate: 1 kb/s", 1.04, 0.0),
        ("  Duration: N/A, start: 3.000000, bitrate: N/A", None, 3.0),
        ("  Duration: N/A, bitrate: N/A", None, None),
        ("   Duration: 00:00:01.04, start: 0.000000, bitrate: 1 kb/s", None, None),
        (" Duration: 00:00:01.04, start: 0.000000, bitrate: 1 kb/s", None, None),
    ],
)
def test_the_claimed_length(line: str, seconds: float | None, start: float | None) -> None:
    summary = read(line)
    assert (summary.claimed_seconds, summary.starts_at) == (seconds, start)


def test_a_length_that_ffmpeg_guessed_does_not_count() -> None:
    summary = read("[mov @ 0x1] Estimating duration from bitrate, this may be inaccurate", LINES[3])
    assert summary.claimed_seconds is None
    assert summary.starts_at == 0.25


def test_streams_are_counted_by_the_highest_number() -> None:
    assert read("  Stream #0:4: Data: none", "  Stream #0:1: Data: none").streams == 5
    assert read("    Stream #0:4: Data: none", "  Stream #1:4: Data: none").streams == 0


def test_only_a_sound_stream_is_sound() -> None:
    assert not read("  Stream #0:0: Video: h264", "  Stream #0:1: Subtitle: ass").has_sound
    assert read("  Stream #0:0: Audio: none", "  Stream #0:1: Video: h264").has_sound


ROTATED = "        displaymatrix: rotation of 90.00 degrees"


@pytest.mark.parametrize(
    ("lines", "rotation"),
    [
        (["  Stream #0:0: Video: h264", ROTATED], 90.0),
        (["  Stream #0:0: Video: h264", "      Display Matrix: rotation of -180 degrees"], -180.0),
        # The first rotation of a video stream counts.
        (["  Stream #0:0: Video: h264", ROTATED, "      displaymatrix: rotation of 180.00 degrees"], 90.0),
        (["  Stream #0:0: Audio: aac", ROTATED], None),
        (["  Stream #0:0: Video: h264", "  Stream #0:1: Audio: aac", ROTATED], 0.0),
        ([ROTATED], None),
        # Not indented as deep as side data.
        (["  Stream #0:0: Video: h264", "     displaymatrix: rotation of 90.00 degrees"], 0.0),
    ],
)
def test_the_rotation_of_the_video(lines: list[str], rotation: float | None) -> None:
    assert [header.rotation for header in read(*lines).videos[:1]] == ([] if rotation is None else [rotation])


def test_a_picture_above_the_limit_is_noted_anywhere() -> None:
    refused = "[h264 @ 0x1] Picture size 16384x8192 exceeds specified max pixel count 36000000, see the documentation"
    assert read(refused).refused_picture == (16384, 8192)
    assert read("Stream mapping:", refused).refused_picture == (16384, 8192)


COVER = "  Stream #0:2: Video: mjpeg (Baseline), yuvj420p, 300x300, 90k tbr, 90k tbn (attached pic)"


def test_covers_are_not_tracks_with_pictures() -> None:
    summary = read("  Stream #0:0: Video: h264 (default)", ROTATED, COVER, "  Stream #0:3: Video: h264")
    assert summary.videos == [VideoHeader(is_default=True, rotation=90.0), VideoHeader()]
    assert summary.streams == 4


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[in#0/matroska,webm @ 0x562447af0100] File ended prematurely", True),
        ("[in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x564c53200100] stream 1, offset 0x4a78a: partial file", True),
        ("    title           : File ended prematurely", False),
        ("[h264 @ 0x564c53339d80] Invalid NAL unit size (690 > 262).", False),
    ],
)
def test_the_demuxer_tells_where_a_file_ends_early(line: str, expected: bool) -> None:
    assert read(line).ends_early is expected
    assert read("Stream mapping:", line).ends_early is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[in#0/matroska,webm @ 0x1] Element at 0x253f5 ending at 0x27212 exceeds containing master element", True),
        ("[in#0/matroska,webm @ 0x1] 0x00 at pos 153589 (0x257f5) invalid as first byte of an EBML number", True),
        (
            "[in#0/matroska,webm @ 0x1] Length 8 indicated by an EBML number's first byte 0x01 at pos 4 exceeds",
            True,
        ),
        # One of several recordings in a file.
        ("[matroska,webm @ 0x1] 0x00 at pos 153589 (0x257f5) invalid as first byte of an EBML number", True),
        ("    title           : [in#0/matroska,webm @ 0x1] Element at 0x2 ending at 0x3 exceeds", False),
        ("[in#0/matroska,webm @ 0x1] File ended prematurely", False),
    ],
)
def test_the_demuxer_tells_what_it_leaves_out(line: str, expected: bool) -> None:
    assert read(line).leaves_out is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("      enc_key_id      : 12345678123456781234567812345678", True),
        ("    enc_key_id      : 12345678123456781234567812345678", False),
        ("  Stream #0:0[0x1](und): Video: h264 (High) (encv / 0x76636E65), yuv420p, 320x240", True),
        ("  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 320x240", False),
        ("[in#0/asf @ 0x1] DRM protected stream detected, decoding will likely fail!", True),
        ("    comment : [in#0/asf @ 0x1] DRM protected stream detected", False),
    ],
)
def test_encryption_is_found_in_the_description_of_a_stream(line: str, expected: bool) -> None:
    assert read(line).is_encrypted is expected
