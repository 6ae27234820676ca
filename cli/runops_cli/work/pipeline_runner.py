"""Runs a video in this process with the worker's own pipeline. Importing this module needs the extra `worker`."""

import logging
from dataclasses import dataclass, field
from typing import Any

from runops.environment import Environment
from runops.failures import Failed
from runops.job_row import Claim, JobRow, user_of
from runops.progress import Stage
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source
from runops_cli.checks.models import check_models
from runops_cli.scratch_folders import scratch_folder
from runops_cli.terminal.console import to_stderr
from runops_cli.work.stage_lines import StageLines
from runops_cli.work.summary import summary
from runops_cli.work.video_options import VideoOptions
from runops_cli.work.video_runner import NotReady
from runops_worker import pipeline
from runops_worker.claimed_storage import UPLOAD_SECONDS
from runops_worker.cost.cap import Cap
from runops_worker.gemini.files import FileDeadlines
from runops_worker.gemini.model import GeminiModel
from runops_worker.media.errors import SandboxUnavailable
from runops_worker.media.limits import Limits
from runops_worker.media.sandbox.confinement import Confinement, needs_landlock, try_confinement
from runops_worker.model.own_pace import OwnPace
from runops_worker.prompts import load_prompt
from runops_worker.reporting.progress_sink import FanOut
from runops_worker.reporting.row_sink import RowSink
from runops_worker.task import Task

__all__ = ["PipelineRunner"]

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class PipelineRunner:
    """Runs the worker's pipeline.

    Parameters
    ----------
    supabase, environment
        The project, addresses and keys.
    options
        How to run videos.
    """

    supabase: Supabase
    environment: Environment
    options: VideoOptions
    _shown: Confinement | None = None
    _pace: OwnPace = field(default_factory=OwnPace)
    """One for all videos: they share the quotas of one key."""
    _missing: set[str] = field(default_factory=set)
    _lines: StageLines | None = None

    @property
    def stage(self) -> Stage | None:
        """The last stage that the present or last video reached."""
        return None if self._lines is None else self._lines.stage

    async def ready(self) -> None:
        """Check the sandbox of ffmpeg, the prompts, and that Gemini accepts the key and knows a model for each stage.

        Raises
        ------
        NotReady
            One of these checks failed.
        """
        prompts = self.options.prompts
        try:
            await self._check_sandbox()
            for name in (prompts.transcription, prompts.sop):
                load_prompt(name)
        except (Failed, SandboxUnavailable) as error:
            raise NotReady(error.detail) from error
        await self._check_models()

    async def _check_models(self) -> None:
        models = self.options.models
        names = (models.transcribe, models.sop, *models.fallback)
        found = dict(zip(dict.fromkeys(names), await check_models(self.environment, names), strict=False))
        stages = [(first, *models.fallback) for first in (models.transcribe, models.sop)]
        for stage in stages:
            problems = [found[name] for name in stage if name in found and not found[name].ok]
            if problems and not any(name in found and found[name].ok for name in stage):
                raise NotReady(f"{problems[0].name}: {problems[0].detail} {problems[0].remedy}")
        for name, finding in found.items():
            if not finding.ok and name not in self._missing:
                self._missing.add(name)
                to_stderr(f"{finding.name}: {finding.detail} The others are asked in its place.", style="yellow")

    async def _check_sandbox(self) -> None:
        found = await try_confinement()
        if self.options.require_landlock:
            needs_landlock(found)
        if found != self._shown:
            self._shown = found
            _LOG.info("ffmpeg is confined by %s", found)
            if not (found.landlock and found.seccomp):
                to_stderr(f"On this machine ffmpeg is confined by {found} only. See docs/sandbox.md.", style="yellow")

    async def run(self, row: JobRow, claim: Claim) -> None:
        """Run a claimed row until it is completed, and print its progress.

        Raises
        ------
        Failed, SupabaseError
            It could not be completed.
        """
        task = self._task(row, claim)
        assert self.environment.gemini_key is not None
        to_stderr(f"{row.job_id}  started" + (f" (attempt {claim.attempt})" if claim.attempt > 1 else ""))
        lines = self._lines = StageLines()
        with scratch_folder(self.options.workdir) as workdir:
            async with GeminiModel(
                self.environment.gemini_key,
                base_url=self.environment.gemini_base_url,
                files=self._file_patience(),
                gate=self._pace.of(str(task.user_id or "")),
            ) as model:
                report = await pipeline.run(
                    task,
                    supabase=self.supabase,
                    model=model,
                    workdir=workdir,
                    progress=FanOut(RowSink(self.supabase.jobs, row.job_id, claim.claim), lines),
                    limits=self._limits(),
                    cap=Cap(most_usd=self.options.max_cost_usd, setting="--max-cost-usd"),
                    upload_seconds=self.options.upload_seconds or UPLOAD_SECONDS,
                )
        to_stderr(f"{row.job_id}  completed in {lines.seconds:.1f} s", style="green")
        for line in summary(report, await self._sop(row)):
            to_stderr(f"  {line}")
        to_stderr(f"  `runops sop {str(row.job_id)[:8]}` prints the SOP.")

    def _task(self, row: JobRow, claim: Claim) -> Task:
        options = self.options
        return Task(
            job_id=row.job_id,
            claim=claim.claim,
            user_id=user_of(row),
            source_bucket=Source().bucket,
            source_object=f"raw/{row.job_id}.mp4",
            transcribe_model=options.models.transcribe,
            sop_model=options.models.sop,
            fallback_models=options.models.fallback,
            transcription_prompt=load_prompt(options.prompts.transcription),
            sop_prompt=load_prompt(options.prompts.sop),
            fps=options.transcode.fps,
            height=options.transcode.height,
            crf=options.transcode.crf,
            redaction=options.redaction,
            leave_out_idle=options.leave_out_idle,
            resolution=options.resolution,
            sop_language=options.sop_language,
            page=options.page,
        )

    def _limits(self) -> Limits:
        return Limits(
            max_bytes=self.options.max_bytes or Limits.max_bytes,
            max_duration_seconds=self.options.max_seconds or Limits.max_duration_seconds,
            least_readable_percent=self.options.least_readable_percent or Limits.least_readable_percent,
            least_readable_seconds=self.options.least_readable_seconds or Limits.least_readable_seconds,
            require_landlock=self.options.require_landlock,
        )

    def _file_patience(self) -> FileDeadlines:
        seconds = self.options.gemini_file_seconds
        return FileDeadlines() if seconds is None else FileDeadlines(processing_seconds=seconds)

    async def _sop(self, row: JobRow) -> dict[str, Any] | None:
        try:
            return await self.supabase.results.read_sop(row.job_id)
        except SupabaseError as error:
            # The row is completed: a summary that cannot be read must not turn that into a failure.
            to_stderr(f"  {error.message}", style="yellow")
            return None
