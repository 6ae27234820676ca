"""Which queued rows come next: round robin over users, then age. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence

from runops.job_row import JobRow

__all__ = ["choose", "user_key"]


def user_key(row: JobRow) -> str:
    """Return whom a row counts for; rows without user count as one user of their own."""
    return str(row.raw_user)[:100] if row.raw_user is not None else ""


def choose(rows: Sequence[JobRow], *, slots: int, active: Mapping[str, int]) -> list[JobRow]:
    """Return the rows to claim now.

    A slot goes to the user with the fewest videos at work, the ones chosen just now included; among equals, to the
    oldest row. So a user with a thousand rows delays nobody's first video by more than one slot.

    Parameters
    ----------
    rows
        Queued rows, oldest first.
    slots
        How many may be claimed.
    active
        Videos at work by user, as `user_key` names them.
    """
    waiting: dict[str, deque[tuple[int, JobRow]]] = {}
    for age, row in enumerate(rows):
        waiting.setdefault(user_key(row), deque()).append((age, row))
    load = dict(active)
    chosen: list[JobRow] = []
    while waiting and len(chosen) < slots:
        user = min(waiting, key=lambda name: (load.get(name, 0), waiting[name][0][0]))
        chosen.append(waiting[user].popleft()[1])
        load[user] = load.get(user, 0) + 1
        if not waiting[user]:
            del waiting[user]
    return chosen
