"""Tells files that are surely no recordings by their first bytes. Pure but for reading them."""

import codecs
from pathlib import Path

__all__ = ["FIRST_BYTES", "first_bytes", "text_kind"]

FIRST_BYTES = 512
"""As many as decide."""
_LEAST = 4
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<?xml")


def first_bytes(file: Path) -> bytes:
    """Return the first bytes of a file; none where it cannot be read, which is told when it is uploaded."""
    try:
        with file.open("rb") as opened:
            return opened.read(FIRST_BYTES)
    except OSError:
        return b""


def text_kind(begin: bytes) -> str | None:
    """Return what a file is that begins like a text, such as an error page that was saved as a recording.

    None for everything else, also for formats that are not known here: the worker looks at it.

    Parameters
    ----------
    begin
        Its first bytes.
    """
    if len(begin) < _LEAST or not _is_text(begin):
        return None
    begins = begin.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if begins.startswith(_WEB_PAGE):
        return "a web page"
    return "JSON" if begins[:1] in {b"{", b"["} else "text"


def _is_text(begin: bytes) -> bool:
    if begin.startswith(_UTF16):
        return True
    try:
        # The last letter may be cut off.
        words = codecs.getincrementaldecoder("utf-8")().decode(begin, final=len(begin) < FIRST_BYTES)
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\r\n\f\ufeff" for letter in words)
