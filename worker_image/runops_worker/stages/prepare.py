"""preparing_video: the recording becomes a slim video, which goes into storage while the next stage begins."""

import asyncio
import hashlib
import logging
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.supabase.download import partial_file
from runops.supabase.objects import Downloaded, ObjectInfo
from runops_worker.checkpoint.format import SlimDone, slim_key
from runops_worker.media.probe.examine import examine
from runops_worker.media.transcode.transcode import transcode
from runops_worker.recording.early_refusal import Arriving
from runops_worker.running import Running
from runops_worker.transcription.chunk_transcriber import Stretches
from runops_worker.transcription.early_chunks import early_stretches

__all__ = ["Prepared", "local_slim", "prepare", "slim_file"]

_LOG = logging.getLogger(__name__)
_BLOCK = 1024 * 1024
# How the stage's progress is divided: download, and the rest is the transcode.
_DOWNLOADED = 0.25
# An attempt begins its upload three times at most, and the next one takes back what it left.
_MOST_LEFTOVERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A slim video, and what is under way with it.

    Attributes
    ----------
    slim
        What it is.
    upload
        Brings it into storage, and into the checkpoint then; its failure is in `Running.failures`. None where it lies
        there already.
    stretches
        Those that were asked about while it was encoded; None where nothing was.
    """

    slim: SlimDone
    upload: asyncio.Task[None] | None = None
    stretches: Stretches | None = None


async def prepare(running: Running, *, group: asyncio.TaskGroup) -> Prepared:
    """Make the slim video, unless it lies in storage already.

    Parameters
    ----------
    running
        The run.
    group
        Where its upload and the first stretches of its transcript are under way when this returns. A failure of this
        ends them.

    Returns
    -------
    Prepared
        The file is in the scratch folder only where it was made just now.

    Raises
    ------
    Failed, MediaRejected, MediaToolFailed, SupabaseError
        The recording is missing or refused, or something around it failed.
    """
    task, storage = running.task, running.supabase.storage
    await running.meter.enter(Stage.PREPARING_VIDEO)
    source = await storage.awaited(task.source_bucket, task.source_object)
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
            return Prepared(slim=known)
    await _take_back_leftovers(running)
    slim, stretches = await _made(running, looked_at=source, group=group)
    # Before the upload, not beside it: whoever is asked to stop has little time to take the upload back.
    await running.model.open()
    upload = group.create_task(_stored(running, slim))
    return Prepared(slim=slim, upload=upload, stretches=stretches)


async def _take_back_leftovers(running: Running) -> None:
    """End what a killed attempt had begun to upload: storage keeps it for a day otherwise, and counts it."""
    for upload in running.done.uploads[:_MOST_LEFTOVERS]:
        await running.supabase.storage.end_upload(upload)
    running.done.uploads.clear()


async def _made(
    running: Running, *, looked_at: ObjectInfo, group: asyncio.TaskGroup
) -> tuple[SlimDone, Stretches | None]:
    task, meter = running.task, running.meter
    recording, slim_path = running.workdir / "recording", slim_file(running)

    def at(share: float) -> None:
        meter.at(Stage.PREPARING_VIDEO, share)

    try:
        came = await _download(running, recording, on_progress=lambda share: at(_DOWNLOADED * share))
        key = await _key_of(running, came, looked_at=looked_at)
        whole = key is not None and running.done.decoded_whole == key
        examined = await examine(recording, limits=running.limits, whole=whole)
        info = examined.info
        _LOG.info(
            "the recording was probed",
            extra={"seconds": round(info.duration_seconds, 1), "width": info.width, "height": info.height},
        )
        early = await early_stretches(running, recording=recording, info=info, key=key, group=group)
        slim = await transcode(
            recording,
            slim_path,
            examined=examined,
            fps=task.fps,
            height=task.height,
            crf=task.crf,
            limits=running.limits,
            on_progress=lambda share: at(_DOWNLOADED + (1 - _DOWNLOADED) * share),
            watcher=early,
        )
    finally:
        # It may be gigabytes, and nothing after this needs it.
        recording.unlink(missing_ok=True)
    done = SlimDone(
        key=key or "",
        sha256=await to_thread(_sha256, slim_path),
        size_bytes=slim.bytes,
        duration_seconds=slim.duration_seconds,
        frames=slim.frames,
        has_audio=slim.has_audio,
    )
    return done, None if early is None else early.stretches


async def _download(running: Running, recording: Path, *, on_progress: Callable[[float], None]) -> Downloaded:
    arriving = Arriving(partial_file(recording), limits=running.limits)

    def downloaded(received: int, total: int | None) -> None:
        arriving.at(received, total)
        if total:
            on_progress(received / total)

    task = running.task
    try:
        return await running.supabase.storage.download(
            task.source_bucket,
            task.source_object,
            recording,
            max_bytes=running.limits.max_bytes,
            on_progress=downloaded,
        )
    finally:
        await arriving.end()


async def _key_of(running: Running, came: Downloaded, *, looked_at: ObjectInfo) -> str | None:
    """Return the key of what came, by which a later attempt will ask for it; None where nobody can tell what came.

    Another recording may have taken the place of the one that was looked at before. A download alone does not tell:
    what is between it and us may write the entity tag in a way of its own.
    """
    task = running.task
    there = await running.supabase.storage.stat(task.source_bucket, task.source_object)
    if there is None or there.size != came.size or there.etag not in {looked_at.etag, came.etag}:
        return None
    return slim_key(task, etag=there.etag, size=there.size)


async def _stored(running: Running, slim: SlimDone) -> None:
    try:
        await running.store(running.task.slim_object, slim_file(running), content_type="video/mp4")
        running.done.slim = slim
        running.done.uploads.clear()
        await running.remember()
    except Exception as error:  # noqa: BLE001 - raised by whoever waits for all that is under way
        running.failed(error)
        return
    _LOG.info("the slim video is in storage", extra={"bytes": slim.size_bytes, "frames": slim.frames})


async def local_slim(running: Running, prepared: Prepared, *, group: asyncio.TaskGroup) -> Prepared:
    """Have the slim video in the scratch folder, and return what it is.

    What an earlier attempt put into storage is fetched and compared by its hash; where it is not what it was, it is
    made anew.
    """
    task, path = running.task, slim_file(running)
    if path.exists():
        return prepared
    fetched = await running.supabase.storage.download(
        task.source_bucket, task.slim_object, path, max_bytes=running.limits.max_bytes
    )
    if fetched.sha256 == prepared.slim.sha256:
        return prepared
    _LOG.warning("the slim video in storage is not the one an earlier attempt put there; it is made anew")
    path.unlink()
    running.done.slim = None
    return await prepare(running, group=group)


def slim_file(running: Running) -> Path:
    """Return where the slim video lies in the scratch folder. ASCII: the name travels in a header."""
    return running.workdir / "slim.mp4"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
