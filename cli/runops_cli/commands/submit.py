"""`runops submit`: upload a recording and queue its row."""

from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer

from runops.environment import Environment
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.videojob import Source
from runops_cli.rows.follow import follow
from runops_cli.terminal.console import say
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings
from runops_cli.terminal.upload_progress import upload_progress

__all__ = ["submit"]

_BUCKET = Source().bucket
_MIB = 1024**2


def submit(
    file: Annotated[
        Path, typer.Argument(help="The recording (MP4, MOV, WebM or MKV).", exists=True, dir_okay=False, readable=True)
    ],
    *,
    user: Annotated[
        UUID | None, typer.Option(help="Owner of the SOP; without one every signed-in user sees it.")
    ] = None,
    job_id: Annotated[UUID | None, typer.Option(help="Id of the new job; a random one without.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job until it is completed or in error.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds after which --wait ends with exit code 4.", show_default=False)
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Upload a recording, queue it, and print the job's id.

    With --wait the exit code is 0 where the job is completed, 1 where it ends in error, 4 after --timeout.

    Example: runops submit recording.mp4

    Example: runops sop $(runops submit recording.mp4 --wait)
    """
    if (size := file.stat().st_size) == 0:
        raise typer.BadParameter(f"{file} is an empty file.", param_hint="FILE")
    with known_errors():
        environment = settings(env_file)
    run_async(
        _submit(
            file,
            size=size,
            environment=environment,
            user=user,
            job_id=job_id or uuid4(),
            wait=wait,
            timeout_seconds=timeout,
        )
    )


async def _submit(
    file: Path,
    *,
    size: int,
    environment: Environment,
    user: UUID | None,
    job_id: UUID,
    wait: bool,
    timeout_seconds: float | None,
) -> Exit:
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:
        # Before the upload: it would replace the recording of the job that is there.
        if await supabase.jobs.get(job_id) is not None:
            say(f"There is a job {job_id} already. Leave --job-id out, or name another.", style="red")
            return Exit.USAGE
        if (sentence := await _does_not_fit(supabase, file, size=size)) is not None:
            say(sentence, style="red")
            return Exit.FAILED
        key = f"raw/{job_id}.mp4"
        with upload_progress(file) as on_progress:
            # The name says .mp4 and so does the type, whatever the container: the bucket may allow no other.
            await supabase.storage.upload(_BUCKET, key, file, content_type="video/mp4", on_progress=on_progress)
        try:
            await supabase.jobs.insert(job_id, user_id=user)
        except SupabaseError:
            say(f"The recording was uploaded, its row was not written. Repeat with --job-id {job_id}.", style="red")
            raise
        typer.echo(str(job_id))
        say("Queued.")
        if not wait:
            return Exit.OK
        return await follow(supabase, [job_id], timeout_seconds=timeout_seconds)


async def _does_not_fit(supabase: Supabase, file: Path, *, size: int) -> str | None:
    bucket = await supabase.storage.bucket(_BUCKET)
    if bucket is None or not bucket.exists:
        return f"There is no bucket named {_BUCKET}. Create it in the Supabase dashboard, Storage."
    if bucket.file_size_limit is not None and size > bucket.file_size_limit:
        return (
            f"{file} has {size / _MIB:,.1f} MiB, and the bucket {_BUCKET} takes {bucket.file_size_limit / _MIB:,.1f}. "
            "Raise the bucket's limit, or record at a lower resolution."
        )
    return None
