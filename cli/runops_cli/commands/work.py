"""`runops work`: run queued videos in this process, without a cluster."""

import socket
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from runops.dollars import dollars
from runops.memory import hide_memory
from runops.picture_resolution import PictureResolution
from runops.sop_language import language_name
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops.videojob import PromptChoice, Transcode
from runops_cli.scratch_folders import remove_left_behind
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.log_output import configure_logs
from runops_cli.terminal.options import (
    DEFAULT_MODELS,
    EnvFile,
    FallbackModels,
    SopModel,
    TranscribeModel,
    model_choice,
)
from runops_cli.terminal.run_command import run_async
from runops_cli.terminal.settings import read_settings
from runops_cli.work.abandoned import WORK
from runops_cli.work.loop import Loop, LoopSettings
from runops_cli.work.stop_signal import StopSignal
from runops_cli.work.video_options import VideoOptions

if TYPE_CHECKING:
    from runops_cli.work.pipeline_runner import PipelineRunner

__all__ = ["work"]

_PROMPTS = PromptChoice()
_TRANSCODE = Transcode()


def _dollars(text: str) -> Decimal:
    try:
        return dollars(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


def work(
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when the queue is empty.")] = False,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="Stop after so many videos.", show_default=False)
    ] = None,
    retries: Annotated[
        int, typer.Option(min=0, max=10, help="How many times to retry a video after a temporary failure.")
    ] = 3,
    model: TranscribeModel = DEFAULT_MODELS.transcribe,
    sop_model: SopModel = DEFAULT_MODELS.sop,
    fallback_model: FallbackModels = [],  # noqa: B006 - typer reads it, nothing changes it
    prompt: Annotated[
        str, typer.Option(envvar="RUNOPS_PROMPT_TRANSCRIPTION", help="Prompt file for the transcript.")
    ] = _PROMPTS.transcription,
    sop_prompt: Annotated[
        str, typer.Option(envvar="RUNOPS_PROMPT_SOP", help="Prompt file for the SOP.")
    ] = _PROMPTS.sop,
    fps: Annotated[int, typer.Option(envvar="RUNOPS_TRANSCODE_FPS", help="Frames per second of the slim video.")] = (
        _TRANSCODE.fps
    ),
    height: Annotated[
        int, typer.Option(envvar="RUNOPS_TRANSCODE_HEIGHT", help="Shorter side of the slim video in pixels.")
    ] = (_TRANSCODE.height),
    crf: Annotated[
        int, typer.Option(envvar="RUNOPS_TRANSCODE_CRF", help="x264 rate factor (CRF) of the slim video.")
    ] = _TRANSCODE.crf,
    max_bytes: Annotated[
        int | None,
        typer.Option(envvar="RUNOPS_MAX_BYTES", min=1, help="Largest recording in bytes.", show_default="4 GiB"),
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(
            envvar="RUNOPS_MAX_DURATION_SECONDS", min=1, help="Longest recording in seconds.", show_default="2 h"
        ),
    ] = None,
    least_readable_percent: Annotated[
        int | None,
        typer.Option(
            envvar="RUNOPS_LEAST_READABLE_PERCENT",
            min=1,
            max=100,
            help="How much of a recording that is cut off or damaged must be readable, in percent.",
            show_default="50",
        ),
    ] = None,
    least_readable_seconds: Annotated[
        float | None,
        typer.Option(envvar="RUNOPS_LEAST_READABLE_SECONDS", min=1, help="The same in seconds.", show_default="10 s"),
    ] = None,
    max_cost_usd: Annotated[
        Decimal | None,
        typer.Option(
            envvar="RUNOPS_MAX_COST_USD",
            parser=_dollars,
            metavar="USD",
            help="The most that the model may cost for one video, in US dollars.",
            show_default="no cap",
        ),
    ] = None,
    upload_seconds: Annotated[
        float | None,
        typer.Option(
            envvar="RUNOPS_UPLOAD_SECONDS",
            min=1,
            help="Time limit of an upload to storage, in seconds.",
            show_default="1800",
        ),
    ] = None,
    gemini_file_seconds: Annotated[
        float | None,
        typer.Option(
            envvar="RUNOPS_GEMINI_FILE_SECONDS",
            min=1,
            help="Time limit within which Gemini must process an uploaded video, in seconds.",
            show_default="600",
        ),
    ] = None,
    require_landlock: Annotated[
        bool,
        typer.Option(
            "--require-landlock",
            envvar="RUNOPS_REQUIRE_LANDLOCK",
            help="Run no video if the kernel has no Landlock, which limits the files that ffmpeg opens.",
        ),
    ] = False,
    redaction: Annotated[
        bool,
        typer.Option(
            envvar="RUNOPS_REDACTION",
            help="Hide passwords, keys and card numbers that the recording shows or says before anything is stored.",
        ),
    ] = True,
    leave_out_idle: Annotated[
        bool,
        typer.Option(
            "--leave-out-idle",
            envvar="RUNOPS_LEAVE_OUT_IDLE",
            help="Do not send the model stretches in which nothing changes and nobody speaks.",
        ),
    ] = False,
    picture_resolution: Annotated[
        PictureResolution,
        typer.Option(
            envvar="RUNOPS_PICTURE_RESOLUTION",
            help="How finely the model sees the pictures; low costs a quarter for them.",
        ),
    ] = PictureResolution.HIGH,
    sop_language: Annotated[
        str | None,
        typer.Option(
            envvar="RUNOPS_SOP_LANGUAGE",
            parser=language_name,
            metavar="LANGUAGE",
            help="Language of SOPs, such as German.",
            show_default="the language spoken in the recording",
        ),
    ] = None,
    page: Annotated[
        bool,
        typer.Option(
            "--page", envvar="RUNOPS_PAGE", help="Also write the page of each procedure to sops/JOB.html in storage."
        ),
    ] = False,
    workdir: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            writable=True,
            help="Directory for scratch files.",
            show_default="the system's temporary directory",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print the worker's log.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Claim queued rows and run them here, one at a time, without a cluster.

    Ctrl-C, SIGTERM or closing the terminal stops it at once and puts the video in progress back into the queue. The
    exit code is then 130, 143 or 129.

    With --once the exit code is 0 if every video was completed, 1 if one ended in error, 5 if no video could be run.

    Example: runops work

    Example: runops work --once --model gemini-3.8-flash
    """
    configure_logs(verbose=verbose)
    hide_memory()
    try:
        options = VideoOptions(
            models=model_choice(model, sop_model, fallback_model),
            prompts=PromptChoice(transcription=prompt, sop=sop_prompt),
            transcode=Transcode(fps=fps, height=height, crf=crf),
            max_bytes=max_bytes,
            max_seconds=max_seconds,
            least_readable_percent=least_readable_percent,
            least_readable_seconds=least_readable_seconds,
            max_cost_usd=max_cost_usd,
            require_landlock=require_landlock,
            redaction=redaction,
            leave_out_idle=leave_out_idle,
            resolution=picture_resolution,
            sop_language=sop_language,
            page=page,
            upload_seconds=upload_seconds,
            gemini_file_seconds=gemini_file_seconds,
            workdir=workdir,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise typer.BadParameter(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    loop_settings = LoopSettings(by=f"{WORK}{socket.gethostname()}", retries=retries, once=once, most=most)
    run_async(_work(env_file, options, loop_settings))


async def _work(env_file: Path | None, options: VideoOptions, settings: LoopSettings) -> int:
    pipeline_runner = _pipeline_runner()
    environment = read_settings(env_file, needs_gemini=True)
    stop = StopSignal(lambda: to_stderr("Stopping. A video in progress goes back into the queue."))
    stop.install()
    url, key = environment.supabase_url, environment.supabase_key
    # Reading the queue can fail and be repeated. A video in progress would lose paid work, so it retries for longer.
    async with Supabase(url, key) as supabase, Supabase(url, key, retries=PATIENT) as patient:
        to_stderr(f"{settings.by} works on {url}. Press Ctrl-C to stop.")
        if left := remove_left_behind(options.workdir):
            to_stderr(f"Removed the scratch files of {left} earlier video{'s' if left > 1 else ''}.")
        return await Loop(supabase, pipeline_runner(patient, environment, options), settings, stop).run()


def _pipeline_runner() -> "type[PipelineRunner]":
    # The only import of the worker: users of the other commands do not need its libraries.
    try:
        from runops_cli.work.pipeline_runner import PipelineRunner  # noqa: PLC0415 - see above
    except ImportError as error:
        raise CommandFailed(
            f"The worker is not installed ({error.name} is missing). In a checkout: pip install '.[cli,worker]'",
            Exit.USAGE,
        ) from error
    return PipelineRunner
