"""One joined channel of a connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg

from devstack.supabase.gateway.realtime.bindings import Binding, BindingInvalidError
from devstack.supabase.gateway.realtime.changes import Change
from devstack.supabase.gateway.realtime.source import ChangeSource, Listener, SubscriptionRefusedError
from devstack.supabase.gateway.realtime.token import Token
from devstack.supabase.gateway.switches import RealtimeMode

_log = logging.getLogger(__name__)
TOPIC_PREFIX = "realtime:"
_CONFIRM_SECONDS = 300.0
_AGAIN_SECONDS = 5.0
SEES_ALL = "service_role"
"""The role that no policy limits."""


class Channel:
    """A channel from its join to its end.

    Parameters
    ----------
    topic, join_ref, config
        As the client sent them when it joined.
    token
        Whose it is.
    source
        Of the changes.
    send
        Sends an event with a payload on the channel.
    mode
        How the service behaves.

    Attributes
    ----------
    asked
        The changes it subscribes to, as it asked.
    hears_itself, acknowledges
        What it asked for about its own broadcasts.
    """

    def __init__(
        self,
        topic: str,
        join_ref: str | None,
        *,
        config: dict[str, Any],
        token: Token,
        source: ChangeSource,
        send: Callable[[str, dict[str, Any]], None],
        mode: Callable[[], RealtimeMode],
    ) -> None:
        self.topic = topic
        self.join_ref = join_ref
        asked, broadcast = config.get("postgres_changes"), config.get("broadcast")
        self.asked = [one for one in asked if isinstance(one, dict)] if isinstance(asked, list) else []
        wished = broadcast if isinstance(broadcast, dict) else {}
        self.hears_itself, self.acknowledges = wished.get("self") is True, wished.get("ack") is True
        self._token = token
        self._source = source
        self._send = send
        self._mode = mode
        self._renewed = asyncio.Event()
        self._expired_by_force = False

    def renew(self, token: Token) -> None:
        """Go on with another token."""
        self._token = token
        self._renewed.set()

    def expire(self) -> None:
        """Take the token for expired."""
        self._expired_by_force = True
        self._renewed.set()

    async def run(self) -> None:
        """Report changes until the token has expired; the client receives a message about that too."""
        telling = asyncio.create_task(self._tell())
        try:
            await self._until_expired()
            self.system("error", self._token.expired(), extension="system")
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def system(self, status: str, message: str, *, extension: str = "postgres_changes") -> None:
        """Send a message of the service itself."""
        channel = self.topic.removeprefix(TOPIC_PREFIX)
        self._send("system", {"extension": extension, "status": status, "message": message, "channel": channel})

    async def _until_expired(self) -> None:
        while not self._expired_by_force and (left := self._token.seconds_left()) > 0:
            self._renewed.clear()
            try:
                async with asyncio.timeout(min(left, _CONFIRM_SECONDS)):
                    await self._renewed.wait()
            except TimeoutError:
                continue

    async def _tell(self) -> None:
        try:
            bindings = [Binding.of(one) for one in self.asked]
        except BindingInvalidError as error:
            self.system("error", str(error))
            return
        if not bindings:
            return
        while True:
            try:
                await self._source.check(bindings)
            except SubscriptionRefusedError as error:
                # The service does not look again either.
                self.system("error", str(error))
                return
            except psycopg.Error as error:
                self.system("error", type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                break

        changes: asyncio.Queue[Change] = asyncio.Queue()

        def subscribed() -> None:
            if self._mode() != "unconfirmed":
                self.system("ok", "Subscribed to PostgreSQL")

        with self._source.reported_to(Listener(changes.put_nowait, subscribed)):
            while True:
                change = await changes.get()
                ids = [binding.id for binding in bindings if binding.wants(change)]
                if ids and self._mode() != "silent" and await self._may_see(change):
                    self._send("postgres_changes", {"ids": ids, "data": change.data()})

    async def _may_see(self, change: Change) -> bool:
        token = self._token
        if token.role == SEES_ALL:
            return True
        try:
            return await self._source.may_see(change, role=token.role, claims=token.claims)
        except psycopg.Error as error:
            # A role without grants is told nothing, and what happens while the database is away is lost.
            _log.warning("A change is not told to %s: %s", token.role, type(error).__name__)
            return False
