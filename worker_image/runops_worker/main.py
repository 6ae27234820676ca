"""Entry of the worker's pod: one task from the environment, one termination message, one exit code."""

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runops.environment import EnvironmentIncomplete, read_environment
from runops.failures import Failed, Reason
from runops.logs import configure_logs, job_id_in_logs
from runops.memory import hide_memory
from runops.quality import Quality
from runops.report import Report, StageTime, Usage
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops_worker.failure_reason import as_failed
from runops_worker.gemini.files import FileDeadlines
from runops_worker.gemini.model import GeminiModel
from runops_worker.media.sandbox.confinement import needs_landlock, try_confinement
from runops_worker.model.call_gate import CallGate
from runops_worker.model.own_pace import OwnPace
from runops_worker.pipeline import run as run_pipeline
from runops_worker.pod.bind_claim import bind_claim
from runops_worker.pod.settings import HELP, Settings, read_settings
from runops_worker.pod.termination import exit_code, failure_report, write_report
from runops_worker.reporting.operator_pace import OperatorPace
from runops_worker.reporting.progress_sink import FanOut
from runops_worker.reporting.row_sink import RowSink
from runops_worker.reporting.usage_reporter import UsageReporter
from runops_worker.reporting.videojob_sink import VideoJobSink

__all__ = ["run"]

_LOG = logging.getLogger(__name__)
_SERVICE_ACCOUNT = Path("/var/run/secrets/runops")
_SECONDS_AFTER_SIGTERM = 4.0
"""Then the process ends, whatever still hangs."""


@dataclass(slots=True)
class _RunFigures:
    """Cost, quality and time of the run, known once the pipeline has ended."""

    usage: Usage | None = None
    quality: Quality | None = None
    stages: tuple[StageTime, ...] = ()

    def take(self, usage: Usage, quality: Quality | None, stages: tuple[StageTime, ...]) -> None:
        self.usage, self.quality, self.stages = usage, quality, stages

    def failure_report(self, failure: Failed) -> Report:
        return failure_report(failure, usage=self.usage, quality=self.quality, stages=self.stages)


def run() -> None:
    """Work on the one video that the environment names, and exit with the code of the result."""
    # What was imported is there to the end. To look through all of it, at the exit too, takes 0.2 s of processor time.
    gc.freeze()
    arguments = sys.argv[1:]
    if arguments:
        asked_for_help = arguments in (["--help"], ["-h"])
        sys.stdout.write(HELP)
        raise SystemExit(0 if asked_for_help else 2)
    configure_logs(os.environ.get("RUNOPS_LOG_LEVEL") or "INFO")
    hide_memory()
    termination_log = Path(os.environ.get("RUNOPS_TERMINATION_LOG") or "/dev/termination-log")
    report = asyncio.run(_run_until_sigterm(os.environ, termination_log=termination_log))
    write_report(termination_log, report)
    raise SystemExit(exit_code(report))


async def _run_until_sigterm(environ: Mapping[str, str], *, termination_log: Path) -> Report:
    """Do the work and return its report; a SIGTERM ends it as `Terminated`."""
    loop = asyncio.get_running_loop()
    figures = _RunFigures()
    work = asyncio.ensure_future(_work(environ, figures))

    def end_now() -> None:
        report = figures.failure_report(Failed(Reason.TERMINATED))
        write_report(termination_log, report)
        os._exit(exit_code(report))

    def stop() -> None:
        _LOG.warning("asked to stop")
        work.cancel()
        loop.call_later(_SECONDS_AFTER_SIGTERM, end_now)

    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        return await work
    except asyncio.CancelledError:
        return figures.failure_report(Failed(Reason.TERMINATED))
    except Failed as failure:
        return figures.failure_report(failure)
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator must read a reason
        _LOG.exception("unexpected error in the worker")
        return figures.failure_report(as_failed(error))


async def _work(environ: Mapping[str, str], figures: _RunFigures) -> Report:
    settings = read_settings(environ)
    job_id_in_logs.set(str(settings.task.job_id))
    videojob = VideoJobSink.in_pod(environ, directory=_SERVICE_ACCOUNT)
    user, own = str(settings.task.user_id or ""), OwnPace()
    gate = own.of(user) if videojob is None else OperatorPace(videojob, own=own, user=user)
    async with _connections(environ, settings, gate) as (supabase, model), videojob or contextlib.nullcontext():
        task = settings.task
        if settings.pod_uid is not None:
            task = await bind_claim(task, supabase.jobs, pod_uid=settings.pod_uid)
        await _check_sandbox(settings, videojob)
        row = RowSink(supabase.jobs, task.job_id, task.claim)
        usage = None if videojob is None else UsageReporter(videojob.report_usage)
        with _scratch_folder(settings) as workdir:
            async with usage.running() if usage is not None else contextlib.nullcontext():
                report = await run_pipeline(
                    task,
                    supabase=supabase,
                    model=model,
                    workdir=workdir,
                    progress=row if videojob is None else FanOut(row, videojob),
                    limits=settings.limits,
                    upload_seconds=settings.upload_seconds,
                    cap=settings.cap,
                    on_usage=None if usage is None else usage.note,
                    usage_reported=None if usage is None else usage.written,
                    on_end=figures.take,
                )
        if videojob is not None:
            await videojob.report_result(report)
    _LOG.info("the worker is done", extra={"tokens": report.usage.total_tokens if report.usage else 0})
    return report


@contextlib.asynccontextmanager
async def _connections(
    environ: Mapping[str, str], settings: Settings, gate: CallGate
) -> AsyncIterator[tuple[Supabase, GeminiModel]]:
    try:
        services = read_environment(environ)
    except EnvironmentIncomplete as error:
        raise Failed(Reason.MISCONFIGURED, str(error)) from error
    assert services.gemini_key is not None
    deadlines = FileDeadlines(processing_seconds=settings.gemini_file_seconds)
    async with (
        Supabase(services.supabase_url, services.supabase_key, retries=PATIENT) as supabase,
        GeminiModel(services.gemini_key, services.gemini_base_url, files=deadlines, gate=gate) as model,
    ):
        yield supabase, model


async def _check_sandbox(settings: Settings, videojob: VideoJobSink | None) -> None:
    """Report what confines ffmpeg, and stop where that is not enough."""
    confinement = await try_confinement()
    if videojob is not None:
        await videojob.report_sandbox(str(confinement))
    if settings.limits.require_landlock:
        needs_landlock(confinement)
    _LOG.info("the worker begins", extra={"sandbox": str(confinement)})


@contextlib.contextmanager
def _scratch_folder(settings: Settings) -> Iterator[Path]:
    settings.workdir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=settings.workdir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
