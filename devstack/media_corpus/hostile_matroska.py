"""Hostile MKV and WebM files, most of them written element by element around real VP8 pictures."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devstack.media_corpus.bases import base, vp8_frames
from devstack.media_corpus.elements import (
    UNKNOWN,
    block,
    cluster,
    element,
    file_head,
    info,
    number,
    size_of,
    video,
    whole,
)
from devstack.media_corpus.noise import noise

__all__ = ["MATROSKA"]

Recipe = Callable[[Path], bytes]

_MEGABYTE: Final = 1 << 20
_BOMB_BYTES: Final = 1 << 28


def _segment(*parts: bytes, size: bytes | None = UNKNOWN) -> bytes:
    return file_head() + element(0x18538067, *parts, size=size)


def _of(name: str, how: Callable[[bytes], bytes]) -> Recipe:
    return lambda folder: how(base(name, folder))


def _timed(*clusters: tuple[int, tuple[int, ...]], scale: int = 1_000_000) -> Recipe:
    """Show the pictures at these times: each cluster's, and within it."""

    def make(folder: Path) -> bytes:
        frames = iter(vp8_frames(folder))
        parts = [
            cluster(
                begin, *(block(next(frames), time, key=begin == clusters[0][0] and time == times[0]) for time in times)
            )
            for begin, times in clusters
        ]
        return _segment(info(scale=scale), element(0x1654AE6B, video()), *parts)

    return make


_TWO_SECONDS: Final = tuple(range(0, 2000, 100))


def _with(
    *,
    tracks: Callable[[], bytes] = video,
    head: Callable[[], bytes] = info,
    step: int = 100,
    tail: Callable[[], bytes] = bytes,
) -> Recipe:
    return lambda folder: whole(vp8_frames(folder), tracks=tracks(), head=head(), step=step, tail=tail())


def _attached(count: int, size: int) -> bytes:
    one = element(
        0x61A7,
        element(0x466E, b"a.ttf"),
        element(0x4660, b"font/ttf"),
        element(0x46AE, b"\1"),
        element(0x465C, bytes(size)),
    )
    return element(0x1941A469, one * count)


def _compressed(frames: list[bytes]) -> bytes:
    squeezed = [zlib.compress(bytes(_BOMB_BYTES), 1), *[zlib.compress(frame) for frame in frames[1:]]]
    zlibbed = element(0x6D80, element(0x6240, number(0x5031, 0), element(0x5034, number(0x4254, 0))))
    return whole(squeezed, tracks=video(zlibbed))


def _deep(kind: int, depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = element(kind, inner)
    return inner


def _chapters() -> bytes:
    return element(0x1043A770, element(0x45B9, _deep(0xB6, 3_000)))


def _tags() -> bytes:
    return element(0x1254C367, element(0x7373, _deep(0x67C8, 3_000)))


def _subtitles(folder: Path) -> bytes:
    tracks = video() + element(
        0xAE, number(0xD7, 2), number(0x73C5, 2), number(0x83, 17), element(0x86, b"S_TEXT/UTF8")
    )
    huge = block(b"A" * (40 * _MEGABYTE), 500, track=2)
    frames = vp8_frames(folder)
    pictures = [block(frame, place * 100, key=place == 0) for place, frame in enumerate(frames)]
    return _segment(info(), element(0x1654AE6B, tracks), cluster(0, *pictures[:5], huge, *pictures[5:]))


def _many_tracks() -> bytes:
    return video() + b"".join(video(index=place) for place in range(2, 10_002))


def _laced(folder: Path) -> bytes:
    frames = vp8_frames(folder)
    wrong = element(0xA3, b"\x81", struct.pack(">hB", 100, 0x86), b"\xff" + b"\xff" * 256)
    return _segment(
        info(),
        element(0x1654AE6B, video()),
        cluster(
            0,
            block(frames[0]),
            wrong,
            *[block(frame, place * 100, key=False) for place, frame in enumerate(frames[1:], 2)],
        ),
    )


def _circle(folder: Path) -> bytes:
    # An index that gives its own place as its place and as that of the index of pictures.
    entries = b"".join(
        element(0x4DBB, element(0x53AB, kind), number(0x53AC, 0))
        for kind in (b"\x11\x4d\x9b\x74", b"\x1c\x53\xbb\x6b") * 500
    )
    frames = vp8_frames(folder)
    pictures = [block(frame, place * 100, key=place == 0) for place, frame in enumerate(frames)]
    return _segment(element(0x114D9B74, entries), info(), element(0x1654AE6B, video()), cluster(0, *pictures))


def _broken(name: str) -> Recipe:
    """Turn the last bytes of each coded picture, where VP9 and AV1 say what is in it, into noise."""

    def make(folder: Path) -> bytes:
        content = bytearray(base(name, folder))
        begin = content.index(b"\x1f\x43\xb6\x75") + 32
        for place in range(begin, len(content) - 16, 97):
            content[place : place + 8] = noise(place, 8)
        return bytes(content)

    return make


def _resized(folder: Path) -> bytes:
    """Let the pictures' own heads say another size from the second key picture on."""
    frames = vp8_frames(folder)
    large = frames[0][:6] + struct.pack("<HH", 16383, 16383) + frames[0][10:]
    return whole([*frames[:10], large, *frames[11:]], tracks=video())


MATROSKA: Final[dict[str, Recipe]] = {
    "mkv-cut-in-its-head": lambda folder: base("mkv", folder)[:30],
    "mkv-cut-in-its-tracks": _of("mkv", lambda content: content[: content.index(b"\x16\x54\xae\x6b") + 20]),
    "mkv-cut-before-its-pictures": _of("mkv", lambda content: content[: content.index(b"\x1f\x43\xb6\x75") + 4]),
    "mkv-cut-in-the-middle": _of("mkv", lambda content: content[: len(content) // 2]),
    "webm-cut-in-the-middle": _of("webm", lambda content: content[: len(content) // 2]),
    "mkv-sizes-unknown": _with(),
    "mkv-segment-of-size-max": lambda folder: _segment(
        info(), element(0x1654AE6B, video()), cluster(0, block(vp8_frames(folder)[0])), size=size_of((1 << 56) - 2)
    ),
    "mkv-tracks-of-size-max": lambda folder: _segment(
        info(), element(0x1654AE6B, video(), size=size_of((1 << 56) - 2)), cluster(0, block(vp8_frames(folder)[0]))
    ),
    "mkv-size-of-no-length": lambda folder: _segment(
        info(), element(0x1654AE6B, video(), size=b"\0"), cluster(0, block(vp8_frames(folder)[0]))
    ),
    "mkv-head-of-size-max": lambda _: element(0x1A45DFA3, number(0x4286, 1), size=size_of((1 << 56) - 2)),
    "mkv-chapters-3000-deep": _with(tail=_chapters),
    "mkv-tags-3000-deep": _with(tail=_tags),
    "mkv-attachments-10000": _with(head=lambda: info() + _attached(10_000, 10)),
    "mkv-attachment-of-64-megabytes": _with(head=lambda: info() + _attached(1, 64 * _MEGABYTE)),
    "mkv-tracks-10000": _with(tracks=_many_tracks),
    "mkv-index-in-a-circle": _circle,
    "mkv-time-scale-0": _with(head=lambda: info(scale=0)),
    "mkv-time-scale-max": _with(head=lambda: info(scale=(1 << 63) - 1)),
    "mkv-claims-10-years": _with(head=lambda: info(duration=3.15e11)),
    "mkv-claims-no-number": _with(head=lambda: info(duration=float("nan"))),
    "mkv-a-milliard-per-second": _with(tracks=lambda: video(number(0x23E383, 1))),
    "mkv-no-rate": _with(tracks=lambda: video(number(0x23E383, 0))),
    "mkv-all-at-one-time": _with(step=0),
    "mkv-times-negative": _timed((0, tuple(range(-2000, 0, 100)))),
    "mkv-times-backwards": _timed((0, tuple(range(1900, -100, -100)))),
    "mkv-times-from-far-away": _timed((1 << 40, _TWO_SECONDS)),
    "mkv-times-max": _timed(((1 << 63) - 2000, _TWO_SECONDS)),
    "mkv-gap-of-25-hours": _timed((0, _TWO_SECONDS[:10]), (90_000_000, _TWO_SECONDS[:10])),
    "mkv-gap-of-an-age": _timed((0, _TWO_SECONDS[:10]), (1 << 55, _TWO_SECONDS[:10])),
    "mkv-gaps-of-29-minutes": _timed(*((place * 1_740_000, (0, 100)) for place in range(10))),
    "mkv-size-0-x-0": _with(tracks=lambda: video(width=0, height=0)),
    "mkv-size-1-x-1": _with(tracks=lambda: video(width=1, height=1)),
    "mkv-size-2-x-16000": _with(tracks=lambda: video(width=2, height=16000)),
    "mkv-size-max": _with(tracks=lambda: video(width=(1 << 31) - 1, height=(1 << 31) - 1)),
    "mkv-pictures-grow-to-16383": _resized,
    "mkv-compressed-picture-bomb": lambda folder: _compressed(vp8_frames(folder)),
    "mkv-subtitle-of-40-megabytes": _subtitles,
    "mkv-lacing-wrong": _laced,
    "mkv-block-of-no-track": lambda folder: _segment(
        info(), element(0x1654AE6B, video()), cluster(0, *(block(frame, track=9) for frame in vp8_frames(folder)))
    ),
    "mkv-codec-nobody-knows": _with(tracks=lambda: video(codec=b"V_NOBODY")),
    "mkv-codec-of-another-name": _with(tracks=lambda: video(codec=b"V_MPEG4/ISO/AVC")),
    "mkv-vp8-called-av1": _with(tracks=lambda: video(codec=b"V_AV1")),
    "mkv-no-tracks": _with(tracks=lambda: b""),
    "mkv-no-pictures": lambda _: _segment(info(), element(0x1654AE6B, video())),
    "mkv-data-only": _with(tracks=lambda: video(codec=b"D_WEBVTT/METADATA", kind=33)),
    "mkv-document-of-no-kind": lambda folder: (
        file_head(b"nonsense") + whole(vp8_frames(folder), tracks=video())[len(file_head()) :]
    ),
    "webm-vp9-broken": _broken("webm"),
    "webm-av1-broken": _broken("av1"),
    "mkv-vp8-pictures-of-noise": lambda folder: whole(
        [noise(place, 900) for place in range(len(vp8_frames(folder)))], tracks=video()
    ),
}
"""By their names; what becomes of each is in `hostile`."""
