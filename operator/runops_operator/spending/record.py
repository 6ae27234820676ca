"""The count of what all videos cost: this month, today, and today by user. Pure.

Each VideoJob reports what its count has of each day. The record keeps how much of that it has added already, so each
dollar is added once, however often it is reported and whoever crashes meanwhile. An entry is dropped once its VideoJob
has ended, or is gone, and its last day is over. `ended_before` then says that VideoJobs that ended by that time are
counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from runops.spending_record import Record
from runops_operator.spending.video_spending import VideoSpending
from runops_operator.times import moment

__all__ = ["MOST_ENTRIES", "MOST_USERS", "counted", "may_be_counted"]

MOST_ENTRIES = 8_000
"""With 70 bytes each. 10,000 videos at work and all users fit below a MiB, too."""
MOST_USERS = 5_000
_MOST_DAYS = 2
"""Of one count. Earlier days do not grow any more: a call takes minutes. A ConfigMap may have a MiB for all of them."""
_LATE = timedelta(hours=2)
"""How late the last report of a day may be seen. It is longer than clocks differ, see `VideoSpending.first_day`."""


def counted(record: Record, videos: Iterable[VideoSpending], *, now: datetime) -> Record:
    """Return the record with what VideoJobs report and was not added yet.

    Parameters
    ----------
    record
        As it is stored.
    videos
        Reports of all VideoJobs that exist, and of those that were deleted since the record was stored. Older reports
        than those added already change nothing.
    now
        The time.
    """
    videos = list(videos)
    record = _of_today(record, now)
    added = {name: dict(days) for name, days in record.added.items()}
    users = dict(record.of_users)
    of_month, of_day = record.of_month, record.of_day
    until = moment(record.ended_before)
    for video in videos:
        if video.ledger not in added:
            if not video.days or (until is not None and video.finished_at is not None and video.finished_at <= until):
                continue
            added[video.ledger] = {day: amount for day, amount in video.days.items() if day < video.first_day}
        known = added[video.ledger]
        for day, amount in sorted(video.days.items()):
            more = amount - known.get(day, 0)
            if more <= 0 or _is_forgotten(day, known):
                continue
            known[day] = amount
            # A later day is that of a clock which is ahead. It counts now, since it will be known when it begins.
            of_month += more if day[:7] >= record.month else 0
            if day >= record.day:
                of_day += more
                users[video.user] = users.get(video.user, 0) + more
        added[video.ledger] = dict(sorted(known.items())[-_MOST_DAYS:])
    grown = replace(record, of_month=of_month, of_day=of_day, of_users=_largest(users), added=added)
    return _pruned(grown, videos, now=now)


def may_be_counted(video: VideoSpending, record: Record, *, now: datetime) -> bool:
    """Return whether the last report of a deleted VideoJob may be in a record, and its entry dropped already.

    Parameters
    ----------
    video
        The report.
    record
        As somebody else stored it after the VideoJob was deleted.
    now
        The time.
    """
    return video.ledger not in record.added and _is_over(video.days, now)


def _is_forgotten(day: str, known: Mapping[str, int]) -> bool:
    """Whether a day was added already, perhaps, and its entry is gone: an entry keeps its latest days."""
    return len(known) >= _MOST_DAYS and day < min(known)


def _of_today(record: Record, now: datetime) -> Record:
    today, tomorrow = (at.astimezone(UTC).date().isoformat() for at in (now, now + timedelta(days=1)))
    if today < record.day <= tomorrow:
        # The clock of another replica is ahead, or was: a day that has begun is not begun again. One that is later
        # than tomorrow was never right, and no cap would hold until then.
        return record
    if today[:7] != record.month:
        record = replace(record, month=today[:7], of_month=0)
    return record if today == record.day else replace(record, day=today, of_day=0, of_users={})


def _largest(users: dict[str, int]) -> dict[str, int]:
    """Return the users who spent most, if there are too many: they are the ones near the cap."""
    if len(users) <= MOST_USERS:
        return users
    return dict(sorted(users.items(), key=lambda item: (-item[1], item[0]))[:MOST_USERS])


def _pruned(record: Record, videos: list[VideoSpending], *, now: datetime) -> Record:
    present = {video.ledger: video for video in videos}
    unfinished = {video.ledger for video in videos if video.finished_at is None}
    old = [name for name in record.added if _is_over(record.added[name], now)]
    dropped = {
        name for name in old if (video := present.get(name)) is None or (video.finished_at or now) <= now - _LATE
    }
    left = len(record.added) - len(dropped)
    if left > MOST_ENTRIES:
        # Those that ended first go early. Should such a video be run again today, it counts twice at worst.
        ended = sorted(
            (name for name in record.added if name not in unfinished and name not in dropped),
            key=lambda name: _ended_at(present.get(name)),
        )
        dropped |= set(ended[: left - MOST_ENTRIES])
    if not dropped:
        return record
    ends = [video.finished_at for video in videos if video.ledger in dropped and video.finished_at is not None]
    until = max([*ends, *filter(None, [moment(record.ended_before)])], default=None)
    return replace(
        record,
        added={name: days for name, days in record.added.items() if name not in dropped},
        ended_before="" if until is None else until.isoformat(),
    )


def _ended_at(video: VideoSpending | None) -> str:
    return "" if video is None or video.finished_at is None else video.finished_at.isoformat()


def _is_over(days: Mapping[str, int], now: datetime) -> bool:
    return max(days, default="") < (now - _LATE).astimezone(UTC).date().isoformat()
