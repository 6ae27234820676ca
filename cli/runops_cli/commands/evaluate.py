"""`runops evaluate`: score the product on gold recordings, before a prompt or a model is changed."""

import asyncio
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from runops.dollars import dollars
from runops.memory import hide_memory
from runops.picture_resolution import PictureResolution
from runops.sop_language import language_name
from runops.videojob import PromptChoice, Transcode
from runops_cli.terminal.console import to_stderr, to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.log_output import configure_logs
from runops_cli.terminal.options import DEFAULT_MODELS, EnvFile, SopModel, TranscribeModel, model_choice
from runops_cli.terminal.project import open_project
from runops_cli.terminal.settings import read_settings

__all__ = ["evaluate"]

_PROMPTS = PromptChoice()
_TRANSCODE = Transcode()


def _dollars(text: str) -> Decimal:
    try:
        return dollars(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


def evaluate(
    *,
    gold: Annotated[Path, typer.Argument(help="Folder with one folder for each gold recording.", metavar="GOLD")],
    model: TranscribeModel = DEFAULT_MODELS.transcribe,
    sop_model: SopModel = DEFAULT_MODELS.sop,
    prompt: Annotated[
        str, typer.Option(metavar="FILE", help="Prompt for the transcript: a file such as ./mine.md, or a name.")
    ] = _PROMPTS.transcription,
    sop_prompt: Annotated[
        str, typer.Option(metavar="FILE", help="Prompt for the SOP: a file such as ./mine.md, or a name.")
    ] = _PROMPTS.sop,
    results: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder with results that are there already: NAME.transcript.json, NAME.sop.json.",
            show_default="the worker makes them",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of an earlier run to compare with.", metavar="RUN"),
    ] = None,
    against_prompt: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Evaluate this prompt for the transcript, too, and compare with it: a file, or a name.",
            show_default="none",
        ),
    ] = None,
    against_sop_prompt: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The same for the prompt of the SOP.", show_default="none"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Folder of this run.", metavar="RUN", show_default="evaluation-runs/DATE-TIME"
        ),
    ] = None,
    only: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="Only this recording. Repeat it for more.", show_default="all"),
    ] = [],  # noqa: B006 - typer reads it, nothing changes it
    fps: Annotated[int, typer.Option(help="Frames per second of the slim video.")] = _TRANSCODE.fps,
    height: Annotated[int, typer.Option(help="Shorter side of the slim video in pixels.")] = _TRANSCODE.height,
    crf: Annotated[int, typer.Option(help="x264 rate factor (CRF) of the slim video.")] = _TRANSCODE.crf,
    redaction: Annotated[bool, typer.Option(help="Hide secrets that the recording shows or says.")] = True,
    leave_out_idle: Annotated[
        bool, typer.Option("--leave-out-idle", help="Do not send the model stretches in which nothing happens.")
    ] = False,
    picture_resolution: Annotated[
        PictureResolution,
        typer.Option(help="How finely the model sees the pictures; low costs a quarter for them."),
    ] = PictureResolution.HIGH,
    sop_language: Annotated[
        str | None,
        typer.Option(
            parser=language_name,
            metavar="LANGUAGE",
            help="Language of SOPs, such as German.",
            show_default="the language spoken in the recording",
        ),
    ] = None,
    user: Annotated[
        UUID | None,
        typer.Option(
            help="User to whom rows and SOPs belong while the worker is at them. Without one, every signed-in user of "
            "the project can see them for that time.",
            show_default="none",
        ),
    ] = None,
    max_cost_usd: Annotated[
        Decimal | None,
        typer.Option(
            parser=_dollars, metavar="USD", help="The most that one recording may cost.", show_default="no cap"
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Spend what the estimate says, without a question.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Pay again for results that an earlier run has kept.")] = False,
    start_from: Annotated[
        UUID | None,
        typer.Option(
            metavar="JOB", help="Score nothing; start a gold recording in GOLD from this job, as a draft to correct."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="CODE", help="With --start-from: language of narration and SOP, such as de.")
    ] = "en",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print the worker's log.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Score transcripts and SOPs against gold recordings: recordings of which the true events and SOP are known.

    With Google's API it tells the estimated cost and asks before it spends anything. What was paid for is kept: the
    same command goes on where it was stopped, and another run pays only for what differs.

    Example: runops evaluate gold

    Example: runops evaluate gold --prompt ./my_prompt.md --against evaluation-runs/before

    Example: runops evaluate gold --prompt ./my_prompt.md --against-prompt transcription_prompt_v2.md

    Example: runops evaluate gold --start-from 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11
    """
    configure_logs(verbose=verbose)
    hide_memory()
    _require_the_extra()
    if start_from is not None:
        raise typer.Exit(_start(start_from, gold, language, env_file))
    from runops_evaluation.commands.terminal import confirmed, exit_code  # noqa: PLC0415 - an extra
    from runops_evaluation.evaluate import RunRequest  # noqa: PLC0415 - an extra
    from runops_evaluation.running.kept_results import default_folder  # noqa: PLC0415 - an extra
    from runops_evaluation.running.settings import PipelineSettings, fault_of  # noqa: PLC0415 - an extra
    from runops_evaluation.score_and_report import score_and_report  # noqa: PLC0415 - an extra

    try:
        settings = PipelineSettings(
            models=model_choice(model, sop_model, ()),
            transcription_prompt=prompt,
            sop_prompt=sop_prompt,
            transcode=Transcode(fps=fps, height=height, crf=crf),
            redaction=redaction,
            leave_out_idle=leave_out_idle,
            resolution=picture_resolution,
            sop_language=sop_language,
        )
    except ValidationError as error:
        raise typer.BadParameter(fault_of(error)) from error
    request = RunRequest(
        gold=gold,
        out=out or Path("evaluation-runs") / datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S"),
        only=only,
        results=results,
        settings=settings,
        env_file=env_file,
        cache=default_folder(),
        again=again,
        owner=user,
        most_usd=max_cost_usd,
        ask_above_usd=Decimal(0),
        yes=yes,
    )
    other = None
    if against_prompt is not None or against_sop_prompt is not None:
        if against is not None or results is not None:
            raise typer.BadParameter("--against-prompt makes the run to compare with: give no --against, no --results.")
        other = replace(
            request,
            # Resolved: `.` has no name that something could be put behind.
            out=request.out.resolve().with_name(f"{request.out.resolve().name}-other-prompt"),
            settings=replace(
                settings,
                transcription_prompt=against_prompt or prompt,
                sop_prompt=against_sop_prompt or sop_prompt,
            ),
        )
    raise typer.Exit(exit_code(lambda: score_and_report(request, against=against, confirm=confirmed, other=other)))


def _require_the_extra() -> None:
    try:
        import runops_evaluation.evaluate  # noqa: F401, PLC0415 - users of other commands do not need its libraries
    except ImportError as error:
        to_stderr(
            f"The evaluation is not installed ({error.name} is missing): pip install 'runops-operator[evaluation]'. "
            "In a checkout: pip install '.[evaluation]'",
            style="red",
        )
        raise typer.Exit(Exit.USAGE) from error


def _start(job: UUID, gold: Path, language: str, env_file: Path | None) -> int:
    from runops_evaluation.commands.terminal import exit_code  # noqa: PLC0415 - an extra
    from runops_evaluation.drafting.start_gold import start_gold  # noqa: PLC0415 - an extra

    async def start() -> str:
        environment = read_settings(env_file)
        async with open_project(environment) as supabase:
            return await start_gold(supabase, job, gold, language=language)

    def draft() -> int:
        to_stdout(asyncio.run(start()))
        return Exit.OK

    return exit_code(draft)
