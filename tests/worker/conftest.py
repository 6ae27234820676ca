"""A row, its recording, and a run of the pipeline against the stand-ins."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo, create_user
from devstack.supabase.gateway.switches import Switches, set_switches
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops_worker.gemini.call import CallDeadlines
from runops_worker.gemini.files import FileDeadlines
from runops_worker.gemini.model import GeminiModel
from runops_worker.gemini.retry import MODEL_RETRIES
from runops_worker.prompts import load_prompt
from runops_worker.task import Prompt, Task
from tests.worker.film import film
from tests.worker.gate import Gate, gate_before
from tests.worker.job import Job


@pytest.fixture(scope="session")
def screencast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film 48 s: bright at 4, a dialog from 10 to 16, a small change at 30; sound from 6 to 9 and from 20 to 24."""
    box = "drawbox=color={color}:t=fill:enable='{when}'"
    picture = ",".join(
        [
            f"{box.format(color='0xd0d0d0', when='gte(t,4)')}:x=0:y=0:w=640:h=360",
            f"{box.format(color='0x303090', when='between(t,10,15.9)')}:x=160:y=90:w=320:h=180",
            f"{box.format(color='black', when='gte(t,30)')}:x=40:y=40:w=40:h=20",
        ]
    )
    sound = "aevalsrc='0.3*sin(2*PI*440*t)*(between(t,6,9)+between(t,20,24))':s=16000:d=48"
    return film(tmp_path_factory.mktemp("film") / "screencast.mp4", seconds=48, picture=picture, sound=sound)


@pytest.fixture(scope="session")
def long_screencast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film 370 s, of two chunks: something changes every 20 s."""
    picture = "drawbox=x=40:y=40:w=80:h=40:color=white:t=fill:enable='gte(mod(t,40),20)'"
    path = tmp_path_factory.mktemp("film") / "long.mp4"
    return film(path, seconds=370, picture=picture, sound="anullsrc=r=16000:cl=mono:d=370")


@pytest.fixture
async def gate(stack: StackInfo) -> AsyncIterator[Gate]:
    """Stand before a stack whose storage takes pieces of any size."""
    set_switches(stack.url, Switches(tus_chunk_rule=False))
    try:
        async with gate_before(stack) as gate:
            yield gate
    finally:
        set_switches(stack.url, Switches())


@pytest.fixture
def control(stack: StackInfo) -> Iterator[GeminiControl]:
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        # Tests of other folders use the same stack, and end workers before they have tidied up.
        control.forget_files()
        yield control
        control.reset()


@pytest.fixture
def prompts() -> tuple[Prompt, Prompt]:
    return load_prompt("transcription_prompt_v2.md"), load_prompt("sop_parser_v0.8.md")


@pytest.fixture
def patience() -> float:
    """For how many seconds a worker waits for the next sign of the model: here more than any busy machine needs."""
    return 60.0


@pytest.fixture
def file_patience() -> float:
    """For how many seconds a worker waits until the model has taken in a file."""
    return 60.0


@pytest.fixture
async def new_job(
    *,
    stack: StackInfo,
    database: psycopg.Connection[Any],
    control: GeminiControl,
    prompts: tuple[Prompt, Prompt],
    screencast: Path,
    tmp_path: Path,
    patience: float,
    file_patience: float,
) -> AsyncIterator[Callable[..., Awaitable[Job]]]:
    """Make claimed rows with their recordings in storage."""
    assert control.calls() == []
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def briefly(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.1))

    async with (
        Supabase(stack.url, stack.secret_key, retries=replace(PATIENT, sleep=briefly)) as supabase,
        GeminiModel(
            stack.gemini_api_key,
            stack.gemini_url,
            retries=replace(MODEL_RETRIES, sleep=sleep),
            calls=CallDeadlines(total_seconds=120, first_seconds=patience, idle_seconds=patience),
            files=FileDeadlines(
                upload_seconds=60, processing_seconds=file_patience, poll_seconds=0.1, answer_seconds=patience
            ),
        ) as model,
    ):

        async def make(recording: Path = screencast, *, user: UUID | None = None) -> Job:
            job_id = uuid4()
            if user is not None:
                create_user(stack, str(user))
            task = Task(
                job_id=job_id,
                claim="",
                user_id=user,
                source_bucket="videos",
                source_object=f"raw/{job_id}.mp4",
                transcribe_model="gemini-3.8-flash",
                sop_model="gemini-3.8-flash",
                transcription_prompt=prompts[0],
                sop_prompt=prompts[1],
                height=360,
            )
            job = Job(stack, database, supabase, model, task, tmp_path / "work", waits)
            await supabase.jobs.insert(job_id, user_id=user)
            await supabase.storage.upload("videos", task.source_object, recording, content_type="video/mp4")
            job.task = replace(task, claim=await job.claim())
            return job

        yield make


@pytest.fixture
async def job(new_job: Callable[..., Awaitable[Job]]) -> Job:
    return await new_job()
