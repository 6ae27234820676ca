"""`run`: obtain the results of gold recordings, and score them."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from runops.dollars import dollars
from runops.environment import read_environment
from runops.failures import Failed
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops.videojob import ModelChoice, PromptChoice, Transcode
from runops_evaluation.gold.read import Fault, GoldSet, read_gold
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.report.figures import table_of_means
from runops_evaluation.report.scored_run import score_run, scores_as_json
from runops_evaluation.running.finished import FinishedResults
from runops_evaluation.running.kept_results import KeptResults, default_folder
from runops_evaluation.running.run import estimate, obtain_results
from runops_evaluation.running.settings import PipelineSettings
from runops_evaluation.running.source import Source, Stopped

if TYPE_CHECKING:
    from runops_evaluation.running.worker_pipeline import WorkerPipeline

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
        "It needs a Supabase project of its own, such as that of `python -m devstack up`.",
    )
    worker.add_argument("--env-file", type=Path, help="file with addresses and keys, in the form of .env")
    models, prompts, transcode = ModelChoice(), PromptChoice(), Transcode()
    worker.add_argument("--model", default=models.transcribe, help="model of the transcript (%(default)s)")
    worker.add_argument("--sop-model", default=models.sop, help="model of the SOP (%(default)s)")
    worker.add_argument("--prompt", default=prompts.transcription, help="prompt of the transcript (%(default)s)")
    worker.add_argument("--sop-prompt", default=prompts.sop, help="prompt of the SOP (%(default)s)")
    worker.add_argument("--fps", type=int, default=transcode.fps, help="pictures per second (%(default)s)")
    worker.add_argument("--height", type=int, default=transcode.height, help="shorter side in pixels (%(default)s)")
    worker.add_argument("--crf", type=int, default=transcode.crf, help="x264 rate factor (%(default)s)")
    worker.add_argument("--no-redaction", action="store_true", help="do not hide secrets")
    worker.add_argument("--sop-language", metavar="LANGUAGE", help="language of SOPs, such as German")
    worker.add_argument("--cache", type=Path, default=default_folder(), help="where results are kept (%(default)s)")
    worker.add_argument("--again", action="store_true", help="use no result of an earlier run")
    money = parser.add_argument_group("cost, with Google's API")
    money.add_argument("--most-usd", type=_dollars, metavar="USD", help="the most that one recording may cost")
    money.add_argument(
        "--ask-above-usd", type=_dollars, default=_ASK_ABOVE, metavar="USD", help="needs --yes above (%(default)s)"
    )
    money.add_argument("--yes", action="store_true", help="spend what the estimate says")


def _dollars(text: str) -> Decimal:
    try:
        return dollars(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(arguments: argparse.Namespace) -> int:
    gold = read_gold(arguments.gold)
    for fault in gold.faults:
        _say(f"{fault.name} cannot be used. {fault.message}")
    chosen = _chosen(gold, arguments.only)
    if chosen is None:
        return 2
    try:
        done = asyncio.run(_results(arguments, chosen))
    except Stopped as error:
        _say(str(error))
        return 1
    except (Failed, ValidationError) as error:
        _say(error.detail if isinstance(error, Failed) else _first_fault(error))
        return 2
    if done is not None:
        return done
    scored = score_run(GoldSet(chosen, _faults(gold, arguments.only)), arguments.out)
    path = arguments.out / "scores.json"
    path.write_text(json.dumps(scores_as_json(scored), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table_of_means(scored.means()))
    for sentence in scored.left_out:
        _say(f"Not scored: {sentence}")
    failed = [score for score in scored.scores if score.failure is not None]
    for score in failed:
        _say(f"Failed, and scored as an empty result: {score.name}: {score.failure}")
    return 1 if scored.left_out or failed else 0


def _chosen(gold: GoldSet, only: Sequence[str]) -> tuple[GoldRecording, ...] | None:
    known = {one.name for one in gold.recordings} | {fault.name for fault in gold.faults}
    unknown = [name for name in only if name not in known]
    if unknown:
        _say(f"There is no recording {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        return None
    return tuple(one for one in gold.recordings if not only or one.name in only)


def _faults(gold: GoldSet, only: Sequence[str]) -> tuple[Fault, ...]:
    return tuple(fault for fault in gold.faults if not only or fault.name in only)


async def _results(arguments: argparse.Namespace, chosen: Sequence[GoldRecording]) -> int | None:
    """Obtain the results; return an exit code where nothing was begun."""
    if arguments.results is not None:
        await obtain_results(chosen, FinishedResults(arguments.results), arguments.out, kept=None, say=_say)
        return None
    settings = PipelineSettings(
        models=ModelChoice(transcribe=arguments.model, sop=arguments.sop_model),
        prompts=PromptChoice(transcription=arguments.prompt, sop=arguments.sop_prompt),
        transcode=Transcode(fps=arguments.fps, height=arguments.height, crf=arguments.crf),
        redaction=not arguments.no_redaction,
        sop_language=arguments.sop_language,
    )
    environment = read_environment(
        first=arguments.env_file, directory=Path.cwd() if arguments.env_file is None else None
    )
    pipeline = _worker_pipeline()
    if pipeline is None:
        return 2
    async with Supabase(environment.supabase_url, environment.supabase_key, retries=PATIENT) as supabase:
        source = pipeline(supabase, environment, settings, cap_usd=arguments.most_usd, say=_say)
        kept = None if arguments.again else KeptResults(arguments.cache)
        if environment.gemini_base_url is None and not _may_spend(arguments, chosen, source, kept):
            return 2
        # What is made with --again is kept, too, but nothing is taken from there.
        await obtain_results(
            chosen, source, arguments.out, kept=KeptResults(arguments.cache), reuse=not arguments.again, say=_say
        )
    return None


def _may_spend(
    arguments: argparse.Namespace, chosen: Sequence[GoldRecording], source: Source, kept: KeptResults | None
) -> bool:
    expected = estimate(chosen, source, kept)
    _say(expected.sentence())
    if arguments.yes or (expected.usd <= arguments.ask_above_usd and not expected.unpriced):
        return True
    _say(f"This is above {arguments.ask_above_usd} US dollars, or not known. Repeat the command with --yes.")
    return False


def _worker_pipeline() -> "type[WorkerPipeline] | None":
    try:
        from runops_evaluation.running.worker_pipeline import WorkerPipeline  # noqa: PLC0415 - only this needs the worker
    except ImportError as error:
        _say(f"The worker is not installed ({error.name} is missing). Install the extra `worker`, or give --results.")
        return None
    return WorkerPipeline


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}."


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
