"""Makes results with the worker's own pipeline, in this process. Importing this module needs the extra `worker`."""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from runops.environment import Environment
from runops.failures import TABLE, Failed, FailureClass, Reason
from runops.progress import Stage
from runops.quality import Quality
from runops.report import ResolvedPrompt, StageTime, Usage
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_evaluation.gold.read import sha256_of
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.running.kept_results import key_of
from runops_evaluation.running.program import commit, sources_digest
from runops_evaluation.running.run_record import Made
from runops_evaluation.running.scratch_rows import ScratchRow
from runops_evaluation.running.settings import PipelineSettings
from runops_evaluation.running.source import NotMade, Stopped
from runops_worker import pipeline
from runops_worker.cost.cap import Cap
from runops_worker.cost.video_estimate import priced, video_calls
from runops_worker.gemini.model import GeminiModel
from runops_worker.prompts import load_prompt
from runops_worker.reporting.progress_sink import FanOut
from runops_worker.reporting.row_sink import RowSink
from runops_worker.task import Prompt, Task

__all__ = ["WorkerPipeline"]

_NAMES: Final = UUID("0e6c1c0e-7d0b-5e57-9a5d-8b1f0c6a4f31")
"""Namespace of job ids. Any UUID will do, but it must never change: ids lead to checkpoints."""
_CLEAN_UP_SECONDS: Final = 60.0
_AGAIN: Final = "Run the same command again: it goes on from there."


_Ended = Callable[[Usage, Quality | None, tuple[StageTime, ...]], None]


class WorkerPipeline:
    """Works recordings off in a project, and removes them from it.

    Parameters
    ----------
    supabase, environment
        The project, addresses and keys.
    settings
        Models, prompts and the slim video.
    cap_usd
        The most that one recording may cost.
    owner
        User to whom the rows belong.
    say
        Receives a line for each stage.

    Raises
    ------
    Failed
        `PromptMissing`.
    """

    def __init__(
        self,
        supabase: Supabase,
        environment: Environment,
        settings: PipelineSettings,
        *,
        cap_usd: Decimal | None,
        owner: UUID | None,
        say: Callable[[str], object],
    ) -> None:
        self._supabase = supabase
        self._environment = environment
        self._settings = settings
        self._cap = Cap(most_usd=cap_usd, setting="--most-usd")
        self._owner = owner
        self._say = say
        self._prompts = (_prompt(settings.transcription_prompt), _prompt(settings.sop_prompt))
        self._program = sources_digest()
        self._hashes: dict[Path, str] = {}

    def made_with(self) -> Made:
        """Return models, prompts and program."""
        return Made(
            source="worker",
            commit=commit(),
            program=self._program,
            models=self._models(),
            prompts=tuple(ResolvedPrompt(name=one.name, sha256=one.sha256) for one in self._prompts),
            settings={**self._other_settings(), "gemini": self._environment.gemini_base_url or "Google"},
        )

    def key(self, gold: GoldRecording) -> str | None:
        """Return a hash of recording, prompts, models, settings and program; None without a recording."""
        if gold.recording is None:
            return None
        if gold.recording not in self._hashes:
            self._hashes[gold.recording] = gold.about.sha256 or sha256_of(gold.recording)
        return key_of(
            {
                "recording": self._hashes[gold.recording],
                "prompts": [one.sha256 for one in self._prompts],
                "models": self._models(),
                "settings": self._other_settings(),
                "program": self._program,
                "gemini": self._environment.gemini_base_url,
            }
        )

    def cost(self, gold: GoldRecording) -> tuple[Decimal | None, tuple[str, ...]]:
        """Return what the worker expects; nothing at another address than Google's."""
        if gold.recording is None or self._environment.gemini_base_url is not None:
            return Decimal(0), ()
        task = self._task(job_id=_NAMES, claim="")
        return priced(video_calls(task, seconds=gold.about.duration, has_audio=True), on=datetime.now(UTC).date())

    async def make(self, gold: GoldRecording) -> dict[str, Any]:
        """Work a recording off.

        Raises
        ------
        NotMade
            There is no recording, or a service failed. What was paid for is kept in the project for the next try.
        Stopped
            A key or a setting was rejected, or a quota is used up.
        """
        if gold.recording is None:
            raise NotMade(f"The recording is not here. It is made by {gold.about.made_by}.")
        key = self.key(gold)
        assert key is not None
        row = ScratchRow(self._supabase, uuid5(_NAMES, key))
        seen: dict[str, Any] = {}

        def ended(usage: Usage, quality: Quality | None, _times: tuple[StageTime, ...]) -> None:
            seen["usage"] = usage.model_dump(mode="json", by_alias=True)
            if quality is not None:
                seen["quality"] = quality.model_dump(mode="json", by_alias=True)

        try:
            try:
                contents = await self._run(gold, row, ended)
            except Failed as failure:
                problem = _not_of_the_video(failure)
                if problem is not None:
                    # The checkpoint stays: it holds what was paid for.
                    await row.remove_rows()
                    raise problem from failure
                contents = {"failed": {"reason": str(failure.reason), "message": _sentence(failure)}}
        except SupabaseError as error:
            raise NotMade(f"{error.message} {_AGAIN}") from error
        await self._remove(row)
        return {**contents, **seen}

    async def _remove(self, row: ScratchRow) -> None:
        try:
            async with asyncio.timeout(_CLEAN_UP_SECONDS):
                await row.remove()
        except (SupabaseError, TimeoutError) as error:
            # The result is there, and paid for: it must not be lost for this.
            self._say(f"  The row and the objects of {row.job_id} could not be removed from the project: {error}")

    async def _run(self, gold: GoldRecording, row: ScratchRow, ended: _Ended) -> dict[str, Any]:
        assert gold.recording is not None
        assert self._environment.gemini_key is not None
        token = await row.put(gold.recording, owner=self._owner)
        task = self._task(job_id=row.job_id, claim=token)
        with tempfile.TemporaryDirectory(prefix="runops-evaluation-") as workdir:
            async with GeminiModel(self._environment.gemini_key, base_url=self._environment.gemini_base_url) as model:
                await pipeline.run(
                    task,
                    supabase=self._supabase,
                    model=model,
                    workdir=Path(workdir),
                    progress=FanOut(RowSink(self._supabase.jobs, row.job_id, token), _Lines(gold.name, self._say)),
                    cap=self._cap,
                    on_end=ended,
                )
        transcript = await self._supabase.results.read_transcript(row.job_id)
        sop = await self._supabase.results.read_sop(row.job_id)
        evidence = await row.evidence()
        return {"transcript": transcript, "sop": sop, **({} if evidence is None else {"evidence": evidence})}

    def _task(self, *, job_id: UUID, claim: str) -> Task:
        settings = self._settings
        transcription, sop = self._prompts
        return Task(
            job_id=job_id,
            claim=claim,
            user_id=self._owner,
            source_bucket=ScratchRow(self._supabase, job_id).bucket,
            source_object=ScratchRow(self._supabase, job_id).recording_object,
            transcribe_model=settings.models.transcribe,
            sop_model=settings.models.sop,
            fallback_models=settings.models.fallback,
            transcription_prompt=transcription,
            sop_prompt=sop,
            fps=settings.transcode.fps,
            height=settings.transcode.height,
            crf=settings.transcode.crf,
            redaction=settings.redaction,
            leave_out_idle=settings.leave_out_idle,
            resolution=settings.resolution,
            sop_language=settings.sop_language,
        )

    def _models(self) -> tuple[str, ...]:
        models = self._settings.models
        return (models.transcribe, models.sop, *models.fallback)

    def _other_settings(self) -> dict[str, str]:
        transcode = self._settings.transcode
        return {
            "fps": str(transcode.fps),
            "height": str(transcode.height),
            "crf": str(transcode.crf),
            "redaction": str(self._settings.redaction).lower(),
            "leave_out_idle": str(self._settings.leave_out_idle).lower(),
            "picture_resolution": self._settings.resolution.value,
            "sop_language": self._settings.sop_language or "as spoken",
        }


def _prompt(value: str) -> Prompt:
    if "/" not in value:
        return load_prompt(value)
    path = Path(value).expanduser()
    return load_prompt(path.name, path.parent)


def _not_of_the_video(failure: Failed) -> NotMade | Stopped | None:
    """Return what is raised for a failure that says nothing about the product; None for one that is its answer."""
    kind = TABLE[failure.reason].failure_class
    if kind in {FailureClass.KEY, FailureClass.QUOTA}:
        return Stopped(_sentence(failure))
    if failure.reason is Reason.COST_CAP_REACHED:
        return NotMade(f"{_sentence(failure)} Raise --most-usd.")
    return None if kind is FailureClass.PERMANENT else NotMade(f"{_sentence(failure)} {_AGAIN}")


def _sentence(failure: Failed) -> str:
    return f"{failure.reason}: {failure.detail}"


class _Lines:
    """Says each stage once."""

    def __init__(self, name: str, say: Callable[[str], object]) -> None:
        self._name = name
        self._say = say
        self._stage: Stage | None = None

    async def report(self, stage: Stage, percent: int) -> None:
        """Say a stage that has begun."""
        if stage is not self._stage:
            self._stage = stage
            self._say(f"  {self._name}: {stage.value} ({percent}%)")
