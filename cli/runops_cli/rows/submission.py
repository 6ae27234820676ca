"""Uploads one recording and queues its row."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.objects import BucketInfo
from runops.videojob import Source
from runops_cli.rows.first_bytes import first_bytes, text_kind
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["BUCKET", "Submission", "bucket_problem"]

BUCKET = Source().bucket
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Submission:
    """A recording to be queued.

    Attributes
    ----------
    file
        The recording.
    size
        Its size in bytes.
    job_id
        Of the new job.
    user
        Owner of the SOP; None for nobody.
    backfill
        Whether all other rows go first.
    """

    file: Path
    size: int
    job_id: UUID
    user: UUID | None
    backfill: bool

    async def check(self, supabase: Supabase, bucket: BucketInfo | None) -> None:
        """Find out whether the file can be taken.

        Raises
        ------
        CommandFailed
            It cannot.
        SupabaseError
            The table could not be read.
        """
        if self.size == 0:
            raise CommandFailed(f"{self.file} is an empty file. Choose a recording.", Exit.USAGE)
        if (kind := text_kind(first_bytes(self.file))) is not None:
            raise CommandFailed(f"{self.file} is {kind} and no recording. Choose a recording.", Exit.USAGE)
        # Before the upload, which would replace the recording of an existing job.
        if await supabase.jobs.get(self.job_id) is not None:
            raise CommandFailed(
                f"There is already a job {self.job_id}. Leave --job-id out, or give another id.", Exit.USAGE
            )
        if (problem := bucket_problem(bucket, self.file, self.size)) is not None:
            raise CommandFailed(problem, Exit.FAILED)

    async def send(self, supabase: Supabase, on_progress: Callable[[int, int | None], None]) -> None:
        """Upload the recording, then insert its row: no worker sees a row without its recording.

        Raises
        ------
        CommandFailed
            Its row was not written though it was uploaded.
        SupabaseError, Failed
            It could not be uploaded.
        """
        # Always .mp4 and video/mp4, whatever the container: the bucket may allow no other type.
        key = f"raw/{self.job_id}.mp4"
        await supabase.storage.upload(BUCKET, key, self.file, content_type="video/mp4", on_progress=on_progress)
        try:
            metadata = {"backfill": True} if self.backfill else None
            await supabase.jobs.insert(self.job_id, user_id=self.user, metadata=metadata)
        except SupabaseError as error:
            repeat = f"Run the command again with --job-id {self.job_id}."
            raise CommandFailed(
                f"{error.message} The recording was uploaded, but its row was not written. {repeat}"
            ) from error


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
        return f"There is no bucket named {BUCKET}. Create it in the Supabase dashboard, Storage."
    if bucket.file_size_limit is None or size <= bucket.file_size_limit:
        return None
    return (
        f"{file} has {size / _MIB:,.1f} MiB; the bucket {BUCKET} allows {bucket.file_size_limit / _MIB:,.1f} MiB. "
        "Raise the bucket's limit, or record at a lower resolution."
    )
