"""One job as a line of the list shows it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from runops.failures import TABLE
from runops.job_row import RowStatus
from runops.job_story.attempts import attempts_of
from runops.row_reason import reason_of
from runops.row_summary import RowSummary
from runops.standstill import Told
from runops.time_left import TimeLeft
from runops.time_left.of_rows import NO_TIME, RowTime
from runops.videojob_view import VideoJobView
from runops.why_waiting import QueueState, explain
from runops_ui.shown.moments import day_and_clock, span, spans
from runops_ui.shown.stage_bar import StageBar, stage_bar

__all__ = ["Moment", "RowView", "row_view"]

_SENTENCES = {reason.value: failure for reason, failure in TABLE.items()}
_STATES = {
    RowStatus.QUEUED.value: "waits",
    RowStatus.PROCESSING.value: "at work",
    RowStatus.COMPLETED.value: "completed",
    RowStatus.ERROR.value: "failed",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: for machines, for people in UTC, and how long ago or ahead it is."""

    iso: str
    text: str
    distance: str

    @classmethod
    def of(cls, at: datetime | None, now: datetime) -> "Moment | None":
        """Return it; None of none."""
        if at is None:
            return None
        return cls(at.isoformat(timespec="seconds"), day_and_clock(at), span(abs((now - at).total_seconds())))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """What is shown of a job.

    Attributes
    ----------
    state, word
        Its status as a name of a style, and in words.
    bar
        Where it is while it is worked on.
    says
        What it waits for, or why it failed.
    left
        How long it still takes, as finished videos suggest.
    """

    job_id: UUID
    title: str | None
    state: str
    word: str
    queued: Moment | None
    changed: Moment | None
    user: str | None
    bar: StageBar | None
    says: str
    until: Moment | None
    left: str | None
    remedy: str | None
    reason: str | None
    attempts: str
    cost: str | None
    length: str | None
    paused: bool

    @property
    def short_id(self) -> str:
        """The first eight characters of its id."""
        return str(self.job_id)[:8]

    @property
    def name(self) -> str:
        """Its title, or its id where it has none yet."""
        return self.title or self.short_id

    @property
    def can_retry(self) -> bool:
        """Whether it has ended, so that it can run again."""
        return self.state in {RowStatus.ERROR.value, RowStatus.COMPLETED.value}

    @property
    def can_cancel(self) -> bool:
        """Whether it waits or is at work."""
        return self.state in {RowStatus.QUEUED.value, RowStatus.PROCESSING.value, "paused"}


def row_view(
    row: RowSummary,
    *,
    now: datetime,
    title: str | None = None,
    video: VideoJobView | None = None,
    time: RowTime = NO_TIME,
    standstill: Told | None = None,
) -> RowView:
    """Return what is shown of a row.

    Parameters
    ----------
    row
        The row.
    now
        The time at the server.
    title
        Of its SOP.
    video
        Its VideoJob, where a cluster has one.
    time
        Its position and time left, by the rows alone.
    standstill
        Why no rows are claimed; None where they are, or where that is not known.
    """
    ahead = None if time.position is None else time.position - 1
    told = explain(row, videojob=video, queue=QueueState(ahead=ahead, standstill=standstill), now=now)
    at_work = row.status == RowStatus.PROCESSING
    paused = video is not None and video.suspended and not row.ended
    known = row.status if row.status in _STATES else "other"
    reason = reason_of(row)
    usage = None if video is None else video.status.usage
    return RowView(
        job_id=row.job_id,
        title=title,
        state="paused" if paused else str(known),
        word="paused" if paused else _STATES.get(row.status or "", row.status or "no status"),
        queued=Moment.of(row.queued_at, now),
        changed=Moment.of(told.since, now),
        user=row.user_id,
        bar=stage_bar(row.progress_stage, row.progress_percent) if at_work else None,
        says=_says(row, told.sentence),
        until=Moment.of(told.until if told.until is not None and told.until > now else None, now),
        left=None if row.ended else _left(time.time_left if video is None or video.finished else video.ends, now),
        remedy=None if row.status == RowStatus.COMPLETED else _remedy(reason, told.remedy),
        reason=reason,
        attempts=_attempts(row),
        cost=None if usage is None or not usage.cost_usd else usage.cost_usd,
        length=None if usage is None or not usage.media_seconds else span(usage.media_seconds),
        paused=paused,
    )


def _says(row: RowSummary, sentence: str) -> str:
    if row.status == RowStatus.ERROR:
        return " ".join((row.error or "The row gives no reason.").split())
    return "" if row.status == RowStatus.COMPLETED else sentence


def _left(ends: TimeLeft | None, now: datetime) -> str | None:
    """Return the time left as a range; None where none is known, or where it is over."""
    if ends is None or ends.latest <= now:
        return None
    return spans(max(0.0, (ends.earliest - now).total_seconds()), (ends.latest - now).total_seconds())


def _remedy(reason: str | None, told: str | None) -> str | None:
    """Return what to do, without the name of a command where the table of reasons has a sentence."""
    failure = _SENTENCES.get(reason or "")
    return told if failure is None else failure.remedy


def _attempts(row: RowSummary) -> str:
    attempts = attempts_of(row)
    if attempts is None:
        return ""
    waits = attempts.interruptions
    said = "1 attempt" if attempts.number == 1 else f"{attempts.number} attempts"
    return f"{said}, {waits} wait{'' if waits == 1 else 's'}" if waits else said
