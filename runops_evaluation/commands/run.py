"""`run`: obtain the results of gold recordings, and score them."""

import argparse
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from runops.dollars import dollars
from runops.picture_resolution import PictureResolution
from runops.videojob import ModelChoice, PromptChoice, Transcode
from runops_evaluation.commands.terminal import confirmed
from runops_evaluation.evaluate import RunRequest, evaluate, say
from runops_evaluation.running.kept_results import default_folder
from runops_evaluation.running.settings import PipelineSettings, fault_of

__all__ = ["add_to"]

_ASK_ABOVE = Decimal("1.00")


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run",
        help="obtain the results of gold recordings, and score them",
        description="Obtain the results of gold recordings, and score them. What was paid for is kept, so the "
        "same command goes on where it was stopped.",
    )
    parser.set_defaults(command=_run)
    parser.add_argument("gold", type=Path, help="folder with one folder for each gold recording")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run; its name is the run's name")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this recording; repeatable")
    finished = parser.add_argument_group("results that are there already")
    finished.add_argument("--results", type=Path, help="folder with NAME.transcript.json, NAME.sop.json and so on")
    worker = parser.add_argument_group(
        "or the worker in this process",
        "It needs a Supabase project, such as that of `python -m devstack up`.",
    )
    worker.add_argument("--env-file", type=Path, help="file with addresses and keys, in the form of .env")
    models, prompts, transcode = ModelChoice(), PromptChoice(), Transcode()
    worker.add_argument("--model", default=models.transcribe, help="model of the transcript (%(default)s)")
    worker.add_argument("--sop-model", default=models.sop, help="model of the SOP (%(default)s)")
    worker.add_argument(
        "--prompt", default=prompts.transcription, help="prompt of the transcript: a name, or a file (%(default)s)"
    )
    worker.add_argument("--sop-prompt", default=prompts.sop, help="prompt of the SOP: a name, or a file (%(default)s)")
    worker.add_argument("--fps", type=int, default=transcode.fps, help="pictures per second (%(default)s)")
    worker.add_argument("--height", type=int, default=transcode.height, help="shorter side in pixels (%(default)s)")
    worker.add_argument("--crf", type=int, default=transcode.crf, help="x264 rate factor (%(default)s)")
    worker.add_argument("--no-redaction", action="store_true", help="do not hide secrets")
    worker.add_argument("--leave-out-idle", action="store_true", help="do not send stretches in which nothing happens")
    worker.add_argument(
        "--picture-resolution",
        type=PictureResolution,
        choices=list(PictureResolution),
        default=PictureResolution.HIGH,
        help="how finely the model sees the pictures; low costs a quarter for them (%(default)s)",
    )
    worker.add_argument("--sop-language", metavar="LANGUAGE", help="language of SOPs, such as German")
    worker.add_argument("--user", type=UUID, help="user to whom rows and SOPs belong while the worker is at them")
    worker.add_argument("--cache", type=Path, default=default_folder(), help="where results are kept (%(default)s)")
    worker.add_argument("--again", action="store_true", help="use no result of an earlier run")
    money = parser.add_argument_group("cost, with Google's API")
    money.add_argument("--most-usd", type=_dollars, metavar="USD", help="the most that one recording may cost")
    money.add_argument(
        "--ask-above-usd", type=_dollars, default=_ASK_ABOVE, metavar="USD", help="ask above this sum (%(default)s)"
    )
    money.add_argument("--yes", action="store_true", help="spend what the estimate says")


def _dollars(text: str) -> Decimal:
    try:
        return dollars(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(arguments: argparse.Namespace) -> int:
    try:
        settings = PipelineSettings(
            models=ModelChoice(transcribe=arguments.model, sop=arguments.sop_model),
            transcription_prompt=arguments.prompt,
            sop_prompt=arguments.sop_prompt,
            transcode=Transcode(fps=arguments.fps, height=arguments.height, crf=arguments.crf),
            redaction=not arguments.no_redaction,
            leave_out_idle=arguments.leave_out_idle,
            resolution=arguments.picture_resolution,
            sop_language=arguments.sop_language,
        )
    except ValidationError as error:
        say(fault_of(error))
        return 2
    request = RunRequest(
        gold=arguments.gold,
        out=arguments.out,
        only=arguments.only,
        results=arguments.results,
        settings=settings,
        env_file=arguments.env_file,
        cache=arguments.cache,
        again=arguments.again,
        owner=arguments.user,
        most_usd=arguments.most_usd,
        ask_above_usd=arguments.ask_above_usd,
        yes=arguments.yes,
    )
    return evaluate(request, confirm=confirmed)
