"""What a run writes, when, and what it makes of what it finds: against a Supabase of a few lines."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.upload import LastLook
from runops_worker.checkpoint.format import ChunkDone, read_checkpoint
from runops_worker.media.limits import Limits
from runops_worker.prompts import Prompt
from runops_worker.reporting.meter import Meter
from runops_worker.reporting.progress import RowSink
from runops_worker.running import Running
from runops_worker.task import Task

PROMPT = Prompt.of("p.md", "words")
TASK = Task(
    job_id=UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11"),
    claim="c",
    user_id=None,
    source_bucket="videos",
    source_object="raw/x.mp4",
    transcribe_model="m",
    sop_model="m",
    transcription_prompt=PROMPT,
    sop_prompt=PROMPT,
)


class Hanging:
    """A table that never answers."""

    async def heartbeat(
        self, job_id: UUID, token: str, *, stage: Stage | None = None, percent: int | None = None
    ) -> bool:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError((job_id, token, stage, percent))


class Silent:
    """A sink that tells nobody."""

    async def report(self, stage: Stage, percent: int) -> None:
        """Take it."""


@dataclass
class Fake:
    """Both halves of a Supabase, in memory."""

    objects: dict[str, Any] = field(default_factory=dict)
    upload_seconds: list[float] = field(default_factory=list)
    is_held: bool = True

    @property
    def jobs(self) -> "Fake":
        return self

    @property
    def storage(self) -> "Fake":
        return self

    async def held(self, _job_id: UUID, _claim: str) -> bool:
        return self.is_held

    async def upload_json(self, _bucket: str, key: str, value: Any, *, last_look: LastLook) -> None:
        await last_look()
        await asyncio.sleep(self.upload_seconds.pop(0) if self.upload_seconds else 0)
        self.objects[key] = value

    async def read_json(self, _bucket: str, key: str) -> Any:
        found = self.objects.get(key)
        if isinstance(found, Exception):
            raise found
        return found


def a_run(fake: Fake, *, workdir: Path = Path(), model: Any = None) -> Running:
    supabase: Any = fake
    return Running(task=TASK, supabase=supabase, model=model, workdir=workdir, meter=Meter(Silent()), limits=Limits())


async def test_a_slow_checkpoint_never_lands_on_a_newer_one() -> None:
    fake = Fake(upload_seconds=[0.1])
    running = a_run(fake)

    async def stretch(key: str) -> None:
        running.done.chunks.append(ChunkDone(key=key, items=[]))
        await running.remember()

    first = asyncio.ensure_future(stretch("first"))
    await asyncio.sleep(0.01)
    await asyncio.gather(first, stretch("second"), stretch("third"))
    stored = read_checkpoint(fake.objects[TASK.checkpoint_object])
    assert [done.key for done in stored.chunks] == ["first", "second", "third"]


async def test_without_the_claim_nothing_is_written() -> None:
    fake = Fake()
    running = a_run(fake)
    await running.remember()
    fake.is_held = False
    running.done.chunks.append(ChunkDone(key="late", items=[]))
    with pytest.raises(Failed) as failed:
        await running.remember()
    assert failed.value.reason is Reason.CLAIM_LOST
    assert read_checkpoint(fake.objects[TASK.checkpoint_object]).chunks == []


@pytest.mark.parametrize(
    "error",
    [SupabaseError(ErrorKind.INVALID, "no JSON"), SupabaseError(ErrorKind.TOO_LARGE, "large"), RecursionError()],
)
async def test_a_spoilt_checkpoint_counts_as_none(error: Exception) -> None:
    running = a_run(Fake({TASK.checkpoint_object: error}))
    running.done.chunks.append(ChunkDone(key="k", items=[]))
    await running.recall()
    assert running.done.chunks == []
    assert await running.kept(TASK.checkpoint_object) is None


async def test_a_checkpoint_that_cannot_be_asked_for_is_an_error() -> None:
    running = a_run(Fake({TASK.checkpoint_object: SupabaseError(ErrorKind.UNAVAILABLE, "away")}))
    with pytest.raises(SupabaseError):
        await running.recall()


async def test_a_heartbeat_that_hangs_is_left_to_the_next_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runops_worker.reporting.progress._WRITE_SECONDS", 0.01)
    async with asyncio.timeout(120):
        await RowSink(Hanging(), TASK.job_id, TASK.claim).report(Stage.TRANSCRIBING, 40)
