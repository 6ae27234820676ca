"""What is done to a file after ffmpeg has written it: edit lists, rotation, lying headers, damage. Pure."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from devstack.media_corpus.boxes import box, boxes, change, full, one
from tests.media.recordings.description import Damage, Edit, Recording

__all__ = ["damaged", "edited", "spoiled"]

_BOXED: Final = {"mp4", "mov", "fragmented"}
_ELEMENTS: Final = {"matroska", "webm"}
# By ISO/IEC 14496-12: the matrices of `tkhd` that players know as quarters of a turn.
_TURNS: Final = {
    90: (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000),
    180: (-0x10000, 0, 0, 0, -0x10000, 0, 0, 0, 0x40000000),
    270: (0, -0x10000, 0, 0x10000, 0, 0, 0, 0, 0x40000000),
}
_MATRIX_AT: Final = 48
_TRACK_DURATION_AT: Final = 28
# Matroska's Duration: its name, and the size of a double.
_DURATION: Final = b"\x44\x89\x88"
_VOID: Final = b"\xec\x89" + bytes(9)


def spoiled(content: bytes, recording: Recording) -> bytes:
    """Return the file as its description demands."""
    if recording.container in _BOXED:
        content = _boxed(content, recording)
    elif recording.container in _ELEMENTS and recording.claims != 1.0:
        place = content.index(_DURATION)
        (length,) = struct.unpack_from(">d", content, place + 3)
        told = _DURATION + struct.pack(">d", length * recording.claims) if recording.claims else _VOID
        content = content[:place] + told + content[place + len(told) :]
    return damaged(content, recording.damage) if recording.damage else content


def _boxed(content: bytes, recording: Recording) -> bytes:
    for place, track in enumerate(recording.pictures):
        if track.rotation:
            content = _in_track(content, place, lambda item, turn=track.rotation: _turned(item, turn))
    if recording.edits:
        content = edited(content, recording.edits)
    if recording.claims != 1.0:
        content = change(content, "moov/mvhd", lambda item: _longer(item, 24, recording.claims))
        tracks = sum(item[4:8] == b"trak" for item in boxes(one(content, "moov")[8:]))
        content = change(content, "moov", lambda item: box(b"moov", _longer_tracks(item[8:], recording.claims, tracks)))
    return content


def _in_track(content: bytes, place: int, how: object) -> bytes:
    """Change the header of a track."""
    assert callable(how)
    seen = -1

    def header(item: bytes) -> bytes:
        nonlocal seen
        seen += 1
        return box(b"trak", change(item[8:], "tkhd", how)) if seen == place else item

    inside = change(one(content, "moov")[8:], "trak", header, most=place + 1)
    return change(content, "moov", lambda _: box(b"moov", inside))


def _turned(header: bytes, degrees: int) -> bytes:
    matrix = struct.pack(">9i", *_TURNS[degrees])
    return header[:_MATRIX_AT] + matrix + header[_MATRIX_AT + len(matrix) :]


def _longer(item: bytes, place: int, factor: float) -> bytes:
    (length,) = struct.unpack_from(">I", item, place)
    return item[:place] + struct.pack(">I", min(int(length * factor), 2**32 - 1)) + item[place + 4 :]


def _longer_tracks(inside: bytes, factor: float, tracks: int) -> bytes:
    def longer(track: bytes) -> bytes:
        body = change(track[8:], "tkhd", lambda item: _longer(item, _TRACK_DURATION_AT, factor))
        return box(b"trak", change(body, "mdia/mdhd", lambda item: _longer(item, 24, factor)))

    return change(inside, "trak", longer, most=tracks)


@dataclass(frozen=True)
class _Scale:
    """Units per second of the movie and of a track, and the time in the media at which the track begins."""

    movie: int
    track: int
    begins: int

    def entry(self, edit: Edit) -> bytes:
        begin, end = edit
        at = self.begins + round(begin * self.track)
        return struct.pack(">IiI", round((end - begin) * self.movie), at, 0x10000)


def edited(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Return an MP4, with its index at the end, in which each track shows these parts, as an editor saves it."""
    movie = one(content, "moov")
    assert content.endswith(movie), "the places of the media would move"
    units = struct.unpack_from(">I", one(movie[8:], "mvhd"), 20)[0]
    inside = b"".join(_edited_track(item, edits, units) if item[4:8] == b"trak" else item for item in boxes(movie[8:]))
    return content[: -len(movie)] + box(b"moov", inside)


def _edited_track(track: bytes, edits: Sequence[Edit], movie_units: int) -> bytes:
    units = struct.unpack_from(">I", one(track[8:], "mdia/mdhd"), 20)[0]
    try:
        begins = struct.unpack_from(">i", one(track[8:], "edts/elst"), 20)[0]
    except StopIteration:
        begins = 0
    scale = _Scale(movie_units, units, max(begins, 0))
    entries = b"".join(scale.entry(edit) for edit in edits)
    listed = box(b"edts", full(b"elst", struct.pack(">I", len(edits)), entries))
    kept = [item for item in boxes(track[8:]) if item[4:8] != b"edts"]
    total = round(sum(end - begin for begin, end in edits) * movie_units)
    kept[0] = kept[0][:_TRACK_DURATION_AT] + struct.pack(">I", total) + kept[0][_TRACK_DURATION_AT + 4 :]
    return box(b"trak", kept[0], listed, *kept[1:])


def damaged(content: bytes, damage: Damage) -> bytes:
    """Return the file with its damage."""
    begin, end = (round(share * len(content)) for share in (damage.begins, damage.ends))
    if damage.kind == "cut":
        return content[:begin]
    noise = random.Random(len(content))  # noqa: S311 - the same damage each time
    return content[:begin] + noise.randbytes(end - begin) + content[end:]
