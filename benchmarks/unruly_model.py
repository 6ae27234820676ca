"""How many videos end with a SOP that can be followed when the model answers as unruly as models do.

Whole runs of the worker's pipeline against the development stack, with the stand-in for Gemini in its unruly mode
(docs/gemini-stand-in.md): every answer may have faults of the catalogue, each with its share. A run that fails for a
reason that is worth another attempt gets one, as from the operator, but without the wait before it.
"""

import asyncio
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.unruly_recordings import KINDS, Kind, make
from devstack.gemini.behaviour import Behaviour, CallRecord, as_unruly
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
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

__all__ = ["End", "Video", "figures", "measure", "outcome", "run_videos"]

_VIDEOS = 400
"""In each run: five runs are 2,000 videos."""
_AT_ONCE = 12
_ATTEMPTS = 4
"""One, and the retry limit of a VideoJob."""
_MOST_WITHOUT_SOP = 0.01
_MODEL = "gemini-3.8-flash"
_SMOOTH = "smooth"
_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska"}


@dataclass(frozen=True)
class Video:
    """One video of a run.

    Attributes
    ----------
    name
        By which the stand-in tells its calls apart; its faults are drawn by it, so that they can be repeated.
    row
        In the table.
    kind, recording
        What it is.
    """

    name: str
    row: UUID
    kind: Kind
    recording: Path


@dataclass(frozen=True)
class End:
    """How one video ended: None for a valid SOP, a reason, or what is wrong with the SOP."""

    video: Video
    why: str | None
    attempts: int


class _NoProgress:
    async def report(self, _stage: Stage, _percent: int) -> None:
        pass


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the share of videos without a valid SOP, with the calls and tokens that were spent."""
    with _stack() as (stack, folder):
        details = [run_videos(stack, folder, seed=run, count=_VIDEOS, progress=progress) for run in range(runs)]
    return outcome(details)


def outcome(details: list[dict[str, Any]]) -> Outcome:
    """Return what runs gave, as `run_videos` tells of each. Pure."""
    what = f"videos without a valid SOP, of {details[0]['videos']} a run, unruly model"
    shares = [len(run["without SOP"]) / run["videos"] for run in details]
    result = Measurement.of_runs(what, "share", shares, limit=_MOST_WITHOUT_SOP, against="limit", bound=1.0)
    return Outcome([result], {"runs": details})


@contextmanager
def _stack() -> Iterator[tuple[StackInfo, Path]]:
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as folder, running_stack(Path(folder) / "stack") as stack:
        yield stack, Path(folder)


def run_videos(
    stack: StackInfo, folder: Path, *, seed: int, count: int, progress: Progress, only: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """Run videos against the unruly stand-in and return the figures.

    Parameters
    ----------
    stack, folder
        The development stack, and where recordings and work folders go.
    seed
        Decides the recordings and the faults of every answer.
    count
        Videos of the run.
    progress
        Is told every 50 videos.
    only
        Numbers of the videos that are run; all where it is empty.
    """
    recordings = {kind: make(kind, folder, seed=seed) for kind in KINDS}
    rows = rows_of("unruly model", count + len(KINDS), seed=seed)
    fill_queue(Database(stack.database_url), rows)
    ids = [UUID(row.job_id) for row in rows]
    chance = Random(f"kinds/{seed}")  # noqa: S311 - recordings, no secret
    drawn = chance.choices(KINDS, [kind.share for kind in KINDS], k=count)
    videos = [Video(f"{seed}-{n}", ids[n], kind, recordings[kind]) for n, kind in enumerate(drawn)]
    smooth = [Video(f"{_SMOOTH}-{n}", ids[count + n], kind, recordings[kind]) for n, kind in enumerate(KINDS)]
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        control.behave(Behaviour())
        asyncio.run(_ends(stack, folder, smooth, progress=progress))
        control.behave(as_unruly(seed))
        chosen = [video for n, video in enumerate(videos) if not only or n in only]
        cpu = sum(os.times()[:4])
        ends = asyncio.run(_ends(stack, folder, chosen, progress=progress))
        return {
            "seed": seed,
            **figures(ends, control.calls(), smooth=smooth),
            "files left at Gemini": len(control.files()),
            "CPU seconds of the worker per video": round((sum(os.times()[:4]) - cpu) / len(ends), 3),
        }


def figures(ends: list[End], calls: list[CallRecord], *, smooth: list[Video]) -> dict[str, Any]:
    """Return what a run gave. Pure.

    What a model without faults needs for a kind of recording is what `smooth`, one video of each kind, needed.
    """
    by_video: dict[str, list[CallRecord]] = defaultdict(list)
    for call in calls:
        by_video[call.caller].append(call)
    tokens = {name: sum(_tokens(call) for call in made) for name, made in by_video.items()}
    needed_tokens = {video.kind: tokens[video.name] for video in smooth}
    needed_calls = {video.kind: len(by_video[video.name]) for video in smooth}
    ours = [call for end in ends for call in by_video[end.video.name]]
    spent, least = sum(map(_tokens, ours)), sum(needed_tokens[end.video.kind] for end in ends)
    return {
        "videos": len(ends),
        "recordings": dict(Counter(end.video.kind.name for end in ends)),
        "without SOP": [
            {
                "video": end.video.name,
                "recording": end.video.kind.name,
                "why": end.why,
                "attempts": end.attempts,
                "calls": [f"{call.kind}: {', '.join(call.faults) or 'no fault'}" for call in by_video[end.video.name]],
            }
            for end in ends
            if end.why is not None
        ],
        "attempts per video": round(sum(end.attempts for end in ends) / len(ends), 3),
        "calls per video": round(len(ours) / len(ends), 3),
        "calls per video of a model without faults": round(
            sum(needed_calls[end.video.kind] for end in ends) / len(ends), 3
        ),
        "share of calls with a fault": round(sum(bool(call.faults) for call in ours) / len(ours), 3),
        "share of tokens beyond what a model without faults takes": round(1 - least / spent, 3),
        "faults": dict(Counter(name for call in ours for name in call.faults).most_common()),
    }


def _tokens(call: CallRecord) -> int:
    return call.prompt_tokens + call.output_tokens + call.thoughts_tokens


async def _ends(stack: StackInfo, folder: Path, videos: list[Video], *, progress: Progress) -> list[End]:
    slots = asyncio.Semaphore(_AT_ONCE)
    done = 0
    async with Supabase(stack.url, stack.secret_key) as supabase:

        async def one(video: Video) -> End:
            nonlocal done
            async with slots:
                why, attempts = await _end_of(stack, supabase, video, folder)
            done += 1
            if done % 50 == 0:
                progress(f"{done} of {len(videos)} videos")
            return End(video, why, attempts)

        return list(await asyncio.gather(*map(one, videos)))


async def _end_of(stack: StackInfo, supabase: Supabase, video: Video, folder: Path) -> tuple[str | None, int]:
    job_id, suffix = video.row, video.recording.suffix
    source = f"raw/{job_id}{suffix}"
    await supabase.storage.upload("videos", source, video.recording, content_type=_TYPES[suffix])
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
        source_object=source,
        transcribe_model=_MODEL,
        sop_model=_MODEL,
        transcription_prompt=load_prompt(PromptChoice().transcription),
        sop_prompt=load_prompt(PromptChoice().sop),
    )
    for attempt in range(1, _ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(dir=folder) as workdir:
            reason = await _attempt(stack, supabase, task, Path(workdir), name=video.name)
        if reason is None:
            return _fault_of(await supabase.results.read_sop(job_id)), attempt
        if not TABLE[reason].retryable:
            return str(reason), attempt
        row = await supabase.jobs.get(job_id)
        assert row is not None
        assert row.claim is not None
        claim = row.claim.after(f"job of {row.claim.token}", row.claim.history, not_before=None, reason=reason)
        assert await supabase.jobs.claim(row, claim, from_status=RowStatus.PROCESSING) is not None
        task = replace(task, claim=claim.claim)
    return str(reason), _ATTEMPTS


async def _attempt(stack: StackInfo, supabase: Supabase, task: Task, workdir: Path, *, name: str) -> Reason | None:
    async with GeminiModel(stack.gemini_api_key, f"{stack.gemini_url}/as/{name}") as model:
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


def main() -> None:
    """Run single videos of a run again: `python -m benchmarks.unruly_model SEED NUMBER ...`."""
    seed, *numbers = map(int, sys.argv[1:])
    with _stack() as (stack, folder):
        print(run_videos(stack, folder, seed=seed, count=_VIDEOS, progress=print, only=frozenset(numbers)))


if __name__ == "__main__":
    main()
