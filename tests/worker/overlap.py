"""One video whose stages overlap, without ffmpeg, storage and model: tests say what each does and when."""

import asyncio
import copy
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops.supabase.download import partial_file
from runops.supabase.objects import Downloaded, ObjectInfo
from runops_worker.checkpoint.format import Checkpoint, read_checkpoint
from runops_worker.checkpoint.keys import slim_key
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import Examined
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.growing_slim import Watcher
from runops_worker.media.transcode.seams import SeamSignal
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.model.protocol import Answer, CallUsage, Question
from runops_worker.pipeline import make_transcript
from runops_worker.reporting.stage_progress import StageProgress
from tests.worker.fakes import (
    ANSWER,
    TASK,
    Clip,
    FakeSupabase,
    RecordingSink,
    a_checkpoint,
    a_context,
    expect_nothing,
    idle,
    silent,
)

SECONDS = 1480.0
PLAN = [0, 295, 590, 885, 1180]
INFO = Recording(
    duration_seconds=SECONDS,
    video_seconds=SECONDS,
    screen=0,
    width=640,
    height=360,
    video_codec="h264",
    sounds=(SoundTrack(place=0, codec="aac"),),
    container="mov",
)
KEY = slim_key(TASK, etag="e", size=9)
CHECKPOINT, SLIM, TRANSCRIPT = TASK.checkpoint_object, TASK.slim_object, TASK.transcript_object


@dataclass
class World(FakeSupabase):
    """A Supabase with a recording in it; keeps in which order objects came."""

    etag: str | None = "e"
    oldest_recording: str | Exception | None = None
    etag_of_download: Callable[[str | None], str | None] = field(default=lambda etag: etag)
    head: bytes = b"\x00\x00\x00\x20ftypisom" * 1024
    came: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    fetched: int = 0
    slim_may_come: asyncio.Event = field(default_factory=asyncio.Event)
    slim_refused: Exception | None = None
    has_refused: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def stat(self, _bucket: str, key: str) -> ObjectInfo | None:
        if key == TASK.source_object:
            return ObjectInfo(9, self.etag, "video/mp4")
        return ObjectInfo(7, "s", "video/mp4") if key in self.objects else None

    async def oldest(self, _bucket: str, prefix: str) -> str | None:
        assert prefix == "raw"
        if isinstance(self.oldest_recording, Exception):
            raise self.oldest_recording
        return self.oldest_recording

    async def awaited(self, bucket: str, key: str) -> ObjectInfo | None:
        return await self.stat(bucket, key)

    async def download(
        self, _bucket: str, _key: str, target: Path, *, max_bytes: int, on_progress: Any = None
    ) -> Downloaded:
        assert max_bytes
        if _key == SLIM:
            content: bytes = self.objects[SLIM]
            await asyncio.to_thread(target.write_bytes, content)
            return Downloaded(len(content), hashlib.sha256(content).hexdigest(), "s")
        partial = partial_file(target)
        for share in (1, 2):
            partial.write_bytes(self.head * share)
            self.fetched = share
            on_progress(len(self.head) * share, len(self.head) * 2)
        partial.replace(target)
        return Downloaded(9, "", self.etag_of_download(self.etag))

    async def upload(
        self, _bucket: str, key: str, path: Path, *, before_write: Any, on_upload_id: Any, **_: Any
    ) -> None:
        await on_upload_id("an-upload")
        await self.slim_may_come.wait()
        if self.slim_refused is not None:
            self.has_refused.set()
            raise self.slim_refused
        await before_write()
        await self._take(key, await asyncio.to_thread(path.read_bytes))

    async def end_upload(self, upload: str) -> None:
        self.ended.append(upload)

    async def upload_json(self, _bucket: str, key: str, value: Any, *, before_write: Any) -> None:
        await before_write()
        await self._take(key, copy.deepcopy(value))

    async def _take(self, key: str, value: Any) -> None:
        async with self.changed:
            self.objects[key] = value
            self.came.append(key)
            self.changed.notify_all()

    async def until(self, holds: Callable[["World"], bool]) -> None:
        async with asyncio.timeout(120), self.changed:
            await self.changed.wait_for(lambda: holds(self))

    @property
    def checkpoint(self) -> Checkpoint:
        """What is remembered."""
        return read_checkpoint(self.objects.get(CHECKPOINT))


@dataclass
class Growing:
    """A slim video that a test lets grow."""

    seconds: float = 0.0
    differs: Container[int] = ()
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, end: float) -> None:
        async with self.moved:
            await self.moved.wait_for(lambda: self.seconds >= end)

    async def cut(self, chunk: Any, target: Path) -> None:
        assert chunk.start + chunk.length <= self.seconds
        is_other = int(chunk.start) in self.differs
        await asyncio.to_thread(target.write_text, f"{chunk}, {'other' if is_other else 'same'} pictures", "ascii")

    async def grow(self, seconds: float) -> None:
        async with self.moved:
            self.seconds = seconds
            self.moved.notify_all()


@dataclass
class Model:
    """Answers about a chunk when a test lets it."""

    is_open: bool = False
    asked: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    answers: dict[int, Callable[[], Awaitable[Answer]]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def open(self) -> None:
        await asyncio.sleep(0.01)
        self.is_open = True

    @asynccontextmanager
    async def uploaded(self, video: Path, *, job_id: UUID, seconds: float, fps: int) -> AsyncIterator[Clip]:
        assert job_id == TASK.job_id
        assert seconds > 0
        assert fps >= 1
        yield Clip(video)

    async def ask(self, question: Question, *, video: Any, on_usage: Any) -> Answer:
        assert question.text
        async with self.changed:
            self.asked.append(video.start)
            self.changed.notify_all()
        try:
            answer = await self.answers[video.start]() if video.start in self.answers else Answer(ANSWER)
            on_usage(CallUsage("m", 1, 1))
            return answer
        finally:
            self.ended.append(video.start)

    async def until_asked(self, *starts: int) -> None:
        async with asyncio.timeout(120), self.changed:
            await self.changed.wait_for(lambda: set(starts) <= set(self.asked))


async def never() -> Answer:
    await asyncio.Event().wait()
    raise AssertionError


def failing(reason: Reason) -> Callable[[], Awaitable[Answer]]:
    async def fail() -> Answer:
        raise Failed(reason)

    return fail


Encode = Callable[[Watcher | None, Path], Awaitable[None]]


@dataclass
class Scene:
    """One video, the world around it, and what a test makes of its encoding."""

    workdir: Path
    world: World = field(default_factory=World)
    model: Model = field(default_factory=Model)
    sink: RecordingSink = field(default_factory=RecordingSink)
    whole: list[bool] = field(default_factory=list)
    encoded: bool = False
    slimmed: bytes = b"slimmed"
    encode: Encode | None = None
    around: dict[int, SeamSignal] = field(default_factory=dict)
    """What happens around seams, by the index of the chunk that begins there; nothing at the others."""
    looked: list[int] = field(default_factory=list)

    async def transcode(self, source: Path, target: Path, *, watcher: Watcher | None, **_: Any) -> Any:
        """Stand for the transcode."""
        assert self.encode is not None
        await self.encode(watcher, source)
        await asyncio.to_thread(target.write_bytes, self.slimmed)
        self.encoded = True
        return SlimVideo(
            path=target, bytes=7, duration_seconds=SECONDS, frames=int(SECONDS), has_audio=True, fps=TASK.fps
        )

    async def run(self) -> list[dict[str, Any]]:
        """Do what comes before the SOP, as an attempt does."""
        for left in self.workdir.iterdir():
            left.unlink()
        context = a_context(self.world, model=self.model, workdir=self.workdir)
        checkpoint = a_checkpoint(self.world)
        await checkpoint.load()
        async with asyncio.timeout(120):
            _, transcript = await make_transcript(
                context, checkpoint, StageProgress(self.sink), expect_cost=expect_nothing
            )
            return transcript.items


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Give a scene whose recording need not be one."""
    (tmp_path / "work").mkdir()
    scene = Scene(tmp_path / "work")
    scene.world.slim_may_come.set()

    async def examine(*_: Any, whole: bool, **__: Any) -> Examined:
        scene.whole.append(whole)
        return Examined(INFO, None)

    async def cut(_video: Any, _chunk: Any, target: Path, *, limits: Any) -> Path:
        assert limits is not None
        await asyncio.to_thread(target.touch)
        return target

    monkeypatch.setattr("runops_worker.stages.prepare.examine", examine)
    monkeypatch.setattr("runops_worker.stages.prepare.transcode", scene.transcode)

    async def nothing_happens(_clip: Path, chunk: Chunk, *, fps: int, limits: Any) -> Activity:
        assert (fps, limits) == (TASK.fps, Limits())
        return idle(chunk)

    async def seam(_clip: Path, part: Chunk, *, fps: int, limits: Any) -> SeamSignal:
        assert (fps, limits) == (TASK.fps, Limits())
        scene.looked.append(part.index)
        return scene.around.get(part.index, silent(part))

    monkeypatch.setattr("runops_worker.transcription.clip_source.cut_chunk", cut)
    monkeypatch.setattr("runops_worker.pipeline.measure_seam", seam)
    monkeypatch.setattr("runops_worker.pipeline.measure_activity", nothing_happens)
    return scene


async def begin(
    watcher: Watcher | None, *, whole: bool = False, same_content: bool = False, differs: Container[int] = ()
) -> Growing:
    """Begin a run of the encoder; `differs`: the chunks, by their start, whose clips are others than in other runs."""
    assert watcher is not None
    video = Growing(differs=differs)
    as_grown: Any = video
    await watcher.begun(as_grown, whole=whole, same_content=same_content)
    return video


async def accept(watcher: Watcher | None, video: Growing) -> None:
    assert watcher is not None
    await watcher.accepted()
    await video.grow(SECONDS)


def answers_held_back(scene: Scene) -> asyncio.Event:
    """Have the model answer once the event is set, and not before."""
    may_answer = asyncio.Event()

    async def answer() -> Answer:
        await may_answer.wait()
        return Answer(ANSWER)

    scene.model.answers = dict.fromkeys(PLAN, answer)
    return may_answer
