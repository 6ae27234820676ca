"""Which queued rows come next: fairness over users, then priority and age. Pure."""

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Self
from uuid import UUID

from runops.job_row import JobRow

__all__ = ["ClaimOrder", "age_key", "choose", "rank", "user_key"]

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


def age_key(created_at: str | None, job_id: UUID) -> tuple[bool, str, UUID]:
    """Return what sorts rows oldest first as the database does: those without a time come last (`NULLS LAST`)."""
    return created_at is None, created_at or "", job_id


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


class ClaimOrder:
    """Rows in the order in which they are claimed, which depends on what is at work when a slot is free.

    A slot goes to the user with the fewest videos at work; among equals, to the row of the highest rank, then to the
    oldest. So a user with a thousand rows of any priority delays another user's first video by one slot at most.

    Parameters
    ----------
    rows
        Queued rows, oldest first.
    now, ageing_seconds
        As for `rank`.
    room_of
        How many more rows of a user may be claimed; None for no limit.
    """

    def __init__(
        self,
        rows: Sequence[JobRow],
        *,
        now: datetime,
        ageing_seconds: float,
        room_of: Callable[[str], int | None] = lambda _user: None,
    ) -> None:
        waiting: dict[str, list[tuple[float, int, JobRow]]] = {}
        for age, row in enumerate(rows):
            order = (-rank(row, now=now, ageing_seconds=ageing_seconds), age, row)
            waiting.setdefault(user_key(row), []).append(order)
        self._rows = len(rows)
        self._rooms = {user: room for user in waiting if (room := room_of(user)) is not None}
        self._waiting = {user: queue for user, queue in waiting.items() if self._rooms.get(user) != 0}
        for queue in self._waiting.values():
            # Taken from the end.
            queue.sort(key=lambda item: item[:2], reverse=True)

    def copy(self) -> Self:
        """Return the same order once more."""
        other = copy(self)
        other._rooms = dict(self._rooms)  # noqa: SLF001 - of the same class
        other._waiting = {user: list(queue) for user, queue in self._waiting.items()}  # noqa: SLF001 - likewise
        return other

    def add(self, row: JobRow) -> None:
        """Add a row that was queued just now, behind all others of its priority. It counts for no room."""
        self._rows += 1
        queue = self._waiting.setdefault(user_key(row), [])
        insort(queue, (float(-row.priority), self._rows, row), key=lambda item: (-item[0], -item[1]))

    def take(self, load: Mapping[str, int], *, per_user: int | None = None) -> JobRow | None:
        """Remove the row that is claimed next, and return it; None where there is none.

        Parameters
        ----------
        load
            Videos at work by user, as `user_key` names them.
        per_user
            Videos of one user at work at most; None for no limit.
        """
        if not self._waiting:
            return None
        user = min(self._waiting, key=lambda name: (load.get(name, 0), self._waiting[name][-1][:2]))
        if per_user is not None and load.get(user, 0) >= per_user:
            # The least busy user is at the limit, so all users are.
            return None
        row = self._waiting[user].pop()[2]
        if user in self._rooms:
            self._rooms[user] -= 1
        if not self._waiting[user] or self._rooms.get(user) == 0:
            del self._waiting[user]
        return row


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
    """Return the rows to claim now: those chosen in this call count as at work.

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
    order = ClaimOrder(rows, now=now, ageing_seconds=ageing_seconds, room_of=room_of)
    load = dict(active)
    chosen: list[JobRow] = []
    while len(chosen) < slots and (row := order.take(load, per_user=per_user)) is not None:
        chosen.append(row)
        user = user_key(row)
        load[user] = load.get(user, 0) + 1
    return chosen


def _waited(row: JobRow, now: datetime) -> float:
    try:
        queued = datetime.fromisoformat(row.waiting_since or "")
        return max(0.0, (now - queued).total_seconds())
    except (ValueError, TypeError):
        return 0.0
