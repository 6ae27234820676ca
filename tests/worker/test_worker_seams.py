"""Where the chunks of one video begin while it grows, and that a later attempt has the same chunks."""

import asyncio
import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.checkpoint.format import Checkpoint, ChunkState, SeamsChosen, SlimDone
from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.growing_slim import Watcher
from runops_worker.media.transcode.seams import SeamSignal
from tests.worker.fakes import silent
from tests.worker.overlap import CHECKPOINT, KEY, PLAN, SECONDS, SLIM, Scene, accept, begin, failing, scene

__all__ = ["scene"]

NOTHING = (False,) * 30
MOVED = [0, 275, 590, 860, 1180]


def pause(second: int) -> SeamSignal:
    """Return speech with one pause, so many seconds after the first candidate."""
    return SeamSignal(NOTHING, tuple(second * 10 <= step < second * 10 + 10 for step in range(300)))


@pytest.fixture
def talk(scene: Scene) -> Scene:
    """Give a scene in which somebody pauses 20 s before the second chunk and 25 s before the fourth."""
    scene.around = {1: pause(7), 2: SeamSignal(NOTHING, (False,) * 300), 3: pause(2)}
    scene.encode = whole
    return scene


async def whole(watcher: Watcher | None, _: Path) -> None:
    await accept(watcher, await begin(watcher))


async def test_chunks_begin_at_pauses_and_each_is_asked_about_once_its_seams_are_known(talk: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(299)
        for _turn in range(20):
            await asyncio.sleep(0)
        assert talk.looked == []
        await video.grow(300)
        await talk.model.until_asked(0)
        assert talk.looked == [1]
        await video.grow(595)
        await talk.model.until_asked(275)
        await accept(watcher, video)

    talk.encode = encode
    await talk.run()
    assert sorted(talk.model.asked) == MOVED
    assert sorted(talk.looked) == [1, 2, 3, 4]
    assert talk.world.checkpoint.seams == SeamsChosen(key=KEY or "", starts=(275.0, 590.0, 860.0, 1180.0))
    assert not list(talk.workdir.glob("seam-*"))


async def test_after_a_kill_the_next_attempt_has_the_same_chunks_and_repeats_no_call(talk: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(600)
        await talk.world.until(lambda world: len(world.checkpoint.chunks) == 2)
        await asyncio.Event().wait()

    talk.encode = encode
    run = asyncio.ensure_future(talk.run())
    await talk.world.until(lambda world: len(world.checkpoint.chunks) == 2)
    kept = copy.deepcopy(talk.world.objects)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    # A killed process writes nothing more.
    talk.world.objects = kept
    assert sorted(talk.model.asked) == [0, 275]
    # Another version of ffmpeg hears the pauses elsewhere.
    talk.around = {1: pause(12), 2: pause(12), 3: pause(2)}
    talk.encode = whole
    talk.looked.clear()
    await talk.run()
    assert sorted(talk.model.asked) == MOVED
    assert sorted(talk.looked) == [3, 4]


async def test_chunks_that_fail_are_cut_in_the_same_places_by_the_next_attempt(talk: Scene) -> None:
    talk.model.answers = {860: failing(Reason.MODEL_REFUSED_REQUEST)}
    with pytest.raises(Failed):
        await talk.run()
    asked = [start for start in talk.model.asked if start != 860]
    talk.model.answers = {}
    talk.around = {index: pause(12) for index in range(1, 5)}
    await talk.run()
    assert talk.model.asked.count(860) == 2
    assert sorted({*talk.model.asked}) == MOVED
    assert all(talk.model.asked.count(start) == 1 for start in asked)


async def test_where_a_former_version_transcribed_some_chunks_all_begin_where_they_are_planned(talk: Scene) -> None:
    talk.world.objects[CHECKPOINT] = Checkpoint(chunks=(ChunkState(key="of a fixed chunk"),)).model_dump(
        mode="json", exclude={"seams"}
    )
    await talk.run()
    assert sorted(talk.model.asked) == PLAN
    assert talk.looked == []


async def test_of_a_slim_video_that_a_former_version_stored_the_chunks_begin_where_its_key_frames_are(
    talk: Scene,
) -> None:
    slim = SlimDone(
        key=KEY or "",
        sha256=hashlib.sha256(b"slimmed").hexdigest(),
        size_bytes=7,
        duration_seconds=SECONDS,
        frames=1480,
        has_audio=True,
    )
    talk.world.objects = {
        CHECKPOINT: Checkpoint(slim=slim).model_dump(mode="json", exclude={"seams"}),
        SLIM: b"slimmed",
    }
    await talk.run()
    assert sorted(talk.model.asked) == PLAN
    assert talk.looked == []


async def test_seams_of_a_run_of_the_encoder_that_cannot_be_trusted_are_chosen_again(talk: Scene) -> None:
    async def encode(watcher: Watcher | None, _: Path) -> None:
        video = await begin(watcher)
        await video.grow(300)
        await talk.world.until(lambda world: bool(world.checkpoint.chunks))
        assert talk.world.checkpoint.seams == SeamsChosen(key=KEY or "", starts=(275.0,))
        talk.around[1] = pause(12)
        await accept(watcher, await begin(watcher, whole=True))

    talk.encode = encode
    await talk.run()
    assert talk.looked.count(1) == 2
    assert talk.world.checkpoint.seams == SeamsChosen(key=KEY or "", starts=(280.0, 590.0, 860.0, 1180.0))


async def test_without_an_entity_tag_seams_are_those_of_the_slim_videos_content(talk: Scene) -> None:
    async def unwatched(watcher: Watcher | None, _: Path) -> None:
        assert watcher is None

    talk.encode = unwatched
    talk.world.etag = None
    await talk.run()
    assert sorted(talk.model.asked) == MOVED
    talk.model.asked.clear()
    talk.slimmed, talk.around = b"another", {1: pause(12)}
    await talk.run()
    assert sorted(talk.model.asked) == [0, 280, 590, 885, 1180]


async def test_the_seams_of_a_whole_slim_video_are_looked_at_one_after_the_other(
    talk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []

    async def seam(_clip: Path, part: Chunk, **_: Any) -> SeamSignal:
        at_once.append(part.index)
        await asyncio.sleep(0)
        assert at_once == [part.index]
        at_once.clear()
        return talk.around.get(part.index, silent(part))

    monkeypatch.setattr("runops_worker.pipeline.measure_seam", seam)
    await talk.run()
    assert sorted(talk.model.asked) == MOVED


async def test_a_slim_video_that_cannot_be_read_at_a_seam_fails_the_attempt_and_leaves_no_clip(
    talk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def seam(*_: Any, **__: Any) -> SeamSignal:
        raise MediaToolFailed("ffmpeg could not read a clip of the slim video (exit code 1).")

    monkeypatch.setattr("runops_worker.pipeline.measure_seam", seam)
    with pytest.raises(MediaToolFailed):
        await talk.run()
    assert talk.model.asked == []
    assert not list(talk.workdir.glob("seam-*"))


async def test_a_recording_in_the_place_of_another_gets_seams_of_its_own(talk: Scene) -> None:
    talk.world.objects[CHECKPOINT] = Checkpoint(seams=SeamsChosen(key="another", starts=(280.0, 585.0))).model_dump(
        mode="json"
    )
    await talk.run()
    assert sorted(talk.model.asked) == MOVED
    assert talk.world.checkpoint.seams == SeamsChosen(key=KEY or "", starts=(275.0, 590.0, 860.0, 1180.0))
