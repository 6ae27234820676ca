"""Where a recording's header ends. The header is enough for ffmpeg to list the streams and the claimed length."""

from typing import Final

__all__ = ["header_end"]

_SHORT_BOX_HEADER: Final = 8
_LONG_BOX_HEADER: Final = 16
_SIZE_FOLLOWS: Final = 1
# Recorders and browsers write the description of the tracks into the first 64 KiB, before the first picture.
_MATROSKA_HEADER: Final = 64 * 1024


def header_end(head: bytes, demuxer: str) -> int | None:
    """Return how many bytes of a file hold its header.

    Parameters
    ----------
    head
        The file's beginning.
    demuxer
        A key of `CONTAINERS`.

    Returns
    -------
    int or None
        Bytes, or None if the header does not begin within `head`, or the container is a rare one. Many programs write
        an MP4's header at its end.
    """
    if demuxer == "matroska":
        return _MATROSKA_HEADER
    return _index_end(head) if demuxer == "mov" else None


def _index_end(head: bytes) -> int | None:
    # A box begins with 4 bytes of size and 4 of type. Size 1: the size is in the 8 bytes that follow. Size 0: the box
    # reaches to the end of the file, so no index follows.
    begin = 0
    while begin + _LONG_BOX_HEADER <= len(head):
        size, kind = int.from_bytes(head[begin : begin + 4]), head[begin + 4 : begin + _SHORT_BOX_HEADER]
        if size == _SIZE_FOLLOWS:
            size = int.from_bytes(head[begin + _SHORT_BOX_HEADER : begin + _LONG_BOX_HEADER])
        if size < _SHORT_BOX_HEADER:
            return None
        if kind == b"moov":
            return begin + size
        begin += size
    return None
