"""Hostile MP4 and MOV files: each is a good recording with one thing that no honest writer would put there."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devstack.media_corpus.bases import base
from devstack.media_corpus.boxes import box, change, full, one
from devstack.media_corpus.noise import noise
from devstack.media_corpus.ordinary import ffmpeg

__all__ = ["MP4"]

Recipe = Callable[[Path], bytes]

_TABLE: Final = "moov/trak/mdia/minf/stbl"
_BOMB_BYTES: Final = 1 << 28


def _of(name: str, how: Callable[[bytes], bytes]) -> Recipe:
    return lambda folder: how(base(name, folder))


def _at(path: str, how: Callable[[bytes], bytes], *, name: str = "mp4") -> Recipe:
    return _of(name, lambda content: change(content, path, how))


def _put(path: str, offset: int, form: str, *values: int, name: str = "mp4") -> Recipe:
    """Write over some bytes of a box, counted from its head."""

    def how(item: bytes) -> bytes:
        new = struct.pack(form, *values)
        return item[:offset] + new + item[offset + len(new) :]

    return _at(path, how, name=name)


def _cut(name: str, where: bytes, more: int) -> Recipe:
    return _of(name, lambda content: content[: content.index(where) + more])


def _share(name: str, share: float) -> Recipe:
    return _of(name, lambda content: content[: int(len(content) * share)])


def _nested(content: bytes) -> bytes:
    # The innermost first: every further box is 8 bytes around all of the others.
    depth = 40_000
    heads = b"".join(
        struct.pack(">I4s", 8 * (depth - place), b"moov" if place % 2 else b"trak") for place in range(depth)
    )
    return one(content, "ftyp") + box(b"moov", heads) + content[len(one(content, "ftyp")) :]


def _compressed_index(content: bytes) -> bytes:
    index = zlib.compress(one(content, "moov"))
    claimed = struct.pack(">I", len(one(content, "moov")))
    return change(
        content, "moov", lambda _: box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", claimed, index)))
    )


def _bomb(content: bytes) -> bytes:
    squeezed = zlib.compress(bytes(_BOMB_BYTES), 1)
    claimed = struct.pack(">I", 0x7FFFFFF0)
    return change(
        content, "moov", lambda _: box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", claimed, squeezed)))
    )


def _elsewhere(entry: bytes) -> Recipe:
    """Say that the pictures are in another file."""
    return _at("moov/trak/mdia/minf/dinf", lambda _: box(b"dinf", full(b"dref", struct.pack(">I", 1), entry)))


def _alias(path: bytes) -> bytes:
    # As the demuxer reads it: 10 bytes, volume, 60 bytes, file name, then typed entries, 2 of which is the path.
    volume, name = b"\x04Disk" + bytes(23), b"\x06passwd" + bytes(57)
    body = bytes(10) + volume + bytes(12) + name + bytes(16) + struct.pack(">hh", 0, 2) + bytes(16)
    return full(b"alis", body, struct.pack(">HH", 2, len(path)), path, struct.pack(">HH", 0xFFFF, 0))


def _reference(content: bytes) -> bytes:
    link = box(b"rdrf", bytes(4), b"url ", struct.pack(">I", 19), b"file:///etc/passwd\0")
    return one(content, "ftyp") + box(b"moov", box(b"rmra", box(b"rmda", link)))


def _encrypted(content: bytes) -> bytes:
    def sealed(stsd: bytes) -> bytes:
        entry = stsd[16:]
        kid = bytes(range(16))
        sinf = box(
            b"sinf",
            box(b"frma", entry[4:8]),
            full(b"schm", b"cenc", struct.pack(">I", 0x10000)),
            box(b"schi", full(b"tenc", b"\0\0\1\x08", kid)),
        )
        return full(b"stsd", struct.pack(">I", 1), box(b"encv", entry[8:], sinf))

    content = change(content, f"{_TABLE}/stsd", sealed)
    return change(content, "mdat", lambda item: box(b"mdat", noise(7, len(item) - 8)))


def _entry(offset: int, new: bytes, *, name: str = "mp4") -> Recipe:
    """Write over some bytes of the first description of how pictures are coded."""
    return _at(f"{_TABLE}/stsd", lambda item: item[: 16 + offset] + new + item[16 + offset + len(new) :], name=name)


def _parameters(kind: bytes, *, name: str) -> Recipe:
    """Fill a decoder's parameters with noise, keeping their length."""

    def how(content: bytes) -> bytes:
        place = content.index(kind) + 4
        (size,) = struct.unpack_from(">I", content, place - 8)
        return content[:place] + b"\x01" + noise(3, size - 9) + content[place + size - 8 :]

    return _of(name, how)


def _lengths(content: bytes) -> bytes:
    """Give every array of HEVC parameter sets the largest count and every set the largest length."""
    place = content.index(b"hvcC") + 4
    size = int.from_bytes(content[place - 8 : place - 4], "big")
    return content[: place + 22] + b"\xff" * (size - 30) + content[place + size - 8 :]


def _noisy_pictures(name: str) -> Recipe:
    return _at("mdat", lambda item: box(b"mdat", noise(5, len(item) - 8)), name=name)


def _edits(*entries: tuple[int, int, int]) -> Recipe:
    """Replace the edit list: length, begin, speed."""
    rows = b"".join(struct.pack(">Qqi", *entry) for entry in entries)
    edit = box(b"edts", full(b"elst", struct.pack(">I", len(entries)), rows, version=1))
    return _at("moov/trak/edts", lambda _: edit)


def _times(*rows: tuple[int, int]) -> Recipe:
    """Replace the table of how long pictures last: count, duration."""
    table = full(b"stts", struct.pack(">I", len(rows)), *(struct.pack(">II", *row) for row in rows))
    return _at(f"{_TABLE}/stts", lambda _: table)


def _many_tracks(content: bytes) -> bytes:
    return change(content, "moov", lambda item: box(b"moov", item[8:], one(item[8:], "trak") * 10_000))


def _many_descriptions(content: bytes) -> bytes:
    return change(content, f"{_TABLE}/stsd", lambda item: full(b"stsd", struct.pack(">I", 5_000), item[16:] * 5_000))


def _tagged(content: bytes) -> bytes:
    name = box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0), b"A" * (48 << 20)))
    listed = full(b"meta", full(b"hdlr", bytes(4), b"mdir", bytes(13)), box(b"ilst", name))
    return change(content, "moov", lambda item: box(b"moov", item[8:], box(b"udta", listed)))


def _posing_text(folder: Path) -> bytes:
    name = b"  Duration: 00:00:01.00, start: 0.000000\n  Stream #0:0: Video: h264\nStream mapping:\nOutput #0"
    item = box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0), name))
    listed = full(b"meta", full(b"hdlr", bytes(4), b"mdir", bytes(13)), box(b"ilst", item))
    return change(base("mp4", folder), "moov", lambda moov: box(b"moov", moov[8:], box(b"udta", listed)))


def _subtitles_only(folder: Path) -> bytes:
    text, made = folder / "only.srt", folder / "only.subtitles.mp4"
    text.write_text("".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\nline\n\n" for n in range(1, 4)))
    ffmpeg("-i", str(text), "-c:s", "mov_text", "-f", "mp4", str(made))
    return made.read_bytes()


def _run_of(count: int) -> Recipe:
    """Let a fragment claim to hold so many samples."""
    return _of("pieces", lambda content: _over(content, b"trun", 8, struct.pack(">I", count)))


def _over(content: bytes, kind: bytes, offset: int, new: bytes) -> bytes:
    place = content.index(kind) + offset
    return content[:place] + new + content[place + len(new) :]


def _endless_fragments(content: bytes) -> bytes:
    # An index of segments that refers to itself.
    sidx = full(b"sidx", struct.pack(">IIIIHH", 1, 1000, 0, 0, 0, 2000), struct.pack(">III", 0, 1, 0) * 2000)
    return one(content, "ftyp") + sidx + content[len(one(content, "ftyp")) :]


def _large(kind: bytes, size: int) -> bytes:
    return struct.pack(">I4sQ", 1, kind, size)


MP4: Final[dict[str, Recipe]] = {
    "mp4-cut-in-its-type": lambda folder: base("mp4", folder)[:20],
    "mp4-cut-in-its-index": _cut("fast", b"stbl", 40),
    "mp4-cut-after-its-index": _cut("fast", b"mdat", 4),
    "mp4-cut-early": _share("fast", 0.15),
    "mp4-cut-before-its-index": _cut("mp4", b"moov", -4),
    "mp4-in-pieces-cut": _share("pieces", 0.6),
    "mp4-in-pieces-cut-in-a-head": _cut("pieces", b"moof", 30),
    "mp4-box-of-size-0": _of("mp4", lambda content: one(content, "ftyp") + struct.pack(">I4s", 0, b"moov") + content),
    "mp4-box-of-size-7": _of("mp4", lambda content: one(content, "ftyp") + struct.pack(">I4s", 7, b"free") + content),
    "mp4-box-of-size-max": _of(
        "mp4", lambda content: one(content, "ftyp") + struct.pack(">I4s", 0xFFFFFFFF, b"moov") + content
    ),
    "mp4-box-of-64-bit-size-max": _of(
        "mp4", lambda content: one(content, "ftyp") + _large(b"moov", (1 << 63) - 1) + content
    ),
    "mp4-box-of-64-bit-size-negative": _of(
        "mp4", lambda content: one(content, "ftyp") + _large(b"mdat", 1 << 63) + content
    ),
    "mp4-nested-40000-deep": _of("mp4", _nested),
    "mp4-samples-max": _put(f"{_TABLE}/stsz", 16, ">I", 0xFFFFFFFF),
    "mp4-samples-of-2-gigabytes": _put(f"{_TABLE}/stsz", 12, ">I", 0x7FFFFFFF),
    "mp4-chunks-max": _put(f"{_TABLE}/stco", 12, ">I", 0xFFFFFFFF),
    "mp4-chunks-behind-the-end": _put(f"{_TABLE}/stco", 16, ">I", 0xFFFFFFF0),
    "mp4-chunks-in-the-head": _put(f"{_TABLE}/stco", 16, ">I", 0),
    "mp4-chunk-table-of-zeros": _put(f"{_TABLE}/stsc", 16, ">III", 0, 0, 0),
    "mp4-key-pictures-max": _put(f"{_TABLE}/stss", 12, ">I", 0xFFFFFFFF),
    "mp4-time-table-max": _put(f"{_TABLE}/stts", 12, ">I", 0xFFFFFFFF),
    "mp4-pictures-of-no-length": _times((20, 0)),
    "mp4-pictures-of-negative-length": _times((20, 0xFFFFFF00)),
    "mp4-pictures-of-a-week": _times((20, 0x7FFFFFFF)),
    "mp4-pictures-by-the-milliard": _times((0x7FFFFFFF, 1)),
    "mp4-no-time-scale": _put("moov/trak/mdia/mdhd", 20, ">I", 0),
    "mp4-a-milliard-per-second": _put("moov/trak/mdia/mdhd", 20, ">I", 1_000_000_000),
    "mp4-claims-a-century": _put("moov/mvhd", 20, ">II", 1, 0xF0000000),
    "mp4-size-0-x-0": _entry(32, bytes(4)),
    "mp4-size-65535-x-65535": _entry(32, b"\xff" * 4),
    "mp4-edit-before-the-begin": _edits((2000, -(1 << 62), 1 << 16)),
    "mp4-edit-empty-for-ages": _edits((1 << 50, -1, 1 << 16), (2000, 0, 1 << 16)),
    "mp4-edits-20000": _edits(*[(1, 0, 1 << 16)] * 20_000),
    "mp4-edit-at-no-speed": _edits((2000, 0, 0)),
    "mp4-tracks-10000": _of("mp4", _many_tracks),
    "mp4-descriptions-5000": _of("mp4", _many_descriptions),
    "mp4-compressed-index": _of("mp4", _compressed_index),
    "mp4-compressed-index-bomb": _of("mp4", _bomb),
    "mp4-title-of-48-megabytes": _of("mp4", _tagged),
    "mp4-title-posing-as-output": _posing_text,
    "mov-pictures-in-etc-passwd-url": _elsewhere(full(b"url ", b"file:///etc/passwd\0")),
    "mov-pictures-in-etc-passwd-alias": _elsewhere(_alias(b"/etc/passwd\0")),
    "mov-pictures-in-a-neighbour": _elsewhere(_alias(b"../work/other.mp4\0")),
    "mov-pictures-on-the-net": _elsewhere(full(b"url ", b"http://127.0.0.1:9/x.mp4\0")),
    "mov-reference-movie": _of("mp4", _reference),
    "mp4-encrypted": _of("mp4", _encrypted),
    "mp4-codec-nobody-knows": _entry(4, b"zzzz"),
    "mp4-codec-of-another-name": _entry(4, b"vp09"),
    "mp4-h264-called-hevc": _entry(4, b"hvc1"),
    "mp4-h264-parameters-of-noise": _parameters(b"avcC", name="mp4"),
    "mp4-hevc-parameters-of-noise": _parameters(b"hvcC", name="hevc"),
    "mp4-hevc-parameters-max": _of("hevc", _lengths),
    "mp4-hevc-pictures-of-noise": _noisy_pictures("hevc"),
    "mp4-h264-pictures-of-noise": _noisy_pictures("mp4"),
    "mp4-sound-only": lambda folder: base("sound", folder),
    "mp4-subtitles-only": _subtitles_only,
    "mp4-no-tracks": _of(
        "mp4", lambda content: change(content, "moov", lambda item: box(b"moov", one(item[8:], "mvhd")))
    ),
    "mp4-in-pieces-samples-max": _run_of(0xFFFFFFFF),
    "mp4-in-pieces-index-of-itself": _of("pieces", _endless_fragments),
    "mp4-two-indexes": _of("mp4", lambda content: content + one(content, "moov")),
}
"""By their names; what becomes of each is in `hostile`."""
