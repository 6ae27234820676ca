"""ISO base media files (MP4, MOV) taken apart and put together box by box, also where no writer would put it so."""

import struct
from collections.abc import Callable, Iterator

__all__ = ["box", "boxes", "change", "full", "one"]

Change = Callable[[bytes], bytes]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Make a box with its right size."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Make a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes(content: bytes) -> Iterator[bytes]:
    """Give the boxes that stand one after the other, each with its head."""
    place = 0
    while place < len(content):
        (size,) = struct.unpack_from(">I", content, place)
        yield content[place : place + size]
        place += size


def one(content: bytes, path: str) -> bytes:
    """Return the first box at a path such as `moov/trak/mdia`, with its head."""
    kind, _, rest = path.partition("/")
    found = next(item for item in boxes(content) if item[4:8] == kind.encode())
    return one(found[8:], rest) if rest else found


def change(content: bytes, path: str, how: Change, *, most: int = 1) -> bytes:
    """Return the content with boxes at a path replaced, and the sizes around them put right.

    Parameters
    ----------
    content
        A file, or the inside of a box.
    path
        Such as `moov/trak`.
    how
        Gives the bytes that stand in the place of a box.
    most
        How many boxes of the kind named first are changed.
    """
    kind, _, rest = path.partition("/")
    result, changed = [], 0
    for item in boxes(content):
        if item[4:8] == kind.encode() and changed < most:
            changed += 1
            result.append(box(item[4:8], change(item[8:], rest, how)) if rest else how(item))
        else:
            result.append(item)
    if not changed:
        raise LookupError(f"there is no box {kind}")
    return b"".join(result)
