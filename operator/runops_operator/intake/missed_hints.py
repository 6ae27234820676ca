"""Finds out whether Realtime, though connected, did not report a queued row."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops_operator.times import moment

__all__ = ["NO_FEED", "Hints", "RowFeed", "TableRead", "row_without_hint"]

_GRACE: Final = timedelta(seconds=2)
"""A hint may take so long: Realtime reads the log of changes every half second, and clocks are known to a second."""


class RowFeed(Protocol):
    """A source of hints that a row was queued, such as `runops.supabase.realtime.QueueFeed`."""

    @property
    def live(self) -> bool:
        """Whether it reports every queued row, as far as is known."""

    def distrust(self) -> None:
        """Take note that it did not report a row."""


class _NoFeed:
    """Reports nothing, and does not claim to."""

    live = False

    def distrust(self) -> None:
        """Do nothing."""


NO_FEED: Final[RowFeed] = _NoFeed()


@dataclass(frozen=True, slots=True)
class TableRead:
    """A read of the table.

    Attributes
    ----------
    at
        When it began, on the server's clock.
    queued
        The queued rows that it found.
    hints_expected
        Whether every row queued after it was to be reported.
    """

    at: datetime
    queued: frozenset[UUID]
    hints_expected: bool


def row_without_hint(rows: Sequence[JobRow], *, before: TableRead | None, at: datetime) -> JobRow | None:
    """Return a row that should have been reported since the read before; None where there is none.

    Only a row counts that was queued between the two reads, long enough ago for a hint to have come. Older rows may
    come into view when the rows before them are gone.

    Parameters
    ----------
    rows
        The result of a read for which no hint had come.
    before
        The read before; None for the first.
    at
        When this read began, on the server's clock.
    """
    if before is None or not before.hints_expected:
        return None
    for row in rows:
        since = moment(row.waiting_since)
        if row.status != RowStatus.QUEUED or row.job_id in before.queued or since is None:
            continue
        if before.at < since < at - _GRACE:
            return row
    return None


class Hints:
    """The hints of a feed, compared with what the reads find.

    Parameters
    ----------
    wake
        Set for each hint, and by others that want the table read at once.
    feed
        Distrusted when it did not report a row.
    """

    def __init__(self, wake: asyncio.Event, feed: RowFeed) -> None:
        self._wake = wake
        self._feed = feed
        self._hinted = False
        self._before: TableRead | None = None

    @property
    def expected(self) -> bool:
        """Whether the feed reports every queued row, as far as is known."""
        return self._feed.live

    def wake(self) -> None:
        """Have the table read at once."""
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Wait for a hint or another wake-up, at most so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def clear(self) -> None:
        """Take the hints so far as answered by the next read."""
        self._hinted = self._hinted or self._wake.is_set()
        self._wake.clear()

    def compare(self, rows: Sequence[JobRow], *, at: datetime) -> None:
        """Compare a read, begun at a time of the server's clock, with the hints; distrust a feed that missed a row."""
        hinted = self._hinted or self._wake.is_set()
        if not hinted and self.expected and row_without_hint(rows, before=self._before, at=at) is not None:
            self._feed.distrust()
        self._hinted = False
        queued = frozenset(row.job_id for row in rows if row.status == RowStatus.QUEUED)
        self._before = TableRead(at=at, queued=queued, hints_expected=self.expected)
