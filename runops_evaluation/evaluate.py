"""Obtains the results of gold recordings, and scores them: what `run` and `runops evaluate` have in common."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from runops.environment import Environment, read_environment
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from runops_evaluation.gold.read import Fault, GoldSet, read_gold
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.report.figures import table_of_means
from runops_evaluation.report.scored_run import score_run, scores_as_json
from runops_evaluation.running.finished import FinishedResults
from runops_evaluation.running.kept_results import KeptResults
from runops_evaluation.running.run import Estimate, estimate, obtain_results
from runops_evaluation.running.settings import PipelineSettings

if TYPE_CHECKING:
    from runops_evaluation.running.worker_pipeline import WorkerPipeline

__all__ = ["Confirm", "RunRequest", "agreed", "evaluate", "say"]

Confirm = Callable[[str], bool]
"""Asks a person; False where nobody can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What is to be obtained and scored.

    Attributes
    ----------
    gold, out
        Folders: of the gold recordings, and of the run.
    only
        Names of recordings; all where empty.
    results
        Folder with results that are there already; None for the worker in this process.
    settings
        Of the worker.
    env_file
        With addresses and keys; None for the environment and the files in the current folder.
    cache, again
        Where results are kept, and whether none of them is used.
    owner
        User to whom rows belong while the worker is at them.
    most_usd
        The most that one recording may cost.
    ask_above_usd, yes
        Above which sum somebody has to agree, and whether he has.
    """

    gold: Path
    out: Path
    only: Sequence[str] = ()
    results: Path | None = None
    settings: PipelineSettings
    env_file: Path | None = None
    cache: Path
    again: bool = False
    owner: UUID | None = None
    most_usd: Decimal | None = None
    ask_above_usd: Decimal
    yes: bool = False


def evaluate(request: RunRequest, *, confirm: Confirm) -> int:
    """Obtain results, write and print their scores, and return the exit code; 2 where nothing was begun.

    Parameters
    ----------
    request
        What to do.
    confirm
        Asks whether the estimated cost may be spent.

    Raises
    ------
    GoldUnreadable, EnvironmentIncomplete, Failed
        What was given cannot be used.
    Stopped
        No recording can be worked on, such as with a rejected key.
    """
    gold = read_gold(request.gold)
    for fault in gold.faults:
        say(f"{fault.name} cannot be used. {fault.message}")
    chosen = _chosen(gold, request.only)
    if chosen is None:
        return 2
    if not asyncio.run(_results(request, chosen, confirm)):
        return 2
    return _score(GoldSet(chosen, _faults(gold, request.only)), request.out)


def agreed(requests: Sequence[RunRequest], *, confirm: Confirm) -> bool:
    """Say what several runs cost together before the first of them begins, and return whether that may be spent.

    Parameters
    ----------
    requests
        The runs, by the worker in this process.
    confirm
        Asks whether the sum may be spent.

    Raises
    ------
    GoldUnreadable, EnvironmentIncomplete, Failed
        What was given cannot be used.
    """
    return asyncio.run(_agreed(requests, confirm))


async def _agreed(requests: Sequence[RunRequest], confirm: Confirm) -> bool:
    first = requests[0]
    chosen = _chosen(read_gold(first.gold), first.only)
    pipeline = _worker_pipeline()
    if chosen is None or pipeline is None:
        return False
    environment = _environment(first)
    if environment.gemini_base_url is not None:
        return True
    async with Supabase(environment.supabase_url, environment.supabase_key, retries=PATIENT) as supabase:
        expected = Estimate(Decimal(0), 0, ())
        for one in requests:
            source = pipeline(supabase, environment, one.settings, cap_usd=one.most_usd, owner=one.owner, say=say)
            expected += estimate(chosen, source, None if one.again else KeptResults(one.cache))
    return _may_spend(first, expected, confirm)


def say(line: str) -> None:
    """Write a line for a person to standard error."""
    print(line, file=sys.stderr, flush=True)


def _score(gold: GoldSet, out: Path) -> int:
    scored = score_run(gold, out)
    path = out / "scores.json"
    path.write_text(json.dumps(scores_as_json(scored), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table_of_means(scored.means()))
    for sentence in scored.left_out:
        say(f"Not scored: {sentence}")
    failed = [score for score in scored.scores if score.failure is not None]
    for score in failed:
        say(f"Failed, and scored as an empty result: {score.name}: {score.failure}")
    return 1 if scored.left_out or failed else 0


def _chosen(gold: GoldSet, only: Sequence[str]) -> tuple[GoldRecording, ...] | None:
    known = {one.name for one in gold.recordings} | {fault.name for fault in gold.faults}
    unknown = [name for name in only if name not in known]
    if unknown:
        say(f"There is no recording {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        return None
    return tuple(one for one in gold.recordings if not only or one.name in only)


def _faults(gold: GoldSet, only: Sequence[str]) -> tuple[Fault, ...]:
    return tuple(fault for fault in gold.faults if not only or fault.name in only)


async def _results(request: RunRequest, chosen: Sequence[GoldRecording], confirm: Confirm) -> bool:
    """Obtain the results; return False where nothing was begun."""
    if request.results is not None:
        await obtain_results(chosen, FinishedResults(request.results), request.out, kept=None, say=say)
        return True
    environment = _environment(request)
    pipeline = _worker_pipeline()
    if pipeline is None:
        return False
    async with Supabase(environment.supabase_url, environment.supabase_key, retries=PATIENT) as supabase:
        source = pipeline(
            supabase, environment, request.settings, cap_usd=request.most_usd, owner=request.owner, say=say
        )
        kept = None if request.again else KeptResults(request.cache)
        if environment.gemini_base_url is None and not _may_spend(request, estimate(chosen, source, kept), confirm):
            return False
        # What is made with --again is kept, too, but nothing is taken from there.
        await obtain_results(
            chosen, source, request.out, kept=KeptResults(request.cache), reuse=not request.again, say=say
        )
    return True


def _environment(request: RunRequest) -> Environment:
    return read_environment(
        first=request.env_file, directory=Path.cwd() if request.env_file is None else None, needs_gemini=True
    )


def _may_spend(request: RunRequest, expected: Estimate, confirm: Confirm) -> bool:
    say(expected.sentence())
    if request.yes or (expected.usd <= request.ask_above_usd and not expected.unpriced):
        return True
    if confirm("Spend it?"):
        return True
    say("Nothing was spent. Repeat the command with --yes to agree.")
    return False


def _worker_pipeline() -> "type[WorkerPipeline] | None":
    try:
        from runops_evaluation.running.worker_pipeline import (  # noqa: PLC0415 - only this needs the worker
            WorkerPipeline,
        )
    except ImportError as error:
        say(f"The worker is not installed ({error.name} is missing). Install the extra `worker`, or give --results.")
        return None
    return WorkerPipeline
