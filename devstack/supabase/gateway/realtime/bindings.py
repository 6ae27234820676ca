"""What a channel subscribes to: events of tables, with filters. Pure.

Words of refusals are those of the service's source (`subscriptions.ex` in supabase/realtime, August 2026).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from devstack.supabase.gateway.realtime.changes import Change

Operator = Literal["eq", "neq", "in"]
_OPERATORS: tuple[Operator, ...] = ("eq", "neq", "in")
_ACTIONS = frozenset({"INSERT", "UPDATE", "DELETE"})
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LARGEST_ID = 2**27


class BindingInvalidError(ValueError):
    """The service would not know what is asked for; the message is the one it gives."""


@dataclass(frozen=True)
class Filter:
    """A condition on one column; values are compared as PostgreSQL writes them. Null fulfils none."""

    column: str
    operator: Operator
    values: tuple[str, ...]

    def lets_through(self, change: Change) -> bool:
        """Whether a row fulfils it."""
        text = change.texts.get(self.column)
        if text is None:
            return False
        return (text in self.values) is (self.operator != "neq")

    def shown(self) -> str:
        """Return it as the service shows it in refusals."""
        value = "{" + ",".join(self.values) + "}" if self.operator == "in" else self.values[0]
        return f'{{"{self.column}", "{self.operator}", {json.dumps(value)}, false}}'


@dataclass(frozen=True)
class Binding:
    """One subscription.

    Attributes
    ----------
    asked : dict
        As the client asked for it; the reply repeats it.
    """

    id: int
    asked: dict[str, Any]
    event: str
    schema: str
    table: str
    filters: tuple[Filter, ...]

    @classmethod
    def of(cls, asked: dict[str, Any]) -> Binding:
        """Return what a client asks for.

        Raises
        ------
        BindingInvalidError
            If the service would refuse it, or knows more than this stand-in does.
        """
        schema, table, condition = asked.get("schema"), asked.get("table"), asked.get("filter")
        if not isinstance(schema, str) and not isinstance(table, str):
            raise BindingInvalidError(
                "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
                + json.dumps(asked)
            )
        event = str(asked.get("event", "*")).upper()
        return cls(
            id=binding_id(asked),
            asked=asked,
            event=event if event in _ACTIONS else "*",
            schema=schema if isinstance(schema, str) else "public",
            table=table if isinstance(table, str) else "*",
            filters=_filters(condition) if isinstance(condition, str) else (),
        )

    def covers(self, schema: str, table: str) -> bool:
        """Whether it is about a table."""
        return self.schema in ("*", schema) and self.table in ("*", table)

    def wants(self, change: Change) -> bool:
        """Whether to tell of a change. Filters say nothing about deleted rows: their values are not known."""
        if not self.covers(change.schema, change.table) or self.event not in ("*", change.action):
            return False
        return change.action == "DELETE" or all(one.lets_through(change) for one in self.filters)

    def shown(self) -> str:
        """Return it as the service shows it in refusals."""
        filters = ", ".join(one.shown() for one in self.filters)
        return f"[event: {self.event}, schema: {self.schema}, table: {self.table}, filters: [{filters}], select: nil]"


def binding_id(asked: dict[str, Any]) -> int:
    """Return the number of a binding: the same for equal ones, as the service hashes them too."""
    return zlib.crc32(json.dumps(asked, sort_keys=True).encode()) % _LARGEST_ID


def _filters(condition: str) -> tuple[Filter, ...]:
    if not condition.strip():
        return ()
    return tuple(_filter(part.strip()) for part in _split(condition))


def _filter(part: str) -> Filter:
    if not part:
        raise _refused("filter must not contain empty segments (check for extra commas)")
    column, equals, rest = part.partition("=")
    if not equals:
        raise _refused(json.dumps([part]))
    name, dot, value = rest.partition(".")
    operator = next((one for one in _OPERATORS if one == name), None)
    if not dot or operator is None:
        raise _refused(json.dumps([name, value] if dot else [name]))
    if operator != "in":
        return Filter(column, operator, (_unquoted(value),))
    if not (value.startswith("(") and value.endswith(")")):
        raise _refused("`in` filter value must be wrapped by parentheses")
    return Filter(column, operator, tuple(_unquoted(one.strip()) for one in _split(value[1:-1])))


def _split(text: str) -> Iterator[str]:
    """Cut at the commas that stand neither in parentheses nor in quotes."""
    depth, quoted, escaped, begin = 0, False, False, 0
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "," and depth <= 0:
            yield text[begin:at]
            begin = at + 1
    yield text[begin:]


def _unquoted(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value


def _refused(why: str) -> BindingInvalidError:
    return BindingInvalidError(f"Error parsing `filter` params: {why}")
