"""Whether a file has the mark by which its container ends. Pure."""

from typing import Final

__all__ = ["TAIL_BYTES", "has_end"]

TAIL_BYTES: Final = 128 * 1024
"""Number of bytes that `has_end` needs: two pages of Ogg at their largest."""

_GIF_END: Final = b";"
# RFC 3533, section 6: a page begins with its name, its version and its flags; the third flag says that the stream ends.
_OGG_PAGE: Final = b"OggS\0"
_OGG_FLAGS_AT: Final = 5
_OGG_LAST: Final = 4


def has_end(tail: bytes, demuxer: str) -> bool:
    """Return whether the file is complete.

    Parameters
    ----------
    tail
        The last `TAIL_BYTES` of the file, or all of it.
    demuxer
        A key of `CONTAINERS`. Only `gif` and `ogg` have a mark that recorders write last; of others the answer is yes.
    """
    if demuxer == "gif":
        # Some programs add zeros.
        return tail.rstrip(b"\0").endswith(_GIF_END)
    if demuxer == "ogg":
        at = tail.rfind(_OGG_PAGE)
        return at >= 0 and any(flags & _OGG_LAST for flags in tail[at + _OGG_FLAGS_AT : at + _OGG_FLAGS_AT + 1])
    return True
