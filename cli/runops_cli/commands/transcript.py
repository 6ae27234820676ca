"""`runops transcript`: print the transcript of a job, for people, players and programs."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from runops.procedure.items import items_of
from runops.supabase.connection import Supabase
from runops.transcript import TranscriptItem
from runops.transcript_forms.captions import sub_rip, web_vtt
from runops.transcript_forms.text import transcript_text
from runops_cli.commands.sop import nothing_yet
from runops_cli.rows.find_jobs import find_job
from runops_cli.terminal.console import STDOUT, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile, Job
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["TranscriptFormat", "transcript"]

_WIDEST = 100


class TranscriptFormat(StrEnum):
    """Values of `--output`."""

    TEXT = "text"
    VTT = "vtt"
    SRT = "srt"
    JSON = "json"


def transcript(
    job: Job,
    output: Annotated[
        TranscriptFormat,
        typer.Option("--output", "-o", help="Text, captions of what was said (vtt, srt), or the array in the table."),
    ] = TranscriptFormat.TEXT,
    env_file: EnvFile = None,
) -> None:
    """Print the transcript of a job: what was done, seen and said, second by second.

    If there is no transcript yet, it prints the job's status and the exit code is 3.

    Example: runops transcript 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops transcript 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -o vtt > recording.vtt
    """

    async def print_transcript(supabase: Supabase) -> Exit:
        job_id = await find_job(supabase, job)
        stored = await supabase.results.read_transcript(job_id)
        if stored is None:
            to_stderr(nothing_yet("transcript", job_id, await supabase.jobs.get(job_id)), style="yellow")
            return Exit.NOT_FOUND
        if output is TranscriptFormat.JSON:
            typer.echo(json.dumps(stored, ensure_ascii=False, indent=2))
            return Exit.OK
        return _print(job_id, stored, output)

    run_with_supabase(env_file, print_transcript)


def _print(job_id: UUID, stored: list[Any], output: TranscriptFormat) -> Exit:
    items = items_of(stored)
    readable = [item for item in items.all if item is not None]
    as_it_is = f"`runops transcript {job_id} -o json` prints it as it is."
    if not readable:
        said = f"None of its {len(stored)} items has a form that is known." if stored else "It has no items."
        to_stderr(f"The transcript cannot be shown. {said} {as_it_is}", style="yellow")
        return Exit.FAILED
    if items.unreadable:
        to_stderr(
            f"{items.unreadable} of {len(stored)} items have an unknown form and are left out. {as_it_is}",
            style="yellow",
        )
    typer.echo(_written(readable, output), nl=False)
    return Exit.OK


def _written(readable: Sequence[TranscriptItem], output: TranscriptFormat) -> str:
    if output is TranscriptFormat.TEXT:
        return transcript_text(readable, width=min(STDOUT.width, _WIDEST) if STDOUT.is_terminal else None)
    return web_vtt(readable) if output is TranscriptFormat.VTT else sub_rip(readable)
