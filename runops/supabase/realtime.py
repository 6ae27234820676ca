"""Reports rows that Supabase Realtime says were queued, so that the table is read at once.

It is a hint only: the table decides.
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
        Called for each queued row, and when the subscription is ready: rows may have come before.
    patience
        Deadlines of the connection.
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
        self._distrusted = False
        self._trouble: str | None = None

    @property
    def live(self) -> bool:
        """Whether every queued row is reported, as far as is known."""
        return self._connection is not None and self._connection.subscribed and not self._distrusted

    def distrust(self) -> None:
        """Note that a row was not reported: the feed connects again, and is not live until it reports a row."""
        if self.live and self._connection is not None:
            self._distrusted = True
            self._connection.lose("it did not report a queued row")

    async def run(self) -> None:
        """Keep a connection until cancelled; after a failure with growing pauses."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._connection = OneConnection(
                self._url,
                self._key,
                on_row=self._on_reported_row,
                on_subscribed=self._on_subscribed,
                patience=self._patience,
            )
            try:
                # At a random time: not all operators at once, and not when the service itself ends the connection.
                trouble = await self._connection.use(share=0.75 + 0.25 * self._jitter())
            finally:
                self._connection = None
            if trouble is not None:
                self._report(trouble)
            failures = 1 if loop.time() - began > self._patience.subscribe else failures + 1
            await asyncio.sleep(backoff(failures, base=self._patience.pause, jitter=self._jitter()))

    def _on_reported_row(self) -> None:
        if self._distrusted:
            self._distrusted = False
            self._report(None)
        self._on_row()

    def _on_subscribed(self) -> None:
        if not self._distrusted:
            self._report(None)
        self._on_row()

    def _report(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            _log.info("Realtime reports queued rows.")
        else:
            _log.warning(
                "Realtime does not report queued rows (%s); the table is read more often.", trouble[:_MOST_SHOWN]
            )
