"""A task, a Supabase in memory and models with scripted answers, for tests of single parts of a run."""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from runops.job_row import JobRow
from runops.progress import Stage
from runops.supabase.objects import ObjectInfo
from runops.supabase.results import Keep
from runops.supabase.upload import BeforeWrite
from runops_worker.checkpoint.format import SlimDone
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.claimed_storage import ClaimedStorage
from runops_worker.context import Context
from runops_worker.media.limits import Limits
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.seams import STEPS_PER_SECOND, SeamSignal
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage, Question
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.task import Prompt, Task

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
SLIM = SlimDone(key="k", sha256="s", size_bytes=1, duration_seconds=60, frames=60, has_audio=True)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
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
class RecordingSink:
    """A sink that keeps each report."""

    reports: list[tuple[Stage, int]] = field(default_factory=list)

    async def report(self, stage: Stage, percent: int) -> None:
        self.reports.append((stage, percent))


class Killed(Exception):  # noqa: N818 - a process that ends is no error
    """The worker is killed."""


@dataclass
class FakeSupabase:
    """Tables and storage, in memory."""

    objects: dict[str, Any] = field(default_factory=dict)
    upload_seconds: list[float] = field(default_factory=list)
    is_held: bool = True
    written: list[str] = field(default_factory=list)
    dies_after: int | None = None
    row: JobRow | None = None
    sop_in_table: Any = None
    transcript_in_table: Any = None
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def jobs(self) -> "FakeSupabase":
        return self

    @property
    def storage(self) -> "FakeSupabase":
        return self

    @property
    def results(self) -> "FakeSupabase":
        return self

    async def get(self, _job_id: UUID) -> JobRow | None:
        return self.row

    async def held(self, _job_id: UUID, _claim: str) -> bool:
        return self.is_held

    async def upload_json(self, _bucket: str, key: str, value: Any, *, before_write: BeforeWrite) -> None:
        await before_write()
        await asyncio.sleep(self.upload_seconds.pop(0) if self.upload_seconds else 0)
        self.objects[key] = value
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after <= 0:
                raise Killed

    async def read_json(self, _bucket: str, key: str) -> Any:
        found = self.objects.get(key)
        if isinstance(found, Exception):
            raise found
        return found

    async def newest(self, _bucket: str, prefix: str, *, limit: int) -> list[str]:
        return [key for key in reversed(self.objects) if key.startswith(f"{prefix}/")][:limit]

    async def write_transcript(self, _job_id: UUID, _claim: str, _transcript: Any) -> None:
        self.written.append("transcript")

    async def write_sop(self, _job_id: UUID, _claim: str, sop: Any, *, user_id: UUID | None, keep: Keep) -> None:
        kept = await keep(self.sop_in_table) if self.sop_in_table is not None else sop
        self.sop_in_table = kept if kept is not None else self.sop_in_table
        self.written.append(f"sop of {user_id}")

    async def read_transcript(self, _job_id: UUID) -> Any:
        return self.transcript_in_table

    async def stat(self, _bucket: str, _key: str) -> ObjectInfo | None:
        return None

    async def say(self, _job_id: UUID, _claim: str, said: Mapping[str, Any]) -> bool:
        self.said = said
        return self.is_held

    async def complete(self, _job_id: UUID, _claim: str, *, said: Mapping[str, Any]) -> bool:
        self.written.append("completed")
        self.said = said
        return self.is_held


@dataclass
class Clip:
    """What the model sees: the clip of a chunk, by the name of its file."""

    path: Path

    @property
    def start(self) -> int:
        """Second at which it begins."""
        return int(float(self.path.name.split("-")[1]))


@dataclass
class ChunkModel:
    """Gives the same answer about each chunk, unless a test scripts another one, once or always."""

    once: dict[int, Callable[[], Answer]] = field(default_factory=dict)
    always: dict[int, Callable[[], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    uploads: int = 0
    refuses: range = range(0)
    usual: Callable[[int], Answer] = lambda _: Answer(ANSWER)

    @asynccontextmanager
    async def uploaded(self, video: Path, *, job_id: UUID, seconds: float, fps: int) -> AsyncIterator[Clip]:
        assert (job_id, fps) == (TASK.job_id, TASK.fps)
        assert seconds > 0
        self.uploads += 1
        yield Clip(video)

    async def ask(self, question: Question, *, video: Any, on_usage: Any) -> Answer:
        seconds = re.search(r"is (\d+) seconds long", question.text)
        assert seconds is not None
        self.questions.append(question)
        self.asked.append(f"{video.start}+{seconds[1]}")
        on_usage(CallUsage("m", 1, 1))
        scripted = self.once.pop(video.start, None) or self.always.get(video.start)
        await asyncio.sleep(0.02)
        if scripted is not None:
            return scripted()
        if video.start in self.refuses:
            return Answer("", AnswerEnd.REFUSED, "RECITATION")
        await asyncio.sleep(0.02)
        return self.usual(int(seconds[1]))


@dataclass
class TextModel:
    """Gives the answers of a list to questions about text."""

    answers: list[Answer]
    questions: list[Question] = field(default_factory=list)

    async def ask(self, question: Question, *, video: Any, on_usage: Any) -> Answer:
        assert video is None
        on_usage(CallUsage("m", 1, 1))
        self.questions.append(question)
        return self.answers.pop(0)


def a_context(fake: Any, *, model: Any = None, workdir: Path = Path(), task: Task = TASK) -> Context:
    """Return the context of a run against a fake Supabase."""
    return Context(
        task=task,
        supabase=fake,
        storage=ClaimedStorage(supabase=fake, bucket=task.source_bucket, job_id=task.job_id, claim=task.claim),
        model=model,
        limits=Limits(),
        workdir=workdir,
        now=lambda: NOW,
    )


async def expect_nothing(*, seconds: float, has_audio: bool, is_transcribed: bool) -> None:
    """Let a recording of any length begin."""
    assert seconds > 0, (has_audio, is_transcribed)


def idle(chunk: Chunk) -> Activity:
    """Return the activity of a chunk in which nothing happens."""
    nothing = (False,) * math.ceil(chunk.length)
    return Activity(int(chunk.start), nothing, nothing)


def silent(chunk: Chunk) -> SeamSignal:
    """Return the signal around a seam where nothing happens."""
    return SeamSignal((False,) * int(chunk.length), (True,) * (int(chunk.length) * STEPS_PER_SECOND))


def a_checkpoint(fake: Any) -> CheckpointStore:
    """Return the checkpoint of a run against a fake Supabase, as it is before it was loaded."""
    return CheckpointStore(a_context(fake).storage, TASK.checkpoint_object, now=lambda: NOW)


def a_progress() -> StageProgress:
    """Return progress that nobody reads."""
    return StageProgress(RecordingSink())
