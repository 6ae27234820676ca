"""Recordings in codecs for which ffmpeg has no encoder: each picture is one grey, in the simplest form its codec has.

How a picture is coded is known from ffmpeg's decoders (libavcodec: cscd.c, tscc.c, msrledec.c, tscc2.c, lagarith.c,
fraps.c, g2meet.c, mss2.c).
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

__all__ = ["CODED_BY_HAND", "CodedByHand", "avi"]

_SIDE: Final = 64
_PIXELS: Final = _SIDE * _SIDE
_PER_SECOND: Final = 10
_KEY_EVERY: Final = 20


@dataclass(frozen=True)
class CodedByHand:
    """How a codec's pictures are written.

    Attributes
    ----------
    fourcc
        Its name in an AVI.
    bits
        Of a pixel.
    whole
        Codes a picture, by its grey.
    change
        Codes what becomes of a picture, by the grey before and after; None: every picture is coded whole.
    header
        What the codec keeps beside the pictures.
    """

    fourcc: bytes
    bits: int
    whole: Callable[[int], bytes]
    change: Callable[[int, int], bytes] | None = None
    header: bytes = b""


def avi(path: Path, kind: CodedByHand, greys: Iterable[int]) -> Path:
    """Write an AVI of ten pictures a second."""
    shown = list(greys)
    packets = [kind.whole(shown[0])]
    for number, (before, after) in enumerate(pairwise(shown), start=1):
        is_key = kind.change is None or number % _KEY_EVERY == 0
        packets.append(kind.whole(after) if is_key or kind.change is None else kind.change(before, after))
    # Microsoft, "AVI RIFF File Reference": MainAVIHeader, AVIStreamHeader and BITMAPINFOHEADER.
    main = struct.pack("<14I", 10**6 // _PER_SECOND, 0, 0, 0x10, len(packets), 0, 1, 0, _SIDE, _SIDE, 0, 0, 0, 0)
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4H", b"vids", kind.fourcc, 0, 0, 0, 0, 1, _PER_SECOND, 0, len(packets), 0, 0, 0, 0, 0, 64, 64
    )
    bitmap = struct.pack("<IiiHH4sIiiII", 40 + len(kind.header), _SIDE, _SIDE, 1, kind.bits, kind.fourcc, 0, 0, 0, 0, 0)
    streams = _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", bitmap + kind.header))
    inside = _list(b"hdrl", _chunk(b"avih", main) + streams)
    inside += _list(b"movi", b"".join(_chunk(b"00dc", packet) for packet in packets))
    index, at = b"", 4
    for number, packet in enumerate(packets):
        flags = 0x10 if kind.change is None or number % _KEY_EVERY == 0 else 0
        index += struct.pack("<4sIII", b"00dc", flags, at, len(packet))
        at += 8 + len(packet) + len(packet) % 2
    inside += _chunk(b"idx1", index)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(inside)) + b"AVI " + inside)
    return path


def _luma(grey: int) -> int:
    # Where the codec keeps brightness, black is 16 and white is 235.
    return 16 + round(grey * 219 / 255)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)


def _camstudio(grey: int) -> bytes:
    # A whole picture (1), packed by zlib (1 << 1).
    return b"\x03\0" + zlib.compress(bytes([grey]) * _PIXELS * 3)


def _camstudio_change(before: int, after: int) -> bytes:
    return b"\x02\0" + zlib.compress(bytes([(after - before) % 256]) * _PIXELS * 3)


def _techsmith(grey: int) -> bytes:
    # Each row is one run of a pixel and an end of the row; then the end of the picture.
    return zlib.compress((bytes([_SIDE, grey, grey, grey]) + b"\0\0") * _SIDE + b"\0\x01")


def _techsmith_change(before: int, after: int) -> bytes:
    # Only the second half of the rows (bottom up) is coded where nothing changes.
    if before != after:
        return _techsmith(after)
    skipped = b"\0\x02" + bytes([0, _SIDE // 2])
    return zlib.compress(skipped + (bytes([_SIDE, after, after, after]) + b"\0\0") * (_SIDE // 2) + b"\0\x01")


def _techsmith_2(grey: int) -> bytes:
    # Blocks of 16x8 pixels, all with the first quantizer. A flat block is two ones and its value, lowest bit first.
    across, down = _SIDE // 16, _SIDE // 8
    bits = "".join("11" + f"{value:08b}"[::-1] for _ in range(across) for value in (_luma(grey), 128, 128))
    row = bytes(int(bits[at : at + 8].ljust(8, "0")[::-1], 2) for at in range(0, len(bits), 8))
    blocks = bytes([1 << 6 | across * down])
    rows = (struct.pack("<I", len(row) << 1) + row) * down
    return bytes([1, 2, 2, 0]) + struct.pack("<I", len(blocks)) + blocks + rows


def _techsmith_2_change(before: int, after: int) -> bytes:
    return b"\0" if before == after else _techsmith_2(after)


def _lagarith(grey: int) -> bytes:
    # Three planes of one value each, of 4:2:0 pixels.
    return bytes([10]) + struct.pack("<II", 11, 13) + bytes([255, _luma(grey), 255, 128, 255, 128])


def _fraps(grey: int) -> bytes:
    return struct.pack("<I", 1) + bytes([grey]) * _PIXELS * 3


def _fraps_change(before: int, after: int) -> bytes:
    return struct.pack("<I", 1 << 31 | 1) if before == after else _fraps(after)


def _go_to_meeting(grey: int) -> bytes:
    # One tile of the whole picture, of one colour.
    size = struct.pack(">5IB4I", _SIDE, _SIDE, 3, _SIDE, _SIDE, 32, 0xFF0000, 0xFF00, 0xFF, 0)
    return b"G2M4" + _g2m_chunk(0xC8, size) + _g2m_chunk(0xC9, bytes([0, 0, 0, grey, grey, grey]))


def _g2m_chunk(kind: int, data: bytes) -> bytes:
    return struct.pack("<IB", len(data) + 1, kind) + data


def _windows_media_screen(grey: int) -> bytes:
    # A whole picture of 15 bits a pixel: one pixel, and how often it is repeated.
    level = grey >> 3
    again = _PIXELS - 1
    run = bytes([132, (again >> 8) - 1, (again & 255) - 1])
    return b"\x80\x60" + struct.pack(">H", level << 10 | level << 5 | level) + run


_SCREEN_HEADER: Final = struct.pack(
    ">15I", 60 + 768, 2, 0, _SIDE, _SIDE, _SIDE, _SIDE, 0, 0, 0, 0, 0, 0, 0, 256
) + bytes(768)

CODED_BY_HAND: Final = {
    "cscd": CodedByHand(b"CSCD", 24, _camstudio, _camstudio_change),
    "tscc": CodedByHand(b"tscc", 24, _techsmith, _techsmith_change),
    "tscc2": CodedByHand(b"tsc2", 24, _techsmith_2, _techsmith_2_change),
    "lagarith": CodedByHand(b"LAGS", 24, _lagarith),
    "fraps": CodedByHand(b"FPS1", 24, _fraps, _fraps_change),
    "g2m": CodedByHand(b"G2M4", 24, _go_to_meeting),
    "mss2": CodedByHand(b"MSS2", 24, _windows_media_screen, header=_SCREEN_HEADER),
}
"""By ffmpeg's name of the codec."""
