"""Which parts of the media an edit list shows, and where ffmpeg's way of following it leaves something out."""

import io
import struct

import pytest

from devstack.media_corpus.boxes import box, full
from runops_worker.media.probe.edit_list import TrackEdits, edits_of, read_index
from runops_worker.media.probe.edited import Edits, edits_by_place, followed, may_lose_content, presented
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.edits import Edit, Neighbours, are_in_order, presented_seconds, shown_from
from runops_worker.media.recording.timeline import Timeline
from runops_worker.media.recording.track import Track

ONE = (Edit(2.0, 5.0),)
TWO = (Edit(2.0, 5.0), Edit(7.0, 8.5))
MOVED = (Edit(7.0, 8.5), Edit(2.0, 5.0))


def entry(length: int, begin: int, *, speed: int = 0x10000) -> bytes:
    return struct.pack(">IiI", length, begin, speed)


def listed(*entries: bytes) -> bytes:
    return box(b"edts", full(b"elst", struct.pack(">I", len(entries)), *entries))


def track(kind: bytes, units: int, edits: bytes = b"", *, version: int = 0) -> bytes:
    times = struct.pack(">QQIQ", 0, 0, units, 0) if version else struct.pack(">IIII", 0, 0, units, 0)
    media = box(b"mdia", full(b"mdhd", times, version=version), full(b"hdlr", bytes(4), kind, bytes(13)))
    return box(b"trak", full(b"tkhd", bytes(80)), edits, media)


def index(*tracks: bytes) -> bytes:
    return full(b"mvhd", struct.pack(">IIII", 0, 0, 1000, 0), bytes(80)) + b"".join(tracks)


def test_each_track_has_its_list_in_seconds_of_its_media() -> None:
    wide = box(b"edts", full(b"elst", struct.pack(">I", 1), struct.pack(">QqI", 1500, 12_000, 0x10000), version=1))
    found = edits_of(
        index(
            track(b"vide", 24_000, listed(entry(3000, 48_000), entry(1500, 168_000))),
            track(b"soun", 48_000, listed(entry(3000, 96_000)), version=1),
            track(b"vide", 8_000, wide),
        )
    )
    assert found == [TrackEdits("vide", TWO), TrackEdits("soun", ONE), TrackEdits("vide", (Edit(1.5, 3.0),))]


@pytest.mark.parametrize(
    "edits",
    [
        b"",
        # A pause, a part without an end, another speed, far too many.
        listed(entry(500, -1), entry(3000, 0)),
        listed(entry(0, 0)),
        listed(entry(3000, 0, speed=0x8000)),
        listed(*(entry(10, number) for number in range(101))),
    ],
)
def test_other_lists_are_left_to_ffmpeg(edits: bytes) -> None:
    assert edits_of(index(track(b"vide", 1000, edits))) == [TrackEdits("vide", ())]


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\x09moov", index(box(b"trak", b"")), index(track(b"vide", 0, listed(entry(1, 1))))]
)
def test_an_index_that_cannot_be_read_has_no_lists(content: bytes) -> None:
    assert edits_of(content) == []


def test_the_index_is_found_behind_other_boxes() -> None:
    content = index(track(b"vide", 1000))
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 40) + bytes(40)
    assert read_index(io.BytesIO(box(b"ftyp", b"isom") + large + box(b"moov", content))) == content
    assert read_index(io.BytesIO(box(b"moov", content) + large)) == content
    assert read_index(io.BytesIO(box(b"ftyp", b"isom") + bytes(64))) == b""
    assert read_index(io.BytesIO(struct.pack(">I4s", 70_000_000, b"moov"))) == b""


def test_second_k_of_all_edits_is_found_in_the_media() -> None:
    assert presented_seconds(TWO) == 4.5
    assert list(shown_from(TWO, fps=1)) == [(2.0, 3), (7.0, 2)]
    # The second one begins between two places.
    assert [(round(start, 6), count) for start, count in shown_from((Edit(2.0, 4.3), Edit(7.0, 9.0)), fps=1)] == [
        (2.0, 3),
        (7.7, 2),
    ]
    assert list(shown_from((Edit(0.0, 1.0), Edit(5.0, 5.5)), fps=2)) == [(0.0, 2), (5.0, 1)]


def test_parts_may_be_moved() -> None:
    assert are_in_order(ONE)
    assert are_in_order(TWO)
    assert not are_in_order(MOVED)
    assert not are_in_order((Edit(2.0, 5.0), Edit(4.9, 6.0)))


@pytest.mark.parametrize(
    ("times", "loses"),
    [
        # The edits begin at 2 s and at 7 s.
        ([0.0, 2.0, 4.0, 7.0], False),
        ([0.0, 1.99, 2.04, 7.0], False),
        ([0.0, 1.99, 2.06, 7.0], True),
        ([0.0, 9.0], True),
        ([0.0, 2.0, 4.0, 6.9999, 8.0], True),
        ([2.0, 4.0, 7.0, 8.0, 0.0], False),
        # Nothing is there before the first picture, so nothing is left out.
        ([2.5, 7.0], False),
    ],
)
def test_ffmpeg_leaves_out_a_picture_that_begins_before_its_edit(times: list[float], loses: bool) -> None:
    near = Neighbours(TWO)
    for time in times:
        near.take(time)
    assert near.lose_a_picture is loses


def report(*, hidden: int = 0, end: float = 3.0) -> PacketReport:
    screen = Track(kind="video", width=1920, height=1080, hidden=hidden, packets=9, end=end, jumps_back_at=3.0)
    return PacketReport({0: screen, 1: Track(kind="audio", codec="aac", packets=9, end=60.0)})


def test_the_lists_are_those_of_the_tracks_that_ffmpeg_lists() -> None:
    both = [TrackEdits("vide", TWO), TrackEdits("soun", ONE)]
    assert edits_by_place([both[1], both[0], TrackEdits("tmcd", ())], report()) == Edits((TWO,), (ONE,))
    assert edits_by_place(both[:1], report()) is None
    assert edits_by_place([both[0], TrackEdits("soun", ())], report()) is None


@pytest.mark.parametrize(
    ("edits", "hidden", "worth"), [(ONE, 0, False), (ONE, 1, True), (TWO, 0, True), ((Edit(2.0, 4.4),), 0, True)]
)
def test_a_usual_file_is_not_read_twice(edits: tuple[Edit, ...], hidden: int, worth: bool) -> None:
    assert may_lose_content(Edits((edits,), (ONE,)), report(hidden=hidden)) is worth


@pytest.mark.parametrize(
    ("videos", "loses", "end", "expected"),
    [
        (ONE, True, 3.0, True),
        (ONE, False, 3.0, False),
        (ONE, False, 3.5, False),
        # The last picture goes on behind the end of the edit.
        (ONE, False, 3.6, True),
        (TWO, False, 3.0, True),
        (MOVED, False, 3.0, True),
        # They would wait for their turn in memory: 90 s of pictures of 3 MB.
        ((Edit(50.0, 60.0), Edit(0.0, 80.0)), True, 3.0, False),
        ((Edit(0.0, 80.0), Edit(90.0, 100.0)), True, 3.0, True),
    ],
)
def test_edits_are_followed_where_something_would_be_left_out(
    videos: tuple[Edit, ...], loses: bool, end: float, expected: bool
) -> None:
    near = Neighbours(videos)
    for edit in videos:
        near.take(edit.begin - (1.0 if loses else 0.0))
    near.take(1000.0)
    assert followed(Edits((videos,), (ONE,)), report(end=end), report(), [near], screen=0) is expected


def test_what_is_presented_is_as_long_as_the_edits() -> None:
    made = presented(Edits((TWO,), (ONE,)), report(hidden=2))
    assert made.duration == 4.5
    assert [(one.start, one.end, one.filled, one.jumps_back_at) for one in made.tracks.values()] == [
        (0.0, 4.5, 4.5, None),
        (0.0, 3.0, 3.0, None),
    ]
    assert made.video.timeline == Timeline([(0.0, 4.5)])
