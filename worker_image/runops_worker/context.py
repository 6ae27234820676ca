"""What all stages of one video share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runops.supabase.connection import Supabase
from runops_worker.claimed_storage import ClaimedStorage
from runops_worker.media.limits import Limits
from runops_worker.model.protocol import Model
from runops_worker.task import Task

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The inputs that do not change during a run.

    Attributes
    ----------
    task
        The row, its claim and the settings of this video.
    supabase
        Tables and storage, for reads and for writes that the claim fences.
    storage
        Storage, for writes: it checks the claim before each.
    model
        Answers questions about videos and text.
    limits
        On the recording, and on ffmpeg.
    workdir
        Scratch folder of this run. The caller deletes it.
    now
        The time, with its zone.
    """

    task: Task
    supabase: Supabase
    storage: ClaimedStorage
    model: Model
    limits: Limits
    workdir: Path
    now: Callable[[], datetime]

    @property
    def slim_file(self) -> Path:
        """The slim video in the scratch folder, where this run has it."""
        # ASCII, since the name travels in a header.
        return self.workdir / "slim.mp4"
