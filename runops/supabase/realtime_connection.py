"""One connection to Supabase Realtime, made with the `realtime` library and used once.

The library's reconnection gives up for good after some attempts, and does not join again after a token has expired. It
does not check whether its heartbeats are answered, and leaves timers behind when it is closed (seen in version 2.34).
So after any failure the whole connection is discarded.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from realtime import (
    AsyncRealtimeChannel,
    AsyncRealtimeClient,
    ChannelEvents,
    RealtimeAcknowledgementStatus,
    RealtimePostgresChangesListenEvent,
    RealtimeSubscribeStates,
    SuccessSystemPayload,
)
from realtime._async.push import AsyncPush
from websockets.asyncio.client import connect

from runops.authorities import distrust, trusted
from runops.job_row import RowStatus
from runops.proxies import ProxyUnusable, proxy_for

__all__ = ["OneConnection", "Patience"]

_TOPIC: Final = "runops-queue"
_HEART: Final = "phoenix"
_FILTER: Final = f"status=eq.{RowStatus.QUEUED.value}"
_CHANGES: Final = "postgres_changes"
# Their logs hold whole messages, and with them rows; this module logs what matters.
for _name in ("realtime", "websockets"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Patience:
    """Deadlines and pauses, in seconds.

    Attributes
    ----------
    join
        For the handshake, and for the answer to a join.
    subscribe
        Until the database confirms the subscription, a second or two after the join is answered.
    beat, answer
        Between heartbeats, and for the answer to one. The websocket itself would notice a dead peer after up to 50 s,
        and a dead service behind a living proxy never.
    longest
        How long a connection is used at most. Supabase ends one with a newer key after 24 h.
    leave
        For an orderly close.
    pause
        After the first failure; longer after each further one.
    """

    join: int = 10
    subscribe: float = 30.0
    beat: float = 15.0
    answer: float = 10.0
    longest: float = 6 * 3600.0
    leave: float = 2.0
    pause: float = 1.0


class _Client(AsyncRealtimeClient):
    """The library's client, through the proxy that leads to the service. It would read NO_PROXY without ranges."""

    async def connect(self) -> None:
        """Connect once.

        Raises
        ------
        ProxyUnusable
            The proxy is a SOCKS proxy: websockets would need a library of its own for it.
        """
        proxy = proxy_for(self.url, os.environ)
        if proxy is not None and proxy.startswith("socks"):
            raise ProxyUnusable("a SOCKS proxy leads to it, and Realtime goes through HTTP proxies only")
        url = self.endpoint_url()
        tls = trusted() if url.startswith("wss:") else None
        self._ws_connection = await connect(url, open_timeout=self.timeout, proxy=proxy, ssl=tls)
        await self._on_connect()


class OneConnection:
    """A subscription to the rows that are queued.

    Parameters
    ----------
    url, key
        Of the service. The library puts the key into the address of the websocket, as the service demands it.
    on_row
        Called for each row that is queued.
    on_subscribed
        Called when the database confirms the subscription, and again after the database was away.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        on_row: Callable[[], None],
        on_subscribed: Callable[[], None],
        patience: Patience,
    ) -> None:
        self._client = _Client(url, token=key, auto_reconnect=False, timeout=patience.join)
        self._on_row = on_row
        self._on_subscribed = on_subscribed
        self._patience = patience
        self._confirmed = asyncio.Event()
        self._lost = asyncio.Event()
        self._why: str | None = None

    @property
    def subscribed(self) -> bool:
        """Whether the service says that it reports rows."""
        return self._confirmed.is_set() and not self._lost.is_set()

    def lose(self, why: str) -> None:
        """Give the connection up; the first reason counts."""
        self._why = self._why or why
        self._lost.set()

    async def use(self, *, share: float = 1.0) -> str | None:
        """Report rows until the connection is lost or old, and close it.

        Parameters
        ----------
        share
            Which part of the longest time it is used, 0 to 1.

        Returns
        -------
        str or None
            Why it was lost; None where it was merely old.
        """
        try:
            async with asyncio.timeout(self._patience.longest * share) as age:
                await self._subscribe()
                if await self._unless_lost(self._confirmed, seconds=self._patience.subscribe):
                    await self._beat()
                else:
                    self.lose("the database does not confirm the subscription")
        except TimeoutError:
            if not age.expired():
                self.lose("it does not answer")
        except Exception as error:  # noqa: BLE001 - the library raises bare exceptions, and a hint must end nothing
            self.lose(_name_of(error))
        finally:
            await self._close()
        return self._why

    async def _subscribe(self) -> None:
        channel = self._client.channel(_TOPIC)
        for event in (RealtimePostgresChangesListenEvent.Insert, RealtimePostgresChangesListenEvent.Update):
            channel.on_postgres_changes(
                event,
                schema="public",
                table="jobs",
                filter=_FILTER,
                # The row itself is read from the table.
                callback=lambda _payload: self._reported(),
            )
        channel.on_system(self._system)
        async with asyncio.timeout(2 * self._patience.join):
            await channel.subscribe(self._state)

    def _reported(self) -> None:
        if not self._lost.is_set():
            self._on_row()

    def _system(self, payload: SuccessSystemPayload) -> None:
        if payload.extension == _CHANGES and not self._lost.is_set():
            self._confirmed.set()
            self._on_subscribed()

    def _state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state is not RealtimeSubscribeStates.SUBSCRIBED:
            self.lose(_message_in(error) or f"the channel is {state.value}")

    async def _beat(self) -> None:
        """Send heartbeats until one is not answered, or the connection is lost."""
        heart = AsyncRealtimeChannel(self._client, _HEART)
        # Without this the library drops the answers.
        self._client.channels[_HEART] = heart
        while await self._answered(heart):
            if await self._wait(self._lost, seconds=self._patience.beat):
                return
        self.lose("heartbeats are not answered")

    async def _answered(self, heart: AsyncRealtimeChannel) -> bool:
        answered = asyncio.Event()
        beat = AsyncPush(heart, ChannelEvents.heartbeat, {}, self._patience.join)
        beat.receive(RealtimeAcknowledgementStatus.Ok, lambda _response: answered.set())
        async with asyncio.timeout(self._patience.answer):
            await beat.send()
        return await self._unless_lost(answered, seconds=self._patience.answer)

    async def _unless_lost(self, event: asyncio.Event, *, seconds: float) -> bool:
        """Wait for an event, the loss of the connection or the deadline; True where the event came."""
        waits = [asyncio.create_task(one.wait()) for one in (event, self._lost)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return event.is_set() and not self._lost.is_set()

    @staticmethod
    async def _wait(event: asyncio.Event, *, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
        return event.is_set()

    async def _close(self) -> None:
        """Close in an orderly way if that is quick, and leave nothing running."""
        # Closing waits ten seconds for the other side, and forgets the socket.
        socket = self._client._ws_connection  # noqa: SLF001
        try:
            with suppress(Exception):
                async with asyncio.timeout(self._patience.leave):
                    await self._client.close()
        finally:
            if socket is not None:
                socket.transport.abort()
            # The socket is gone: this only ends the library's tasks.
            await self._client.close()
            for channel in self._client.channels.values():
                channel.rejoin_timer.reset()
                channel.join_push.destroy()
                for push in channel.messages_waiting_for_ack.values():
                    push.destroy()


def _name_of(error: Exception) -> str:
    """Return a description without the error's text, which may hold the address and with it the key."""
    if isinstance(error, ProxyUnusable):
        return str(error)
    if (why := distrust(error)) is not None:
        return why
    status = getattr(getattr(error, "response", None), "status_code", None)
    return type(error).__name__ if status is None else f"it answers with HTTP {status}"


def _message_in(error: Exception | None) -> str:
    """Return the service's message, which the library passes on as JSON in an exception."""
    try:
        told = json.loads(str(error or ""))
    except ValueError:
        return str(error or "")
    return str(told.get("message") or told.get("reason") or told) if isinstance(told, dict) else str(told)
