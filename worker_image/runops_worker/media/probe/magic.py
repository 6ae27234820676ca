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
    (b"BM", "a bitmap image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", "a program"),
)
_SOUNDS: Final = ((b"ID3", "an MP3 file"), (b"fLaC", "a FLAC file"))
_VIDEOS: Final = (
    (_EBML, "matroska"),
    (b"FLV\x01", "flv"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"OggS", "ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"\x00\x00\x01\xba", "mpeg"),
)
# Not recorded in practice, or without the times of its pictures.
_OTHER_VIDEOS: Final = (
    (b".RMF", "a RealMedia file"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "an MXF file"),
    (b"DKIF", "an IVF file"),
    (b"CWS", "a Flash animation"),
    (b"FWS", "a Flash animation"),
    (b"\x00\x00\x01\xb3", "a bare MPEG video without a container"),
    (b"\x00\x00\x00\x01\x67", "a bare H.264 video without a container"),
)
_TEXTS: Final = (
    (b"#extm3u", "a playlist"),
    (b"ffconcat", "a list of other files"),
    (b"<!doctype html", "a web page (often the error page of a failed download)"),
    (b"<html", "a web page (often the error page of a failed download)"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON text"),
)
# Distance of the packets of an MPEG transport stream, and where the first one begins: the second kind, of cameras and
# Blu-ray discs, has a time before each packet; the third one has check bytes after it.
_TS_PACKETS: Final = ((188, 0), (192, 4), (204, 0))
_TS_MARK: Final = b"G"


def demuxer_for(head: bytes) -> str:
    """Return the ffmpeg demuxer that reads this file.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of the file, or all of it.

    Returns
    -------
    str
        A key of `CONTAINERS`.

    Raises
    ------
    MediaRejected
        SourceEmpty, NotAVideo, NoVideoStream (a sound file) or UnsupportedMedia (another container).
    """
    if not head:
        raise MediaRejected("SourceEmpty", "The recording is an empty file (0 bytes).")
    if demuxer := _name(head, _VIDEOS):
        return demuxer
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if any(_is_transport_stream(head, *layout) for layout in _TS_PACKETS):
        return "mpegts"
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
    return _not_a_video(_text_name(head) or "of no known recording format")


def _is_transport_stream(head: bytes, distance: int, first: int) -> bool:
    marks = head[first::distance]
    return len(marks) > 1 and not marks.strip(_TS_MARK)


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
    return MediaRejected("UnsupportedMedia", f"The recording is {name}, which cannot be read. Export it as MP4.")
