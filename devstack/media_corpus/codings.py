"""Recordings by the ways they are coded: what encoders, cameras and cutters do to the order and time of pictures.

All show a counter and a moving bar, so no two pictures are alike.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from devstack.media_corpus.ordinary import ffmpeg

__all__ = ["CODINGS", "make_coding"]

Recipe = Callable[[Path], None]

_SECONDS: Final = "7.4"
_TONE: Final = ("-f", "lavfi", "-i", "sine=frequency=300:sample_rate=32000")
_X264: Final = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p")
_X265: Final = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1", "-x265-params")
_QUIET: Final = "log-level=error:pools=none"
_VPX: Final = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k")
_PYRAMID: Final = (*_X264, "-bf", "4", "-b_strategy", "0", "-x264-params", "b-pyramid=normal:scenecut=0", "-g", "60")
_IRREGULAR: Final = ("-vf", "select='gt(mod(n*7919,101),45)'", "-fps_mode", "vfr")


def _coded(*codec: str, size: str = "96x56", rate: int = 30, container: str = "mp4", sound: bool = True) -> Recipe:
    heard = (*_TONE, "-c:a", "aac" if container == "mp4" else "libopus") if sound else ()
    inputs = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}", *heard[:4])
    return lambda path: ffmpeg(*inputs, "-t", _SECONDS, *codec, *heard[4:], "-f", container, str(path))


def _copied(coded: Recipe, *, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Recipe:
    """Change a recording without encoding it again; `-` in `before` means the recording, where it is read twice."""

    def write(path: Path) -> None:
        first = path.with_suffix(".first.mp4")
        coded(first)
        ffmpeg(
            *(str(first) if one == "-" else one for one in before), "-i", str(first), "-c", "copy", *after, str(path)
        )
        first.unlink()

    return write


def _x265(parameters: str, *codec: str, container: str = "mp4") -> Recipe:
    return _coded(*_X265, f"{_QUIET}:{parameters}", *codec, container=container)


_OBS: Final = _coded(*_X264, "-bf", "2", "-g", "60", "-sc_threshold", "0")
_MP4: Final = ("-f", "mp4")
_MATROSKA: Final = ("-f", "matroska")

CODINGS: Final[Mapping[str, Recipe]] = {
    "h264-two-seconds": _OBS,
    "h264-one-second": _coded(*_X264, "-bf", "2", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0"),
    "h264-defaults": _coded("-c:v", "libx264", "-pix_fmt", "yuv420p"),
    "h264-pyramid": _coded(*_PYRAMID),
    "h264-strict-pyramid": _coded(*_PYRAMID[:-3], "b-pyramid=strict:scenecut=0", "-g", "45"),
    "h264-open-groups": _coded(*_X264, "-x264-params", "open-gop=1:bframes=3:keyint=30:b-pyramid=normal:b-adapt=0"),
    "h264-intra-refresh": _coded(*_X264, "-x264-params", "intra-refresh=1:keyint=30"),
    "h264-no-b-frames": _coded(*_X264, "-bf", "0", "-g", "50"),
    "h264-many-b-frames": _coded(*_X264, "-bf", "16", "-b_strategy", "0", "-g", "90"),
    "h264-slices": _coded(*_X264, "-x264-params", "slices=4:bframes=3:keyint=40"),
    "h264-weighted": _coded(*_X264, "-weightp", "2", "-weightb", "1", "-refs", "8", "-bf", "3", "-g", "75"),
    "h264-interlaced": _coded(*_X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1:bframes=2:keyint=40"),
    "h264-baseline": _coded("-c:v", "libx264", "-profile:v", "baseline", "-tune", "zerolatency", "-g", "40"),
    "h264-openh264": _coded("-c:v", "libopenh264", "-g", "45", "-b:v", "300k"),
    "h264-60-per-second": _coded(*_X264, "-bf", "2", "-g", "120", rate=60),
    "h264-5-per-second": _coded(*_X264, "-bf", "2", "-g", "10", rate=5),
    "h264-odd-size": _coded("-c:v", "libx264", "-pix_fmt", "yuv444p", "-bf", "2", "-g", "45", size="97x57"),
    "h264-ten-bit": _coded("-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-bf", "2", "-g", "45"),
    "h264-full-colour": _coded("-c:v", "libx264", "-pix_fmt", "yuv444p", "-bf", "2", "-g", "45"),
    "h264-silent": _coded(*_X264, "-bf", "2", "-g", "45", sound=False),
    "h264-irregular": _coded(*_IRREGULAR, *_X264, "-bf", "2", "-g", "45"),
    "h264-irregular-matroska": _coded(*_IRREGULAR, *_X264, "-bf", "2", "-g", "45", container="matroska"),
    "h264-sparse": _coded("-vf", "select='not(mod(n,47))'", "-fps_mode", "vfr", *_X264, "-bf", "2", "-g", "4"),
    "h264-still-end": _coded("-vf", "trim=end=3.3", *_X264, "-bf", "2", "-g", "45"),
    "h264-fragmented": _coded(*_X264, "-bf", "2", "-g", "45", "-movflags", "+frag_keyframe+empty_moov"),
    "h264-offsets-below-0": _coded(*_X264, "-bf", "2", "-g", "45", "-movflags", "+negative_cts_offsets"),
    "h264-rotated": _copied(_OBS, before=("-display_rotation", "90"), after=_MP4),
    "h264-edit-list": _copied(_OBS, before=("-ss", "2.7"), after=_MP4),
    "h264-late": _copied(_OBS, before=("-i", "-", "-itsoffset", "1.3"), after=("-map", "1:v", "-map", "0:a", *_MP4)),
    "h264-late-sound": _copied(
        _OBS, before=("-i", "-", "-itsoffset", "1.3"), after=("-map", "0:v", "-map", "1:a", *_MP4)
    ),
    "h264-begins-below-0": _copied(
        _OBS, after=("-output_ts_offset", "-1.27", "-avoid_negative_ts", "disabled", *_MATROSKA)
    ),
    "h264-begins-after-0": _copied(_OBS, after=("-output_ts_offset", "1.71", *_MATROSKA)),
    "h264-begins-within-a-group": _copied(
        _OBS, after=("-bsf:v", "noise=drop='lt(n,7)'", "-copyinkf", *_MATROSKA)
    ),
    "h264-pictures-missing": _copied(_OBS, after=("-bsf:v", "noise=drop='between(n,66,80)'", *_MATROSKA)),
    "h264-times-alike": _copied(
        _OBS, after=("-bsf:v", "setts=pts='if(eq(mod(N,30),7),PREV_OUTPTS,PTS)'", *_MATROSKA)
    ),
    "h264-times-in-wrong-order": _copied(
        _OBS, after=("-bsf:v", "setts=pts='PTS+if(eq(mod(N,31),5),2/TB,0)'", *_MATROSKA)
    ),
    "hevc-defaults": _x265("keyint=60"),
    "hevc-open-groups": _x265("keyint=30:min-keyint=30:open-gop=1:bframes=4:b-pyramid=1:b-adapt=0"),
    "hevc-closed-groups": _x265("keyint=45:open-gop=0:bframes=3"),
    "hevc-no-b-frames": _x265("keyint=45:bframes=0"),
    "hevc-layers": _x265("keyint=60:temporal-layers=2:bframes=4:b-adapt=0"),
    "hevc-hdr": _x265(
        "keyint=45:bframes=3:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1",
        "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
    ),
    "hevc-matroska": _x265("keyint=45:bframes=3", container="matroska"),
    "hevc-kvazaar-layers": _coded(
        "-c:v", "libkvazaar", "-kvazaar-params", "preset=ultrafast,gop=8,period=32,open-gop=0", size="96x64"
    ),
    "vp8": _coded("-c:v", "libvpx", *_VPX, "-g", "40", container="webm"),
    "vp8-hidden-pictures": _coded(
        "-c:v", "libvpx", "-deadline", "good", "-cpu-used", "5", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-g",
        "70", container="webm", size="96x64",
    ),
    "vp9": _coded("-c:v", "libvpx-vp9", *_VPX, "-g", "40", container="webm"),
    "vp9-hidden-pictures": _coded(
        "-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "8", "-lag-in-frames", "25", "-g", "70",
        container="webm",
    ),
    "vp9-irregular": _coded(*_IRREGULAR, "-c:v", "libvpx-vp9", *_VPX, "-g", "40", container="webm"),
    "av1": _coded("-c:v", "libsvtav1", "-preset", "12", "-g", "64", "-svtav1-params", "lp=1"),
    "av1-aom": _coded("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "45", container="webm"),
    "mpeg4-b-frames": _coded("-c:v", "mpeg4", "-bf", "2", "-g", "30"),
}  # fmt: skip
"""By name."""


def make_coding(name: str, folder: Path) -> Path:
    """Write one of them as `NAME.mp4`, whatever it is, and return where."""
    path = folder / f"{name}.mp4"
    CODINGS[name](path)
    return path
