"""Files that are something else than their name says: scripts, lists of other files, two formats at once, nothing."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devstack.media_corpus.bases import base
from devstack.media_corpus.boxes import box, one
from devstack.media_corpus.noise import noise

__all__ = ["DISGUISED", "SPARSE"]

Recipe = Callable[[Path], bytes]

_EBML: Final = b"\x1a\x45\xdf\xa3"
_FIRST: Final = "/etc/passwd"


def _text(text: str) -> Recipe:
    return lambda _: text.encode()


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("run.sh", "#!/bin/sh\nid\n")
    return buffer.getvalue()


def _free_first(content: bytes, text: bytes) -> bytes:
    return box(b"free", text) + content


DISGUISED: Final[dict[str, Recipe]] = {
    "nothing-at-all": lambda _: b"",
    "one-byte": lambda _: b"\0",
    "seven-bytes": lambda _: b"\0\0\0\x20fty",
    "zeros": lambda _: bytes(1 << 20),
    "noise": lambda _: noise(1, 1 << 20),
    "type-and-noise": lambda folder: one(base("mp4", folder), "ftyp") + noise(2, 1 << 20),
    "matroska-and-noise": lambda _: _EBML + noise(3, 1 << 20),
    "hls": _text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{_FIRST}\n#EXT-X-ENDLIST\n"),
    "hls-after-a-mark": _text(f"\ufeff#EXTM3U\n#EXTINF:2,\nfile://{_FIRST}\n"),
    "hls-after-a-box": lambda _: b"\0\0\0\x10ftypisom\0\0\0\0" + f"#EXTM3U\n#EXTINF:2,\nfile://{_FIRST}\n".encode(),
    "hls-posing-as-a-box": lambda _: f"#EXTfree\n#EXTM3U\n#EXTINF:2,\nfile://{_FIRST}\n".encode(),
    "hls-after-matroska": lambda _: _EBML + f"\n#EXTM3U\n#EXTINF:2,\nfile://{_FIRST}\n".encode(),
    "ffconcat": _text(f"ffconcat version 1.0\nfile {_FIRST}\n"),
    "dash": _text(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation>'
        f"<BaseURL>file://{_FIRST}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ),
    "sdp": _text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"),
    "edit-decision-list": _text("TITLE: x\n001  AX V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"),
    "windows-playlist": _text(f'<asx version="3.0"><entry><ref href="file://{_FIRST}"/></entry></asx>'),
    "imf-list": _text('<?xml version="1.0"?><CompositionPlaylist/>'),
    "svg-with-a-link": _text(f'<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{_FIRST}"/></svg>'),
    "shell-script": _text("#!/bin/sh\nid\n"),
    "python-script": _text("#!/usr/bin/env python3\nimport os\nos.system('id')\n"),
    "php-script": _text("<?php system('id'); ?>"),
    "batch-script": _text("@echo off\r\nwhoami\r\n"),
    "filter-script": _text(f"movie={_FIRST}[a];[a]null\n"),
    "avisynth-script": _text(f'DirectShowSource("{_FIRST}")\n'),
    "json": _text('{"recording": "none"}'),
    "program": lambda _: b"\x7fELF\x02\x01\x01" + bytes(64),
    "zip": lambda _: _zipped(),
    "zip-then-mp4": lambda folder: _zipped() + base("mp4", folder),
    "mp4-then-zip": lambda folder: base("mp4", folder) + _zipped(),
    "html-then-mp4": lambda folder: b"<html><script>1</script></html>" + base("mp4", folder),
    "mp4-with-html-in-front": lambda folder: _free_first(base("pieces", folder), b"<html><script>1</script></html>"),
    "mp4-with-pdf-in-front": lambda folder: _free_first(base("pieces", folder), b"%PDF-1.7\n1 0 obj\n"),
    "gif-then-webm": lambda folder: b"GIF89a\1\0\1\0\0\0\0;" + base("webm", folder),
    "webm-then-mp4": lambda folder: base("webm", folder) + base("mp4", folder),
    "mp4-then-webm": lambda folder: base("mp4", folder) + base("webm", folder),
}
"""By their names; what becomes of each is in `hostile`."""

SPARSE: Final[dict[str, tuple[Recipe, int]]] = {
    "mp4-then-4-gigabytes-of-nothing": (lambda folder: base("mp4", folder), (4 << 30) - 4096),
    "mp4-4-gigabytes-of-nothing-inside": (lambda folder: one(base("mp4", folder), "ftyp"), (4 << 30) - 4096),
    # ffmpeg looks for the next element byte by byte, so this one takes time.
    "mkv-then-400-megabytes-of-nothing": (lambda folder: base("mkv", folder), 400 << 20),
    "mp4-of-5-gigabytes": (lambda folder: base("mp4", folder), 5 << 30),
}
"""The beginning, and how large the file is; the rest of it takes no room on the disk."""
