"""Downloads the recording, and stops early where its beginning is enough to reject it."""

from collections.abc import Callable
from pathlib import Path

from runops.supabase.download import partial_file
from runops.supabase.objects import Downloaded
from runops.supabase.storage import ObjectStore
from runops_worker.media.limits import Limits
from runops_worker.recording.early_refusal import EarlyRefusal
from runops_worker.task import Task

__all__ = ["download"]


async def download(
    storage: ObjectStore, task: Task, target: Path, *, limits: Limits, on_progress: Callable[[float], None]
) -> Downloaded:
    """Write the recording to a file.

    Parameters
    ----------
    storage, task
        Where it is.
    target
        The file.
    limits
        What is accepted.
    on_progress
        Called with the share that has arrived, 0 to 1.

    Raises
    ------
    MediaRejected
        What has arrived is enough to reject the recording.
    Failed, SupabaseError
        It cannot be downloaded.
    """
    early_refusal = EarlyRefusal(partial_file(target), limits=limits)

    def arrived(received: int, total: int | None) -> None:
        early_refusal.arrived(received, total)
        if total:
            on_progress(received / total)

    try:
        return await storage.download(
            task.source_bucket,
            task.source_object,
            target,
            max_bytes=limits.max_bytes,
            on_progress=arrived,
        )
    finally:
        await early_refusal.end()
