"""Decides by a file's first bytes what it is, before ffmpeg opens it."""

import codecs
from typing import Final

from runops_worker.media.errors import MediaRejected

__all__ = ["HEAD_BYTES", "demuxer_for"]

HEAD_BYTES: Final = 4096
"""Number of bytes that `demuxer_for` needs."""

# First box of an ISO base media file or a QuickTime file.
_MOV_BOXES: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"styp", b"moof", b"sidx", b"pnot"}
)
_IMAGE_BRANDS: Final = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"})
_EBML: Final = b"\x1a\x45\xdf\xa3"
_UTF8_BOM: Final = b"\xef\xbb\xbf"

_NOT_VIDEOS: Final = (
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a bitmap image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", "a program"),
)
_SOUNDS: Final = ((b"ID3", "an MP3 file"), (b"fLaC", "a FLAC file"))
_OTHER_VIDEOS: Final = (
    (b"FLV\x01", "an FLV file"),
    (b"\x30\x26\xb2\x75", "a Windows Media file"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"OggS", "an Ogg file"),
)
_TEXTS: Final = (
    (b"#extm3u", "a playlist"),
    (b"ffconcat", "a list of other files"),
    (b"<!doctype html", "a web page (often the error page of a failed download)"),
    (b"<html", "a web page (often the error page of a failed download)"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON text"),
)
_TS_PACKET: Final = 188


def demuxer_for(head: bytes) -> str:
    """Return the ffmpeg demuxer that reads this file.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of the file, or all of it.

    Returns
    -------
    str
        `mov` (MP4, MOV) or `matroska` (WebM, MKV).

    Raises
    ------
    MediaRejected
        SourceEmpty, NotAVideo, NoVideoStream (a sound file) or UnsupportedMedia (another container).
    """
    if not head:
        raise MediaRejected("SourceEmpty", "The recording is an empty file (0 bytes).")
    if head.startswith(_EBML):
        return "matroska"
    if head[4:8] in _MOV_BOXES:
        if head[4:8] == b"ftyp" and head[8:12] in _IMAGE_BRANDS:
            raise _not_a_video("a HEIC or AVIF image")
        return "mov"
    raise _refusal(head)


def _refusal(head: bytes) -> MediaRejected:
    riff = head[8:12] if head.startswith(b"RIFF") else b""
    if name := _name(head, _NOT_VIDEOS):
        return _not_a_video(name)
    if riff == b"WEBP":
        return _not_a_video("a WebP image")
    if name := _name(head, _SOUNDS):
        return _sound(name)
    if riff == b"WAVE":
        return _sound("a WAV file")
    if name := _name(head, _OTHER_VIDEOS):
        return _other_video(name)
    if riff == b"AVI ":
        return _other_video("an AVI file")
    if head.startswith(b"G") and head[_TS_PACKET : _TS_PACKET + 1] == b"G":
        return _other_video("an MPEG transport stream")
    return _not_a_video(_text_name(head) or "of no known recording format")


def _name(head: bytes, names: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((name for prefix, name in names if head.startswith(prefix)), None)


def _text_name(head: bytes) -> str | None:
    text = head.removeprefix(_UTF8_BOM).lstrip().lower()
    if name := _name(text, _TEXTS):
        return name
    if b"\x00" in head:
        return None
    try:
        # Incremental, because the cut at HEAD_BYTES may split a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    return "a text file"


def _not_a_video(name: str) -> MediaRejected:
    return MediaRejected("NotAVideo", f"The file is {name}, not a video recording.")


def _sound(name: str) -> MediaRejected:
    return MediaRejected("NoVideoStream", f"The recording is {name}: it has sound but no picture.")


def _other_video(name: str) -> MediaRejected:
    return MediaRejected("UnsupportedMedia", f"The recording is {name}; MP4, MOV, WebM and MKV can be read.")
