"""What becomes of the stretches of a long recording where some of them fail."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.checkpoint.format import SlimDone, read_checkpoint
from runops_worker.model.protocol import Answer, CallUsage, Question
from runops_worker.running import Running
from runops_worker.stages.prepare import Prepared
from runops_worker.stages.transcribe import transcribe
from tests.worker.test_worker_writes import TASK, Fake, a_run

SLIM = SlimDone(key="k", sha256="s", size_bytes=1, duration_seconds=1480, frames=1480, has_audio=True)
ANSWER = json.dumps(
    [
        {
            "timestamp_start_audio": "00:00:10",
            "timestamp_end_audio": "00:00:12",
            "verbatim_transcript_segment": "Hello.",
        }
    ]
)


@dataclass
class Clip:
    """What the model is shown: a stretch, by the name of its file."""

    path: Path

    @property
    def start(self) -> int:
        """Second at which it begins."""
        return int(float(self.path.name.split("-")[1]))


@dataclass
class Asked:
    """A model that says the same of each stretch, after what a test does with it, once or always."""

    does: dict[int, Callable[[], Answer]] = field(default_factory=dict)
    always: dict[int, Callable[[], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def showing(self, video: Path, *, name: str) -> AsyncIterator[Clip]:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]", name)
        yield Clip(video)

    async def ask(self, question: Question, *, shown: Any, on_usage: Any) -> Answer:
        seconds = re.search(r"is (\d+) seconds long", question.text)
        assert seconds is not None
        self.asked.append(f"{shown.start}+{seconds[1]}")
        on_usage(CallUsage("m", 1, 1))
        does = self.does.pop(shown.start, None) or self.always.get(shown.start)
        await asyncio.sleep(0.02)
        if does is not None:
            return does()
        await asyncio.sleep(0.02)
        return Answer(ANSWER)


@pytest.fixture
def run_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Fake, Asked], Running]:
    """Make runs whose slim video is there, and whose stretches are cut in no time."""
    (tmp_path / "slim.mp4").touch()

    async def cut(_video: Any, _piece: Any, target: Path, *, limits: Any) -> Path:
        assert limits is not None
        return target

    monkeypatch.setattr("runops_worker.transcription.chunk_transcriber.cut_chunk", cut)
    return lambda fake, model: a_run(fake, workdir=tmp_path, model=model)


async def transcribed(running: Running, slim: SlimDone) -> list[dict[str, Any]]:
    try:
        async with asyncio.TaskGroup() as group:
            return await transcribe(running, Prepared(slim=slim), group=group)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def failing(reason: Reason) -> Callable[[], Answer]:
    def fail() -> Answer:
        raise Failed(reason)

    return fail


async def test_a_stretch_that_fails_costs_none_of_those_under_way(run_with: Callable[[Fake, Asked], Running]) -> None:
    fake, model = Fake(), Asked({295: failing(Reason.MODEL_REFUSED_REQUEST)})
    with pytest.raises(Failed) as failed:
        await transcribed(run_with(fake, model), SLIM)
    assert failed.value.reason is Reason.MODEL_REFUSED_REQUEST
    assert [name.split("+")[0] for name in model.asked] == ["0", "295", "590"]
    again = run_with(fake, model)
    await again.recall()
    assert len(again.done.chunks) == 2
    await transcribed(again, SLIM)
    assert [name.split("+")[0] for name in model.asked[3:]] == ["295", "885", "1180"]


async def test_a_lost_claim_ends_all_stretches_at_once(run_with: Callable[[Fake, Asked], Running]) -> None:
    fake, model = Fake(), Asked({0: failing(Reason.CLAIM_LOST)})
    with pytest.raises(Failed) as failed:
        await transcribed(run_with(fake, model), SLIM)
    assert failed.value.reason is Reason.CLAIM_LOST
    assert read_checkpoint(fake.objects.get(TASK.checkpoint_object)).chunks == []


async def test_a_stretch_that_was_cut_off_is_not_paid_for_again(run_with: Callable[[Fake, Asked], Running]) -> None:
    slim = SLIM.model_copy(update={"duration_seconds": 600.0, "frames": 600})
    fake, model = Fake(), Asked({295: lambda: Answer("", cut_off=True), 447: failing(Reason.MODEL_REFUSED_REQUEST)})
    with pytest.raises(Failed):
        await transcribed(run_with(fake, model), slim)
    assert sorted(model.asked) == ["0+300", "295+154", "295+305", "447+153"]
    model.asked.clear()
    again = run_with(fake, model)
    await again.recall()
    await transcribed(again, slim)
    assert model.asked == ["447+153"]
    assert again.done.cut_off == []


async def test_a_stretch_that_is_remembered_and_makes_no_sense_is_asked_for_again(
    run_with: Callable[[Fake, Asked], Running],
) -> None:
    fake, model = Fake(), Asked({295: failing(Reason.MODEL_REFUSED_REQUEST)})
    slim = SLIM.model_copy(update={"duration_seconds": 600.0, "frames": 600})
    running = run_with(fake, model)
    with pytest.raises(Failed):
        await transcribed(running, slim)
    again = run_with(fake, model)
    again.done.chunks = [chunk.model_copy(update={"items": [{"odd": 1}]}) for chunk in running.done.chunks]
    transcript = await transcribed(again, slim)
    assert model.asked == ["0+300", "295+305", "0+300", "295+305"]
    assert len(transcript) == 2


def nothing() -> Answer:
    return Answer("[]")


async def test_a_stretch_of_which_nothing_is_told_fails_the_attempt_and_is_asked_for_by_the_next(
    run_with: Callable[[Fake, Asked], Running],
) -> None:
    slim = SLIM.model_copy(update={"duration_seconds": 600.0, "frames": 600})
    fake, model = Fake(), Asked(always={295: nothing})
    with pytest.raises(Failed, match="saw and heard nothing in the recording from second 295 to 600") as failed:
        await transcribed(run_with(fake, model), slim)
    assert failed.value.reason is Reason.MODEL_EMPTY_ANSWER
    assert sorted(model.asked) == ["0+300", "295+305", "295+305"]
    again = run_with(fake, Asked())
    await again.recall()
    assert len(again.done.chunks) == 1
    assert len(await transcribed(again, slim)) == 2


async def test_an_empty_list_that_was_remembered_is_none(run_with: Callable[[Fake, Asked], Running]) -> None:
    slim = SLIM.model_copy(update={"duration_seconds": 600.0, "frames": 600})
    fake, model = Fake(), Asked({295: failing(Reason.MODEL_REFUSED_REQUEST)})
    running = run_with(fake, model)
    with pytest.raises(Failed):
        await transcribed(running, slim)
    again = run_with(fake, model)
    again.done.chunks = [chunk.model_copy(update={"items": []}) for chunk in running.done.chunks]
    assert len(await transcribed(again, slim)) == 2
    assert model.asked == ["0+300", "295+305", "0+300", "295+305"]
