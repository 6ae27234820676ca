"""Turns messages of the log into changes of rows, as clients receive them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from devstack.supabase.gateway.realtime import pgoutput
from devstack.supabase.gateway.realtime.pgoutput import Absent, Relation, Values
from devstack.supabase.gateway.realtime.values import as_json

Action = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Change:
    """A change of one row.

    Attributes
    ----------
    columns
        Names and type names of all columns, in their order.
    key
        Names of the columns that identify a row.
    texts
        The row's values as PostgreSQL writes them, for filters; of a deleted row its key only.
    record, old_record
        The row as JSON; its key before the change (all of it with a full replica identity). None where the service
        leaves them out.
    """

    schema: str
    table: str
    action: Action
    committed_at: datetime
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    texts: Mapping[str, str | None]
    record: Mapping[str, Any] | None
    old_record: Mapping[str, Any] | None

    def data(self) -> dict[str, Any]:
        """Return what a message says of it."""
        at = self.committed_at.astimezone(UTC)
        message: dict[str, Any] = {
            "schema": self.schema,
            "table": self.table,
            "type": self.action,
            "commit_timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "columns": [{"name": name, "type": type_name} for name, type_name in self.columns],
            "errors": None,
        }
        if self.record is not None:
            message["record"] = self.record
        if self.old_record is not None:
            message["old_record"] = self.old_record
        return message


class Decoder:
    """Makes changes out of the messages of one replication slot, in their order.

    Parameters
    ----------
    type_names
        Of the types PostgreSQL brings along, by number; others are defined in the log.
    """

    def __init__(self, type_names: Mapping[int, str]) -> None:
        self._type_names = dict(type_names)
        self._relations: dict[int, Relation] = {}
        self._committed_at = datetime.fromtimestamp(0, UTC)

    def changes(self, messages: Iterable[bytes]) -> list[Change]:
        """Return the changes that some messages hold.

        Raises
        ------
        pgoutput.MalformedMessageError
            If one of them is malformed, or names a table that was not defined before.
        """
        return [change for change in map(self._change, messages) if change is not None]

    def _change(self, data: bytes) -> Change | None:
        match pgoutput.parse(data):
            case pgoutput.Begin(committed_at):
                self._committed_at = committed_at
            case pgoutput.Relation() as relation:
                self._relations[relation.id] = relation
            case pgoutput.TypeName(type_id, name):
                self._type_names[type_id] = name
            case pgoutput.Insert(relation_id, new):
                return self._of("INSERT", relation_id, new=new, old=None)
            case pgoutput.Update(relation_id, old, new):
                return self._of("UPDATE", relation_id, new=new, old=old)
            case pgoutput.Delete(relation_id, old):
                return self._of("DELETE", relation_id, new=None, old=old)
            case pgoutput.Commit() | pgoutput.Other():
                pass
        return None

    def _of(self, action: Action, relation_id: int, *, new: Values | None, old: Values | None) -> Change:
        relation = self._relations.get(relation_id)
        if relation is None:
            raise pgoutput.MalformedMessageError(
                f"A change of the relation {relation_id}, which was not defined before."
            )
        record = None if new is None else self._named(relation, new)
        # The key is logged only where it changed; the service tells it always.
        before = old if old is not None else new
        keys = {column.name for column in relation.columns if column.is_key}
        old_record = None
        if action != "INSERT" and before is not None:
            old_record = {name: value for name, value in self._named(relation, before).items() if name in keys}
        values = new if new is not None else old or ()
        return Change(
            schema=relation.schema,
            table=relation.name,
            action=action,
            committed_at=self._committed_at,
            columns=tuple((column.name, self._type_name(column.type_id)) for column in relation.columns),
            key=tuple(column.name for column in relation.columns if column.is_key),
            texts={
                column.name: value
                for column, value in zip(relation.columns, values, strict=True)
                if not isinstance(value, Absent)
            },
            record=record,
            old_record=old_record,
        )

    def _named(self, relation: Relation, values: Values) -> dict[str, Any]:
        """Return values by column; those that are not in the log are left out, as the service does."""
        return {
            column.name: as_json(value, self._type_name(column.type_id))
            for column, value in zip(relation.columns, values, strict=True)
            if not isinstance(value, Absent)
        }

    def _type_name(self, type_id: int) -> str:
        return self._type_names.get(type_id, "unknown")
