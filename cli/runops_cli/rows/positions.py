"""Places in the queue, by the rows alone. Pure."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from runops.claim_order import user_key
from runops.job_row import Lane
from runops.supabase.queue_outline import QueueOutline
from runops.time_left import position

__all__ = ["positions"]

_AGEING_SECONDS = 600.0
"""The operator's default. With another one, only the order among rows of different priority differs."""


def positions(outline: QueueOutline, now: datetime) -> dict[UUID, int]:
    """Return the place of each waiting row, from 1. Each lane is a queue of its own."""
    found: dict[UUID, int] = {}
    for lane in Lane:
        active = Counter(user_key(row) for row in outline.at_work if row.lane is lane)
        waiting = [row for row in outline.waiting if row.lane is lane]
        found |= position(waiting, active=active, now=now, ageing_seconds=_AGEING_SECONDS)
    return found
