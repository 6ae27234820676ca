"""Hears from Supabase Realtime that a row was queued, so that the table is read at once and not at the next turn.

It is a hint and nothing else: what is true stands in the table. A connection is made with the `realtime` library for
one use only; whatever goes wrong with it, a new one takes its place. The library's own reconnection gives up for good
after some tries, and does not join again after a token has expired (seen in version 2.34).
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent, RealtimeSubscribeStates

from runops.job_row import RowStatus
from runops.polling import backoff

__all__ = ["QueueFeed"]

_log = logging.getLogger(__name__)
_TOPIC: Final = "runops-queue"
_FILTER: Final = f"status=eq.{RowStatus.QUEUED.value}"
_JOIN_SECONDS: Final = 10
_SUBSCRIBE_SECONDS: Final = 30.0
"""Joining is answered before the database knows of it; then it takes a second or two."""
_LONGEST_SECONDS: Final = 6 * 3600.0
"""Supabase ends a connection with a newer key after 24 h."""
_LEAVE_SECONDS: Final = 5.0
# What they say holds whole messages, and with them rows; what matters of it is said here.
for _name in ("realtime", "websockets"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class QueueFeed:
    """The feed of one project.

    Parameters
    ----------
    url, key
        Of the project. The library puts the key into the address of the websocket, as the service demands it.
    on_row
        Called for each row that is queued, and once when the subscription stands: rows may have come meanwhile.
    jitter
        Source of randomness in [0, 1).
    """

    def __init__(
        self, url: str, key: str, *, on_row: Callable[[], None], jitter: Callable[[], float] = random.random
    ) -> None:
        self._url = f"{url.rstrip('/')}/realtime/v1"
        self._key = key
        self._on_row = on_row
        self._jitter = jitter
        self._lost = asyncio.Event()
        self._trouble: str | None = None
        self.live = False
        """Whether rows are told of, as far as can be known."""

    def distrust(self) -> None:
        """Take the feed for dead, since a row came that it did not tell of; it is connected anew."""
        if self.live:
            self._lose("it did not tell of a row that was queued")

    async def run(self) -> None:
        """Keep a connection until cancelled; after a failure with growing pauses."""
        failures = 0
        while True:
            self._lost.clear()
            began = asyncio.get_running_loop().time()
            try:
                await self._connection()
            except (OSError, TimeoutError, ValueError, RuntimeError) as error:
                self._say(type(error).__name__)
            except Exception as error:  # noqa: BLE001 - the library raises bare exceptions, and a hint must end nothing
                self._say(type(error).__name__)
            finally:
                self.live = False
            lasted = asyncio.get_running_loop().time() - began
            failures = 1 if lasted > _SUBSCRIBE_SECONDS else failures + 1
            await asyncio.sleep(backoff(failures, base=1.0, jitter=self._jitter()))

    async def _connection(self) -> None:
        """Return when one connection is of no use any more."""
        client = AsyncRealtimeClient(self._url, token=self._key, auto_reconnect=False, timeout=_JOIN_SECONDS)
        channel = client.channel(_TOPIC)
        subscribed = asyncio.Event()
        for event in (RealtimePostgresChangesListenEvent.Insert, RealtimePostgresChangesListenEvent.Update):
            channel.on_postgres_changes(
                event,
                schema="public",
                table="jobs",
                filter=_FILTER,
                # The row itself is read from the table anyhow.
                callback=lambda _payload: self._on_row(),
            )
        channel.on_system(lambda _payload: subscribed.set())

        def on_state(state: RealtimeSubscribeStates, error: Exception | None) -> None:
            if state is not RealtimeSubscribeStates.SUBSCRIBED:
                self._lose(str(error) if error is not None and str(error) else state.value)

        try:
            async with asyncio.timeout(2 * _JOIN_SECONDS):
                await channel.subscribe(on_state)
            if not await self._first(subscribed, seconds=_SUBSCRIBE_SECONDS):
                self._say("the database did not confirm the subscription")
                return
            self.live = not self._lost.is_set()
            if self.live:
                self._say(None)
                self._on_row()
            # Neither all operators at once, nor ever at the very moment at which the service ends it.
            await self._first(asyncio.Event(), seconds=_LONGEST_SECONDS * (0.75 + 0.25 * self._jitter()))
        finally:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await client.close()

    async def _first(self, event: asyncio.Event, *, seconds: float) -> bool:
        """Wait for an event, the loss of the connection or the time to pass; True where the event came."""
        waits = [asyncio.create_task(one.wait()) for one in (event, self._lost)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return event.is_set() and not self._lost.is_set()

    def _lose(self, why: str) -> None:
        self.live = False
        self._lost.set()
        self._say(why)

    def _say(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            _log.info("Realtime tells of queued rows.")
        else:
            _log.warning("Realtime does not tell of queued rows (%s); the table is read more often.", trouble[:300])
