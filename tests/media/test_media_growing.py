"""Chunks of a slim video that is still written: each is cut as soon as all of it can be read, and not before."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from devstack import media_corpus
from runops_worker.media.probe.examine import examine
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.probe.probe import probe
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.transcode.chunks import plan_chunks, settled_chunks
from runops_worker.media.transcode.cut_chunk import cut_chunk
from runops_worker.media.transcode.growing_slim import GrowingSlim
from runops_worker.media.transcode.picture_filters import PicturePlan
from runops_worker.media.transcode.shown_pictures import ShownReport
from runops_worker.media.transcode.slim_command import slim_command
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim
from tests.media.slimming import FIRST, LIMITS, Watching, boxes, packets, slimmed

pytestmark = pytest.mark.slow(
    "ffmpeg encodes recordings at the speed of a slow download, so that pieces are cut while the video grows",
    first=True,
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film 400 s, as small as can be."""
    source = tmp_path_factory.mktemp("talk") / "talk.mp4"
    media_corpus.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5", "-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", "400"),
        *("-c:v", "libx264", "-preset", "superfast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p"),
        *("-c:a", "flac", str(source)),
    )
    return source


class Slowly:
    """Fragments that come as a test lets them."""

    def __init__(self, whole: bytes, target: Path, info: Recording) -> None:
        self.whole, self.target = whole, target
        self.video = GrowingSlim(target, recording=info, fps=1, limits=LIMITS)

    def write(self, size: int, *, encoded: float) -> None:
        self.target.write_bytes(self.whole[:size])
        self.video.encoded(encoded)

    async def looked(self) -> PacketReport:
        return await inspect_slim(self.target, limits=LIMITS)


@dataclass(frozen=True)
class Encoded:
    """The fragments of a slim video, and what `probe` said of its recording."""

    fragments: bytes
    info: Recording


@pytest.fixture(scope="module")
def encoded(talk: Path) -> Encoded:
    return asyncio.run(fragments_of(talk, talk.with_name("fragments.mp4")))


async def fragments_of(recording: Path, target: Path) -> Encoded:
    info = await probe(recording, limits=LIMITS)
    command = slim_command(
        recording,
        target,
        recording=info,
        fps=1,
        plan=PicturePlan(frame=(64, 64)),
        crf=32,
        limits=LIMITS,
        dropping=None,
        fragmented=True,
    )
    allowance = Allowance(seconds=240, memory_bytes=LIMITS.max_memory_bytes, file_bytes=1024**3)
    outcome = await run_tool(command, allowance=allowance, reach=Reach(reads=(recording,), writes=(target,)))
    assert outcome.returncode == 0
    return Encoded(target.read_bytes(), info)  # noqa: ASYNC240 - local


@pytest.fixture
def slowly(encoded: Encoded, tmp_path: Path) -> Slowly:
    return Slowly(encoded.fragments, tmp_path / "growing.mp4", encoded.info)


async def is_waiting(task: asyncio.Task[None], video: GrowingSlim) -> None:
    """Let a task go on until it waits for the encoder again."""
    progressed = video._progressed
    async with asyncio.timeout(120):
        while not task.done() and not progressed._waiters:  # noqa: ASYNC110 - it waits for a program that ends
            await asyncio.sleep(0.01)
    assert not task.done()


async def first_size(slowly: Slowly, sizes: list[int], stream: str) -> int:
    """Return after how many bytes pictures, or sound, reach beyond the first piece."""
    for size in sizes:
        slowly.target.write_bytes(slowly.whole[:size])
        if getattr(await slowly.looked(), stream).latest >= 300:
            return size
    raise AssertionError(sizes)


async def with_half_an_index(slowly: Slowly) -> int:
    """Return after how many bytes an index is written so far that nothing can be read at all."""
    indexes = [(begin, end) for name, begin, end in boxes(slowly.whole) if name == b"moof"]
    begin, end = indexes[len(indexes) * 3 // 4]
    for size in range(begin + 60, end, 12):
        slowly.target.write_bytes(slowly.whole[:size])
        if not (await slowly.looked()).video.packets:
            return size
    raise AssertionError


async def test_a_chunk_is_cut_when_pictures_and_sound_reach_beyond_it(slowly: Slowly, tmp_path: Path) -> None:
    ends = [end for name, _, end in boxes(slowly.whole) if name == b"mdat"]
    end = await first_size(slowly, [size for size in ends if size > len(slowly.whole) * 0.7], "audio")
    begin = max(size for size in ends if size < end)
    pictures = await first_size(slowly, list(range(begin, end, 200)), "video")
    slowly.target.write_bytes(slowly.whole[:pictures])
    assert (await slowly.looked()).audio.latest < 300

    piece = tmp_path / "piece.mp4"
    cutting = asyncio.ensure_future(slowly.video.cut(FIRST, piece))
    slowly.write(pictures, encoded=306)
    await is_waiting(cutting, slowly.video)
    slowly.write(end, encoded=312)
    async with asyncio.timeout(120):
        await cutting
    assert slowly.video._finished is None
    early = await packets(piece)
    assert len(early["0"]) == 300

    # The finished video gives the same; seeking in it may pass over sound before the first picture, which is not heard.
    finished = tmp_path / "finished.mp4"
    finished.write_bytes(slowly.whole)
    whole = SlimVideo(path=finished, bytes=len(slowly.whole), duration_seconds=400, frames=400, has_audio=True, fps=1)
    late = await packets(await cut_chunk(whole, FIRST, tmp_path / "late.mp4"))
    assert early == late


async def test_a_half_written_index_is_waited_for(slowly: Slowly, tmp_path: Path) -> None:
    half = await with_half_an_index(slowly)
    cutting = asyncio.ensure_future(slowly.video.cut(FIRST, tmp_path / "piece.mp4"))
    slowly.write(half, encoded=400)
    await is_waiting(cutting, slowly.video)
    slowly.write(len(slowly.whole), encoded=410)
    async with asyncio.timeout(120):
        await cutting


async def test_a_chunk_is_cut_again_if_the_file_cannot_be_read_at_that_moment(
    slowly: Slowly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly.write(await with_half_an_index(slowly), encoded=400)

    async def reaches(_end: float) -> bool:
        return True

    monkeypatch.setattr(slowly.video, "_reaches", reaches)
    cutting = asyncio.ensure_future(slowly.video.cut(FIRST, tmp_path / "piece.mp4"))
    await is_waiting(cutting, slowly.video)
    slowly.write(len(slowly.whole), encoded=410)
    async with asyncio.timeout(120):
        await cutting
    assert len((await packets(tmp_path / "piece.mp4"))["0"]) == 300


async def test_the_last_chunk_is_cut_from_the_finished_video(slowly: Slowly, tmp_path: Path) -> None:
    finished = tmp_path / "finished.mp4"
    finished.write_bytes(slowly.whole)
    last = plan_chunks(400)[-1]
    cutting = asyncio.ensure_future(slowly.video.cut(last, tmp_path / "piece.mp4"))
    slowly.write(len(slowly.whole), encoded=700)
    await is_waiting(cutting, slowly.video)
    async with asyncio.timeout(120):
        await slowly.video.finish(
            SlimVideo(path=finished, bytes=len(slowly.whole), duration_seconds=400, frames=400, has_audio=True, fps=1)
        )
        slowly.target.unlink()
        await cutting


async def test_only_one_task_checks_the_file_and_the_intervals_grow(
    slowly: Slowly, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: Counter[float] = Counter()
    at_once = most_at_once = 0

    async def reaches(end: float) -> bool:
        nonlocal at_once, most_at_once
        looks[end] += 1
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return end <= 600

    monkeypatch.setattr(slowly.video, "_reaches", reaches)
    ends = [piece.start + piece.length for piece in plan_chunks(7200)]
    waiting = [asyncio.ensure_future(slowly.video.until(end)) for end in ends]
    for encoded in range(0, 7200, 5):
        slowly.video.encoded(encoded)
        for _ in range(4 * len(ends)):
            await asyncio.sleep(0)
    assert [task.done() for task in waiting[:3]] == [True, True, False]
    assert most_at_once == 1
    assert looks[ends[0]] == 1
    assert max(looks.values()) <= 11
    whole = SlimVideo(path=slowly.target, bytes=1, duration_seconds=7200, frames=7200, has_audio=True, fps=1)
    async with asyncio.timeout(120):
        await slowly.video.finish(whole)
        await asyncio.gather(*waiting)


async def test_a_task_that_waited_for_its_check_does_not_check_a_finished_video(
    slowly: Slowly, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    may_end = asyncio.Event()

    async def reaches(end: float) -> bool:
        looks.append(end)
        await may_end.wait()
        return False

    monkeypatch.setattr(slowly.video, "_reaches", reaches)
    slowly.video.encoded(700)
    waiting = [asyncio.ensure_future(slowly.video.until(end)) for end in (300.0, 595.0)]
    for _ in range(10):
        await asyncio.sleep(0)
    whole = SlimVideo(path=slowly.target, bytes=1, duration_seconds=400, frames=400, has_audio=True, fps=1)
    async with asyncio.timeout(120):
        await slowly.video.finish(whole)
        may_end.set()
        await asyncio.gather(*waiting)
    assert looks == [300.0]


async def test_the_fragments_stay_while_a_chunk_is_cut_from_them(
    slowly: Slowly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutting_now, may_go_on = asyncio.Event(), asyncio.Event()

    async def cut(video: SlimVideo, *_: object, **__: object) -> None:
        assert video.path == slowly.target
        cutting_now.set()
        await may_go_on.wait()

    monkeypatch.setattr("runops_worker.media.transcode.growing_slim.cut_chunk", cut)
    slowly.write(len(slowly.whole), encoded=620)
    cutting = asyncio.ensure_future(slowly.video.cut(FIRST, tmp_path / "piece.mp4"))
    async with asyncio.timeout(120):
        await cutting_now.wait()
    whole = SlimVideo(path=tmp_path / "s.mp4", bytes=1, duration_seconds=400, frames=400, has_audio=True, fps=1)
    finishing = asyncio.ensure_future(slowly.video.finish(whole))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not finishing.done()
    may_go_on.set()
    async with asyncio.timeout(120):
        await cutting
        await finishing


async def test_a_recording_is_cut_while_it_is_encoded_and_deleted_before_the_copy(talk: Path, tmp_path: Path) -> None:
    source = tmp_path / "recording"
    source.hardlink_to(talk)
    watching = Watching(source)
    slim = await slimmed(source, await examine(source, limits=LIMITS), tmp_path / "slim.mp4", watcher=watching)
    await watching.cutting[-1]
    assert watching.runs == [False]
    assert len((await packets(watching.piece))["0"]) == 300
    (on_disk,) = watching.seen
    assert on_disk - {"piece.mp4", "piece.mp4.part"} == {"recording", "slim.mp4.part", "slim.mp4.drop"}
    left = {path.name for path in tmp_path.iterdir()}  # noqa: ASYNC240 - local
    assert left == {"slim.mp4", "piece.mp4"}
    assert slim.frames == 400


async def test_after_a_second_run_chunks_are_cut_from_its_file(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "recording"
    source.hardlink_to(talk)
    monkeypatch.setattr(ShownReport, "fits", lambda _report, _selection: False)
    watching = Watching(source)
    await slimmed(source, await examine(source, limits=LIMITS), tmp_path / "slim.mp4", watcher=watching)
    await watching.cutting[-1]
    assert watching.runs == [False, True]
    assert len((await packets(watching.piece))["0"]) == 300


def test_settled_chunks_do_not_depend_on_where_the_video_ends() -> None:
    for shortest in range(-5, 3000, 7):
        settled = settled_chunks(float(shortest))
        for longer in range(0, 700, 13):
            if shortest + longer > 0:
                plan = plan_chunks(float(shortest + longer))
                assert plan[: len(settled)] == settled
                assert len(plan) > len(settled)
