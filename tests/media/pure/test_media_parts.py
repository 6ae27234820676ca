"""Where the recordings begin that were appended to one another in one file."""

import io

import pytest

from runops_worker.media.probe.parts import MOST_PARTS, Part, parts_of, pieces_follow

BLOCK = 1024 * 1024
UNKNOWN = b"\x01" + b"\xff" * 7


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def element(name: bytes, content: bytes, *, size: bytes | None = None) -> bytes:
    return name + (size or (0x1000_0000 | len(content)).to_bytes(4)) + content


def webm(content: bytes, *, size: bytes | None = None, kind: bytes = b"webm") -> bytes:
    kinds = b"\x42\x82" + bytes([0x80 | len(kind)]) + kind
    return element(b"\x1a\x45\xdf\xa3", kinds) + element(b"\x18\x53\x80\x67", content, size=size)


def parts(content: bytes, demuxer: str) -> tuple[Part, ...]:
    return parts_of(io.BytesIO(content), len(content), demuxer)


def lengths(*files: bytes) -> tuple[Part, ...]:
    ends = [sum(len(file) for file in files[: number + 1]) for number in range(len(files))]
    return tuple(zip([0, *ends[:-1]], ends, strict=True))


FTYP = box(b"ftyp", b"isom")
WHOLE = FTYP + box(b"moov", bytes(30)) + box(b"mdat", bytes(900))
PIECES = FTYP + box(b"moov") + (box(b"moof", bytes(8)) + box(b"mdat", bytes(80))) * 3


@pytest.mark.parametrize(
    "files",
    [
        (WHOLE,),
        (WHOLE, PIECES, WHOLE),
        (PIECES, FTYP + box(b"free") + box(b"mdat", bytes(50)) + box(b"moov")),
        # A box may say its length in 8 bytes.
        (FTYP + (1).to_bytes(4) + b"mdat" + (26).to_bytes(8) + bytes(10) + box(b"moov"), WHOLE),
        # The second begins like a file, whatever is left of it.
        (WHOLE, WHOLE[:9] + bytes(3)),
    ],
)
def test_each_mp4_is_found(files: tuple[bytes, ...]) -> None:
    assert parts(b"".join(files), "mov") == lengths(*files)


@pytest.mark.parametrize(
    "content",
    [
        # Written twice before anything follows.
        FTYP + FTYP + box(b"moov"),
        # A name within a box is no box.
        box(b"moov", WHOLE) + box(b"mdat", WHOLE),
        # The last box reaches to the end of the file.
        FTYP + box(b"moov") + (0).to_bytes(4) + b"mdat" + WHOLE,
        # Cut off.
        WHOLE[:-5],
        b"",
    ],
)
def test_what_looks_like_another_mp4_and_is_none(content: bytes) -> None:
    assert parts(content, "mov") == ((0, len(content)),)


@pytest.mark.parametrize("size", [None, UNKNOWN, b"\x08" + b"\xff" * 4], ids=["known", "live", "wrong"])
@pytest.mark.parametrize("gap", [0, 1, BLOCK - 120, BLOCK - 50, BLOCK, 3 * BLOCK + 7])
def test_each_matroska_is_found(gap: int, size: bytes | None) -> None:
    files = webm(bytes(gap), size=size), webm(b"second", kind=b"matroska"), webm(b"third", size=UNKNOWN)
    assert parts(b"".join(files), "matroska") == lengths(*files)


@pytest.mark.parametrize(
    "content",
    [
        webm(b"one"),
        webm(b"one", size=UNKNOWN),
        # The mark alone, a head of another kind, a head without a segment.
        webm(b"\x1a\x45\xdf\xa3" * 9, size=UNKNOWN),
        webm(webm(b"", kind=b"other"), size=UNKNOWN),
        webm(webm(b"")[:-8], size=UNKNOWN),
        # A recording that is attached to another one.
        webm(webm(b"inside")),
        b"\x1a\x45\xdf\xa3",
        b"",
    ],
)
def test_what_looks_like_another_matroska_and_is_none(content: bytes) -> None:
    assert parts(content, "matroska") == ((0, len(content)),)


def test_a_header_that_is_repeated_again_and_again_is_not_followed_to_its_end() -> None:
    assert len(parts(webm(b"", size=UNKNOWN) * 100, "matroska")) == MOST_PARTS + 1


def test_other_containers_are_one_recording() -> None:
    assert parts(WHOLE * 2, "mpegts") == ((0, 2 * len(WHOLE)),)


@pytest.mark.parametrize(
    ("content", "follows"),
    [
        (PIECES, True),
        (PIECES + box(b"mfra", bytes(9)), True),
        # A recorder that crashed had asked for more of the disk than it has filled.
        (PIECES + bytes(3 * BLOCK), True),
        (FTYP + box(b"moov") + (0).to_bytes(4) + b"mdat" + bytes(9), True),
        # The last box is cut off: ffmpeg says so itself.
        (PIECES[:-5], True),
        # No box follows, but there is something.
        (PIECES + box(b"\x93\x02ab", bytes(50)), False),
        (PIECES + bytes(60) + PIECES[40:], False),
        (PIECES + bytes(2 * BLOCK) + b"x", False),
        (PIECES + b"\0\0\0\3moof" + bytes(50), False),
    ],
)
def test_an_mp4_in_pieces_whose_next_box_is_none_goes_on_behind_it(content: bytes, *, follows: bool) -> None:
    assert pieces_follow(io.BytesIO(content), len(content)) is follows
