"""What the headers of AVI, WMV and FLV claim, and which marks end a file."""

import struct

import pytest

from runops_worker.media.containers import CONTAINERS
from runops_worker.media.probe.file_end import has_end
from runops_worker.media.probe.header_claim import HeaderClaim, header_claim

ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def avi(size: int, *, per_picture: int = 100_000, pictures: int = 200) -> bytes:
    header = struct.pack("<10I", per_picture, 0, 0, 0, pictures, 0, 1, 0, 320, 240)
    chunk = b"avih" + struct.pack("<I", len(header)) + header
    return b"RIFF" + struct.pack("<I", size - 8) + b"AVI LIST" + struct.pack("<I", 4 + len(chunk)) + b"hdrl" + chunk


def asf(size: int, *, length: float, preroll: float = 3.0, flags: int = 2) -> bytes:
    numbers = struct.pack("<QQQQQQII", size, 0, 9, int(length * 1e7), 0, int(preroll * 1e3), flags, 0)
    return bytes(30) + ASF_PROPERTIES + struct.pack("<Q", 104) + bytes(16) + numbers


def test_an_avi_says_how_large_and_how_long_it_is() -> None:
    assert header_claim(avi(5000), "avi") == HeaderClaim(5000, 20.0)


def test_an_avi_whose_recorder_crashed_claims_nothing() -> None:
    assert header_claim(avi(8, pictures=0), "avi") == HeaderClaim(8, None)
    assert header_claim(avi(5000)[:20], "avi") == HeaderClaim(5000, None)


def test_a_wmv_says_how_large_and_how_long_it_is_without_its_preroll() -> None:
    assert header_claim(asf(7000, length=23.0), "asf") == HeaderClaim(7000, 20.0)
    assert header_claim(asf(7000, length=3.0), "asf") == HeaderClaim(7000, None)


def test_a_wmv_that_was_sent_while_it_was_recorded_claims_nothing() -> None:
    assert header_claim(asf(7000, length=23.0, flags=3), "asf") == HeaderClaim()
    assert header_claim(asf(7000, length=23.0)[:-5], "asf") == HeaderClaim()
    assert header_claim(bytes(200), "asf") == HeaderClaim()


def flv(size: float, seconds: float) -> bytes:
    numbers = [b"\0\x08duration\0" + struct.pack(">d", seconds), b"\0\x08filesize\0" + struct.pack(">d", size)]
    return b"FLV\1" + bytes(9) + b"onMetaData" + b"".join(numbers)


def test_an_flv_says_how_large_and_how_long_it_is() -> None:
    assert header_claim(flv(9000, 20.5), "flv") == HeaderClaim(9000, 20.5)
    assert header_claim(flv(0, 0), "flv") == HeaderClaim()
    assert header_claim(flv(float("inf"), float("nan")), "flv") == HeaderClaim()
    assert header_claim(flv(9000, 20.5)[:-1], "flv") == HeaderClaim(0, 20.5)


@pytest.mark.parametrize("demuxer", sorted(CONTAINERS.keys() - {"avi", "asf", "flv"}))
def test_nothing_is_read_of_other_containers(demuxer: str) -> None:
    assert header_claim(avi(5000) + asf(7000, length=23.0) + flv(9000, 20.0), demuxer) == HeaderClaim()


@pytest.mark.parametrize(
    ("tail", "expected"), [(b"..;", True), (b"..;\0\0", True), (b"..", False), (b"..;.", False), (b"", False)]
)
def test_a_gif_ends_with_a_semicolon(tail: bytes, expected: bool) -> None:
    assert has_end(tail, "gif") is expected


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"OggS\0\0..OggS\0\4....", True),
        (b"OggS\0\4..OggS\0\0....", False),
        (b"OggS\0\5", True),
        (b"OggS\0", False),
        (b"........", False),
    ],
)
def test_the_last_page_of_an_ogg_says_that_it_is_the_last(tail: bytes, expected: bool) -> None:
    assert has_end(tail, "ogg") is expected


@pytest.mark.parametrize("demuxer", sorted(CONTAINERS.keys() - {"gif", "ogg"}))
def test_other_containers_have_no_such_mark(demuxer: str) -> None:
    assert has_end(b"..", demuxer)
