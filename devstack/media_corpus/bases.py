"""The good recordings that hostile ones are made from: a few seconds, small, made once per folder."""

from pathlib import Path
from typing import Final

from devstack.media_corpus.elements import frames_of
from devstack.media_corpus.ordinary import ffmpeg

__all__ = ["base", "vp8_frames"]

_PICTURE: Final = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=10")
_TONE: Final = ("-f", "lavfi", "-i", "sine=frequency=300:sample_rate=16000")
_H264: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p")
_AAC: Final = ("-c:a", "aac")
_BOTH: Final = (*_PICTURE, *_TONE, "-t", "2")
_VP8: Final = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "20")
_VP9: Final = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "10")
_HEVC: Final = (
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=error:pools=none",
    "-tag:v",
    "hvc1",
)

_WAYS: Final[dict[str, tuple[str, ...]]] = {
    "mp4": (*_BOTH, *_H264, *_AAC, "-f", "mp4"),
    "fast": (*_BOTH, *_H264, *_AAC, "-movflags", "+faststart", "-f", "mp4"),
    "pieces": (*_BOTH, *_H264, *_AAC, "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4"),
    "hevc": (*_PICTURE, "-t", "2", *_HEVC, "-f", "mp4"),
    "mkv": (*_PICTURE, *_TONE, "-t", "6", *_H264, *_AAC, "-f", "matroska"),
    "webm": (*_PICTURE, "-t", "6", *_VP9, "-f", "webm"),
    "av1": (*_PICTURE, "-t", "6", "-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-f", "webm"),
    "sound": (*_TONE, "-t", "2", *_AAC, "-f", "mp4"),
    "ivf": (*_PICTURE, "-t", "2", *_VP8, "-f", "ivf"),
}


def base(name: str, folder: Path) -> bytes:
    """Return one of them, made by ffmpeg where it is not there yet."""
    path = folder / f"base.{name}"
    if not path.exists():
        part = folder / f"part.{name}"
        ffmpeg(*_WAYS[name], str(part))
        part.replace(path)
    return path.read_bytes()


def vp8_frames(folder: Path) -> list[bytes]:
    """Return twenty coded VP8 pictures of 160 x 120, the first a key picture."""
    base("ivf", folder)
    return frames_of(folder / "base.ivf")
