"""A video that waits for its worker, or has one."""

from dataclasses import dataclass
from datetime import datetime

from runops.progress import Stage

__all__ = ["UnfinishedVideo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedVideo:
    """A video as far as it is known. What is not known is None; the less is known, the wider the range.

    Attributes
    ----------
    user
        Whose it is, as `user_key` names them.
    model
        Which models work on it.
    recording_seconds, recording_bytes
        Length and size of the recording.
    claimed
        When it got its slot.
    started
        When its present attempt began.
    stage
        The stage that the worker is in.
    stage_began
        When that stage began.
    share
        Which share of the stage is done, 0 to 1.
    only_sop
        Whether only its SOP is made again, of the transcript that is there.
    """

    user: str = ""
    model: str | None = None
    recording_seconds: float | None = None
    recording_bytes: int | None = None
    claimed: datetime | None = None
    started: datetime | None = None
    stage: Stage | None = None
    stage_began: datetime | None = None
    share: float | None = None
    only_sop: bool = False
