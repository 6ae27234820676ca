"""What a file is, by its first bytes: decided before any demuxer sees it."""

import codecs
from typing import Final

from runops_worker.media.errors import MediaRejected

__all__ = ["HEAD_BYTES", "demuxer_for"]

HEAD_BYTES: Final = 4096
"""How much of the file's beginning is looked at."""

# First box of an ISO base media file or a QuickTime file.
_MOV_BOXES: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"styp", b"moof", b"sidx", b"pnot"}
)
_IMAGE_BRANDS: Final = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"})
_EBML: Final = b"\x1a\x45\xdf\xa3"

_IMAGES: Final = (
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a bitmap image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
)
_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", "a program"),
)
_SOUNDS: Final = ((b"ID3", "an MP3 file"), (b"fLaC", "a FLAC file"))
_FOREIGN_VIDEOS: Final = (
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
    """Tell which of ffmpeg's demuxers reads this file.

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
        SourceEmpty, NotAVideo, NoVideoStream (a sound file) or UnsupportedMedia (a container nobody records to).
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
    for prefix, name in (*_IMAGES, *_OTHERS):
        if head.startswith(prefix):
            return _not_a_video(name)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _not_a_video("a WebP image")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _sound("a WAV file")
    for prefix, name in _SOUNDS:
        if head.startswith(prefix):
            return _sound(name)
    for prefix, name in _FOREIGN_VIDEOS:
        if head.startswith(prefix):
            return _foreign(name)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return _foreign("an AVI file")
    if head[:1] == b"G" and head[_TS_PACKET : _TS_PACKET + 1] == b"G":
        return _foreign("an MPEG transport stream")
    return _not_a_video(_text_name(head) or "of no known recording format")


def _text_name(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for prefix, name in _TEXTS:
        if text.startswith(prefix):
            return name
    if b"\x00" in head:
        return None
    try:
        # Incremental: the cut at HEAD_BYTES may split a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    return "a text file"


def _not_a_video(name: str) -> MediaRejected:
    return MediaRejected("NotAVideo", f"The file is {name}, not a video recording.")


def _sound(name: str) -> MediaRejected:
    return MediaRejected("NoVideoStream", f"The recording is {name}: it has sound but no picture.")


def _foreign(name: str) -> MediaRejected:
    return MediaRejected("UnsupportedMedia", f"The recording is {name}; MP4, MOV, WebM and MKV can be read.")
