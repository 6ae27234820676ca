"""Hears from Supabase Realtime that a row was queued, so that the table is read at once and not at the next turn.

It is a hint and nothing else: what is true stands in the table.
"""

import asyncio
import logging
import random
from collections.abc import Callable

from runops.polling import backoff
from runops.supabase.realtime_connection import OneConnection, Patience

__all__ = ["Patience", "QueueFeed"]

_log = logging.getLogger(__name__)
_MOST_SHOWN = 300


class QueueFeed:
    """The feed of one project.

    Parameters
    ----------
    url, key
        Of the project.
    on_row
        Called for each row that is queued, and whenever the subscription stands: rows may have come meanwhile.
    patience
        How long is waited for what.
    jitter
        Source of randomness in [0, 1).
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        on_row: Callable[[], None],
        patience: Patience = Patience(),  # noqa: B008 it is immutable
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url = f"{url.rstrip('/')}/realtime/v1"
        self._key = key
        self._on_row = on_row
        self._patience = patience
        self._jitter = jitter
        self._connection: OneConnection | None = None
        self._doubted = False
        self._trouble: str | None = None

    @property
    def live(self) -> bool:
        """Whether rows are told of, as far as can be known."""
        return self._connection is not None and self._connection.stands and not self._doubted

    def distrust(self) -> None:
        """Note that a row came that was not told of: the feed is connected anew, and not live until it tells of one."""
        if self.live and self._connection is not None:
            self._doubted = True
            self._connection.lose("it did not tell of a row that was queued")

    async def run(self) -> None:
        """Keep a connection until cancelled; after a failure with growing pauses."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._connection = OneConnection(
                self._url, self._key, on_row=self._told, on_standing=self._standing, patience=self._patience
            )
            try:
                # Neither all operators at once, nor ever at the very moment at which the service ends it.
                trouble = await self._connection.use(share=0.75 + 0.25 * self._jitter())
            finally:
                self._connection = None
            if trouble is not None:
                self._say(trouble)
            failures = 1 if loop.time() - began > self._patience.subscribe else failures + 1
            await asyncio.sleep(backoff(failures, base=self._patience.pause, jitter=self._jitter()))

    def _told(self) -> None:
        if self._doubted:
            self._doubted = False
            self._say(None)
        self._on_row()

    def _standing(self) -> None:
        if not self._doubted:
            self._say(None)
        self._on_row()

    def _say(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            _log.info("Realtime tells of queued rows.")
        else:
            _log.warning(
                "Realtime does not tell of queued rows (%s); the table is read more often.", trouble[:_MOST_SHOWN]
            )
