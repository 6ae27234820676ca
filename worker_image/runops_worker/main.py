"""Entry of the worker's pod: one task from the environment, one exit code, one last word."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runops.environment import EnvironmentIncomplete, read_environment
from runops.failures import Failed, Reason
from runops.logs import configure_logs, job_id_in_logs
from runops.memory import hide_memory
from runops.report import LONGEST_RETRY_AFTER_SECONDS, Report, StageTime, Usage
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops_worker.failure_reason import as_failed
from runops_worker.gemini.files import FilePatience
from runops_worker.gemini.model import GeminiModel
from runops_worker.media.sandbox.confinement import needs_landlock, try_confinement
from runops_worker.pipeline import run as run_pipeline
from runops_worker.pod.bind_claim import in_its_seat
from runops_worker.pod.settings import HELP, Settings, read_settings
from runops_worker.reporting.progress import RowSink, both
from runops_worker.reporting.videojob_sink import VideoJobSink

__all__ = ["run"]

_LOG = logging.getLogger(__name__)
_SERVICE_ACCOUNT = Path("/var/run/secrets/runops")
_LAST_CALL_SECONDS = 4.0
"""After a SIGTERM; then the process ends, whatever still hangs."""


@dataclass(slots=True)
class _Account:
    """What the run has cost and where its time went, as far as it has come to an end."""

    usage: Usage | None = None
    stages: tuple[StageTime, ...] = ()

    def take(self, usage: Usage, stages: tuple[StageTime, ...]) -> None:
        self.usage, self.stages = usage, stages


def run() -> None:
    """Work on the one video that the environment names, and end with the exit code of what became of it."""
    arguments = sys.argv[1:]
    if arguments:
        asked = arguments in (["--help"], ["-h"])
        sys.stdout.write(HELP)
        raise SystemExit(0 if asked else 2)
    configure_logs(os.environ.get("RUNOPS_LOG_LEVEL") or "INFO")
    hide_memory()
    last_word = Path(os.environ.get("RUNOPS_TERMINATION_LOG") or "/dev/termination-log")
    report = asyncio.run(_reported(os.environ, last_word=last_word))
    _write(last_word, report)
    raise SystemExit(_exit_code(report))


def _exit_code(report: Report) -> int:
    if report.reason is None:
        return 0
    code = Failed(report.reason).failure.exit_code
    return 1 if code is None else code


def _write(last_word: Path, report: Report) -> None:
    try:
        last_word.write_bytes(report.encode())
    except OSError as error:
        _LOG.warning("the termination message could not be written", extra={"error": type(error).__name__})


def _of_failure(failure: Failed, account: _Account) -> Report:
    asked = None if failure.retry_after is None else min(max(failure.retry_after, 0.0), LONGEST_RETRY_AFTER_SECONDS)
    return Report(
        reason=failure.reason,
        message=failure.detail[:1000],
        retry_after_seconds=asked,
        usage=account.usage,
        stages=account.stages,
    )


async def _reported(environ: Mapping[str, str], *, last_word: Path) -> Report:
    """Do the work and return what became of it; a SIGTERM ends it as `Terminated`."""
    loop = asyncio.get_running_loop()
    account = _Account()
    work = asyncio.ensure_future(_work(environ, account))

    def terminated() -> Report:
        return _of_failure(Failed(Reason.TERMINATED), account)

    def end_now() -> None:
        _write(last_word, terminated())
        os._exit(_exit_code(terminated()))

    def stop() -> None:
        _LOG.warning("asked to stop")
        work.cancel()
        loop.call_later(_LAST_CALL_SECONDS, end_now)

    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        return await work
    except asyncio.CancelledError:
        return terminated()
    except Failed as failure:
        return _of_failure(failure, account)
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator must read a reason
        _LOG.exception("the worker hit a fault of its own")
        return _of_failure(as_failed(error), account)


async def _work(environ: Mapping[str, str], account: _Account) -> Report:
    settings = read_settings(environ)
    job_id_in_logs.set(str(settings.task.job_id))
    try:
        outside = read_environment(environ)
    except EnvironmentIncomplete as error:
        raise Failed(Reason.MISCONFIGURED, str(error)) from error
    assert outside.gemini_key is not None
    async with contextlib.AsyncExitStack() as stack:
        supabase = await stack.enter_async_context(
            Supabase(outside.supabase_url, outside.supabase_key, retries=PATIENT)
        )
        files = FilePatience(processing_seconds=settings.gemini_file_seconds)
        model = await stack.enter_async_context(GeminiModel(outside.gemini_key, outside.gemini_base_url, files=files))
        task = settings.task
        if settings.pod_uid is not None:
            task = await in_its_seat(task, supabase.jobs, pod_uid=settings.pod_uid)
        row = RowSink(supabase.jobs, task.job_id, task.claim)
        videojob = VideoJobSink.in_pod(environ, directory=_SERVICE_ACCOUNT)
        if videojob is not None:
            stack.push_async_callback(videojob.aclose)
        found = await try_confinement()
        if videojob is not None:
            await videojob.resolve(sandbox=str(found))
        if settings.limits.require_landlock:
            needs_landlock(found)
        workdir = stack.enter_context(_scratch(settings))
        _LOG.info("the worker begins", extra={"sandbox": str(found)})
        report = await run_pipeline(
            task,
            supabase=supabase,
            model=model,
            workdir=workdir,
            progress=row if videojob is None else both(row, videojob),
            limits=settings.limits,
            upload_seconds=settings.upload_seconds,
            account=account.take,
        )
        if videojob is not None:
            await videojob.publish(report)
        _LOG.info("the worker is done", extra={"tokens": report.usage.total_tokens if report.usage else 0})
        return report


@contextlib.contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    settings.workdir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=settings.workdir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
