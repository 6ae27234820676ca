"""Brings a job's video onto this machine, and takes pictures from it by the media tools of the worker."""

from collections.abc import Sequence
from pathlib import Path

from runops.failures import Failed, Reason
from runops.object_names import slim_object
from runops.procedure import Picture
from runops.procedure.model import Moment
from runops.supabase.objects import megabytes
from runops_cli.documents.picture_source import PictureSource
from runops_cli.documents.stored_procedure import BUCKET, StoredJob
from runops_cli.terminal.console import to_stderr
from runops_worker.media.errors import MediaRejected, MediaToolFailed, SandboxUnavailable
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.sandbox.confinement import try_confinement
from runops_worker.media.stills.take_pictures import pictures_for_files, pictures_for_page
from runops_worker.media.transcode.transcode import transcode

__all__ = ["copy_slim", "take_job_pictures"]

_SHORTER_SIDE = 1440
_CRF = 14
"""Letters are as sharp as in the recording; a picture a second makes a small file all the same."""


async def take_job_pictures(
    job: StoredJob, moments: Sequence[Moment], source: PictureSource, *, for_files: bool, folder: Path
) -> dict[str, Picture]:
    """Return pictures of these moments: from the recording where it is still there, else from the slim video.

    Without either, or where they cannot be read, a line says so and there are no pictures.

    Parameters
    ----------
    job
        Whose video it is.
    moments
        Which ones.
    source
        Where from.
    for_files
        Whether they become files of their own, with their marks drawn into them.
    folder
        A scratch folder.

    Raises
    ------
    SupabaseError
        Storage did not answer.
    """
    if source is PictureSource.NONE or not moments:
        return {}
    limits = Limits()
    take = pictures_for_files if for_files else pictures_for_page
    try:
        await try_confinement()
        video = await _large(job, folder, limits) if source is PictureSource.BEST else None
        video = video or await copy_slim(job, folder / "slim.mp4")
        if video is None:
            to_stderr("Neither the recording nor its slim video is in storage: there are no pictures.", style="yellow")
            return {}
        return await take(video, moments, limits=limits)
    except (MediaRejected, MediaToolFailed, SandboxUnavailable) as error:
        to_stderr(f"There are no pictures: {error}", style="yellow")
        return {}


async def _large(job: StoredJob, folder: Path, limits: Limits) -> Path | None:
    """Return a video like the slim one, with pictures as large as those of the recording; None without a recording."""
    key = f"raw/{job.job_id}.mp4"
    recording = await _fetched(job, key, folder / "recording", what="the recording")
    if recording is None:
        return None
    target = folder / "large.mp4"
    to_stderr("reading the recording")
    try:
        examined = await examine(recording, limits=limits)
        await transcode(
            recording,
            target,
            examined=examined,
            fps=1,
            height=_SHORTER_SIDE,
            crf=_CRF,
            limits=limits,
            on_progress=lambda _share: None,
        )
    except (MediaRejected, MediaToolFailed) as error:
        to_stderr(f"{error} Pictures come from the slim video.", style="yellow")
        return None
    finally:
        recording.unlink()
    return target


async def copy_slim(job: StoredJob, target: Path) -> Path | None:
    """Download the slim video; None where it is not in storage."""
    return await _fetched(job, slim_object(job.job_id), target, what="the slim video")


async def _fetched(job: StoredJob, key: str, target: Path, *, what: str) -> Path | None:
    storage = job.supabase.storage
    found = await storage.stat(BUCKET, key)
    if found is None:
        return None
    to_stderr(f"downloading {what}, {megabytes(found.size)}")
    try:
        await storage.download(BUCKET, key, target, max_bytes=Limits().max_bytes)
    except Failed as error:
        if error.reason not in {Reason.SOURCE_MISSING, Reason.SOURCE_EMPTY, Reason.MEDIA_TOO_LARGE}:
            raise
        to_stderr(f"{error.detail}", style="yellow")
        return None
    return target
