"""The edit lists of an MP4. Pure but for the reads of the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import SEEK_END
from typing import BinaryIO, Final

from runops_worker.media.recording.edits import Edit

__all__ = ["TrackEdits", "edits_of", "read_index"]

# ISO/IEC 14496-12: a box is its size (4 bytes), its kind (4 bytes), and its size again in 8 bytes if the first is 1.
_SHORT, _LONG = 8, 16
_MOST_BOXES: Final = 10_000
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_EDITS: Final = 100
_WHOLE_SPEED: Final = b"\0\1\0\0"


@dataclass(frozen=True)
class TrackEdits:
    """What is shown of a track.

    Attributes
    ----------
    kind
        `vide` or `soun`, or that of another track.
    edits
        The parts, in the order in which they are shown. Empty if there is no list, or one with anything else than parts
        at usual speed: a pause, a part without an end.
    """

    kind: str
    edits: tuple[Edit, ...]


def read_index(file: BinaryIO) -> bytes:
    """Return the content of the box `moov`; empty if there is none that is whole, or if it has more than 64 MB."""
    at, end = 0, file.seek(0, SEEK_END)
    for _ in range(_MOST_BOXES):
        file.seek(at)
        size, kind, begin = _head(file.read(_LONG))
        if size < begin or at + size > end:
            break
        if kind == b"moov":
            file.seek(at + begin)
            return file.read(size - begin) if size <= _MOST_BYTES else b""
        at += size
    return b""


def edits_of(index: bytes) -> list[TrackEdits]:
    """Return the edit lists of an index, one for each track; none if it cannot be read."""
    try:
        movie_units = _units(_first(index, b"mvhd"))
        return [_track(content, movie_units) for kind, content in _boxes(index) if kind == b"trak"]
    except (LookupError, ZeroDivisionError):
        return []


def _track(track: bytes, movie_units: int) -> TrackEdits:
    media = _first(track, b"mdia")
    kind = _first(media, b"hdlr")[8:12].decode("latin-1")
    units = _units(_first(media, b"mdhd"))
    try:
        listed = _first(_first(track, b"edts"), b"elst")
    except LookupError:
        return TrackEdits(kind, ())
    wide = 8 if listed[0] == 1 else 4
    each = 2 * wide + 4
    found: list[Edit] = []
    for number in range(min(int.from_bytes(listed[4:8]), _MOST_EDITS + 1)):
        entry = listed[8 + number * each : 8 + (number + 1) * each]
        length = int.from_bytes(entry[:wide]) / movie_units
        begin = int.from_bytes(entry[wide : 2 * wide], signed=True) / units
        if begin < 0 or length <= 0 or entry[2 * wide :] != _WHOLE_SPEED or number == _MOST_EDITS:
            return TrackEdits(kind, ())
        found.append(Edit(begin, begin + length))
    return TrackEdits(kind, tuple(found))


def _units(header: bytes) -> int:
    """Return units of time per second by a header of the movie or of a track's media."""
    at = 20 if header[0] == 1 else 12
    return int.from_bytes(header[at : at + 4])


def _first(content: bytes, kind: bytes) -> bytes:
    for name, inside in _boxes(content):
        if name == kind:
            return inside
    raise LookupError(kind)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _SHORT <= len(content):
        size, kind, begin = _head(content[at : at + _LONG])
        if size < begin:
            return
        yield kind, content[at + begin : at + size]
        at += size


def _head(header: bytes) -> tuple[int, bytes, int]:
    """Return size, kind and begin of the content of a box; size 0 behind the last one."""
    size, kind = int.from_bytes(header[:4]), header[4:_SHORT]
    if size == 1:
        return int.from_bytes(header[_SHORT:_LONG]), kind, _LONG
    return size, kind, _SHORT
