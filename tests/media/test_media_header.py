"""Beginnings of recordings: what is refused by its beginning is also refused as a whole."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack import media_corpus
from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.header_end import header_end
from runops_worker.media.probe.magic import HEAD_BYTES, demuxer_for
from runops_worker.media.probe.probe import probe, probe_header
from runops_worker.recording.early_refusal import EarlyRefusal

pytestmark = pytest.mark.slow("every hostile file is examined twice, by its header and as a whole")

Recording = Callable[[str], Path]
LIMITS = Limits()
SECONDS = 240.0
MOST_BYTES = 2**26
"""Some hostile files are gigabytes of nothing."""


def box(kind: bytes, content: int, *, long: bool = False) -> bytes:
    size = content + (16 if long else 8)
    header = (1).to_bytes(4) + kind + size.to_bytes(8) if long else size.to_bytes(4) + kind
    return header + bytes(content)


@given(
    before=st.lists(st.tuples(st.sampled_from([b"free", b"uuid", b"wide"]), st.integers(0, 200), st.booleans())),
    content=st.integers(0, 10_000),
)
def test_the_header_of_an_mp4_ends_with_its_index(before: list[tuple[bytes, int, bool]], content: int) -> None:
    beginning = box(b"ftyp", 24) + b"".join(box(kind, size, long=long) for kind, size, long in before)
    head = (beginning + box(b"moov", content) + box(b"mdat", 5000))[:HEAD_BYTES]
    seen = header_end(head, "mov")
    assert seen == (len(beginning) + 8 + content if len(beginning) + 16 <= HEAD_BYTES else None)


@given(st.binary(max_size=64).map(lambda noise: b"\0\0\0\x08ftyp" + noise))
def test_any_bytes_can_be_read(head: bytes) -> None:
    end = header_end(head, "mov")
    assert end is None or end >= 16


@pytest.mark.parametrize("head", [box(b"ftyp", 24) + box(b"mdat", 0)[:4] + bytes(40), box(b"mdat", 9999)])
def test_an_index_at_the_end_has_no_header_end(head: bytes) -> None:
    assert header_end(head, "mov") is None


def index_first(source: Path, target: Path) -> Path:
    media_corpus.ffmpeg(*("-i", str(source), "-map", "0", "-c", "copy", "-movflags", "+faststart"), str(target))
    return target


async def beginnings_refused(recording: Path, part: Path, limits: Limits) -> set[str]:
    """Return for what the recording is refused, of which its header, a half and nearly all have come."""
    with recording.open("rb") as file:
        content = file.read(MOST_BYTES)
    try:
        demuxer = demuxer_for(content[:HEAD_BYTES])
    except MediaRejected:
        return set()
    end = header_end(content[:HEAD_BYTES], demuxer)
    if end is None or end > len(content):
        return set()
    found = set()
    for size in {end, max(end, len(content) // 2), max(end, len(content) - 1)}:
        await asyncio.to_thread(part.write_bytes, content[:size])
        refused = await probe_header(part, demuxer, size, limits=limits)
        if refused is not None:
            found.add(refused.reason)
    return found


async def refused_as_a_whole(recording: Path, limits: Limits) -> set[str]:
    try:
        await probe(recording, limits=limits)
    except MediaRejected as refused:
        return {refused.reason}
    return set()


@pytest.mark.parametrize("name", sorted(media_corpus.HOSTILE))
async def test_a_hostile_file_is_refused_by_its_header_only_where_it_is_refused_as_a_whole(
    name: str, hostile: Recording, tmp_path: Path
) -> None:
    recording = hostile(name)
    early = await beginnings_refused(recording, tmp_path / "part", LIMITS)
    assert not early or early == await refused_as_a_whole(recording, LIMITS)


@pytest.mark.parametrize("name", sorted({*media_corpus.GOOD, *media_corpus.BAD}))
async def test_a_recording_is_refused_by_its_header_only_where_it_is_refused_as_a_whole(
    name: str, recording: Recording, tmp_path: Path
) -> None:
    source = recording(name)
    early = await beginnings_refused(source, tmp_path / "part", LIMITS)
    assert not early or early == await refused_as_a_whole(source, LIMITS)


REFUSALS = [
    (Limits(max_duration_seconds=3), "MediaTooLong"),
    (Limits(max_pixels=1000), "PictureTooLarge"),
    (Limits(max_streams=1), "UnsupportedMedia"),
    (LIMITS, None),
]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize(("limits", "reason"), REFUSALS)
async def test_a_header_is_enough_to_refuse_for_a_limit(
    limits: Limits, reason: str | None, ending: str, recording: Recording, tmp_path: Path
) -> None:
    source = index_first(recording("plain"), tmp_path / f"first.{ending}")
    # The header of a Matroska file may have been written before the recording, with any length.
    known = {reason} if reason and (ending, reason) != ("mkv", "MediaTooLong") else set()
    assert await beginnings_refused(source, tmp_path / "part", limits) == known


@pytest.mark.parametrize(("name", "reason"), [("sound-only", "NoVideoStream"), ("jpeg2000", "UnsupportedMedia")])
async def test_a_header_is_enough_to_refuse_for_its_streams(
    name: str, reason: str, recording: Recording, tmp_path: Path
) -> None:
    source = index_first(recording(name), tmp_path / "first.mov")
    assert await beginnings_refused(source, tmp_path / "part", LIMITS) == {reason}


async def probes_ended() -> int:
    """Wait for the probes that run, and return how many there were."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    if running:
        _, late = await asyncio.wait(running, timeout=SECONDS)
        assert not late
    return len(running)


async def arrive(path: Path, *, limits: Limits, total: int, worth: int = 1) -> int:
    """Report the beginning of an object of `total` bytes until its probe has ended; return the number of probes."""
    arriving = EarlyRefusal(path, limits=limits, least_missing_bytes=worth)
    size = path.stat().st_size  # noqa: ASYNC240 - local
    try:
        arriving.arrived(size, total)
        probes = await probes_ended()
        for _ in range(3):
            arriving.arrived(size, total)
            probes += await probes_ended()
        return probes
    finally:
        await arriving.end()


@pytest.fixture
def part(recording: Recording, tmp_path: Path) -> Path:
    """Have the beginning of a recording of some megabytes, with its index first."""
    path = index_first(recording("plain"), tmp_path / "recording.part.mp4")
    with path.open("ab") as file:
        file.truncate(2 * 2**20)
    return path


async def test_a_download_ends_if_its_beginning_is_refused(part: Path) -> None:
    with pytest.raises(MediaRejected) as refused:
        await arrive(part, limits=Limits(max_duration_seconds=3), total=2**30)
    assert refused.value.reason == "MediaTooLong"
    assert refused.value.detail == "The recording is 4 s long; the limit is 3 s."


async def test_a_download_goes_on_if_its_beginning_is_fine(part: Path) -> None:
    assert await arrive(part, limits=LIMITS, total=2**30) == 1


async def test_no_probe_starts_for_the_last_megabytes(part: Path) -> None:
    assert await arrive(part, limits=Limits(max_duration_seconds=3), total=2**30, worth=2**30) == 0


async def test_the_bytes_that_are_missing_are_counted(part: Path) -> None:
    size = part.stat().st_size  # noqa: ASYNC240 - local
    assert await arrive(part, limits=LIMITS, total=2**30, worth=2**30 - size) == 1
    assert await arrive(part, limits=LIMITS, total=2**30, worth=2**30 - size + 1) == 0


async def test_another_object_is_not_refused_for_the_one_before_it(part: Path) -> None:
    arriving = EarlyRefusal(part, limits=Limits(max_duration_seconds=3), least_missing_bytes=1)
    arriving.arrived(part.stat().st_size, 2**30)  # noqa: ASYNC240 - local
    assert len(asyncio.all_tasks()) == 2, "the first object is probed"
    for _ in range(3):
        arriving.arrived(HEAD_BYTES, 2**30)
        await probes_ended()
    await arriving.end()


async def test_another_object_is_refused_for_its_own_head(part: Path) -> None:
    arriving = EarlyRefusal(part, limits=LIMITS)
    arriving.arrived(part.stat().st_size, 2**30)  # noqa: ASYNC240 - local
    part.write_bytes(b"Dear Sir or Madam, " * 400)  # noqa: ASYNC240 - local
    with pytest.raises(MediaRejected, match="text file"):
        arriving.arrived(HEAD_BYTES, 2**30)
    await arriving.end()


async def test_a_file_that_was_renamed_meanwhile_is_left_to_the_probe(tmp_path: Path, part: Path) -> None:
    arriving = EarlyRefusal(part, limits=Limits(max_duration_seconds=3), least_missing_bytes=1)
    arriving.arrived(part.stat().st_size, 2**30)  # noqa: ASYNC240 - local
    part.rename(tmp_path / "recording")  # noqa: ASYNC240 - local
    assert await probes_ended() == 1
    arriving.arrived(2**29, 2**30)
    await arriving.end()
