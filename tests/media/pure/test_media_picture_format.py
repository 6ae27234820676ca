"""What ffmpeg's line of a stream says of its pictures."""

import pytest

from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.recording.picture_format import UNKNOWN, PictureFormat


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 640x480 [SAR 1:1", PictureFormat(pixels="yuv420p")),
        ("h264 (High), yuv420p(tv, bt709, progressive), 640x480", PictureFormat(pixels="yuv420p")),
        ("vp8, yuv420p(tv, bt470bg/unknown/unknown, progressive), 320x180, SAR 1:1", None),
        (
            "hevc (Main 10) (hev1 / 0x31766568), yuv420p10le(tv, bt2020nc/bt2020/smpte2084, progressive), 320x180",
            PictureFormat(pixels="yuv420p10le", primaries="bt2020", transfer="smpte2084"),
        ),
        (
            "hevc (Main 10), yuv420p10le(pc, bt2020nc/bt2020/arib-std-b67), 320x180",
            PictureFormat(pixels="yuv420p10le", full_range=True, primaries="bt2020", transfer="arib-std-b67"),
        ),
        ("h264 (High), yuv420p(top first), 640x480", PictureFormat(pixels="yuv420p", interlaced=True)),
        (
            "h264 (High), yuvj420p(pc, bt709, bottom coded first (swapped)), 640x480",
            PictureFormat(pixels="yuvj420p", full_range=True, interlaced=True),
        ),
        ("mpeg4 (Simple Profile) (mp4v / 0x7634706D), yuv420p, 640x480", PictureFormat(pixels="yuv420p")),
        ("h264 (avc1 / 0x31637661), none, 640x480", PictureFormat(pixels="none")),
        ("h264 (avc1 / 0x31637661), 640x480", UNKNOWN),
    ],
)
def test_the_format_is_read_from_the_line_of_the_stream(words: str, expected: PictureFormat | None) -> None:
    summary = InputSummary()
    summary.take(f"  Stream #0:0[0x1](und): Video: {words}, 2 kb/s, 10 fps (default)")
    expected = expected or PictureFormat(pixels="yuv420p", primaries="unknown", transfer="unknown")
    assert summary.videos[0].picture == expected


def test_hdr_and_rgb_are_told_by_their_names() -> None:
    assert PictureFormat(transfer="smpte2084").is_hdr
    assert PictureFormat(transfer="arib-std-b67").is_hdr
    assert not PictureFormat(transfer="bt2020-10", primaries="bt2020").is_hdr
    assert PictureFormat(transfer="bt2020-10", primaries="bt2020").is_wide_gamut
    assert PictureFormat(transfer="smpte2084").is_wide_gamut
    assert not PictureFormat(primaries="bt709").is_wide_gamut
    assert [PictureFormat(pixels=name).is_rgb for name in ("gbrp", "bgr0", "pal8", "gray", "yuv444p")] == [
        *(True, True, True, False, False)
    ]
