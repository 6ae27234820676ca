"""Reads the rows that changed last while somebody looks, and tells all who look."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runops.logs import error_text
from runops.row_summary import RowSummary
from runops.supabase.errors import SupabaseError
from runops_ui.live.changes import Seen, compare
from runops_ui.live.event_log import Event, EventLog

__all__ = ["ROWS_AT_ONCE", "Feed", "Freshness"]

_log = logging.getLogger(__name__)
ROWS_AT_ONCE = 200
_EVERY_SECONDS = 2.0
_FIGURES_EVERY = 5
"""Rounds."""
_IDLE_SECONDS = 60.0
"""Without anybody who looks for so long, it stops reading."""
_FIRST_READ_SECONDS = 5.0
_ROUND_SECONDS = 60.0

ReadNewest = Callable[[], Awaitable[Sequence[RowSummary]]]
Describe = Callable[[Sequence[RowSummary]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the table was last read, and why not since then.

    Attributes
    ----------
    as_of
        None before the first read.
    trouble
        One sentence; None where the last read succeeded.
    """

    as_of: datetime | None = None
    trouble: str | None = None


class Feed:
    """One reader for all who look.

    Parameters
    ----------
    read_newest
        Reads the `ROWS_AT_ONCE` rows that changed last.
    describe
        Makes the data of an event of rows that changed.
    figures
        Makes the data of an event of figures.
    now
        The clock.
    """

    def __init__(
        self,
        read_newest: ReadNewest,
        describe: Describe,
        figures: Callable[[], Awaitable[Mapping[str, Any]]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.log = EventLog()
        self.freshness = Freshness()
        self._read_newest, self._describe, self._figures, self._now = read_newest, describe, figures, now
        self._seen: Seen | None = None
        self._said_figures: Mapping[str, Any] | None = None
        self._looked_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._round = asyncio.Condition()
        self._rounds = 0

    async def look(self) -> None:
        """Note that somebody looks, and see to it that the table was read: from now on no change is missed."""
        loop = asyncio.get_running_loop()
        self._looked_at = loop.time()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
        if self._seen is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_READ_SECONDS), self._round:
                    await self._round.wait()

    async def rounds(self, after: int) -> AsyncIterator[list[Event] | None]:
        """Yield the events after a number, then after each look at the table those that are new, until it is closed.

        None stands for events that are no longer kept; the list may be empty, so that its reader can tell how fresh
        everything is.
        """
        while True:
            await self.look()
            round_then = self._rounds
            events, after = self.log.after(after), self.log.last_number
            # While a slow reader takes these, others may come.
            yield events
            async with self._round:
                await self._round.wait_for(lambda round_then=round_then: self._rounds > round_then)  # type: ignore[misc]

    async def aclose(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() - self._looked_at < _IDLE_SECONDS:
            try:
                async with asyncio.timeout(_ROUND_SECONDS):
                    await self._one_round()
            except SupabaseError as error:
                self.freshness = Freshness(self.freshness.as_of, error.message)
            except TimeoutError:
                self.freshness = Freshness(self.freshness.as_of, "The table jobs was not read in time.")
            except Exception as error:  # noqa: BLE001 - whoever looks is told, and the next round may be better
                _log.exception("Unexpected error while the page read the table.")
                self.freshness = Freshness(self.freshness.as_of, f"The page failed ({error_text(error)}).")
            async with self._round:
                self._rounds += 1
                self._round.notify_all()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _one_round(self) -> None:
        read_at = self._now()
        seen, changed = compare(self._seen, await self._read_newest(), limit=ROWS_AT_ONCE)
        if changed:
            self.log.append("rows", await self._describe(changed))
        elif changed is None:
            self.log.append("reset", {})
        # Only now: what could not be told is told in the next round.
        self._seen = seen
        if self._rounds % _FIGURES_EVERY == 0:
            figures = await self._figures()
            if figures != self._said_figures:
                self._said_figures = figures
                self.log.append("figures", figures)
        self.freshness = Freshness(read_at)
