"""Where a header ends, box by box."""

import pytest

from runops_worker.media.containers import CONTAINERS
from runops_worker.media.probe.header_end import header_end

TYPE = (24).to_bytes(4) + b"ftyp" + bytes(16)


def box(kind: bytes, size: int) -> bytes:
    return size.to_bytes(4) + kind


def long_box(kind: bytes, size: int) -> bytes:
    return (1).to_bytes(4) + kind + size.to_bytes(8)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (TYPE + box(b"moov", 5000) + bytes(8), 24 + 5000),
        # The index may be the first box, and it may end beyond the head.
        (box(b"moov", 300) + bytes(8), 300),
        (box(b"moov", 300) + bytes(7), None),
        (long_box(b"moov", 1 << 33), 1 << 33),
        (TYPE + long_box(b"free", 17) + b"\x00" + box(b"moov", 9) + bytes(8), 24 + 17 + 9),
        # A box may be as small as its own header.
        (TYPE + box(b"free", 8) + box(b"moov", 100) + bytes(8), 24 + 8 + 100),
        (TYPE + box(b"free", 7) + box(b"moov", 100) + bytes(8), None),
        (TYPE + box(b"moov", 7) + bytes(8), None),
        (TYPE + box(b"moov", 8) + bytes(8), 24 + 8),
        # Size 0: the box is the last one.
        (TYPE + box(b"mdat", 0) + bytes(200), None),
        (TYPE + box(b"moov", 0) + bytes(200), None),
        (long_box(b"free", 7) + box(b"moov", 100) + bytes(8), None),
        # The pictures come first, and the index is beyond the head.
        (TYPE + box(b"mdat", 9999) + bytes(200), None),
        (TYPE + box(b"free", 2) + bytes(200), None),
        (TYPE, None),
        (b"", None),
    ],
)
def test_the_index_of_an_mp4(head: bytes, expected: int | None) -> None:
    assert header_end(head, "mov") == expected


@pytest.mark.parametrize("demuxer", sorted(CONTAINERS.keys() - {"mov", "matroska"}))
def test_a_rare_container_is_read_when_it_is_there(demuxer: str) -> None:
    assert header_end(TYPE + box(b"moov", 8) + bytes(8), demuxer) is None


def test_64_kib_of_a_matroska_file_hold_its_header() -> None:
    assert header_end(b"", "matroska") == 65536
    assert header_end(TYPE + box(b"moov", 5000) + bytes(8), "matroska") == 65536
