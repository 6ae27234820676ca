"""How many videos end with a SOP that can be followed when the model answers as unruly as models do.

Whole runs of the worker's pipeline against the development stack, with the stand-in for Gemini in its unruly mode
(docs/gemini-stand-in.md): every answer may have faults of the catalogue, each with its share. A run that fails for a
reason that is worth another attempt gets one, as from the operator, but without the wait before it.
"""

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from devstack.gemini.behaviour import Behaviour, CallRecord
from devstack.gemini.control import GeminiControl
from devstack.gemini.unruly.draw import Unruly
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack
from runops.failures import TABLE, Failed, Reason
from runops.job_row import Claim, RowStatus, user_of
from runops.progress import Stage
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.supabase.connection import Supabase
from runops.videojob import PromptChoice
from runops_worker.gemini.model import GeminiModel
from runops_worker.pipeline import run as run_pipeline
from runops_worker.prompts import load_prompt
from runops_worker.task import Task

__all__ = ["measure"]

_VIDEOS = 400
"""In each run: five runs are 2,000 videos."""
_AT_ONCE = 4
_ATTEMPTS = 4
"""One, and the retry limit of a VideoJob."""
_MOST_WITHOUT_SOP = 0.01
_MODEL = "gemini-3.8-flash"


@dataclass(frozen=True)
class _End:
    """How one video ended: None for a valid SOP, a reason, or what is wrong with the SOP."""

    why: str | None
    attempts: int


class _NoProgress:
    async def report(self, _stage: Stage, _percent: int) -> None:
        pass


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the share of videos without a valid SOP, with the calls and tokens that were spent."""
    shares: list[float] = []
    details: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        running_stack(Path(folder) / "stack") as stack,
        GeminiControl(stack.gemini_url) as control,
    ):
        for run in range(runs):
            control.reset()
            control.behave(Behaviour(unruly=Unruly(seed=run), versioned_names=True))
            ends = asyncio.run(_all_ends(stack, Path(folder), seed=run, progress=progress))
            shares.append(sum(end.why is not None for end in ends) / len(ends))
            details.append(_figures(ends, control.calls()))
            progress(f"run {run + 1}: {shares[-1]:.2%} without a valid SOP; {details[-1]}")
    what = f"videos without a valid SOP, of {_VIDEOS} a run, unruly model"
    result = Measurement.of_runs(what, "share", shares, limit=_MOST_WITHOUT_SOP, against="limit", bound=1.0)
    return Outcome([result], {"runs": details})


def _figures(ends: list[_End], calls: list[CallRecord]) -> dict[str, Any]:
    """Return calls, tokens and faults. Two calls are needed for a video; the tokens of the others count as wasted."""
    tokens = sorted(call.prompt_tokens + call.output_tokens + call.thoughts_tokens for call in calls)
    billed = [count for count in tokens if count]
    faults = Counter(name for call in calls for name in call.faults)
    return {
        "videos": len(ends),
        "without SOP": dict(Counter(end.why for end in ends if end.why is not None)),
        "attempts per video": round(sum(end.attempts for end in ends) / len(ends), 3),
        "calls per video": round(len(calls) / len(ends), 3),
        "share of calls with a fault": round(sum(bool(call.faults) for call in calls) / len(calls), 3),
        "share of tokens beyond two calls a video": round(1 - min(1.0, 2 * len(ends) / len(billed)), 3),
        "faults": dict(faults.most_common()),
    }


async def _all_ends(stack: StackInfo, folder: Path, *, seed: int, progress: Progress) -> list[_End]:
    rows = rows_of("unruly model", _VIDEOS, seed=seed)
    fill_queue(Database(stack.database_url), rows)
    slots = asyncio.Semaphore(_AT_ONCE)
    done = 0
    async with Supabase(stack.url, stack.secret_key) as supabase:

        async def one(job_id: UUID) -> _End:
            nonlocal done
            async with slots:
                end = await _end_of(stack, supabase, job_id, folder)
            done += 1
            if done % 50 == 0:
                progress(f"{done} of {len(rows)} videos")
            return end

        return list(await asyncio.gather(*(one(UUID(row.job_id)) for row in rows)))


async def _end_of(stack: StackInfo, supabase: Supabase, job_id: UUID, folder: Path) -> _End:
    await supabase.storage.upload("videos", f"raw/{job_id}.mp4", RECORDING, content_type="video/mp4")
    row = await supabase.jobs.get(job_id)
    assert row is not None
    claim = Claim(claim=str(uuid4()), by="benchmark")
    held = await supabase.jobs.claim(row, claim)
    assert held is not None
    task = Task(
        job_id=job_id,
        claim=claim.claim,
        user_id=user_of(held),
        source_bucket="videos",
        source_object=f"raw/{job_id}.mp4",
        transcribe_model=_MODEL,
        sop_model=_MODEL,
        transcription_prompt=load_prompt(PromptChoice().transcription),
        sop_prompt=load_prompt(PromptChoice().sop),
    )
    for attempt in range(1, _ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(dir=folder) as workdir:
            reason = await _attempt(stack, supabase, task, Path(workdir))
        if reason is None:
            return _End(_fault_of(await supabase.results.read_sop(job_id)), attempt)
        if not TABLE[reason].retryable:
            return _End(str(reason), attempt)
        row = await supabase.jobs.get(job_id)
        assert row is not None
        assert row.claim is not None
        claim = row.claim.after(f"job of {row.claim.token}", row.claim.history, not_before=None, reason=reason)
        assert await supabase.jobs.claim(row, claim, from_status=RowStatus.PROCESSING) is not None
        task = replace(task, claim=claim.claim)
    return _End(str(reason), _ATTEMPTS)


async def _attempt(stack: StackInfo, supabase: Supabase, task: Task, workdir: Path) -> Reason | None:
    async with GeminiModel(stack.gemini_api_key, stack.gemini_url) as model:
        try:
            await run_pipeline(task, supabase=supabase, model=model, workdir=workdir, progress=_NoProgress())
        except Failed as failure:
            return failure.reason
    return None


def _fault_of(stored: dict[str, Any] | None) -> str | None:
    if stored is None:
        return "no SOP in the table"
    faults = graph_faults(Sop.model_validate(stored))
    return faults[0] if faults else None
