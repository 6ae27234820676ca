"""`runops submit`: upload recordings and queue their rows."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer

from runops.supabase.connection import Supabase
from runops_cli.rows.follow import follow
from runops_cli.rows.recordings import Recordings, find_recordings
from runops_cli.rows.submission import BUCKET, Submission
from runops_cli.rows.submit_many import SubmittedFiles, submit_many
from runops_cli.terminal.console import STDOUT, to_stderr
from runops_cli.terminal.exit_codes import Exit, worse
from runops_cli.terminal.many_uploads import many_uploads
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import run_with_supabase
from runops_cli.terminal.upload_progress import upload_progress

__all__ = ["submit"]

_MOST_NAMED = 5


def submit(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Recordings (MP4, MOV, WebM, MKV), and folders of recordings.",
            metavar="FILE",
            exists=True,
            readable=True,
        ),
    ],
    *,
    user: Annotated[
        UUID | None, typer.Option(help="Owner of the SOPs. Without one, every signed-in user sees them.")
    ] = None,
    job_id: Annotated[
        UUID | None, typer.Option(help="Id of the new job, with one file only. Without it, a random one.")
    ] = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Let all other rows go first: it gets slots of its own on a cluster.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which files would be submitted.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the jobs until they are completed or in error.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="With --wait: stop after so many seconds.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Upload recordings, queue them, and print the ids of the new jobs.

    Of a folder it takes all recordings by their names, also those in its folders. A file that fails does not stop the
    others; then the exit code is 1. With --wait it is 0 if all jobs are completed, 1 if one ends in error, and 4 after
    --timeout.

    Example: runops submit recording.mp4

    Example: runops submit --backfill --user 1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11 recordings/ more/*.mov

    Example: runops sop $(runops submit recording.mp4 --wait)
    """
    found = find_recordings(files)
    _say_left_out(found)
    if not found.files:
        said = (
            "There is nothing else in it."
            if found.broken or found.unread or found.links
            else "There is no recording in it."
        )
        raise typer.BadParameter(f"{said} Name a recording, or a folder with some.", param_hint="FILE")
    if job_id is not None and len(found.files) > 1:
        raise typer.BadParameter("Use it with one file.", param_hint="--job-id")
    if dry_run:
        for file in found.files:
            typer.echo(str(file))
        to_stderr(f"{len(found.files)} would be submitted. Without --dry-run they are.")
        return
    submissions = [Submission(file, _size(file), job_id or uuid4(), user, backfill) for file in found.files]
    if len(submissions) == 1 and submissions[0].size == 0:
        raise typer.BadParameter(f"{found.files[0]} is an empty file. Choose a recording.", param_hint="FILE")

    async def submitted(supabase: Supabase) -> Exit:
        if len(submissions) == 1:
            await _submit_one(supabase, submissions[0])
            queued, code = [submissions[0].job_id], Exit.OK
        else:
            done = await _submit_many(supabase, submissions)
            queued, code = done.queued, Exit.FAILED if done.failed else Exit.OK
        if not wait or not queued:
            return code
        ended = await follow(supabase, queued, timeout_seconds=timeout)
        return ended if ended is Exit.TIMEOUT else worse(code, ended)

    run_with_supabase(env_file, submitted)


def _say_left_out(found: Recordings) -> None:
    if found.left_out:
        named = ", ".join(file.name for file in found.left_out[:_MOST_NAMED])
        more = ", ..." if len(found.left_out) > _MOST_NAMED else ""
        to_stderr(f"Left out, no recordings by their names: {named}{more}. Name a file to take it all the same.")
    for path in found.broken:
        to_stderr(f"{path} is a link that leads nowhere: it is left out.", style="yellow")
    for path in found.links:
        to_stderr(f"{path} is a link to a folder: it is left out. Name it to take its recordings.", style="yellow")
    for path in found.unread:
        to_stderr(f"{path} is a folder that cannot be read: it is left out.", style="yellow")


async def _submit_one(supabase: Supabase, one: Submission) -> None:
    await one.check(supabase, await supabase.storage.bucket(BUCKET))
    with upload_progress(one.file) as on_progress:
        await one.send(supabase, on_progress)
    typer.echo(str(one.job_id))
    to_stderr(f"Queued. `runops watch {str(one.job_id)[:8]}` follows it.")


async def _submit_many(supabase: Supabase, submissions: Sequence[Submission]) -> SubmittedFiles:
    # What fails here fails for each file.
    await supabase.jobs.columns()
    bucket = await supabase.storage.bucket(BUCKET)
    size = sum(one.size for one in submissions)
    to_stderr(f"{len(submissions)} files, {size / 1024**2:,.1f} MiB")
    with many_uploads(len(submissions), size) as uploads:
        done = await submit_many(supabase, submissions, bucket, uploads, _show_id)
    to_stderr(f"{done.summary} `runops watch` follows them.", style="yellow" if done.failed else "green")
    if again := [*done.failed, *done.untried]:
        named = " ".join(shlex.quote(str(file)) for file in again[:_MOST_NAMED])
        more = " ..." if len(again) > _MOST_NAMED else ""
        to_stderr(f"Try the others again: runops submit {named}{more}")
    return done


def _show_id(job_id: UUID) -> None:
    # On a terminal the line of the file has it.
    if not STDOUT.is_terminal:
        typer.echo(str(job_id))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        # It is told when it is read.
        return 0
