"""The count of what all videos cost: this month, today, and today by user. Pure.

Each VideoJob reports what its count has of each day. The record keeps how much of that it has added already, so each
dollar is added once, however often it is reported and whoever crashes meanwhile. An entry is dropped once its VideoJob
has ended, or is gone, and its last day is over. `ended_before` then says that VideoJobs that ended by that time are
counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from runops.spending_record import Record
from runops_operator.spending.video_spending import VideoSpending
from runops_operator.times import moment

__all__ = ["MOST_ENTRIES", "MOST_USERS", "counted"]

MOST_ENTRIES = 8_000
"""With 50 bytes each. A ConfigMap may have a MiB."""
MOST_USERS = 5_000
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
    today = now.astimezone(UTC).date().isoformat()
    record = _of_today(record, today)
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
        for day, amount in video.days.items():
            more = amount - known.get(day, 0)
            if more <= 0:
                continue
            known[day] = amount
            of_month += more if day.startswith(record.month) else 0
            if day == record.day:
                of_day += more
                users[video.user] = users.get(video.user, 0) + more
    grown = replace(record, of_month=of_month, of_day=of_day, of_users=_largest(users), added=added)
    return _pruned(grown, videos, now=now)


def _of_today(record: Record, today: str) -> Record:
    if today < record.day:
        # The clock of another replica is ahead, or was: a day that has begun is not begun again.
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
    last = date.fromisoformat(max(days)) if days else date.min
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    return now >= end + _LATE
