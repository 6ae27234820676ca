"""Where the recordings begin that were appended to one another in one file. Pure but for the reads of the file.

An app that restarts its recorder may upload both files as one, one behind the other. Many players stop after the first.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

__all__ = ["MOST_PARTS", "Part", "parts_of", "pieces_follow"]

Part = tuple[int, int]
"""First byte of a recording in the file, and the byte behind its last one."""

MOST_PARTS: Final = 32
"""A file with more parts is a stream whose header is repeated again and again."""

# Matroska, RFC 9559 and RFC 8794: a file is a head and a segment. The head names its kind.
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"
_KIND: Final = b"\x42\x82"
_KINDS: Final = (b"webm", b"matroska")
_MOST_HEAD: Final = 1024
_BLOCK: Final = 1024 * 1024

# ISO/IEC 14496-12: a file begins with the box `ftyp`. Before its content there is none.
_BOX: Final = 16
_SHORT: Final = 8
_CONTENT: Final = frozenset({b"moov", b"mdat", b"moof"})
_BESIDE: Final = frozenset({b"ftyp", b"styp", b"sidx", b"ssix", b"prft", b"emsg", b"mfra", b"meta", b"udta"})
_UNUSED: Final = frozenset({b"free", b"skip", b"wide", b"uuid"})
_MOST_BOXES: Final = 1_000_000


def parts_of(file: BinaryIO, size: int, demuxer: str) -> tuple[Part, ...]:
    """Return the recordings in a file.

    Parameters
    ----------
    file
        The file.
    size
        Its size in bytes.
    demuxer
        A key of `CONTAINERS`.

    Returns
    -------
    tuple[Part, ...]
        In the order of the file; the first one begins at 0. One if the container is another one than MP4 or Matroska,
        and at most one more than `MOST_PARTS`.
    """
    match demuxer:
        case "matroska":
            begins = _matroska(file, size)
        case "mov":
            begins = _mp4(file, size)
        case _:
            begins = iter(())
    found = [0]
    for begin in begins:
        found.append(begin)
        if len(found) > MOST_PARTS:
            break
    return tuple(zip(found, [*found[1:], size], strict=True))


def _matroska(file: BinaryIO, size: int) -> Iterator[int]:
    if _segment_end(file) == size:
        return
    # A segment that is written live has no length, and one that was cut a wrong one. So all of the file is looked at.
    begin, before = 1, b""
    file.seek(begin)
    while block := file.read(_BLOCK):
        content = before + block
        at = -1
        while (at := content.find(_EBML, at + 1)) >= 0:
            place = begin - len(before) + at
            if _is_head(_at(file, place, _MOST_HEAD)):
                yield place
        begin += len(block)
        before = content[-len(_EBML) + 1 :]
        file.seek(begin)


def _is_head(content: bytes) -> bool:
    """Return whether a Matroska file begins with these bytes. The four of its mark may be anywhere by chance."""
    length = _number(content, len(_EBML))
    if length is None:
        return False
    first, value = length
    head = content[first : first + value]
    kind = head.find(_KIND)
    return kind >= 0 and head[kind + 3 :].startswith(_KINDS) and content[first + value :].startswith(_SEGMENT)


def _segment_end(file: BinaryIO) -> int | None:
    """Return where the segment of a file ends that begins with a head; None if it does not say it."""
    content = _at(file, 0, _MOST_HEAD)
    head = _number(content, len(_EBML))
    if head is None or not content[sum(head) :].startswith(_SEGMENT):
        return None
    length = _number(content, sum(head) + len(_SEGMENT))
    return None if length is None else sum(length)


def _number(content: bytes, at: int) -> tuple[int, int] | None:
    """Return where the content of an element begins, and its length; None if it has none. Its length begins at `at`."""
    first = content[at] if at < len(content) else 0
    width = 9 - first.bit_length()
    if width > 8 or at + width > len(content):
        return None
    most = (1 << (7 * width)) - 1
    value = int.from_bytes(content[at : at + width]) & most
    return None if value == most else (at + width, value)


def _mp4(file: BinaryIO, size: int) -> Iterator[int]:
    has_content = False
    for at, length, kind in _boxes(file, size):
        if at + length > size:
            return
        if kind == b"ftyp" and has_content:
            yield at
            has_content = False
        has_content |= kind in _CONTENT


def pieces_follow(file: BinaryIO, size: int) -> bool:
    """Return whether a box of an MP4 follows wherever one ends, up to the end of the file or to zeros.

    ffmpeg reads an MP4 in pieces up to where the next box is none, and takes that for its end.

    Parameters
    ----------
    file
        The file.
    size
        Its size in bytes.
    """
    end = 0
    for at, length, kind in _boxes(file, size):
        if kind not in _CONTENT | _BESIDE | _UNUSED:
            return False
        end = at + length
    file.seek(min(end, size))
    return all(not block.strip(b"\0") for block in iter(lambda: file.read(_BLOCK), b""))


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each outer box begins, its length, and its kind. The last one may end behind the file."""
    at = 0
    for _ in range(_MOST_BOXES):
        header = _at(file, at, _BOX)
        length, kind = int.from_bytes(header[:4]), header[4:_SHORT]
        if length == 1:
            length = int.from_bytes(header[_SHORT:])
        elif length == 0 and kind in _CONTENT:
            length = size - at
        if length < _SHORT or at >= size:
            return
        yield at, length, kind
        at += length


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
