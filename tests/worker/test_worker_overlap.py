"""What overlaps in one video, in what order it is kept, and what becomes of the rest where a part of it fails."""

import asyncio
import copy
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.supabase.download import partial_file
from runops.supabase.objects import Downloaded, ObjectInfo
from runops_worker.checkpoint import Checkpoint, ChunkDone, SlimDone, TranscriptDone, read_checkpoint, slim_key
from runops_worker.media.chunks import plan_chunks
from runops_worker.media.errors import MediaRejected
from runops_worker.media.growing import Watcher
from runops_worker.media.limits import Limits
from runops_worker.media.probe import MediaInfo
from runops_worker.media.slim import SlimVideo
from runops_worker.meter import Meter
from runops_worker.model import Answer, CallUsage, Question
from runops_worker.naming import as_failed
from runops_worker.pipeline import _transcript
from runops_worker.running import Running
from tests.worker.test_worker_stretches import ANSWER, Clip
from tests.worker.test_worker_writes import TASK, Fake

SECONDS = 1480.0
PLAN = [0, 295, 590, 885, 1180]
INFO = MediaInfo(
    duration_seconds=SECONDS,
    video_seconds=SECONDS,
    width=640,
    height=360,
    video_codec="h264",
    audio_codec="aac",
    has_audio=True,
    frames=7400,
    container="mov",
    size_bytes=9,
)
KEY = slim_key(TASK, etag="e", size=9)
CHECKPOINT, SLIM, TRANSCRIPT = TASK.checkpoint_object, TASK.slim_object, TASK.transcript_object


@dataclass
class World(Fake):
    """A Supabase with a recording in it; keeps in which order objects came."""

    etag: str | None = "e"
    head: bytes = b"\x00\x00\x00\x20ftypisom" * 1024
    came: list[str] = field(default_factory=list)
    fetched: int = 0
    slim_may_come: asyncio.Event = field(default_factory=asyncio.Event)
    slim_refused: Exception | None = None
    has_refused: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def stat(self, _bucket: str, key: str) -> ObjectInfo | None:
        if key == TASK.source_object:
            return ObjectInfo(9, self.etag, "video/mp4", {})
        return ObjectInfo(7, "s", "video/mp4", {}) if key in self.objects else None

    async def download(self, _bucket: str, _key: str, target: Path, *, max_bytes: int, on_progress: Any) -> Downloaded:
        assert max_bytes
        partial = partial_file(target)
        for share in (1, 2):
            partial.write_bytes(self.head * share)
            self.fetched = share
            on_progress(len(self.head) * share, len(self.head) * 2)
        partial.replace(target)
        return Downloaded(9, "", self.etag)

    async def upload(self, _bucket: str, key: str, path: Path, *, last_look: Any, begun: Any, **_: Any) -> None:
        await begun("an-upload")
        await self.slim_may_come.wait()
        if self.slim_refused is not None:
            self.has_refused.set()
            raise self.slim_refused
        await last_look()
        await self._take(key, await asyncio.to_thread(path.read_bytes))

    async def upload_json(self, _bucket: str, key: str, value: Any, *, last_look: Any) -> None:
        await last_look()
        await self._take(key, copy.deepcopy(value))

    async def _take(self, key: str, value: Any) -> None:
        async with self.changed:
            self.objects[key] = value
            self.came.append(key)
            self.changed.notify_all()

    async def until(self, holds: Callable[["World"], bool]) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: holds(self))

    @property
    def checkpoint(self) -> Checkpoint:
        """What is remembered."""
        return read_checkpoint(self.objects.get(CHECKPOINT))


@dataclass
class Growing:
    """A slim video that a test lets grow."""

    seconds: float = 0.0
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, end: float) -> None:
        async with self.moved:
            await self.moved.wait_for(lambda: self.seconds >= end)

    async def cut(self, piece: Any, target: Path) -> None:
        assert piece.start + piece.length <= self.seconds
        await asyncio.to_thread(target.touch)

    async def grow(self, seconds: float) -> None:
        async with self.moved:
            self.seconds = seconds
            self.moved.notify_all()


@dataclass
class Model:
    """Answers a stretch when a test lets it."""

    is_open: bool = False
    asked: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    answers: dict[int, Callable[[], Awaitable[Answer]]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def open(self) -> None:
        await asyncio.sleep(0.01)
        self.is_open = True

    @asynccontextmanager
    async def showing(self, video: Path, *, name: str) -> AsyncIterator[Clip]:
        assert re.fullmatch(r"[a-z0-9-]{8,40}", name)
        yield Clip(video)

    async def ask(self, question: Question, *, shown: Any, on_usage: Any) -> Answer:
        assert question.text
        async with self.changed:
            self.asked.append(shown.start)
            self.changed.notify_all()
        try:
            answer = await self.answers[shown.start]() if shown.start in self.answers else Answer(ANSWER)
            on_usage(CallUsage("m", 1, 1))
            return answer
        finally:
            self.ended.append(shown.start)

    async def until_asked(self, *starts: int) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: set(starts) <= set(self.asked))


async def never() -> Answer:
    await asyncio.Event().wait()
    raise AssertionError


def failing(reason: Reason) -> Callable[[], Awaitable[Answer]]:
    async def fail() -> Answer:
        raise Failed(reason)

    return fail


@dataclass
class Told:
    """A sink that keeps what it is told."""

    told: list[tuple[Stage, int]] = field(default_factory=list)

    async def report(self, stage: Stage, percent: int) -> None:
        self.told.append((stage, percent))


Encode = Callable[[Watcher | None, Path], Awaitable[None]]


@dataclass
class Scene:
    """One video, the world around it, and what a test makes of its encoding."""

    workdir: Path
    world: World = field(default_factory=World)
    model: Model = field(default_factory=Model)
    sink: Told = field(default_factory=Told)
    whole: list[bool] = field(default_factory=list)
    encoded: bool = False
    slimmed: bytes = b"slimmed"
    encode: Encode | None = None

    async def transcode(self, source: Path, target: Path, *, whole: bool, watcher: Watcher | None, **_: Any) -> Any:
        """Stand for the transcode."""
        assert self.encode is not None
        self.whole.append(whole)
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
        return await self.go_on()

    async def go_on(self) -> list[dict[str, Any]]:
        """Do the same with the scratch folder as it is."""
        supabase: Any = self.world
        model: Any = self.model
        running = Running(
            task=TASK, supabase=supabase, model=model, workdir=self.workdir, meter=Meter(self.sink), limits=Limits()
        )
        await running.recall()
        async with asyncio.timeout(10):
            return await _transcript(running)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Give a scene whose recording need not be one."""
    (tmp_path / "work").mkdir()
    scene = Scene(tmp_path / "work")
    scene.world.slim_may_come.set()

    async def probe(*_: Any, **__: Any) -> MediaInfo:
        return INFO

    async def cut(_video: Any, _piece: Any, target: Path, *, limits: Any) -> Path:
        assert limits is not None
        return target

    monkeypatch.setattr("runops_worker.prepare.probe", probe)
    monkeypatch.setattr("runops_worker.prepare.transcode", scene.transcode)
    monkeypatch.setattr("runops_worker.stretches.cut_chunk", cut)
    return scene


async def begin(watcher: Watcher | None, *, whole: bool = False) -> Growing:
    assert watcher is not None
    video = Growing()
    as_grown: Any = video
    await watcher.begun(as_grown, whole=whole)
    return video


async def accept(watcher: Watcher | None, video: Growing) -> None:
    assert watcher is not None
    await watcher.accepted()
    await video.grow(SECONDS)


def _answers_held_back(scene: Scene) -> asyncio.Event:
    """Have the model answer once the event is set, and not before."""
    may_answer = asyncio.Event()

    async def answer() -> Answer:
        await may_answer.wait()
        return Answer(ANSWER)

    scene.model.answers = dict.fromkeys(PLAN, answer)
    return may_answer


async def test_stretches_are_asked_about_while_the_rest_is_encoded_and_each_once(scene: Scene) -> None:
    async def encode(watcher: Watcher | None, recording: Path) -> None:
        video = await begin(watcher)
        await video.grow(300)
        await scene.model.until_asked(0)
        await video.grow(594)
        await asyncio.sleep(0)
        assert scene.model.asked == [0]
        await video.grow(595)
        await scene.model.until_asked(295)
        assert await asyncio.to_thread(recording.exists)
        await accept(watcher, video)
        assert not await asyncio.to_thread(recording.exists)

    scene.encode = encode
    transcript = await scene.run()
    assert sorted(scene.model.asked) == PLAN
    assert len(transcript) == len(PLAN)
    percents = [percent for _, percent in scene.sink.told]
    assert percents == sorted(percents)
    assert list(dict.fromkeys(stage for stage, _ in scene.sink.told)) == [Stage.PREPARING_VIDEO, Stage.TRANSCRIBING]
    assert not list(scene.workdir.glob("stretch-*"))


async def test_a_share_of_a_later_stage_shows_when_that_begins() -> None:
    sink = Told()
    meter = Meter(sink)
    await meter.enter(Stage.PREPARING_VIDEO)
    meter.at(Stage.TRANSCRIBING, 0.5)
    await meter.beat()
    await meter.enter(Stage.TRANSCRIBING)
    assert sink.told == [(Stage.PREPARING_VIDEO, 10), (Stage.PREPARING_VIDEO, 10), (Stage.TRANSCRIBING, 60)]


async def test_at_most_three_are_under_way_before_and_after_the_end_of_encoding_together(scene: Scene) -> None:
    may_answer = _answers_held_back(scene)

    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(1200)
        await scene.model.until_asked(0, 295, 590)
        await accept(watcher, video)

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    await scene.world.until(lambda world: SLIM in world.came)
    assert sorted(scene.model.asked) == [0, 295, 590]
    may_answer.set()
    await run
    assert sorted(scene.model.asked) == PLAN


async def test_what_was_told_before_a_kill_during_encoding_is_not_asked_for_again(scene: Scene) -> None:
    told = asyncio.Event()

    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(300)
        await scene.world.until(lambda world: bool(world.checkpoint.chunks))
        told.set()
        await asyncio.Event().wait()

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    async with asyncio.timeout(5):
        await told.wait()
    kept = copy.deepcopy(scene.world.objects)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    # A killed process writes nothing more.
    scene.world.objects = kept

    async def again(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = again
    await scene.run()
    assert scene.model.asked[0] == 0
    assert sorted(scene.model.asked) == PLAN


async def test_a_run_that_cannot_be_trusted_takes_its_answers_with_it(scene: Scene) -> None:
    slow = {295: never}

    async def encode(watcher: Watcher | None, _: Path) -> None:
        scene.model.answers = dict(slow)
        video = await begin(watcher)
        await video.grow(600)
        await scene.model.until_asked(0, 295)
        await scene.world.until(lambda world: bool(world.checkpoint.chunks))
        scene.model.answers = {}
        other = await begin(watcher, whole=True)
        assert sorted(scene.model.ended) == [0, 295]
        assert scene.world.checkpoint.chunks == []
        assert scene.world.checkpoint.decoded_whole == KEY
        scene.model.asked.clear()
        await accept(watcher, other)

    scene.encode = encode
    assert len(await scene.run()) == len(PLAN)
    assert sorted(scene.model.asked) == PLAN


async def test_answers_of_a_whole_run_are_kept_and_the_next_attempt_decodes_all_at_once(scene: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher, whole=True)
        await video.grow(300)
        await scene.world.until(lambda world: bool(world.checkpoint.chunks))
        raise MediaRejected("MediaCorrupt", "Of this attempt only.")

    scene.encode = encode
    with pytest.raises(MediaRejected):
        await scene.run()

    async def again(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher, whole=True))

    scene.encode = again
    await scene.run()
    assert scene.whole == [False, True]
    assert sorted(scene.model.asked) == PLAN


async def test_where_encoding_fails_stretches_are_cancelled_and_that_is_told(scene: Scene) -> None:
    scene.model.answers = {0: never}

    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(300)
        await scene.model.until_asked(0)
        raise MediaRejected("MediaCorrupt", "The recording is damaged.")

    scene.encode = encode
    with pytest.raises(MediaRejected, match="damaged"):
        await scene.run()
    assert scene.model.ended == [0]
    assert not list(scene.workdir.iterdir())


async def test_where_an_early_stretch_fails_the_slim_video_is_finished_and_kept_and_no_other_is_asked(
    scene: Scene,
) -> None:
    scene.model.answers = {0: failing(Reason.MODEL_REFUSED_REQUEST)}

    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(300)
        await scene.model.until_asked(0)
        await asyncio.sleep(0)
        await video.grow(900)
        await accept(watcher, video)

    scene.encode = encode
    with pytest.raises(Failed) as failed:
        await scene.run()
    assert failed.value.reason is Reason.MODEL_REFUSED_REQUEST
    assert scene.model.asked == [0]
    assert scene.world.checkpoint.slim is not None
    assert SLIM in scene.world.objects
    assert TRANSCRIPT not in scene.world.objects


async def test_a_claim_that_is_lost_early_ends_encoding_at_once(scene: Scene) -> None:
    scene.model.answers = {0: failing(Reason.CLAIM_LOST), 295: never}

    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(600)
        await asyncio.Event().wait()

    scene.encode = encode
    with pytest.raises(Failed) as failed:
        await scene.run()
    assert failed.value.reason is Reason.CLAIM_LOST
    assert not scene.encoded
    assert SLIM not in scene.world.objects


async def test_a_claim_that_is_lost_by_the_upload_ends_the_stretches(scene: Scene) -> None:
    scene.model.answers = {1180: never}
    scene.world.slim_may_come.clear()

    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    await scene.model.until_asked(1180)
    scene.world.is_held = False
    scene.world.slim_may_come.set()
    with pytest.raises(Failed) as failed:
        await run
    assert failed.value.reason is Reason.CLAIM_LOST
    assert 1180 in scene.model.ended
    assert SLIM not in scene.world.objects


async def test_a_slow_upload_holds_up_no_stretch_and_no_transcript_comes_before_the_slim_video(scene: Scene) -> None:
    scene.world.slim_may_come.clear()

    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    await scene.world.until(lambda world: len(world.checkpoint.chunks) == len(PLAN))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not {SLIM, TRANSCRIPT} & set(scene.world.came)
    assert scene.world.checkpoint.slim is None
    assert scene.world.checkpoint.uploads == ["an-upload"]
    scene.world.slim_may_come.set()
    await run
    assert scene.world.came[-4:] == [SLIM, CHECKPOINT, TRANSCRIPT, CHECKPOINT]
    done = scene.world.checkpoint
    assert done.slim is not None
    assert done.transcript is not None
    assert (done.uploads, done.chunks) == ([], [])


async def test_the_model_is_loaded_before_the_slim_video_is_uploaded_and_not_beside_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.world.etag = None
    was_open: list[bool] = []

    async def upload(*arguments: Any, **named: Any) -> None:
        was_open.append(scene.model.is_open)
        await World.upload(scene.world, *arguments, **named)

    async def encode(_watcher: Watcher | None, _: Path) -> None:
        assert not scene.model.is_open

    scene.encode = encode
    monkeypatch.setattr(scene.world, "upload", upload)
    await scene.run()
    assert was_open == [True]


async def test_where_storage_refuses_the_slim_video_answers_under_way_are_kept_and_no_other_is_asked(
    scene: Scene,
) -> None:
    scene.world.slim_may_come.clear()
    scene.world.slim_refused = Failed(Reason.STORAGE_REFUSED)
    may_answer = _answers_held_back(scene)

    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    await scene.model.until_asked(0, 295, 590)
    scene.world.slim_may_come.set()
    async with asyncio.timeout(5):
        await scene.world.has_refused.wait()
    may_answer.set()
    with pytest.raises(Failed) as failed:
        await run
    assert failed.value.reason is Reason.STORAGE_REFUSED
    assert sorted(scene.model.asked) == [0, 295, 590]
    assert len(scene.world.checkpoint.chunks) == 3
    assert TRANSCRIPT not in scene.world.objects


async def test_where_storage_gives_no_entity_tag_nothing_begins_early_and_keys_are_of_the_content(scene: Scene) -> None:
    scene.world.etag = None

    async def encode(watcher: Watcher | None, _: Path) -> None:
        assert watcher is None

    scene.encode = encode
    await scene.run()
    await scene.run()
    assert sorted(scene.model.asked) == PLAN
    scene.slimmed = b"another"
    await scene.run()
    assert sorted(scene.model.asked) == sorted(2 * PLAN)
    assert scene.whole == [False, False, False]


async def test_a_transcript_that_is_kept_is_not_begun_again_where_the_slim_video_is_lost(scene: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    first = await scene.run()
    del scene.world.objects[SLIM]
    scene.model.asked.clear()

    async def again(watcher: Watcher | None, _: Path) -> None:
        assert watcher is None

    scene.encode = again
    assert await scene.run() == first
    assert scene.model.asked == []
    assert SLIM in scene.world.objects


async def test_what_the_former_version_remembered_counts_for_the_slim_video_and_for_nothing_else(scene: Scene) -> None:
    assert KEY is not None
    former = Checkpoint(
        slim=SlimDone(key=KEY, sha256="x" * 64, size_bytes=7, duration_seconds=SECONDS, frames=1480, has_audio=True),
        chunks=[ChunkDone(key="of the content", items=[])],
        transcript=TranscriptDone(key="of the content", sha256="y"),
    ).model_dump(mode="json", exclude={"decoded_whole"})
    scene.world.objects = {CHECKPOINT: former, SLIM: b"slimmed", TRANSCRIPT: []}
    (scene.workdir / "slim.mp4").write_bytes(b"slimmed")
    assert len(await scene.go_on()) == len(PLAN)
    assert scene.whole == []


async def test_what_is_no_recording_is_refused_by_its_first_bytes(scene: Scene) -> None:
    scene.world.head = b"Dear Sir or Madam, " * 400
    with pytest.raises(MediaRejected) as refused:
        await scene.run()
    assert as_failed(refused.value).reason is Reason.NOT_A_VIDEO
    assert refused.value.detail == "The file is a text file, not a video recording."
    assert scene.world.fetched == 1


def test_the_plan_of_these_tests() -> None:
    assert [piece.start for piece in plan_chunks(SECONDS)] == PLAN
