"""Reads the messages of PostgreSQL's output plugin `pgoutput`, version 1 of its protocol. Pure.

The layout is that of the chapter "Logical Replication Message Formats" in PostgreSQL's manual.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_IS_KEY = 1


class MalformedMessageError(ValueError):
    """The bytes are no message of this protocol."""


class Absent(Enum):
    """Why a value is not in a row."""

    UNCHANGED = auto()
    """A large value that is stored apart and was not changed by the update."""


Value = str | Absent | None
Values = tuple[Value, ...]


@dataclass(frozen=True)
class Begin:
    """A transaction begins; it was committed at that time."""

    committed_at: datetime


@dataclass(frozen=True)
class Commit:
    """The transaction ends."""


@dataclass(frozen=True)
class Column:
    """A column of a relation; `is_key` where it belongs to the replica identity."""

    name: str
    type_id: int
    is_key: bool


@dataclass(frozen=True)
class Relation:
    """A table, defined before its first change."""

    id: int
    schema: str
    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class TypeName:
    """A type that is not built into PostgreSQL, defined before a relation that uses it."""

    id: int
    name: str


@dataclass(frozen=True)
class Insert:
    """A new row."""

    relation_id: int
    new: Values


@dataclass(frozen=True)
class Update:
    """A changed row; `old` has the key if that changed, or all of the row with a full replica identity."""

    relation_id: int
    old: Values | None
    new: Values


@dataclass(frozen=True)
class Delete:
    """A deleted row: its key, the other values None; or all of it with a full replica identity."""

    relation_id: int
    old: Values


@dataclass(frozen=True)
class Other:
    """A message that names no row, such as that a table was emptied."""

    kind: str


Message = Begin | Commit | Relation | TypeName | Insert | Update | Delete | Other


def parse(data: bytes) -> Message:
    """Return the message that some bytes hold.

    Raises
    ------
    MalformedMessageError
        If they hold none, or less or more than one.
    """
    reader = _Reader(data)
    message = _message(reader)
    if not isinstance(message, Other) and reader.left:
        raise MalformedMessageError(f"{reader.left} bytes too many after {type(message).__name__}.")
    return message


def _message(reader: _Reader) -> Message:
    match reader.char():
        case "B":
            reader.int64()
            committed_at = _EPOCH + timedelta(microseconds=reader.int64())
            reader.int32()
            return Begin(committed_at)
        case "C":
            reader.int8()
            for _ in ("commit", "end", "time"):
                reader.int64()
            return Commit()
        case "R":
            return _relation(reader)
        case "Y":
            type_id = reader.int32()
            reader.text()
            return TypeName(type_id, reader.text())
        case "I":
            relation_id = reader.int32()
            reader.expect("N")
            return Insert(relation_id, _values(reader))
        case "U":
            relation_id = reader.int32()
            kind = reader.expect("KON")
            old = None
            if kind != "N":
                old = _values(reader)
                reader.expect("N")
            return Update(relation_id, old, _values(reader))
        case "D":
            relation_id = reader.int32()
            reader.expect("KO")
            return Delete(relation_id, _values(reader))
        case kind:
            return Other(kind)


def _relation(reader: _Reader) -> Relation:
    relation_id, schema, name = reader.int32(), reader.text(), reader.text()
    reader.int8()
    columns = []
    for _ in range(reader.int16()):
        is_key = bool(reader.int8() & _IS_KEY)
        column, type_id = reader.text(), reader.int32()
        reader.int32()
        columns.append(Column(column, type_id, is_key))
    return Relation(relation_id, schema, name, tuple(columns))


def _values(reader: _Reader) -> Values:
    return tuple(_value(reader) for _ in range(reader.int16()))


def _value(reader: _Reader) -> Value:
    match reader.expect("nut"):
        case "n":
            return None
        case "u":
            return Absent.UNCHANGED
        case _:
            return _decoded(reader.take(reader.int32()))


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessageError("A text is no UTF-8.") from error


class _Reader:
    """Takes one thing after the other from some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size < 0 or size > self.left:
            raise MalformedMessageError(f"{size} bytes are wanted where {self.left} are left.")
        part = self._data[self._at : self._at + size]
        self._at += size
        return part

    def char(self) -> str:
        return self.take(1).decode("latin-1")

    def expect(self, kinds: str) -> str:
        kind = self.char()
        if kind not in kinds:
            raise MalformedMessageError(f"One of {kinds!r} is wanted where {kind!r} stands.")
        return kind

    def int8(self) -> int:
        return self._number(">b")

    def int16(self) -> int:
        return self._number(">H")

    def int32(self) -> int:
        return self._number(">i")

    def int64(self) -> int:
        return self._number(">q")

    def text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise MalformedMessageError("A name has no end.")
        return _decoded(self.take(end - self._at + 1)[:-1])

    def _number(self, form: str) -> int:
        (number,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(number)
