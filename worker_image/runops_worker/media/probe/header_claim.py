"""What the header of an AVI, a WMV or an FLV says about the size and the length of the whole file. Pure.

ffmpeg does not compare it with the file: it takes what is there for the whole recording.
"""

import struct
from dataclasses import dataclass
from typing import Final

__all__ = ["HeaderClaim", "header_claim"]

# Microsoft, "AVI RIFF File Reference": RIFF SIZE 'AVI ', then in the list hdrl the chunk avih with MainAVIHeader, whose
# first number is the microseconds per picture and whose fifth is the number of pictures.
_RIFF_HEADER: Final = 8
_PICTURES_AT: Final = 16
# Microsoft, "Advanced Systems Format specification", 3.2: File Properties Object. After name and size: file id, file
# size, creation date, number of packets, length in units of 100 ns, the time to send it, and how much of the length is
# spent before the first picture, in milliseconds. The first flag: sent while it was recorded, so no number is valid.
_ASF_PROPERTIES: Final = b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"
_ASF_SIZE_AT: Final = 40
_ASF_LENGTH_AT: Final = 64
_ASF_PREROLL_AT: Final = 80
_ASF_FLAGS_AT: Final = 88
_ASF_END: Final = 92
# Adobe, "Flash Video File Format Specification", E.5: onMetaData holds names, each followed by a 0 and a number.
_FLV_SIZE: Final = b"\0\x08filesize\0"
_FLV_LENGTH: Final = b"\0\x08duration\0"
_MOST: Final = 2.0**53
_ASF_UNITS: Final = 10_000_000


@dataclass(frozen=True)
class HeaderClaim:
    """Of the whole file.

    Attributes
    ----------
    size
        In bytes; 0 if the header does not say it.
    seconds
        Length; None if the header does not say it.
    """

    size: int = 0
    seconds: float | None = None


def header_claim(head: bytes, demuxer: str) -> HeaderClaim:
    """Return what the header claims.

    Parameters
    ----------
    head
        The file's beginning.
    demuxer
        A key of `CONTAINERS`. Nothing is read of others than `avi`, `asf` and `flv`: ffmpeg finds their end itself, or
        they have no such header.
    """
    match demuxer:
        case "avi":
            return _avi(head)
        case "asf":
            return _asf(head)
        case "flv":
            seconds = _flv_number(head, _FLV_LENGTH)
            return HeaderClaim(int(_flv_number(head, _FLV_SIZE)), seconds or None)
        case _:
            return HeaderClaim()


def _avi(head: bytes) -> HeaderClaim:
    # A recorder that crashed leaves a size of 0 or of the header alone. In a large file it is that of the first part.
    size = _number(head, 4, 4) + _RIFF_HEADER
    at = head.find(b"avih")
    if at < 0:
        return HeaderClaim(size)
    per_picture, pictures = _number(head, at + 8, 4), _number(head, at + 8 + _PICTURES_AT, 4)
    return HeaderClaim(size, per_picture * pictures / 1e6 or None)


def _asf(head: bytes) -> HeaderClaim:
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or len(head) < at + _ASF_END or _number(head, at + _ASF_FLAGS_AT, 4) & 1:
        return HeaderClaim()
    length = _number(head, at + _ASF_LENGTH_AT, 8) / _ASF_UNITS - _number(head, at + _ASF_PREROLL_AT, 8) / 1000
    return HeaderClaim(_number(head, at + _ASF_SIZE_AT, 8), length if length > 0 else None)


def _flv_number(head: bytes, name: bytes) -> float:
    at = head.find(name)
    begin = at + len(name)
    if at < 0 or len(head) < begin + 8:
        return 0.0
    (number,) = struct.unpack_from(">d", head, begin)
    return number if 0 < number < _MOST else 0.0


def _number(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(head[at : at + size], "little")
