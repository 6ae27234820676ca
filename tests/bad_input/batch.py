"""A queue of bad rows with a good one at its end, worked off by `runops work --once`, and what is found afterwards."""

import asyncio
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from devstack.gemini.behaviour import Behaviour, Turn
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from runops.failures import Failed, Reason
from runops.job_row import Claim, JobRow
from runops_cli.main import app
from runops_cli.work.pipeline_runner import PipelineRunner
from runops_worker.gemini.model import GeminiModel
from runops_worker.gemini.retry import MODEL_RETRIES

SETTINGS: Final = ("SUPABASE", "NEXT_PUBLIC_SUPABASE", "GOOGLE", "GEMINI", "RUNOPS", "KUBECONFIG")
GOOD: Final = "the good row behind them"
_SECRET_IN_URL: Final = re.compile(r"(?i)[?&](token|apikey|key|upload_id|access_token|signature)=(?!\[redacted\])")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row.

    Attributes
    ----------
    name
        For the test's id.
    file
        Makes the recording in storage; there is none where None.
    reason
        Why it must fail; None where it must be completed.
    says
        Parts of the sentence; `{job_id}` stands for the row's id.
    way_out
        What the sentence tells the person to do.
    metadata
        Of the row.
    transcripts
        How many of them the job has beforehand.
    turns
        How the model answers for this row.
    calls
        How often the model is asked.
    """

    name: str
    file: Callable[[], Path] | None = None
    reason: Reason | None
    says: tuple[str, ...] = ()
    way_out: str = ""
    metadata: Mapping[str, Any] | None = None
    transcripts: int = 0
    hours_old: int = 0
    turns: tuple[Turn, ...] = ()
    calls: int = 0


@dataclass(kw_only=True)
class Aftermath:
    """What is found of a row when the queue has been worked off."""

    job_id: str
    uploaded: bytes | None
    row: dict[str, Any]
    reason: Reason | None
    calls: int
    transcripts: int
    sops: int
    raw: bytes | None
    slim: bytes | None
    model_files: list[str]


@dataclass(kw_only=True)
class Worked:
    """A worked-off queue.

    Attributes
    ----------
    rows
        What is found of each, by its case's name, in the order in which they were queued.
    took_up
        The job ids in the order in which they were worked on.
    scratch
        What is left in the folder for scratch files.
    """

    exit_code: int
    output: str
    rows: dict[str, Aftermath]
    took_up: list[str]
    scratch: list[str]


@dataclass
class _Told:
    reasons: dict[str, Reason] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Project:
    """The stack as a project of ours, by the hands of a person."""

    stack: StackInfo

    def put(self, job_id: str, content: bytes) -> None:
        headers = {**self._headers, "x-upsert": "true", "content-type": "video/mp4"}
        httpx.post(
            self._url("object", f"raw/{job_id}.mp4"), content=content, headers=headers, timeout=120
        ).raise_for_status()

    def get(self, name: str) -> bytes | None:
        answer = httpx.get(self._url("object/authenticated", name), headers=self._headers, timeout=120)
        return answer.content if answer.status_code == 200 else None

    def queue(self, database: psycopg.Connection, case: Case) -> tuple[str, bytes | None]:
        """Put a row and its recording there, and return the job's id and the recording."""
        job_id, content = str(uuid4()), None if case.file is None else case.file().read_bytes()
        if content is not None:
            self.put(job_id, content)
        metadata = None if case.metadata is None else json.dumps(case.metadata)
        database.execute(
            "insert into jobs (job_id, metadata, created_at) values (%s, %s, now() - make_interval(hours => %s))",
            [job_id, metadata, case.hours_old],
        )
        for _ in range(case.transcripts):
            database.execute("insert into transcripts (job_id, transcript) values (%s, '[]')", [job_id])
        return job_id, content

    @property
    def _headers(self) -> dict[str, str]:
        return {"apikey": self.stack.secret_key, "Authorization": f"Bearer {self.stack.secret_key}"}

    def _url(self, route: str, name: str) -> str:
        return f"{self.stack.url}/storage/v1/{route}/videos/{name}"


def worked_off(
    stack: StackInfo, cases: Sequence[Case], *, good: Callable[[], Path], folder: Path, options: Sequence[str] = ()
) -> Worked:
    """Queue the cases and a good row, work until the queue is empty, and look at everything."""
    project, told, ids = Project(stack), _Told(), {}
    every = [*cases, Case(name=GOOD, file=good, reason=None)]
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    with (
        psycopg.connect(stack.database_url, autocommit=True) as database,
        GeminiControl(stack.gemini_url) as control,
        pytest.MonkeyPatch.context() as patch,
    ):
        database.execute("truncate jobs, transcripts, sops, auth.users restart identity cascade")
        for case in every:
            ids[case.name] = project.queue(database, case)
        turns = {ids[case.name][0]: case.turns for case in every}
        _watch(patch, control, told, turns)
        for name, value in environment(stack, patch, folder).items():
            patch.setenv(name, value)
        result = CliRunner().invoke(
            app, ["work", "--once", "--verbose", "--retries", "0", "--workdir", str(scratch), *options]
        )
        control.reset()
        rows = {name: _aftermath(project, database, told, job_id, sent) for name, (job_id, sent) in ids.items()}
    return Worked(
        exit_code=result.exit_code,
        output=result.output,
        rows=rows,
        took_up=list(told.calls),
        scratch=[path.name for path in scratch.iterdir()],
    )


def environment(stack: StackInfo, patch: pytest.MonkeyPatch, folder: Path) -> dict[str, str]:
    """Return the settings of a command, in a process that has no others and stands in a folder without any."""
    for name in os.environ:
        if name.startswith(SETTINGS):
            patch.delenv(name)
    patch.chdir(folder)
    return {**stack.environment(), "COLUMNS": "80"}


def assert_no_secret(stack: StackInfo, text: str) -> None:
    """Fail where a key of the stack, or an address with a token, stands in the text."""
    keys = (stack.secret_key, stack.service_role_jwt, stack.anon_key, stack.gemini_api_key, stack.jwt_secret)
    assert not [key[:12] for key in keys if key in text]
    assert _SECRET_IN_URL.search(text) is None


def assert_reads_well(sentence: str) -> None:
    """Fail where the parts of what a person reads were put together without care."""
    assert sentence == " ".join(sentence.split())
    assert sentence.endswith(".")
    assert ".." not in sentence
    assert ". (" not in sentence


def is_whole_mp4(content: bytes) -> bool:
    """Whether the boxes of an MP4 reach exactly to its end and its index is among them."""
    at, kinds = 0, []
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8:
            return False
        kinds.append(content[at + 4 : at + 8])
        at += size
    return at == len(content) and b"moov" in kinds and b"mdat" in kinds


def _watch(
    patch: pytest.MonkeyPatch, control: GeminiControl, told: _Told, turns: Mapping[str, tuple[Turn, ...]]
) -> None:
    run = PipelineRunner.run

    async def watched(self: PipelineRunner, row: JobRow, claim: Claim) -> None:
        job_id = str(row.job_id)
        control.reset()
        # A video is ready at once; how it is waited for is tested elsewhere.
        control.behave(Behaviour(turns=list(turns[job_id]), polls_before_active=0))
        try:
            await run(self, row, claim)
        except Failed as failure:
            told.reasons[job_id] = failure.reason
            raise
        finally:
            told.calls[job_id] = len(control.calls())
            told.files[job_id] = control.files()

    patch.setattr(PipelineRunner, "run", watched)
    # How long to wait for the model is tested elsewhere.
    at_once = replace(MODEL_RETRIES, sleep=lambda _seconds: asyncio.sleep(0))
    patch.setattr("runops_cli.work.pipeline_runner.GeminiModel", partial(GeminiModel, retries=at_once))


def _aftermath(
    project: Project, database: psycopg.Connection, told: _Told, job_id: str, uploaded: bytes | None
) -> Aftermath:
    def one(query: str) -> Any:
        found = database.execute(query.encode(), [job_id]).fetchone()
        assert found is not None
        return found[0]

    return Aftermath(
        job_id=job_id,
        uploaded=uploaded,
        row=one("select to_jsonb(jobs) from jobs where job_id = %s"),
        reason=told.reasons.get(job_id),
        calls=told.calls.get(job_id, -1),
        transcripts=one("select count(*) from transcripts where job_id = %s"),
        sops=one("select count(*) from sops where job_id = %s"),
        raw=project.get(f"raw/{job_id}.mp4"),
        slim=project.get(f"slim/{job_id}.mp4"),
        model_files=told.files.get(job_id, []),
    )
