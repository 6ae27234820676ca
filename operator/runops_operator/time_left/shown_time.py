"""What the status shows of an expected end, and when that is worth another write. Pure."""

from datetime import UTC, datetime, timedelta

from runops.time_left import TimeLeft
from runops.timestamps import rfc3339
from runops.videojob_time_left import TimeLeftStatus
from runops_operator.times import moment

__all__ = ["TOO_FEW", "is_worth_a_write", "shown"]

TOO_FEW = "TooFewFinished"
_SHARE = 0.2
_LEAST_SECONDS = 15.0


def shown(time_left: TimeLeft | None, *, position: int | None, unknown: str | None) -> TimeLeftStatus:
    """Return what to show.

    Parameters
    ----------
    time_left
        The range; None for nothing.
    position
        Place among the VideoJobs that wait for their worker.
    unknown
        Why there is no range.
    """
    if time_left is None:
        return TimeLeftStatus(position=position, unknown=unknown)
    early, late = time_left.earliest.astimezone(UTC), time_left.latest.astimezone(UTC)
    return TimeLeftStatus(
        position=position,
        earliest=rfc3339(early),
        likely=rfc3339(time_left.likely),
        latest=rfc3339(late),
        ends=f"{early:%H:%M}-{_clock(late, early)}Z",
    )


def _clock(at: datetime, first: datetime) -> str:
    return f"{at:%H:%M}" if at.date() == first.date() else f"{at:%m-%d %H:%M}"


def is_worth_a_write(before: TimeLeftStatus | None, after: TimeLeftStatus, now: datetime) -> bool:
    """Tell whether a status is to be written: a range appears, disappears, or moves by a share of what is left.

    Parameters
    ----------
    before
        What the status shows; None for nothing.
    after
        What it would show.
    now
        The time.
    """
    if before is None:
        # After a cold start there is nothing to say of any, and there may be thousands.
        return after.unknown != TOO_FEW or after.position is not None
    if before.unknown != after.unknown or (before.position is None) != (after.position is None):
        return True
    if before.position is not None and after.position is not None:
        moved = abs(before.position - after.position)
        if moved > _SHARE * before.position:
            return True
    pairs = [(before.earliest, after.earliest), (before.likely, after.likely), (before.latest, after.latest)]
    left = max(timedelta(0), (moment(after.likely) or now) - now)
    most = max(timedelta(seconds=_LEAST_SECONDS), _SHARE * left)
    return any(_differ(moment(old), moment(new), most) for old, new in pairs)


def _differ(old: datetime | None, new: datetime | None, most: timedelta) -> bool:
    if old is None or new is None:
        return old is not new
    return abs(new - old) > most
