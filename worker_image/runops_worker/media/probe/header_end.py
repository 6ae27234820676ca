"""Where the header of a recording ends: with that much of it, ffmpeg can tell what it will be."""

from typing import Final

__all__ = ["header_end"]

_SHORT: Final = 8
_LONG: Final = 16
# Recorders and browsers write what is to be known of the tracks at once, before the first picture.
_MATROSKA_HEADER: Final = 64 * 1024


def header_end(head: bytes, demuxer: str) -> int | None:
    """Tell how many bytes of a file hold its header.

    Parameters
    ----------
    head
        The file's beginning.
    demuxer
        `mov` or `matroska`.

    Returns
    -------
    int or None
        Bytes; None where the header does not begin within `head`: many programs write an MP4's at its end.
    """
    return _MATROSKA_HEADER if demuxer == "matroska" else _index_end(head)


def _index_end(head: bytes) -> int | None:
    # Boxes: four bytes of size, four of type; 1 for a size of eight bytes behind them, 0 for all that is left.
    begin = 0
    while begin + _LONG <= len(head):
        size, kind = int.from_bytes(head[begin : begin + 4]), head[begin + 4 : begin + _SHORT]
        if size == 1:
            size = int.from_bytes(head[begin + _SHORT : begin + _LONG])
        if size < _SHORT:
            return None
        if kind == b"moov":
            return begin + size
        begin += size
    return None
