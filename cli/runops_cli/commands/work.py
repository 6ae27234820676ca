"""`runops work`: the whole service in one process, without a cluster."""

import logging
import socket
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from runops.environment import Environment
from runops.logs import redact
from runops.memory import hide_memory
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops.videojob import ModelChoice, PromptChoice, Transcode
from runops_cli.terminal.console import plain, say
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import DEFAULT_MODELS, EnvFile, SopModel, TranscribeModel
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings
from runops_cli.work.loop import Loop, LoopSettings
from runops_cli.work.scratch_folders import remove_left_behind
from runops_cli.work.stop_signal import StopSignal

__all__ = ["work"]

_PROMPTS = PromptChoice()
_TRANSCODE = Transcode()


def work(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when the queue is empty.")] = False,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="End after so many videos.", show_default=False)
    ] = None,
    retries: Annotated[int, typer.Option(min=0, max=10, help="Further attempts after a failure that may pass.")] = 3,
    model: TranscribeModel = DEFAULT_MODELS.transcribe,
    sop_model: SopModel = DEFAULT_MODELS.sop,
    prompt: Annotated[
        str, typer.Option(envvar="RUNOPS_PROMPT_TRANSCRIPTION", help="Prompt file for the transcript.")
    ] = _PROMPTS.transcription,
    sop_prompt: Annotated[
        str, typer.Option(envvar="RUNOPS_PROMPT_SOP", help="Prompt file for the SOP.")
    ] = _PROMPTS.sop,
    fps: Annotated[int, typer.Option(envvar="RUNOPS_TRANSCODE_FPS", help="Pictures per second of the slim video.")] = (
        _TRANSCODE.fps
    ),
    height: Annotated[int, typer.Option(envvar="RUNOPS_TRANSCODE_HEIGHT", help="Its height in pixels.")] = (
        _TRANSCODE.height
    ),
    crf: Annotated[int, typer.Option(envvar="RUNOPS_TRANSCODE_CRF", help="Its x264 rate factor.")] = _TRANSCODE.crf,
    max_bytes: Annotated[
        int | None, typer.Option(envvar="RUNOPS_MAX_BYTES", min=1, help="Largest recording.", show_default="4 GiB")
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(envvar="RUNOPS_MAX_DURATION_SECONDS", min=1, help="Longest recording.", show_default="2 h"),
    ] = None,
    upload_seconds: Annotated[
        float | None,
        typer.Option(envvar="RUNOPS_UPLOAD_SECONDS", min=1, help="Longest upload to storage.", show_default="1800"),
    ] = None,
    gemini_file_seconds: Annotated[
        float | None,
        typer.Option(
            envvar="RUNOPS_GEMINI_FILE_SECONDS",
            min=1,
            help="Longest time in which Gemini must have looked at an uploaded video.",
            show_default="600",
        ),
    ] = None,
    require_landlock: Annotated[
        bool,
        typer.Option(
            "--require-landlock",
            envvar="RUNOPS_REQUIRE_LANDLOCK",
            help="Work on nothing where the kernel cannot bound the files that ffmpeg opens.",
        ),
    ] = False,
    workdir: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            writable=True,
            help="Where scratch files go.",
            show_default="the system's place",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what the worker logs.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Claim queued rows and work on them here, one at a time, without a cluster.

    Ctrl-C, SIGTERM or a terminal that is closed stops at once and puts the video in hand back into the queue; the exit
    code is 130, 143 or 129 then.

    With --once the exit code is 0 where every video was completed, 1 where one ended in error, 5 where nothing could
    be worked on.

    Example: runops work

    Example: runops work --once --model gemini-3.8-flash
    """
    try:
        # The one import of the worker; its libraries are an extra that a user of the other commands goes without.
        from runops_cli.work.pipeline_runner import (  # noqa: PLC0415 - see above
            GEMINI_FILE_SECONDS,
            UPLOAD_SECONDS,
            Limits,
            PipelineRunner,
            VideoSettings,
        )
    except ImportError as error:
        say(
            f"The worker is not installed ({error.name} is missing): in a checkout, pip install '.[cli,worker]'",
            style="red",
        )
        raise typer.Exit(Exit.USAGE) from error
    _configure_logs(verbose=verbose)
    hide_memory()
    try:
        how = VideoSettings(
            models=ModelChoice(transcribe=model, sop=sop_model),
            prompts=PromptChoice(transcription=prompt, sop=sop_prompt),
            transcode=Transcode(fps=fps, height=height, crf=crf),
            limits=Limits(
                max_bytes=max_bytes or Limits.max_bytes,
                max_duration_seconds=max_seconds or Limits.max_duration_seconds,
                require_landlock=require_landlock,
            ),
            upload_seconds=upload_seconds or UPLOAD_SECONDS,
            gemini_file_seconds=gemini_file_seconds or GEMINI_FILE_SECONDS,
            workdir=workdir,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    with known_errors():
        environment = settings(env_file, needs_gemini=True)
    loop_settings = LoopSettings(by=f"work/{socket.gethostname()}", retries=retries, once=once, most=most)

    async def serve(environment: Environment) -> int:
        stop = StopSignal(lambda: say("Stopping. A video in hand goes back into the queue."))
        stop.install()
        url, key = environment.supabase_url, environment.supabase_key
        # The queue can be read again at any time; a video that is worked on would lose what it cost.
        async with Supabase(url, key) as supabase, Supabase(url, key, retries=PATIENT) as patient:
            say(f"{loop_settings.by} works on {environment.supabase_url}; Ctrl-C stops.")
            if left := remove_left_behind(workdir):
                say(f"Scratch files of {left} earlier video{'s' if left > 1 else ''} were still there and are removed.")
            runner = PipelineRunner(patient, environment, how)
            return await Loop(supabase, runner, loop_settings, stop).run()

    run_async(serve(environment))


class _Plain(logging.Formatter):
    """A line for a person, without keys."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(redact(f"  {record.levelname.lower()}: {super().format(record)}"))


def _configure_logs(*, verbose: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("runops", "runops_worker", "runops_cli"):
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.ERROR)
