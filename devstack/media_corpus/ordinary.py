"""Recordings as they come, good and bad: each is made by ffmpeg or by hand in well under a second or two.

`make(name, folder)` writes one of them; `BAD` says which reason each bad one must be refused for.
"""

import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import imageio_ffmpeg

__all__ = ["BAD", "GOOD", "ffmpeg", "make"]

_SECONDS: Final = 600.0
_CHEAP: Final = ("-threads", "1", "-aac_coder", "fast")
_TONE: Final = ("-f", "lavfi", "-i", "sine=frequency=300:sample_rate=44100")
_H264: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg to its end, with one thread for each coder and the fast way of coding AAC.

    On a busy machine the threads of libvpx cost five times as much processor time as one, because they wait actively
    for each other.

    Parameters
    ----------
    *arguments
        Of ffmpeg. The last one is the file that is written.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; its own words are on standard error.
    """
    *options, target = arguments
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *options, *_CHEAP, target]
    subprocess.run(command, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)


def _picture(size: str = "320x240", rate: int | str = 30) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=size={size}:rate={rate}")


def _plain(path: Path, *, seconds: float = 4.0, more: tuple[str, ...] = ()) -> None:
    ffmpeg(*_picture(), *_TONE, "-t", str(seconds), *_H264, "-g", "30", "-c:a", "aac", *more, "-f", "mp4", str(path))


def _written(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def _cut(path: Path, *, share: float, more: tuple[str, ...] = ()) -> None:
    _plain(path, seconds=10.0, more=more)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def _corrupt(path: Path) -> None:
    _plain(path, seconds=10.0)
    content = bytearray(path.read_bytes())
    noise = random.Random(1)  # noqa: S311 - the same damage each time
    begin = content.index(b"mdat")
    for place in range(begin + len(content) // 10, begin + len(content) * 6 // 10, 4000):
        content[place : place + 400] = noise.randbytes(400)
    path.write_bytes(content)


def _gap(path: Path) -> None:
    ffmpeg(
        *("-t", "2", *_picture(rate=10)),
        *("-vf", "setpts='if(lt(N,10),N/10,90000+N/10)/TB'", "-fps_mode", "passthrough"),
        *(*_H264, "-f", "matroska", str(path)),
    )


def _cover_art(path: Path) -> None:
    cover = path.with_suffix(".png")
    ffmpeg(*_picture(), "-frames:v", "1", str(cover))
    ffmpeg(
        *("-i", str(cover), *_TONE, "-t", "3", "-map", "0", "-map", "1", "-c:v", "png", "-c:a", "aac"),
        *("-disposition:v:0", "attached_pic", "-f", "mp4", str(path)),
    )
    cover.unlink()


def _resized(path: Path) -> None:
    parts = [path.with_suffix(f".{index}.ts") for index in (0, 1)]
    for part, size in zip(parts, ("640x360", "400x400"), strict=True):
        ffmpeg(*_picture(size=size), "-t", "3", *_H264, "-g", "30", "-f", "mpegts", str(part))
    # Both halves keep their own parameter sets in the stream, as a browser's recorder does when a window is resized.
    joined = path.with_suffix(".all.ts")
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    ffmpeg("-fflags", "+genpts", "-i", str(joined), "-c", "copy", "-bsf:v", "dump_extra", "-f", "matroska", str(path))
    for leftover in (*parts, joined):
        leftover.unlink()


def _encoded(*codec: str, size: str = "320x240", container: str = "mp4") -> Callable[[Path], None]:
    return lambda path: ffmpeg(*_picture(size=size), *_TONE, "-t", "4", *codec, "-f", container, str(path))


def _rotated(path: Path) -> None:
    upright = path.with_suffix(".upright.mp4")
    _plain(upright)
    ffmpeg("-display_rotation", "90", "-i", str(upright), "-c", "copy", "-f", "mp4", str(path))
    upright.unlink()


def _sparse(path: Path) -> None:
    # A browser's recorder sends a picture only when something changes.
    ffmpeg(
        *("-t", "5", *_picture(), "-t", "5", *_TONE, "-vf", "select='lt(mod(n,60),3)*lt(t,4)'", "-fps_mode", "vfr"),
        *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-f", "webm", str(path)),
    )


_RECIPES: Final[dict[str, Callable[[Path], None]]] = {
    "empty": _written(b""),
    "text": _written(b"These are the minutes of Monday's meeting.\n" * 40),
    "playlist": _written(b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.mp4\n#EXT-X-ENDLIST\n"),
    "ffconcat": _written(b"ffconcat version 1.0\nfile other.mp4\n"),
    "html": _written(b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"),
    "jpeg": lambda path: ffmpeg(*_picture(), "-frames:v", "1", "-c:v", "mjpeg", "-f", "image2", str(path)),
    "cut-off-index-first": lambda path: _cut(path, share=0.5, more=("-movflags", "+faststart")),
    "cut-off-index-last": lambda path: _cut(path, share=0.5),
    "corrupt": _corrupt,
    "sound-only": lambda path: ffmpeg(*_TONE, "-t", "3", "-c:a", "aac", "-f", "mp4", str(path)),
    "cover-art": _cover_art,
    "too-short": lambda path: _plain(path, seconds=0.3),
    "too-long": lambda path: ffmpeg(
        *_picture(size="64x64", rate="1/10"), "-t", "7500", *_H264, "-g", "600", "-f", "mp4", str(path)
    ),
    "huge-picture": lambda path: ffmpeg(
        *("-f", "lavfi", "-i", "color=size=16384x8192:rate=1", "-frames:v", "1", *_H264, "-f", "mp4", str(path))
    ),
    "gap": _gap,
    "mxf": lambda path: ffmpeg(*_picture(), "-t", "2", "-c:v", "mpeg2video", "-f", "mxf", str(path)),
    "jpeg2000": lambda path: ffmpeg(
        *_picture(size="96x64", rate=10), "-t", "2", "-c:v", "jpeg2000", "-f", "mov", str(path)
    ),
    "plain": _plain,
    "silent": lambda path: ffmpeg(*_picture(), "-t", "4", *_H264, "-f", "mp4", str(path)),
    "odd-size": _encoded(*_H264[:4], "-pix_fmt", "yuv444p", size="321x241"),
    "rotated": _rotated,
    "ten-bit": _encoded(*_H264[:4], "-pix_fmt", "yuv420p10le"),
    "full-colour": _encoded(*_H264[:4], "-pix_fmt", "yuv444p"),
    "sparse-vp8": _sparse,
    "vp9": _encoded("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", container="webm"),
    "hevc": _encoded("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    "b-frames": _encoded("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p"),
    "fragmented": lambda path: _plain(path, more=("-movflags", "+frag_keyframe+empty_moov")),
    "resized": _resized,
}

BAD: Final = {
    "empty": "SourceEmpty",
    "text": "NotAVideo",
    "playlist": "NotAVideo",
    "ffconcat": "NotAVideo",
    "html": "NotAVideo",
    "jpeg": "NotAVideo",
    "cut-off-index-first": "MediaCorrupt",
    "cut-off-index-last": "MediaCorrupt",
    "corrupt": "MediaCorrupt",
    "sound-only": "NoVideoStream",
    "cover-art": "NoVideoStream",
    "too-short": "MediaTooShort",
    "too-long": "MediaTooLong",
    "huge-picture": "PictureTooLarge",
    "gap": "TimestampGap",
    "mxf": "UnsupportedMedia",
    "jpeg2000": "UnsupportedMedia",
}
"""Bad recordings and the reason each is refused for; `corrupt` shows itself only when it is decoded."""

GOOD: Final = tuple(sorted(_RECIPES.keys() - BAD.keys()))
"""Recordings that must come out as a playable slim video."""


def make(name: str, folder: Path) -> Path:
    """Write one recording, or give the one already there.

    Parameters
    ----------
    name
        A key of `BAD` or a member of `GOOD`.
    folder
        Where it goes, as `NAME.mp4` whatever it is, like the app's storage does.

    Returns
    -------
    Path
        The file.
    """
    path = folder / f"{name}.mp4"
    if not path.exists():
        _RECIPES[name](path)
    return path
