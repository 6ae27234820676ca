"""What can be done with jobs, and what each job would do. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.supabase.shown_row import ShownRow
from runops.videojob_view import VideoJobView

__all__ = ["Action", "Preview", "preview"]

_ENDED = {RowStatus.ERROR.value, RowStatus.COMPLETED.value}
_OPEN = {RowStatus.QUEUED.value, RowStatus.PROCESSING.value}


class Action(StrEnum):
    """What is done."""

    RETRY = "retry"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"

    @property
    def button(self) -> str:
        """What the button says."""
        return {"retry": "Run again", "cancel": "Cancel", "pause": "Pause", "resume": "Continue"}[self.value]

    @property
    def needs_cluster(self) -> bool:
        """Whether it changes VideoJobs, not rows."""
        return self in {Action.PAUSE, Action.RESUME}


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do.

    Attributes
    ----------
    rows
        The jobs that would be changed, as they are shown.
    changed
        How many, by what becomes of them.
    kept
        How many stay as they are, by why.
    """

    rows: tuple[ShownRow, ...]
    changed: Counter[str]
    kept: Counter[str]


def preview(
    action: Action,
    rows: Iterable[RowSummary],
    videos: Mapping[UUID, VideoJobView],
    *,
    completed_too: bool,
) -> Preview:
    """Return what an action would do with rows.

    Parameters
    ----------
    action
        The action.
    rows
        The rows.
    videos
        The VideoJobs of the cluster, by job.
    completed_too
        Whether completed videos run again too. Each costs again: only where they were asked for.
    """
    shown: list[ShownRow] = []
    changed, kept = Counter[str](), Counter[str]()
    for row in rows:
        becomes, stays = _effect(action, row, videos.get(row.job_id), completed_too=completed_too)
        if becomes is not None:
            shown.append(ShownRow.of(row))
            changed[becomes] += 1
        else:
            kept[stays] += 1
    return Preview(tuple(shown), changed, kept)


def _effect(
    action: Action, row: RowSummary, video: VideoJobView | None, *, completed_too: bool
) -> tuple[str | None, str]:
    """Return what becomes of a row, or None and why it stays."""
    if action is Action.RETRY:
        return _retried(row, completed_too=completed_too)
    if action is Action.CANCEL:
        if row.status in _OPEN:
            at_work = row.status == RowStatus.PROCESSING
            return ("stop and end in error" if at_work else "leave the queue and end in error"), ""
        return None, f"are not waiting or at work ({row.status or 'no status'})"
    if video is None or row.ended:
        return None, "have no VideoJob that runs: they wait, have ended, or `runops work` runs them"
    if video.finished:
        return None, "have ended"
    if action is Action.PAUSE:
        return (None, "are paused already") if video.suspended else ("stop until they are continued", "")
    return ("continue", "") if video.suspended else (None, "are not paused")


def _retried(row: RowSummary, *, completed_too: bool) -> tuple[str | None, str]:
    if row.status == RowStatus.ERROR:
        return "are queued again", ""
    if row.status == RowStatus.COMPLETED and completed_too:
        return "are queued again and cost again; what people edited in their SOPs is kept", ""
    if row.status == RowStatus.COMPLETED:
        return None, "are completed; choose the status completed to run them again"
    return None, f"have not ended ({row.status or 'no status'})"
