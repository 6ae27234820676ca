"""Works on one video in this process, with the worker's own code. Importing this module needs the worker's extra."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runops.environment import Environment
from runops.failures import Failed
from runops.job_row import Claim, JobRow, user_of
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import ModelChoice, PromptChoice, Source, Transcode
from runops_cli.checks.models import check_models
from runops_cli.terminal.console import say
from runops_cli.work.scratch_folders import scratch_folder
from runops_cli.work.stage_lines import StageLines
from runops_cli.work.summary import summary
from runops_cli.work.video_runner import NotReady
from runops_worker import pipeline
from runops_worker.claimed_storage import UPLOAD_SECONDS
from runops_worker.gemini.files import FilePatience
from runops_worker.gemini.model import GeminiModel
from runops_worker.media.errors import SandboxUnavailable
from runops_worker.media.limits import Limits
from runops_worker.media.sandbox.confinement import Confinement, needs_landlock, try_confinement
from runops_worker.prompts import load_prompt
from runops_worker.reporting.progress_sink import FanOut
from runops_worker.reporting.row_sink import RowSink
from runops_worker.task import Task

__all__ = ["GEMINI_FILE_SECONDS", "UPLOAD_SECONDS", "Limits", "PipelineRunner", "VideoSettings"]

_LOG = logging.getLogger(__name__)
GEMINI_FILE_SECONDS = FilePatience().processing_seconds


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How videos are worked on.

    Attributes
    ----------
    upload_seconds
        Longest time for one upload to storage.
    gemini_file_seconds
        Longest time in which Gemini must be done with an uploaded video.
    workdir
        Where scratch folders are made; the system's place for them where None.
    """

    models: ModelChoice
    prompts: PromptChoice
    transcode: Transcode
    limits: Limits
    upload_seconds: float = UPLOAD_SECONDS
    gemini_file_seconds: float = GEMINI_FILE_SECONDS
    workdir: Path | None = None


@dataclass(slots=True)
class PipelineRunner:
    """Runs the worker's pipeline for one claimed row after the other.

    Parameters
    ----------
    supabase, environment
        The outside.
    settings
        How.
    """

    supabase: Supabase
    environment: Environment
    settings: VideoSettings
    _told: Confinement | None = None

    async def ready(self) -> None:
        """Check how ffmpeg is confined, the prompts, and that Gemini takes the key and knows the models.

        Raises
        ------
        NotReady
            Something of that is not so.
        """
        choice = self.settings.prompts
        try:
            await self._look_at_confinement()
            for name in (choice.transcription, choice.sop):
                load_prompt(name)
        except (Failed, SandboxUnavailable) as error:
            raise NotReady(error.detail) from error
        models = self.settings.models
        for finding in await check_models(self.environment, (models.transcribe, models.sop)):
            if not finding.ok:
                raise NotReady(f"{finding.name}: {finding.detail} {finding.remedy}")

    async def _look_at_confinement(self) -> None:
        found = await try_confinement()
        if self.settings.limits.require_landlock:
            needs_landlock(found)
        if found != self._told:
            self._told = found
            _LOG.info("ffmpeg is confined by %s", found)
            if not (found.landlock and found.seccomp):
                say(f"On this machine ffmpeg is confined by {found} only.", style="yellow")

    async def work_on(self, row: JobRow, claim: Claim) -> None:
        """Work on a claimed row until it is completed, and tell how it goes."""
        task = self._task(row, claim)
        assert self.environment.gemini_key is not None
        say(f"{row.job_id}  started" + (f" (claimed for the {claim.attempt}. time)" if claim.attempt > 1 else ""))
        lines = StageLines()
        files = FilePatience(processing_seconds=self.settings.gemini_file_seconds)
        with scratch_folder(self.settings.workdir) as workdir:
            async with GeminiModel(
                self.environment.gemini_key, base_url=self.environment.gemini_base_url, files=files
            ) as model:
                report = await pipeline.run(
                    task,
                    supabase=self.supabase,
                    model=model,
                    workdir=workdir,
                    progress=FanOut(RowSink(self.supabase.jobs, row.job_id, claim.claim), lines),
                    limits=self.settings.limits,
                    upload_seconds=self.settings.upload_seconds,
                )
        say(f"{row.job_id}  completed in {lines.seconds:.1f} s", style="green")
        for line in summary(report, await self._sop(row)):
            say(f"  {line}")

    def _task(self, row: JobRow, claim: Claim) -> Task:
        settings = self.settings
        return Task(
            job_id=row.job_id,
            claim=claim.claim,
            user_id=user_of(row),
            source_bucket=Source().bucket,
            source_object=f"raw/{row.job_id}.mp4",
            transcribe_model=settings.models.transcribe,
            sop_model=settings.models.sop,
            transcription_prompt=load_prompt(settings.prompts.transcription),
            sop_prompt=load_prompt(settings.prompts.sop),
            fps=settings.transcode.fps,
            height=settings.transcode.height,
            crf=settings.transcode.crf,
        )

    async def _sop(self, row: JobRow) -> dict[str, Any] | None:
        try:
            return await self.supabase.results.read_sop(row.job_id)
        except SupabaseError as error:
            # The row is completed: a summary that cannot be shown must not make a failure of it.
            say(f"  {error.message}", style="yellow")
            return None
