"""Which queued rows come next: fairness over users, then priority and age. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from runops.job_row import JobRow

__all__ = ["choose", "rank", "user_key"]

_MOST_AGEING = 200
"""Steps of priority: from the lowest to the highest."""


def user_key(row: JobRow) -> str:
    """Return the user that a row counts for. Rows without a user count together as one user, "".

    A UUID has several spellings; all of them are the same user.
    """
    raw = row.raw_user
    if raw is None:
        return ""
    if not isinstance(raw, str):
        return type(raw).__name__
    try:
        return str(UUID(raw))
    except ValueError:
        return raw[:100]


def rank(row: JobRow, *, now: datetime, ageing_seconds: float) -> float:
    """Return a row's priority, raised by one for each `ageing_seconds` that it has waited.

    Parameters
    ----------
    row
        A queued row.
    now
        The time at the server that wrote the row.
    ageing_seconds
        Seconds of waiting that outweigh one step of priority.
    """
    return row.priority + min(_waited(row, now) / ageing_seconds, _MOST_AGEING)


def choose(
    rows: Sequence[JobRow],
    *,
    slots: int,
    active: Mapping[str, int],
    now: datetime,
    ageing_seconds: float,
    per_user: int | None = None,
    room_of: Callable[[str], int | None] = lambda _user: None,
) -> list[JobRow]:
    """Return the rows to claim now.

    A slot goes to the user with the fewest videos at work, those chosen in this call included; among equals, to the row
    of the highest rank, then to the oldest. So a user with a thousand rows of any priority delays another user's first
    video by one slot at most.

    Parameters
    ----------
    rows
        Queued rows, oldest first.
    slots
        How many may be claimed.
    active
        Videos at work by user, as `user_key` names them.
    now, ageing_seconds
        As for `rank`.
    per_user
        Videos of one user at work at most; None for no limit.
    room_of
        How many more rows of a user may be chosen; None for no limit.
    """
    waiting: dict[str, list[tuple[float, int, JobRow]]] = {}
    for age, row in enumerate(rows):
        order = (-rank(row, now=now, ageing_seconds=ageing_seconds), age, row)
        waiting.setdefault(user_key(row), []).append(order)
    rooms = {user: room for user in waiting if (room := room_of(user)) is not None}
    waiting = {user: queue for user, queue in waiting.items() if rooms.get(user) != 0}
    for queue in waiting.values():
        # Taken from the end.
        queue.sort(key=lambda item: item[:2], reverse=True)
    load = dict(active)
    chosen: list[JobRow] = []
    while waiting and len(chosen) < slots:
        user = min(waiting, key=lambda name: (load.get(name, 0), waiting[name][-1][:2]))
        if per_user is not None and load.get(user, 0) >= per_user:
            # The least busy user is at the limit, so all users are.
            break
        chosen.append(waiting[user].pop()[2])
        load[user] = load.get(user, 0) + 1
        if user in rooms:
            rooms[user] -= 1
        if not waiting[user] or rooms.get(user) == 0:
            del waiting[user]
    return chosen


def _waited(row: JobRow, now: datetime) -> float:
    try:
        queued = datetime.fromisoformat(row.waiting_since or "")
        return max(0.0, (now - queued).total_seconds())
    except (ValueError, TypeError):
        return 0.0
