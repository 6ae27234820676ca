"""Brings a job's video onto this machine, and takes pictures from it by the media tools of the worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


Tell = Callable[[str], None]


def _warn(line: str) -> None:
    to_stderr(line, style="yellow")


async def take_job_pictures(
    job: StoredJob,
    moments: Sequence[Moment],
    source: PictureSource,
    *,
    for_files: bool,
    folder: Path,
    tell: Tell = to_stderr,
    warn: Tell = _warn,
    most_recording_bytes: int | None = None,
) -> dict[str, Picture]:
    """Return pictures of these moments: from the recording where it is still there, else from the slim video.

    Without either, or where they cannot be read, a sentence says so and there are no pictures.

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
    tell, warn
        Called with what is done, and with why pictures are missing or smaller.
    most_recording_bytes
        A larger recording is not downloaded: the slim video is used instead. None for the limit of the worker.

    Raises
    ------
    SupabaseError
        Storage did not answer.
    """
    if source is PictureSource.NONE or not moments:
        return {}
    limits = Limits()
    take = pictures_for_files if for_files else pictures_for_page
    video = _JobVideo(job, folder, limits, tell, warn)
    try:
        await try_confinement()
        found = await video.large(most_recording_bytes) if source is PictureSource.BEST else None
        found = found or await video.fetched(slim_object(job.job_id), folder / "slim.mp4", what="the slim video")
        if found is None:
            small = "" if most_recording_bytes is None else " that is small enough for a page on demand"
            warn(f"Neither the recording{small} nor its slim video is in storage: there are no pictures.")
            return {}
        return await take(found, moments, limits=limits)
    except (MediaRejected, MediaToolFailed, SandboxUnavailable) as error:
        warn(f"There are no pictures: {error}")
        return {}


async def copy_slim(job: StoredJob, target: Path) -> Path | None:
    """Download the slim video; None where it is not in storage."""
    video = _JobVideo(job, target.parent, Limits(), to_stderr, _warn)
    return await video.fetched(slim_object(job.job_id), target, what="the slim video")


@dataclass(frozen=True, slots=True)
class _JobVideo:
    job: StoredJob
    folder: Path
    limits: Limits
    tell: Tell
    warn: Tell

    async def large(self, most_bytes: int | None) -> Path | None:
        """Return a video like the slim one, with pictures as large as the recording's; None without a recording."""
        key = f"raw/{self.job.job_id}.mp4"
        recording = await self.fetched(key, self.folder / "recording", what="the recording", most_bytes=most_bytes)
        if recording is None:
            return None
        target = self.folder / "large.mp4"
        self.tell("reading the recording")
        try:
            examined = await examine(recording, limits=self.limits)
            await transcode(
                recording,
                target,
                examined=examined,
                fps=1,
                height=_SHORTER_SIDE,
                crf=_CRF,
                limits=self.limits,
                on_progress=lambda _share: None,
            )
        except (MediaRejected, MediaToolFailed) as error:
            self.warn(f"{error} Pictures come from the slim video.")
            return None
        finally:
            recording.unlink()
        return target

    async def fetched(self, key: str, target: Path, *, what: str, most_bytes: int | None = None) -> Path | None:
        """Download an object; None where it is not in storage, or larger."""
        storage = self.job.supabase.storage
        found = await storage.stat(BUCKET, key)
        if found is None or (most_bytes is not None and found.size > most_bytes):
            return None
        self.tell(f"downloading {what}, {megabytes(found.size)}")
        try:
            await storage.download(BUCKET, key, target, max_bytes=self.limits.max_bytes)
        except Failed as error:
            if error.reason not in {Reason.SOURCE_MISSING, Reason.SOURCE_EMPTY, Reason.MEDIA_TOO_LARGE}:
                raise
            self.warn(error.detail)
            return None
        return target
