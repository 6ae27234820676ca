"""`runops sop`: print the SOP of a job, or write it as a document with pictures."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from runops.job_row import JobRow, RowStatus
from runops.sop import Sop
from runops.sop_as_stored import sop_as_stored
from runops.sop_text import sop_text
from runops.supabase.connection import Supabase
from runops_cli.documents.picture_source import PictureSource
from runops_cli.documents.wanted import Wanted
from runops_cli.rows.find_jobs import find_job
from runops_cli.rows.sop_versions import Diff, TakeOption, say_conflicts, say_difference, take_version
from runops_cli.terminal.console import STDOUT, one_line, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile, Job, TextFormat
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["nothing_yet", "sop"]

_WIDEST = 100


def sop(
    job: Job,
    *,
    output: Annotated[TextFormat, typer.Option("--output", "-o", help="Output format.")] = TextFormat.TEXT,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one page with pictures.")] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Print the page to a file. Needs Chromium or Chrome.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="DIR", help="Write Markdown with picture files, for a wiki.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write the content of the page as JSON: steps with their evidence."
        ),
    ] = None,
    pictures: Annotated[
        PictureSource,
        typer.Option(
            "--pictures",
            help="Take pictures from the recording where it is still there (best), from the slim video, or none.",
        ),
    ] = PictureSource.BEST,
    with_video: Annotated[
        bool,
        typer.Option("--with-video", help="Also write the slim video beside the page, so that its times are links."),
    ] = False,
    diff: Diff = None,
    take: TakeOption = None,
    env_file: EnvFile = None,
) -> None:
    """Print the SOP of a job as readable text or as JSON, or write it as a document.

    If there is no SOP yet, it prints the job's status and the exit code is 3. Where people edited the SOP and a newer
    one cannot be merged with it, it says so below; --diff compares two versions, and --take settles it.

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --html procedure.html

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -o json > sop.json

    Example: runops sop 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 --diff generated
    """
    if diff is not None and take is not None:
        raise typer.BadParameter("Give either --diff or --take.", param_hint="--take")
    if with_video and html is None and markdown is None:
        raise typer.BadParameter("Use it with --html or --markdown.", param_hint="--with-video")
    wanted = Wanted(html=html, pdf=pdf, markdown=markdown, json=json_file, pictures=pictures, with_video=with_video)

    async def print_or_write(supabase: Supabase) -> Exit:
        job_id = await find_job(supabase, job)
        if take is not None:
            return await take_version(supabase, job_id, take)
        if diff is not None:
            return await say_difference(supabase, job_id, diff, as_json=output is TextFormat.JSON)
        data = await supabase.results.read_sop(job_id)
        if data is None:
            to_stderr(nothing_yet("SOP", job_id, await supabase.jobs.get(job_id)), style="yellow")
            return Exit.NOT_FOUND
        if output is TextFormat.JSON and not wanted.anything:
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
            return Exit.OK
        stored = sop_as_stored(data)
        if stored is None:
            to_stderr(f"The SOP in the table has no steps. `runops sop {job_id} -o json` prints it as it is.")
            return Exit.FAILED
        code = await _write(supabase, job_id, stored, wanted) if wanted.anything else _print_text(stored)
        await say_conflicts(supabase, job_id)
        return code

    run_with_supabase(env_file, print_or_write)


async def _write(supabase: Supabase, job_id: UUID, stored: Sop, wanted: Wanted) -> Exit:
    # It imports Jinja2 and the media tools of the worker, which no other command needs.
    from runops_cli.documents.stored_procedure import StoredJob, read_procedure  # noqa: PLC0415
    from runops_cli.documents.write_documents import write_documents  # noqa: PLC0415

    stored_job = StoredJob(supabase, job_id)
    await write_documents(stored_job, await read_procedure(stored_job, stored), wanted)
    return Exit.OK


def _print_text(stored: Sop) -> Exit:
    width = min(STDOUT.width, _WIDEST) if STDOUT.is_terminal else _WIDEST
    typer.echo(sop_text(stored, width=width), nl=False)
    return Exit.OK


def nothing_yet(what: str, job_id: UUID, row: JobRow | None) -> str:
    """Return the sentence for a job without a result, which is `what`."""
    if row is None:
        return f"There is no job {job_id}. `runops list` shows the jobs."
    sentence = f"Job {job_id} has no {what}; its status is {row.status}"
    match row.status:
        case RowStatus.ERROR:
            said = one_line(row.error or "the row gives no reason.")
            return f"{sentence}: {said} `runops why {job_id}` says what to do."
        case RowStatus.QUEUED | RowStatus.PROCESSING:
            return f"{sentence}. Follow it with `runops watch {job_id}`."
        case RowStatus.COMPLETED if what == "SOP":
            return f"{sentence}. `runops why {job_id}` says which command makes one."
        case RowStatus.COMPLETED:
            return f"{sentence}. `runops retry {job_id}` makes one."
        case _:
            return f"{sentence}. `runops get {job_id}` tells all of it."
