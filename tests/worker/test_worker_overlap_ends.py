"""Whatever happens to the parts of one video and in whatever order, all of them end."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.track import Track
from runops_worker.media.transcode import growing_slim
from runops_worker.media.transcode.growing_slim import GrowingSlim, Watcher
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.model.protocol import Answer
from tests.worker.fakes import ANSWER
from tests.worker.overlap import INFO, PLAN, SECONDS, Scene, scene

__all__ = ["scene"]

ROUNDS = 25
ENDS = {"well", "cancelled", "MediaCorrupt", Reason.CLAIM_LOST, Reason.MODEL_REFUSED_REQUEST, Reason.STORAGE_REFUSED}


class Weather:
    """Everything that chance decides in one run.

    Parameters
    ----------
    chance
        Where it is drawn from.
    monkeypatch
        Puts a file that grows by chance in the place of ffmpeg's.
    """

    def __init__(self, chance: random.Random, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self._chance, self._scene = chance, scene
        self._written = 0.0
        self._claim_goes = chance.random() < 0.15
        self.ill = chance.random() < 0.6
        monkeypatch.setattr(growing_slim, "inspect_slim", self._inspect)
        monkeypatch.setattr(growing_slim, "cut_chunk", self._cut)
        scene.encode = self._encode
        scene.model.answers = dict.fromkeys(PLAN, self._answer)
        if self._strikes(0.1):
            scene.world.slim_refused = Failed(Reason.STORAGE_REFUSED)

    def _strikes(self, share: float) -> bool:
        return self.ill and self._chance.random() < share

    async def pause(self, most: int = 30) -> None:
        for _ in range(self._chance.randint(0, most)):
            await asyncio.sleep(0)

    async def _inspect(self, _path: Path, **_: Any) -> PacketReport:
        await self.pause()
        if self._chance.random() < 0.2:
            raise MediaToolFailed("Half an index.")
        video, audio = (
            Track(kind=kind, packets=1, latest=self._written - self._chance.choice([0, 0, 4, 400]))
            for kind in ("video", "audio")
        )
        return PacketReport({0: video, 1: audio})

    async def _cut(self, video: SlimVideo, _piece: Any, target: Path, **_: Any) -> Path:
        await self.pause()
        if video.path.name == "fragments" and self._chance.random() < 0.3:
            raise MediaToolFailed("Half an index.")
        target.touch()  # noqa: ASYNC240 - in one step, for a thread would go on after a cancel
        return target

    async def _answer(self) -> Answer:
        await self.pause(200)
        if self._strikes(0.1):
            raise Failed(Reason.MODEL_REFUSED_REQUEST)
        if self._claim_goes and self._strikes(0.3):
            self._scene.world.is_held = False
        return Answer(ANSWER)

    async def _encode(self, watcher: Watcher | None, source: Path) -> None:
        assert watcher is not None
        for whole in (False, True) if self._chance.random() < 0.4 else (False,):
            video, self._written = await self._begun(watcher, source, whole=whole), 0.0
            # It may end without having said how far it is.
            while self._written < SECONDS and self._chance.random() > 0.03:
                await self.pause()
                self._written += self._chance.uniform(0, 100)
                video.encoded(self._written - self._chance.choice([0, 0, 10, 300]))
        await self.pause()
        if self._strikes(0.1):
            raise MediaRejected("MediaCorrupt", "The recording is damaged.")
        await watcher.accepted()
        await self.pause()
        await video.finish(_slim(source.with_name("whole")))

    async def _begun(self, watcher: Watcher, source: Path, *, whole: bool) -> GrowingSlim:
        fragments = source.with_name("fragments")
        fragments.touch()
        video = GrowingSlim(fragments, recording=INFO, fps=1, limits=Limits())
        await watcher.begun(video, whole=whole, same_content=False)
        return video


def _slim(path: Path) -> SlimVideo:
    return SlimVideo(path=path, bytes=7, duration_seconds=SECONDS, frames=int(SECONDS), has_audio=True, fps=1)


@asynccontextmanager
async def no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before
    assert not left, left


async def _ended(weather: Weather, scene: Scene, *, cancelled: bool) -> str:
    run = asyncio.ensure_future(scene.run())
    if cancelled:
        await weather.pause(600)
        run.cancel()
    try:
        async with asyncio.timeout(120):
            await run
    except asyncio.CancelledError:
        return "cancelled"
    except Failed as failure:
        return failure.reason
    except MediaRejected as refused:
        return refused.reason
    return "well"


@pytest.mark.parametrize("seed", range(4))
async def test_it_ends(seed: int, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same runs each time
    ends: list[str] = []
    for _ in range(ROUNDS):
        scene.world.objects.clear()
        scene.world.is_held, scene.world.slim_refused = True, None
        scene.model.asked.clear()
        weather = Weather(chance, scene, monkeypatch)
        async with no_task_left():
            end = await _ended(weather, scene, cancelled=chance.random() < 0.2)
        assert end in ENDS
        assert not list(scene.workdir.glob("clip-*"))
        assert weather.ill or end in {"well", "cancelled"}
        if end == "well":
            assert set(scene.model.asked) == set(PLAN)
        ends.append(end)
    assert ends.count("well") >= ROUNDS // 4
