"""Hostile files in the rarer containers: AVI, WMV, FLV, Ogg, MPEG-TS and -PS, GIF."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devstack.media_corpus.bases import base
from devstack.media_corpus.noise import noise

__all__ = ["RARE"]

Recipe = Callable[[Path], bytes]

_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PLAYLIST: Final = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
_HEADS: Final = {
    "avi": b"RIFF\xff\xff\xff\x7fAVI ",
    "asf": _ASF,
    "flv": b"FLV\x01\x05\0\0\0\x09\0\0\0\0",
    "ogg": b"OggS\0\x02",
    "ps": b"\0\0\x01\xba\x44\0\x04\0\x04\x01",
    "gif": b"GIF89a",
    "ts": b"G" + bytes(187) + b"G",
}


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _list(name: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", name + b"".join(chunks))


def _avi_stream(kind: bytes, codec: bytes, form: bytes) -> bytes:
    head = struct.pack("<4s4sIIIIIIIIII8x", kind, codec, 0, 0, 0, 1, 10, 0, 20, 0, 0, 0)
    return _list(b"strl", _chunk(b"strh", head), _chunk(b"strf", form))


def _bitmap(codec: bytes, width: int, height: int) -> bytes:
    return struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, codec, 0, 0, 0, 0, 0)


def _avi(*, width: int = 16, height: int = 16, subtitle: bytes = b"", per_picture: int = 100_000) -> bytes:
    """Write twenty grey pictures without compression, and perhaps a track of subtitles with one packet."""
    picture = _chunk(b"00db", b"\x80" * (16 * 16 * 3))
    streams = [_avi_stream(b"vids", b"DIB ", _bitmap(bytes(4), width, height))]
    content = [picture] * 20
    if subtitle:
        streams.append(_avi_stream(b"txts", bytes(4), b""))
        content.insert(0, _chunk(b"01tx", subtitle))
    main = struct.pack("<10I16x", per_picture, 0, 0, 0, 20, 0, len(streams), 0, width, height)
    header = _list(b"hdrl", _chunk(b"avih", main), *streams)
    inside = b"AVI " + header + _list(b"movi", *content)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def _gab2(content: bytes) -> bytes:
    """Write a subtitle packet that holds a file: ffmpeg looks which demuxer reads it."""
    return b"GAB2\0" + struct.pack("<HI", 2, 0) + struct.pack("<HI", 4, len(content)) + content


def _gif(count: int, *, size: tuple[int, int] = (4, 4), delay: int = 10) -> bytes:
    screen = struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    # The smallest picture: clear, one pixel, end.
    picture = b"\x21\xf9\x04\0" + struct.pack("<H", delay) + b"\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return b"GIF89a" + screen + (picture + b"\x02\x02\x44\x01\0") * count + b";"


def _posing(name: str) -> Recipe:
    return lambda _: _HEADS[name] + b"\n" + _PLAYLIST * 40


def _noisy(name: str) -> Recipe:
    return lambda _: _HEADS[name] + noise(len(name) + ord(name[0]), 1 << 18)


def _transport_noise(_: Path) -> bytes:
    content = bytearray(noise(77, 188 * 2000))
    content[::188] = b"G" * 2000
    return bytes(content)


RARE: Final[dict[str, Recipe]] = {
    **{f"hls-posing-as-{name}": _posing(name) for name in ("avi", "asf", "flv", "ogg", "ps", "gif")},
    **{f"{name}-of-noise": _noisy(name) for name in ("avi", "asf", "flv", "ogg", "ps", "gif")},
    "ts-of-noise": _transport_noise,
    "avi-subtitles-are-a-playlist": lambda _: _avi(subtitle=_gab2(_PLAYLIST)),
    "avi-subtitles-are-a-list": lambda _: _avi(subtitle=_gab2(b"ffconcat version 1.0\nfile /etc/passwd\n")),
    "avi-subtitles-are-an-mp4": lambda folder: _avi(subtitle=_gab2(base("mp4", folder))),
    "avi-size-max": lambda _: _avi(width=2**31 - 1, height=2**31 - 1),
    "avi-size-16000": lambda _: _avi(width=16000, height=16000),
    "avi-pictures-of-no-length": lambda _: _avi(per_picture=0),
    "gif-size-max": lambda _: _gif(20, size=(65535, 65535)),
    "gif-pictures-20000": lambda _: _gif(20_000, delay=2),
    "gif-pictures-that-last-11-minutes": lambda _: _gif(15, delay=65535),
}
"""By their names; what becomes of each is in `hostile`."""
