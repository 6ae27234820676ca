"""Reading the database's log of changes: messages, values, filters. Without a database."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.supabase.gateway.realtime import pgoutput
from devstack.supabase.gateway.realtime.bindings import Binding, BindingInvalidError, binding_id
from devstack.supabase.gateway.realtime.changes import Change, Decoder
from devstack.supabase.gateway.realtime.pgoutput import Absent, Column, Relation, Value, Values
from devstack.supabase.gateway.realtime.values import as_json

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(0, 2**31 - 1)
VALUES = st.lists(st.none() | st.just(Absent.UNCHANGED) | NAMES, max_size=8).map(tuple)
RELATIONS = st.builds(
    Relation,
    id=NUMBERS,
    schema=NAMES,
    name=NAMES,
    columns=st.lists(st.builds(Column, name=NAMES, type_id=NUMBERS, is_key=st.booleans()), max_size=8).map(tuple),
)
COMMITTED = datetime(2026, 11, 23, 11, 0, 0, 123_999, UTC)
JOBS = Relation(
    7,
    "public",
    "jobs",
    (Column("id", 23, is_key=True), Column("status", 1043, is_key=False), Column("metadata", 3802, is_key=False)),
)
TYPES = {23: "int4", 1043: "varchar", 3802: "jsonb"}


def _name(text: str) -> bytes:
    return text.encode() + b"\0"


def _value(value: Value) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, Absent):
        return b"u"
    return b"t" + struct.pack(">i", len(value.encode())) + value.encode()


def _values(values: Values) -> bytes:
    return struct.pack(">h", len(values)) + b"".join(map(_value, values))


def _relation(one: Relation) -> bytes:
    head = b"R" + struct.pack(">i", one.id) + _name(one.schema) + _name(one.name)
    columns = (
        struct.pack(">b", column.is_key) + _name(column.name) + struct.pack(">ii", column.type_id, -1)
        for column in one.columns
    )
    return head + b"d" + struct.pack(">h", len(one.columns)) + b"".join(columns)


def _begin() -> bytes:
    return b"B" + struct.pack(">qqi", 1, int((COMMITTED - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds() * 1e6), 5)


@given(RELATIONS)
def test_a_table_is_read_as_it_was_written(one: Relation) -> None:
    assert pgoutput.parse(_relation(one)) == one


@given(NUMBERS, VALUES, st.none() | VALUES, st.sampled_from("KO"))
def test_rows_are_read_as_they_were_written(number: int, new: Values, old: Values | None, kind: str) -> None:
    head = struct.pack(">i", number)
    assert pgoutput.parse(b"I" + head + b"N" + _values(new)) == pgoutput.Insert(number, new)
    before = b"" if old is None else kind.encode() + _values(old)
    assert pgoutput.parse(b"U" + head + before + b"N" + _values(new)) == pgoutput.Update(number, old, new)
    assert pgoutput.parse(b"D" + head + kind.encode() + _values(new)) == pgoutput.Delete(number, new)


@given(RELATIONS, NUMBERS, VALUES, st.data())
def test_half_a_message_is_none(one: Relation, number: int, new: Values, data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([_relation(one), b"I" + struct.pack(">i", number) + b"N" + _values(new), _begin()])
    )
    with pytest.raises(pgoutput.MalformedMessageError):
        pgoutput.parse(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(pgoutput.MalformedMessageError, match="too many"):
        pgoutput.parse(whole + b"x")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        pgoutput.parse(data)
    except pgoutput.MalformedMessageError:
        return


def test_what_names_no_row_is_passed_over() -> None:
    truncated = b"T" + struct.pack(">ibi", 1, 0, 7)
    assert pgoutput.parse(truncated) == pgoutput.Other("T")
    assert Decoder(TYPES).changes([_begin(), truncated, b"C" + struct.pack(">bqqq", 0, 1, 2, 3)]) == []


def _decoded(*messages: bytes) -> Change:
    (change,) = Decoder(TYPES).changes([_begin(), _relation(JOBS), *messages])
    return change


def test_a_new_row_is_told_with_columns_types_and_values() -> None:
    change = _decoded(b"I" + struct.pack(">i", 7) + b"N" + _values(("3", None, '{"a": [1]}')))
    assert change.data() == {
        "schema": "public",
        "table": "jobs",
        "type": "INSERT",
        "commit_timestamp": "2026-11-23T11:00:00.123Z",
        "errors": None,
        "columns": [
            {"name": "id", "type": "int4"},
            {"name": "status", "type": "varchar"},
            {"name": "metadata", "type": "jsonb"},
        ],
        "record": {"id": 3, "status": None, "metadata": {"a": [1]}},
    }


def test_a_changed_row_comes_with_its_old_key_and_without_what_the_log_leaves_out() -> None:
    head = b"U" + struct.pack(">i", 7)
    change = _decoded(head + b"N" + _values(("3", "queued", Absent.UNCHANGED)))
    assert (change.record, change.old_record) == ({"id": 3, "status": "queued"}, {"id": 3})
    moved = _decoded(head + b"K" + _values(("2", None, None)) + b"N" + _values(("3", "queued", None)))
    assert moved.old_record == {"id": 2}


def test_of_a_deleted_row_only_the_key_is_told() -> None:
    change = _decoded(b"D" + struct.pack(">i", 7) + b"K" + _values(("3", None, None)))
    assert change.data().keys() & {"record", "old_record"} == {"old_record"}
    assert change.old_record == {"id": 3}


def test_a_change_of_a_table_nobody_told_of_is_malformed() -> None:
    with pytest.raises(pgoutput.MalformedMessageError, match="7"):
        Decoder(TYPES).changes([b"I" + struct.pack(">i", 7) + b"N" + _values(("3",))])


def test_types_of_a_project_are_told_in_the_log() -> None:
    told = b"Y" + struct.pack(">i", 90_001) + _name("public") + _name("mood")
    table = Relation(8, "public", "feelings", (Column("mood", 90_001, is_key=True),))
    insert = b"I" + struct.pack(">i", 8) + b"N" + _values(("gay",))
    (change,) = Decoder(TYPES).changes([_begin(), told, _relation(table), insert])
    assert change.columns == (("mood", "mood"),)


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        (None, "int4", None),
        ("-7", "int8", -7),
        ("1.5", "numeric", 1.5),
        ("1e+20", "float8", 1e20),
        ("NaN", "float8", "NaN"),
        ("-Infinity", "numeric", "-Infinity"),
        ("t", "bool", True),
        ("f", "bool", False),
        ("null", "jsonb", None),
        ("[1]", "json", [1]),
        ("2026-11-23 10:59:10.74335+00", "timestamptz", "2026-11-23T10:59:10.74335+00:00"),
        ("2026-11-23 10:59:10", "timestamp", "2026-11-23T10:59:10"),
        ("{a,b}", "_text", "{a,b}"),
        ("1", "varchar", "1"),
    ],
)
def test_values_are_those_of_to_jsonb(text: str | None, type_name: str, value: Any) -> None:
    assert as_json(text, type_name) == value
    json.dumps(as_json(text, type_name), allow_nan=False)


def _row(status: str | None) -> Change:
    return _decoded(b"I" + struct.pack(">i", 7) + b"N" + _values(("3", status, None)))


def _jobs(condition: str, event: str = "INSERT") -> Binding:
    return Binding.of({"event": event, "schema": "public", "table": "jobs", "filter": condition})


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("status=eq.queued", {"queued"}),
        ("status=neq.queued", {"error", "a,b"}),
        ("status=in.(queued,error)", {"queued", "error"}),
        ('status=in.("a,b",error)', {"a,b", "error"}),
        ('status=eq."a,b"', {"a,b"}),
        ("status=neq.error,status=neq.queued", {"a,b"}),
        ("id=eq.3", {"queued", "error", "a,b", None}),
        ("", {"queued", "error", "a,b", None}),
    ],
)
def test_filters_let_through_what_fulfils_them_and_never_null(condition: str, wanted: set[str | None]) -> None:
    binding = _jobs(condition)
    assert {status for status in ("queued", "error", "a,b", None) if binding.wants(_row(status))} == wanted


def test_filters_say_nothing_about_deleted_rows() -> None:
    deleted = _decoded(b"D" + struct.pack(">i", 7) + b"K" + _values(("3", None, None)))
    assert _jobs("status=eq.queued", event="DELETE").wants(deleted)
    assert _jobs("status=eq.queued", event="*").wants(deleted)
    assert not _jobs("status=eq.queued").wants(deleted)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("status=foo.hey", 'Error parsing `filter` params: ["foo", "hey"]'),
        ("undefined", 'Error parsing `filter` params: ["undefined"]'),
        ("status=in.a", "Error parsing `filter` params: `in` filter value must be wrapped by parentheses"),
        ("status=eq.a,", "Error parsing `filter` params: filter must not contain empty segments"),
    ],
)
def test_a_filter_that_is_none_is_refused_in_the_words_of_the_service(condition: str, why: str) -> None:
    with pytest.raises(BindingInvalidError) as refused:
        _jobs(condition)
    assert str(refused.value).startswith(why)


def test_whoever_names_neither_schema_nor_table_is_refused() -> None:
    with pytest.raises(BindingInvalidError, match="at least a `schema` or `table`"):
        Binding.of({"event": "INSERT"})


def test_a_whole_schema_can_be_asked_for() -> None:
    binding = Binding.of({"event": "*", "schema": "public"})
    assert binding.covers("public", "jobs")
    assert not binding.covers("auth", "users")


def test_equal_bindings_have_the_same_number() -> None:
    assert binding_id({"event": "*", "table": "jobs"}) == binding_id({"table": "jobs", "event": "*"})
    assert binding_id({"event": "*", "table": "jobs"}) != binding_id({"event": "*", "table": "sops"})
