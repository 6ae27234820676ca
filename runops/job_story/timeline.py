"""What happened to a job, in the order of time: from its row, its VideoJob and the events of its cluster. Pure.

Events are anybody's: each is read for itself, and one that cannot be read is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from runops.job_row import RowStatus
from runops.row_summary import RowSummary, time_of
from runops.videojob_view import VideoJobView

__all__ = ["Happening", "Kind", "timeline"]

_STAGES = {
    "preparing_video": "the video is prepared",
    "transcribing": "the transcript is made",
    "parsing_sop": "the SOP is written",
    "finalizing": "the results are stored",
}
_ENDS = {RowStatus.COMPLETED.value: "completed", RowStatus.ERROR.value: "ended in error"}
_ROW, _VIDEOJOB = "row", "VideoJob"
_EVENT_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp")
_LONGEST = 1000
_LATEST = timedelta(days=1)
"""A clock may be wrong by so much. An event of a later time is none."""


class Kind(StrEnum):
    """Whether it is good news."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


_CONDITIONS = {
    "Complete": Kind.GOOD,
    "Failed": Kind.BAD,
    "Stalled": Kind.BAD,
    "Blocked": Kind.BAD,
    "RecordingPartlyLost": Kind.BAD,
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a job.

    Attributes
    ----------
    at
        When.
    what
        What, in a few words that begin with a small letter, unless they are a name.
    detail
        A sentence about it; may be empty.
    seconds
        How long it took; None where it is a moment or still goes on.
    kind
        Whether it is good news.
    source
        Where it is known from: the row, the VideoJob, or an event.
    """

    at: datetime
    what: str
    detail: str = ""
    seconds: float | None = None
    kind: Kind = Kind.PLAIN
    source: str = _ROW


def timeline(
    row: RowSummary, videojob: VideoJobView | None, events: Iterable[Mapping[str, Any]] = (), *, now: datetime
) -> list[Happening]:
    """Return what happened, the first first. What a condition and an event say of the same minute comes once."""
    found = [*_of_row(row), *(() if videojob is None else _of_videojob(row, videojob))]
    found += [one for event in events if (one := _of_event(event, latest=now + _LATEST)) is not None]
    once: dict[tuple[datetime, str, str], Happening] = {}
    for one in sorted(found, key=lambda one: one.at):
        once.setdefault((one.at.replace(second=0, microsecond=0), one.what, one.detail), one)
    return list(once.values())


def _of_row(row: RowSummary) -> Iterator[Happening]:
    created, queued = time_of(row.created_at), row.queued_at
    if created is not None:
        yield Happening(created, "queued")
    if queued is not None and created is not None and queued > created:
        yield Happening(queued, "queued again")
    ended = (time_of(row.completed_at) if row.status == RowStatus.COMPLETED else None) or time_of(row.updated_at)
    if not row.ended or ended is None:
        return
    status = row.status or "without a status"
    yield Happening(
        ended,
        _ENDS.get(status, status),
        " ".join((row.error or "").split())[:_LONGEST] if status == RowStatus.ERROR else "",
        None if created is None else max(timedelta(), ended - created).total_seconds(),
        {RowStatus.COMPLETED.value: Kind.GOOD, RowStatus.ERROR.value: Kind.BAD}.get(status, Kind.PLAIN),
    )


def _of_videojob(row: RowSummary, videojob: VideoJobView) -> Iterator[Happening]:
    if videojob.created is not None:
        by = "" if row.claim is None else row.claim.by
        yield Happening(videojob.created, "claimed by the operator", by, source=_VIDEOJOB)
    if (started := time_of(videojob.status.start_time)) is not None:
        yield Happening(started, "the first worker started", source=_VIDEOJOB)
    for stage in videojob.status.stages or ():
        if (began := time_of(stage.start_time)) is not None:
            yield Happening(began, _STAGES.get(stage.stage, str(stage.stage)), "", stage.seconds, source=_VIDEOJOB)
    for condition in videojob.status.conditions or ():
        kind, at = _CONDITIONS.get(condition.type), time_of(condition.last_transition_time)
        if condition.status == "True" and kind is not None and at is not None:
            said = f"{condition.type}: {condition.reason}"
            yield Happening(at, said, (condition.message or "")[:_LONGEST], kind=kind, source=_VIDEOJOB)


def _of_event(event: Mapping[str, Any], *, latest: datetime) -> Happening | None:
    times = (text for name in _EVENT_TIMES if isinstance(text := event.get(name), str))
    at = next((found for text in times if (found := time_of(text)) is not None), None)
    if at is None or at > latest:
        return None
    count, about = event.get("count"), event.get("involvedObject")
    kind = about.get("kind") if isinstance(about, Mapping) else None
    return Happening(
        at,
        f"{event.get('reason') or 'Event'}" + (f" ({count} times)" if isinstance(count, int) and count > 1 else ""),
        " ".join(str(event.get("message") or "").split())[:_LONGEST],
        kind=Kind.BAD if event.get("type") == "Warning" else Kind.PLAIN,
        source=f"event of the {kind}" if kind else "event",
    )
