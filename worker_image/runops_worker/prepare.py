"""preparing_video: the recording becomes a slim video in storage."""

import hashlib
import logging
from asyncio import to_thread
from pathlib import Path

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops_worker.checkpoint import SlimDone, slim_key
from runops_worker.media.probe import probe
from runops_worker.media.transcode import transcode
from runops_worker.running import Running

__all__ = ["local_slim", "prepare"]

_LOG = logging.getLogger(__name__)
_BLOCK = 1024 * 1024
# How the stage's progress is divided: download, transcode, and the rest is the upload.
_DOWNLOADED = 0.25
_TRANSCODED = 0.9


async def prepare(running: Running) -> SlimDone:
    """Make the slim video and put it into storage, unless it lies there already.

    Returns
    -------
    SlimDone
        What lies in storage. The file is in the scratch folder only where it was made just now.

    Raises
    ------
    Failed, MediaRejected, MediaToolFailed, SupabaseError
        The recording is missing or refused, or something around it failed.
    """
    task, storage = running.task, running.supabase.storage
    await running.meter.enter(Stage.PREPARING_VIDEO)
    source = await storage.stat(task.source_bucket, task.source_object)
    if source is None:
        raise Failed(
            Reason.SOURCE_MISSING,
            f"There is no recording at {task.source_bucket}/{task.source_object}. "
            "Upload it and set the row back to queued.",
        )
    key = slim_key(task, etag=source.etag, size=source.size)
    known = running.done.slim
    if known is not None and known.key == key:
        there = await storage.stat(task.source_bucket, task.slim_object)
        if there is not None and there.size == known.size_bytes:
            _LOG.info("the slim video of an earlier attempt is used")
            return known
    await _take_back_leftovers(running)
    running.done.slim = await _made(running, key=key or "")
    running.done.uploads.clear()
    await running.remember()
    return running.done.slim


async def _take_back_leftovers(running: Running) -> None:
    """End what a killed attempt had begun to upload: storage keeps it for a day otherwise, and counts it."""
    for upload in running.done.uploads:
        await running.supabase.storage.end_upload(upload)
    running.done.uploads.clear()


async def _made(running: Running, *, key: str) -> SlimDone:
    task, meter = running.task, running.meter
    recording, slim_path = running.workdir / "recording", slim_file(running)

    def downloaded(received: int, total: int | None) -> None:
        if total:
            meter.at(_DOWNLOADED * received / total)

    try:
        await running.supabase.storage.download(
            task.source_bucket,
            task.source_object,
            recording,
            max_bytes=running.limits.max_bytes,
            on_progress=downloaded,
        )
        info = await probe(recording, limits=running.limits)
        _LOG.info(
            "the recording was probed",
            extra={"seconds": round(info.duration_seconds, 1), "width": info.width, "height": info.height},
        )
        slim = await transcode(
            recording,
            slim_path,
            info=info,
            fps=task.fps,
            height=task.height,
            crf=task.crf,
            limits=running.limits,
            on_progress=lambda share: meter.at(_DOWNLOADED + (_TRANSCODED - _DOWNLOADED) * share),
        )
    finally:
        # It may be gigabytes, and nothing after this needs it.
        recording.unlink(missing_ok=True)
    meter.at(_TRANSCODED)
    sha256 = await to_thread(_sha256, slim_path)
    await running.store(task.slim_object, slim_path, content_type="video/mp4")
    meter.at(1.0)
    _LOG.info("the slim video is in storage", extra={"bytes": slim.bytes, "frames": slim.frames})
    return SlimDone(
        key=key,
        sha256=sha256,
        size_bytes=slim.bytes,
        duration_seconds=slim.duration_seconds,
        frames=slim.frames,
        has_audio=slim.has_audio,
    )


async def local_slim(running: Running, slim: SlimDone) -> SlimDone:
    """Have the slim video in the scratch folder, and return what it is.

    What an earlier attempt put into storage is fetched and compared by its hash; where it is not what it was, it is
    made anew.
    """
    task, path = running.task, slim_file(running)
    if path.exists():
        return slim
    fetched = await running.supabase.storage.download(
        task.source_bucket, task.slim_object, path, max_bytes=running.limits.max_bytes
    )
    if fetched.sha256 == slim.sha256:
        return slim
    _LOG.warning("the slim video in storage is not the one an earlier attempt put there; it is made anew")
    path.unlink()
    running.done.slim = None
    return await prepare(running)


def slim_file(running: Running) -> Path:
    """Return where the slim video lies in the scratch folder. ASCII: the name travels in a header."""
    return running.workdir / "slim.mp4"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
