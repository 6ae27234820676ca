"""`runops sop`: print the SOP of a job."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from runops.job_row import JobRow, RowStatus
from runops.sop_as_stored import sop_as_stored
from runops.sop_text import sop_text
from runops.supabase.connection import Supabase
from runops_cli.rows.find_jobs import find_job
from runops_cli.terminal.console import STDOUT, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile, Job, TextFormat
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["no_sop", "sop"]

_WIDEST = 100


def sop(
    job: Job,
    output: Annotated[TextFormat, typer.Option("--output", "-o", help="Output format.")] = TextFormat.TEXT,
    env_file: EnvFile = None,
) -> None:
    """Print the SOP of a job as readable text or as JSON.

    If there is no SOP yet, it prints the job's status and the exit code is 3.

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -o json > sop.json
    """

    async def print_sop(supabase: Supabase) -> Exit:
        job_id = await find_job(supabase, job)
        data = await supabase.results.read_sop(job_id)
        if data is None:
            to_stderr(no_sop(job_id, await supabase.jobs.get(job_id)), style="yellow")
            return Exit.NOT_FOUND
        if output is TextFormat.JSON:
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
            return Exit.OK
        return _print_text(data)

    run_with_supabase(env_file, print_sop)


def _print_text(data: dict[str, Any]) -> Exit:
    procedure = sop_as_stored(data)
    if procedure is None:
        to_stderr("The SOP in the table has no steps. Print it with -o json.")
        return Exit.FAILED
    width = min(STDOUT.width, _WIDEST) if STDOUT.is_terminal else _WIDEST
    typer.echo(sop_text(procedure, width=width), nl=False)
    return Exit.OK


def no_sop(job_id: UUID, row: JobRow | None) -> str:
    """Return the sentence for a job without a SOP."""
    if row is None:
        return f"There is no job {job_id}. `runops list` shows the jobs."
    sentence = f"Job {job_id} has no SOP; its status is {row.status}"
    match row.status:
        case RowStatus.ERROR:
            return f"{sentence}: {row.error or 'the row gives no reason'}"
        case RowStatus.QUEUED | RowStatus.PROCESSING:
            return f"{sentence}. Follow it with `runops watch {job_id}`."
        case _:
            return f"{sentence}."
