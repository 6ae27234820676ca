"""What overlaps in one video, and in what order it is kept."""

import asyncio
import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Reason
from runops.progress import Stage
from runops.supabase.objects import Downloaded
from runops_worker.checkpoint.format import Checkpoint, ChunkState, SlimDone, TranscriptDone
from runops_worker.checkpoint.keys import slim_key
from runops_worker.failure_reason import as_failed
from runops_worker.media.errors import MediaRejected
from runops_worker.media.transcode.chunks import plan_chunks
from runops_worker.media.transcode.growing_slim import Watcher
from runops_worker.reporting.stage_progress import StageProgress
from tests.worker.fakes import TASK, RecordingSink
from tests.worker.overlap import (
    CHECKPOINT,
    KEY,
    PLAN,
    SECONDS,
    SLIM,
    TRANSCRIPT,
    Scene,
    World,
    accept,
    answers_held_back,
    begin,
    never,
    scene,
)

__all__ = ["scene"]


async def test_chunks_are_transcribed_while_the_rest_is_encoded_and_each_once(scene: Scene) -> None:
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
    percents = [percent for _, percent in scene.sink.reports]
    assert percents == sorted(percents)
    assert list(dict.fromkeys(stage for stage, _ in scene.sink.reports)) == [Stage.PREPARING_VIDEO, Stage.TRANSCRIBING]
    assert not list(scene.workdir.glob("clip-*"))


async def test_a_share_of_a_later_stage_shows_when_that_begins() -> None:
    sink = RecordingSink()
    progress = StageProgress(sink)
    await progress.enter(Stage.PREPARING_VIDEO)
    progress.advance(Stage.TRANSCRIBING, 0.5)
    await progress.report()
    await progress.enter(Stage.TRANSCRIBING)
    assert sink.reports == [(Stage.PREPARING_VIDEO, 10), (Stage.PREPARING_VIDEO, 10), (Stage.TRANSCRIBING, 60)]


async def test_at_most_three_are_under_way_before_and_after_the_end_of_encoding_together(scene: Scene) -> None:
    may_answer = answers_held_back(scene)

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


async def test_chunks_transcribed_before_a_kill_during_encoding_are_not_asked_about_again(scene: Scene) -> None:
    transcribed = asyncio.Event()

    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(300)
        await scene.world.until(lambda world: bool(world.checkpoint.chunks))
        transcribed.set()
        await asyncio.Event().wait()

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    async with asyncio.timeout(120):
        await transcribed.wait()
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


async def test_answers_about_a_run_of_the_encoder_that_cannot_be_trusted_are_kept_where_the_clip_is_the_same(
    scene: Scene,
) -> None:
    slow = {590: never}

    async def encode(watcher: Watcher | None, _: Path) -> None:
        scene.model.answers = dict(slow)
        video = await begin(watcher)
        await video.grow(900)
        await scene.model.until_asked(0, 295, 590)
        await scene.world.until(lambda world: len(world.checkpoint.chunks) == 2)
        scene.model.answers = {}
        other = await begin(watcher, whole=True, differs={295})
        assert sorted(scene.model.ended) == [0, 295, 590]
        assert [chunk.is_doubted for chunk in scene.world.checkpoint.chunks] == [True, True]
        assert scene.world.checkpoint.decoded_whole == KEY
        scene.model.asked.clear()
        await accept(watcher, other)

    scene.encode = encode
    assert len(await scene.run()) == len(PLAN)
    assert sorted(scene.model.asked) == [295, 590, 885, 1180], "the first one is not paid for again"


@pytest.mark.parametrize("same_content", [True, False])
async def test_a_run_with_a_larger_frame_pays_for_no_chunk_again_and_one_with_other_sound_for_each(
    scene: Scene, *, same_content: bool
) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(600)
        await scene.model.until_asked(0, 295)
        await scene.world.until(lambda world: len(world.checkpoint.chunks) == 2)
        scene.model.asked.clear()
        # Neither a frame of another size nor other sound gives the same clip.
        await accept(watcher, await begin(watcher, same_content=same_content, differs=PLAN))

    scene.encode = encode
    assert len(await scene.run()) == len(PLAN)
    assert sorted(scene.model.asked) == (PLAN[2:] if same_content else PLAN)


async def test_what_was_doubted_when_a_worker_was_killed_is_compared_by_the_next_one(scene: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(600)
        await scene.world.until(lambda world: len(world.checkpoint.chunks) == 2)
        await begin(watcher, whole=True)
        raise MediaRejected("MediaCorrupt", "Of this attempt only.")

    scene.encode = encode
    with pytest.raises(MediaRejected):
        await scene.run()

    async def again(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher, whole=True, differs={0}))

    scene.encode = again
    scene.model.asked.clear()
    await scene.run()
    assert sorted(scene.model.asked) == [0, *PLAN[2:]]


async def _fails_after_its_first_chunk(scene: Scene, *, whole: bool = False) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher, whole=whole)
        await video.grow(300)
        await scene.world.until(lambda world: bool(world.checkpoint.chunks))
        raise MediaRejected("MediaCorrupt", "Of this attempt only.")

    scene.encode = encode
    with pytest.raises(MediaRejected):
        await scene.run()


async def test_answers_of_a_whole_run_are_kept_and_the_next_attempt_decodes_all_at_once(scene: Scene) -> None:
    await _fails_after_its_first_chunk(scene, whole=True)

    async def again(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher, whole=True))

    scene.encode = again
    await scene.run()
    assert scene.whole == [False, True]
    assert sorted(scene.model.asked) == PLAN


async def test_a_slow_upload_delays_no_chunk_and_no_transcript_is_stored_before_the_slim_video(scene: Scene) -> None:
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
    assert scene.world.checkpoint.uploads == ("an-upload",)
    scene.world.slim_may_come.set()
    await run
    assert scene.world.came[-4:] == [SLIM, CHECKPOINT, TRANSCRIPT, CHECKPOINT]
    done = scene.world.checkpoint
    assert done.slim is not None
    assert done.transcript is not None
    assert (done.uploads, done.chunks) == ((), ())


async def test_no_more_uploads_are_deleted_than_an_attempt_can_leave(scene: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    scene.world.objects[CHECKPOINT] = Checkpoint(uploads=tuple(f"left-{number}" for number in range(1000))).model_dump(
        mode="json"
    )
    await scene.run()
    assert scene.world.ended == ["left-0", "left-1", "left-2"]


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


async def test_a_recording_that_was_replaced_before_its_download_gets_no_answer_of_the_old_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _fails_after_its_first_chunk(scene)

    async def replaced(*arguments: Any, **named: Any) -> Downloaded:
        scene.world.etag = "of another"
        return await World.download(scene.world, *arguments, **named)

    async def again(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = again
    monkeypatch.setattr(scene.world, "download", replaced)
    await scene.run()
    assert sorted(scene.model.asked) == [0, *PLAN]
    done = scene.world.checkpoint
    assert done.slim is not None
    assert done.slim.key == slim_key(TASK, etag="of another", size=9)


async def test_a_tag_that_a_proxy_rewrites_loses_nothing(scene: Scene) -> None:
    scene.world.etag_of_download = "W/{}".format

    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    first = await scene.run()
    assert await scene.run() == first
    assert sorted(scene.model.asked) == PLAN
    assert scene.world.checkpoint.slim is not None
    assert scene.world.checkpoint.slim.key == KEY


async def test_of_a_recording_that_is_replaced_during_its_download_nothing_is_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def replaced(*arguments: Any, **named: Any) -> Downloaded:
        came = await World.download(scene.world, *arguments, **named)
        scene.world.etag = "of another"
        return Downloaded(came.size, came.sha256, "of a third")

    monkeypatch.setattr(scene.world, "download", replaced)

    async def encode(watcher: Watcher | None, _: Path) -> None:
        assert watcher is None

    scene.encode = encode
    await scene.run()
    done = scene.world.checkpoint
    assert done.slim is not None
    assert done.slim.key == ""


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


async def test_a_stored_transcript_is_not_made_again_where_the_slim_video_is_lost(scene: Scene) -> None:
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


async def test_of_a_checkpoint_from_before_early_chunks_only_the_slim_video_is_used(scene: Scene) -> None:
    assert KEY is not None
    former = Checkpoint(
        slim=SlimDone(
            key=KEY,
            sha256=hashlib.sha256(b"slimmed").hexdigest(),
            size_bytes=7,
            duration_seconds=SECONDS,
            frames=1480,
            has_audio=True,
        ),
        chunks=(ChunkState(key="of the content"),),
        transcript=TranscriptDone(key="of the content", sha256="y"),
    ).model_dump(mode="json", exclude={"decoded_whole"})
    scene.world.objects = {CHECKPOINT: former, SLIM: b"slimmed", TRANSCRIPT: []}
    assert len(await scene.run()) == len(PLAN)
    assert scene.whole == []


async def test_a_file_that_is_not_a_recording_is_rejected_by_its_first_bytes(scene: Scene) -> None:
    scene.world.head = b"Dear Sir or Madam, " * 400
    with pytest.raises(MediaRejected) as refused:
        await scene.run()
    assert as_failed(refused.value).reason is Reason.NOT_A_VIDEO
    assert refused.value.detail == "The file is a text file, not a video recording."
    assert scene.world.fetched == 1


def test_the_plan_of_these_tests() -> None:
    assert [piece.start for piece in plan_chunks(SECONDS)] == PLAN
