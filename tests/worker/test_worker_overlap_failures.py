"""What becomes of the rest of a video where a part of it fails."""

import asyncio
from pathlib import Path

import pytest

from runops.failures import Failed, Reason
from runops_worker.media.errors import MediaRejected
from runops_worker.media.transcode.growing_slim import Watcher
from tests.worker.overlap import SLIM, TRANSCRIPT, Scene, accept, answers_held_back, begin, failing, never, scene

__all__ = ["scene"]


async def test_where_encoding_fails_chunks_are_cancelled_and_that_failure_is_raised(scene: Scene) -> None:
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


async def test_where_an_early_chunk_fails_the_slim_video_is_finished_and_stored_and_no_other_chunk_begins(
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


async def test_a_claim_that_is_lost_during_the_upload_ends_the_chunks(scene: Scene) -> None:
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


async def test_where_storage_refuses_the_slim_video_answers_under_way_are_kept_and_no_other_chunk_begins(
    scene: Scene,
) -> None:
    scene.world.slim_may_come.clear()
    scene.world.slim_refused = Failed(Reason.STORAGE_REFUSED)
    may_answer = answers_held_back(scene)

    async def encode(watcher: Watcher | None, _: Path) -> None:
        await accept(watcher, await begin(watcher))

    scene.encode = encode
    run = asyncio.ensure_future(scene.run())
    await scene.model.until_asked(0, 295, 590)
    scene.world.slim_may_come.set()
    async with asyncio.timeout(120):
        await scene.world.has_refused.wait()
    may_answer.set()
    with pytest.raises(Failed) as failed:
        await run
    assert failed.value.reason is Reason.STORAGE_REFUSED
    assert sorted(scene.model.asked) == [0, 295, 590]
    assert len(scene.world.checkpoint.chunks) == 3
    assert TRANSCRIPT not in scene.world.objects
