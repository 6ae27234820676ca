"""Matroska files (MKV, WebM) written element by element, around real VP8 pictures and with whatever else is wanted."""

import struct
from collections.abc import Sequence
from pathlib import Path

__all__ = ["block", "cluster", "element", "file_head", "frames_of", "info", "number", "size_of", "video", "whole"]

UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"
"""A size that says nothing: the element goes on to wherever it ends."""


def size_of(length: int) -> bytes:
    """Write a size in eight bytes."""
    return struct.pack(">Q", 1 << 56 | length)


def element(kind: int, *parts: bytes, size: bytes | None = None) -> bytes:
    """Make an element; `size` replaces the right one."""
    content = b"".join(parts)
    name = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return name + (size_of(len(content)) if size is None else size) + content


def number(kind: int, value: int) -> bytes:
    """Make an element that holds a whole number."""
    return element(kind, struct.pack(">Q", value))


def file_head(document: bytes = b"matroska") -> bytes:
    """Make what every file begins with."""
    return element(0x1A45DFA3, number(0x4286, 1), element(0x4282, document), number(0x4287, 4), number(0x4285, 2))


def info(*, scale: int = 1_000_000, duration: float | None = None) -> bytes:
    """Make the head of a segment: nanoseconds per unit of time, and the length in units."""
    length = () if duration is None else (element(0x4489, struct.pack(">d", duration)),)
    return element(0x1549A966, number(0x2AD7B1, scale), *length)


def video(
    *extra: bytes, index: int = 1, codec: bytes = b"V_VP8", width: int = 160, height: int = 120, kind: int = 1
) -> bytes:
    """Make a track, of pictures unless said otherwise."""
    picture = element(0xE0, number(0xB0, width), number(0xBA, height))
    return element(
        0xAE, number(0xD7, index), number(0x73C5, index), number(0x83, kind), element(0x86, codec), picture, *extra
    )


def block(frame: bytes, time: int = 0, *, track: int = 1, key: bool = True, flags: int = 0) -> bytes:
    """Make one coded picture at a time counted from its cluster's."""
    return element(0xA3, bytes([0x80 | track]), struct.pack(">hB", time, flags | (0x80 if key else 0)), frame)


def cluster(time: int, *blocks: bytes) -> bytes:
    """Make a group of pictures."""
    return element(0x1F43B675, number(0xE7, time), *blocks)


def whole(frames: Sequence[bytes], *, tracks: bytes, head: bytes = b"", step: int = 100, tail: bytes = b"") -> bytes:
    """Make a file of one cluster that shows a picture every `step` units.

    Parameters
    ----------
    frames
        Coded pictures, the first a key picture.
    tracks
        Content of the list of tracks.
    head
        The segment's head; the usual one where empty.
    step
        Units between two pictures.
    tail
        What stands after the cluster.
    """
    blocks = [block(frame, place * step, key=place == 0) for place, frame in enumerate(frames)]
    return file_head() + element(
        0x18538067, head or info(), element(0x1654AE6B, tracks), cluster(0, *blocks), tail, size=UNKNOWN
    )


def frames_of(ivf: Path) -> list[bytes]:
    """Take the coded pictures out of an IVF file."""
    content, place, frames = ivf.read_bytes(), 32, []
    while place < len(content):
        (length,) = struct.unpack_from("<I", content, place)
        frames.append(content[place + 12 : place + 12 + length])
        place += 12 + length
    return frames
