"""Recordings in codecs for which ffmpeg has no encoder: each picture is one grey, in the simplest form its codec has.

How a picture is coded is known from ffmpeg's decoders (libavcodec: cscd.c, tscc.c, msrledec.c, tscc2.c, lagarith.c,
fraps.c, g2meet.c, mss2.c, vc1.c, vc1_block.c).
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


def _windows_media_9(grey: int) -> bytes:
    # SMPTE 421M, simple profile: a fresh picture, quantizer 3, first tables, then the blocks. Means begin at 128.
    blocks = _blocks(round(_luma(grey) / _STEP) - 128, round(128 / _STEP) - 128)
    return _bytes("00" + "0" + "0" * 7 + "00011" + "0" + "0" + "0" + "0" + blocks)


def _vc_1(grey: int) -> bytes:
    # The same of the advanced profile: fresh, not rounded, quantizer 3, prediction told block by block. Means begin at
    # 0, which is a grey of 128.
    blocks = _blocks(round((_luma(grey) - 128) / _STEP), 0)
    return b"\0\0\x01\x0d" + _bytes("110" + "0" + "00011" + "0" + "00000" + "0" + "0" + "0" + blocks)


def _blocks(luma: int, chroma: int) -> str:
    """Return the blocks of a picture of one colour: the first of each plane has its mean, the others nothing new."""
    blocks = ""
    for number in range((_SIDE // 16) ** 2):
        means = [_LUMA_0] * 4 + [_CHROMA_0] * 2
        if number == 0:
            means[0] = _difference(_LUMA_ESCAPE, luma)
            means[4] = means[5] = _difference(_CHROMA_ESCAPE, chroma)
        # No block has anything but its mean (1), and what else is predicted is not told (0).
        blocks += "1" + "0" + "".join(means)
    return blocks


def _difference(escape: str, value: int) -> str:
    return f"{escape}{abs(value):08b}{int(value < 0)}"


def _bytes(bits: str) -> bytes:
    padded = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))


# By the transform, a mean that is 1 larger is 1.125 steps of grey brighter.
_STEP: Final = 1.125
# SMPTE 421M, first table of means: no difference, and the code after which a difference of 8 bits and its sign follow.
_LUMA_0, _LUMA_ESCAPE = "1", f"{0x6078F:024b}"
_CHROMA_0, _CHROMA_ESCAPE = "00", f"{0x60888F:023b}"
# Simple profile; fast transform, fast motion; as release versions of the codec write it.
_WMV_HEADER: Final = _bytes("0000" + "000" + "00000" + "000" + "11" + "0" * 8 + "000" + "000" + "1")
# Advanced profile, 4:2:0, its size, one reserved bit; then an entry point that is closed, with fast motion.
_SIZE: Final = f"{_SIDE // 2 - 1:012b}" * 2
_VC_1_SEQUENCE: Final = _bytes("11" + "000" + "01" + "000" + "00000" + "0" + _SIZE + "0000" + "1" + "000" + "1")
_VC_1_ENTRY: Final = _bytes("01" + "000" + "1" + "0" + "00" + "00" + "00" + "000" + "1")
_VC_1_HEADER: Final = b"\0\0\x01\x0f" + _VC_1_SEQUENCE + b"\0\0\x01\x0e" + _VC_1_ENTRY

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
    "wmv3": CodedByHand(b"WMV3", 24, _windows_media_9, header=_WMV_HEADER),
    "vc1": CodedByHand(b"WVC1", 24, _vc_1, header=_VC_1_HEADER),
    "mss2": CodedByHand(b"MSS2", 24, _windows_media_screen, header=_SCREEN_HEADER),
}
"""By ffmpeg's name of the codec."""
