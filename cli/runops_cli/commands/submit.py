"""`runops submit`: upload a recording and queue its row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer

from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.objects import BucketInfo
from runops.videojob import Source
from runops_cli.rows.follow import follow
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import run_with_supabase
from runops_cli.terminal.upload_progress import upload_progress

__all__ = ["bucket_problem", "submit"]

_BUCKET = Source().bucket
_MIB = 1024**2


def submit(
    file: Annotated[
        Path, typer.Argument(help="The recording (MP4, MOV, WebM or MKV).", exists=True, dir_okay=False, readable=True)
    ],
    *,
    user: Annotated[
        UUID | None, typer.Option(help="Owner of the SOP. Without one, every signed-in user sees it.")
    ] = None,
    job_id: Annotated[UUID | None, typer.Option(help="Id of the new job. Without it, a random one.")] = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Let all other rows go first: it gets slots of its own on a cluster.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job until it is completed or in error.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="With --wait: stop after so many seconds.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Upload a recording, queue it, and print the job's id.

    With --wait the exit code is 0 if the job is completed, 1 if it ends in error, and 4 after --timeout.

    Example: runops submit recording.mp4

    Example: runops sop $(runops submit recording.mp4 --wait)
    """
    if (size := file.stat().st_size) == 0:
        raise typer.BadParameter(f"{file} is an empty file. Choose a recording.", param_hint="FILE")
    submission = _Submission(file, size, job_id or uuid4(), user, backfill)

    async def submitted(supabase: Supabase) -> Exit:
        await submission.send(supabase)
        typer.echo(str(submission.job_id))
        to_stderr("Queued.")
        return await follow(supabase, [submission.job_id], timeout_seconds=timeout) if wait else Exit.OK

    run_with_supabase(env_file, submitted)


@dataclass(frozen=True, slots=True)
class _Submission:
    file: Path
    size: int
    job_id: UUID
    user: UUID | None
    backfill: bool

    async def send(self, supabase: Supabase) -> None:
        # Before the upload, which would replace the recording of an existing job.
        if await supabase.jobs.get(self.job_id) is not None:
            raise CommandFailed(
                f"There is already a job {self.job_id}. Leave --job-id out, or give another id.", Exit.USAGE
            )
        if (problem := bucket_problem(await supabase.storage.bucket(_BUCKET), self.file, self.size)) is not None:
            raise CommandFailed(problem, Exit.FAILED)
        with upload_progress(self.file) as on_progress:
            # Always .mp4 and video/mp4, whatever the container: the bucket may allow no other type.
            key = f"raw/{self.job_id}.mp4"
            await supabase.storage.upload(_BUCKET, key, self.file, content_type="video/mp4", on_progress=on_progress)
        try:
            metadata = {"backfill": True} if self.backfill else None
            await supabase.jobs.insert(self.job_id, user_id=self.user, metadata=metadata)
        except SupabaseError:
            repeat = f"Run the command again with --job-id {self.job_id}."
            to_stderr(f"The recording was uploaded, but its row was not written. {repeat}", style="red")
            raise


def bucket_problem(bucket: BucketInfo | None, file: Path, size: int) -> str | None:
    """Return why the bucket cannot take a file; None where it can.

    Parameters
    ----------
    bucket
        The bucket; None where it does not exist.
    file
        The recording.
    size
        Its size in bytes.
    """
    if bucket is None or not bucket.exists:
        return f"There is no bucket named {_BUCKET}. Create it in the Supabase dashboard, Storage."
    if bucket.file_size_limit is None or size <= bucket.file_size_limit:
        return None
    return (
        f"{file} has {size / _MIB:,.1f} MiB; the bucket {_BUCKET} allows {bucket.file_size_limit / _MIB:,.1f} MiB. "
        "Raise the bucket's limit, or record at a lower resolution."
    )
