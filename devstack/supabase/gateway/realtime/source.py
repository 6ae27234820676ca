"""The changes of the database as they are committed: a logical replication slot, held while anybody listens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from devstack.supabase.gateway.realtime.bindings import Binding
from devstack.supabase.gateway.realtime.changes import Change, Decoder

PUBLICATION = "supabase_realtime"
_SLOT = "supabase_realtime_replication_slot"
_POLL_SECONDS = 0.1
_AGAIN_SECONDS = 0.2
_CONNECT_SECONDS = 5
_log = logging.getLogger(__name__)

_CHANGES = (
    "select data from pg_logical_slot_get_binary_changes(%s, null, null, 'proto_version', '1', 'publication_names', %s)"
)


class SubscriptionRefusedError(ValueError):
    """The database does not tell of what is asked for; the message is the one the service gives."""


@dataclass(eq=False)
class Listener:
    """Receives changes.

    Attributes
    ----------
    changed
        Called for each change; it must not raise.
    subscribed
        Called when changes are reported from now on, and again after an interruption.
    """

    changed: Callable[[Change], None]
    subscribed: Callable[[], None]


class ChangeSource:
    """Reads the log of changes while anybody listens.

    The slot is temporary, as the service's is: with its connection it goes, and what happens until there is another
    one that is not reported.

    Parameters
    ----------
    database_url : str
        A superuser's connection.
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._listeners: set[Listener] = set()
        self._wanted = asyncio.Event()
        self._stands = False

    async def check(self, bindings: Sequence[Binding]) -> None:
        """Look whether the database tells of what is asked for.

        Raises
        ------
        SubscriptionRefusedError
            If a table is not in the publication, or a filter's column is not in the table.
        psycopg.OperationalError
            If the database cannot be reached.
        """
        async with await self._connect() as connection:
            found = await connection.execute(
                "select schemaname, tablename, attnames::text[] from pg_publication_tables where pubname = %s",
                [PUBLICATION],
            )
            tables = await found.fetchall()
        for binding in bindings:
            covered = [columns for schema, table, columns in tables if binding.covers(schema, table)]
            if not covered:
                raise SubscriptionRefusedError(
                    "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the "
                    f"given connect parameters: {binding.shown()}"
                )
            for one in binding.filters:
                if any(one.column not in columns for columns in covered):
                    raise SubscriptionRefusedError(
                        "Unable to subscribe to changes with given parameters. An exception happened so please check "
                        f"your connect parameters: {binding.shown()}. Exception: ERROR P0001 (raise_exception) "
                        f"invalid column for filter {one.column}"
                    )

    async def may_see(self, change: Change, *, role: str, claims: Mapping[str, Any]) -> bool:
        """Tell whether the policies of a changed row's table let a role with these claims see it.

        Deleted rows are told to everybody: there is no row left to ask for, and no more than its key is told.

        Raises
        ------
        psycopg.Error
            The role may not read the table at all, or the database cannot be asked.
        """
        if change.action == "DELETE":
            return True
        row = sql.SQL(" and ").join(sql.SQL("{}::text = %s").format(sql.Identifier(name)) for name in change.key)
        question = sql.SQL("select exists (select from {} where {})").format(
            sql.Identifier(change.schema, change.table), row
        )
        async with await self._connect() as connection, connection.transaction():
            await connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(dict(claims))])
            await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            answer = await connection.execute(question, [change.texts.get(name) for name in change.key])
            found = await answer.fetchone()
        return found == (True,)

    @contextmanager
    def reported_to(self, listener: Listener) -> Iterator[None]:
        """Tell somebody of changes for the time of a `with` block."""
        self._listeners.add(listener)
        self._wanted.set()
        if self._stands:
            listener.subscribed()
        try:
            yield
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Tell of changes until cancelled; a database that is away is waited for."""
        while True:
            await self._wanted.wait()
            try:
                async with await self._connect() as connection:
                    await self._follow(connection)
            except psycopg.Error as error:
                _log.warning("Changes cannot be read: %s", type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
            finally:
                self._stands = False

    async def _follow(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        """Hold a slot and tell what comes, until nobody listens any more."""
        found = await connection.execute("select oid::int8, typname::text from pg_type")
        decoder = Decoder(dict(await found.fetchall()))
        await connection.execute("select pg_create_logical_replication_slot(%s, 'pgoutput', true)", [_SLOT])
        self._stands = True
        for listener in tuple(self._listeners):
            listener.subscribed()
        while self._listeners:
            answer = await connection.execute(_CHANGES, [_SLOT, PUBLICATION], binary=True)
            changes = decoder.changes(data for (data,) in await answer.fetchall())
            for change in changes:
                for listener in tuple(self._listeners):
                    listener.changed(change)
            # As the service does: at once where something came, otherwise after a pause.
            await asyncio.sleep(0 if changes else _POLL_SECONDS)
        self._wanted.clear()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(
            self._database_url, autocommit=True, connect_timeout=_CONNECT_SECONDS
        )
