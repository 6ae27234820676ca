"""Whether Realtime, which says that it tells of queued rows, has kept quiet about one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops_operator.times import moment

__all__ = ["HintWatch", "Reading", "untold"]

_GRACE: Final = timedelta(seconds=2)
"""A hint may take so long: Realtime looks at the log of changes every half second, and clocks are known to a second."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A read of the table.

    Attributes
    ----------
    at
        When it began, on the server's clock.
    queued
        Which queued rows it found.
    told
        Whether hints were to be expected from then on.
    """

    at: datetime
    queued: frozenset[UUID]
    told: bool


def untold(rows: Sequence[JobRow], *, before: Reading | None, at: datetime) -> JobRow | None:
    """Return a row of which there should have been a hint since the read before; None where there is none.

    Rows may stay queued for long, and come into sight when those before them are gone; only a row counts that became
    queued between the two reads, and long enough ago for a hint to have come.

    Parameters
    ----------
    rows
        What the read found for which no hint was given.
    before
        The read before.
    at
        When this one began, on the server's clock.
    """
    if before is None or not before.told:
        return None
    for row in rows:
        since = moment(row.waiting_since)
        if row.status != RowStatus.QUEUED or row.job_id in before.queued or since is None:
            continue
        if before.at < since < at - _GRACE:
            return row
    return None


class HintWatch:
    """Compares what is told with what is read.

    Parameters
    ----------
    wake
        Set with each hint, among others.
    told
        Whether hints are to be expected for each queued row.
    distrust
        Called where one did not come.
    """

    def __init__(self, wake: asyncio.Event, told: Callable[[], bool], distrust: Callable[[], None]) -> None:
        self._wake = wake
        self._told = told
        self._distrust = distrust
        self._hinted = False
        self._before: Reading | None = None

    def clear(self) -> None:
        """Take note of a hint before the next read, which answers it."""
        self._hinted = self._hinted or self._wake.is_set()
        self._wake.clear()

    def read(self, rows: Sequence[JobRow], *, at: datetime) -> None:
        """Look at the rows of a read that has begun at some time of the server's clock."""
        if not self._hinted and not self._wake.is_set() and self._told() and untold(rows, before=self._before, at=at):
            self._distrust()
        self._hinted = False
        queued = frozenset(row.job_id for row in rows if row.status == RowStatus.QUEUED)
        self._before = Reading(at=at, queued=queued, told=self._told())
