"""Which errors of Supabase concern one write only."""

import pytest

from runops.supabase.classify import from_database
from runops.supabase.errors import UNREADABLE, ErrorKind, Service, SupabaseError


@pytest.mark.parametrize(
    ("status", "code", "refuses_row"),
    [
        pytest.param(400, "23514", True, id="a CHECK constraint"),
        pytest.param(400, "P0001", True, id="a trigger"),
        pytest.param(400, "22P02", True, id="a value that the column's type does not have"),
        pytest.param(400, "23502", True, id="a column that must not be null"),
        pytest.param(409, "23505", True, id="a unique index"),
        pytest.param(409, "23503", True, id="a foreign key"),
        pytest.param(403, "42501", False, id="a missing grant concerns all rows"),
        pytest.param(404, "42P01", False, id="a missing table concerns all rows"),
        pytest.param(400, "42703", False, id="a missing column concerns all rows"),
        pytest.param(404, "42883", False, id="a type without the operator concerns all rows"),
        pytest.param(400, "PGRST102", False, id="a malformed request"),
        pytest.param(400, None, False, id="a gateway's answer"),
        pytest.param(401, "PGRST301", False, id="a rejected key"),
        pytest.param(500, "57P01", False, id="a restart of the database"),
        pytest.param(400, "57P02", False, id="a crash of the database, as PostgREST passes it on"),
        pytest.param(500, "40001", False, id="a conflict of two transactions"),
    ],
)
def test_what_refuses_a_single_write(status: int, code: str | None, refuses_row: bool) -> None:
    error = from_database(status=status, code=code, message="no", doing="writing", table="jobs")
    assert error.refuses_row is refuses_row


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(SupabaseError(ErrorKind.INVALID, "no", code=UNREADABLE), id="a row that cannot be read"),
        pytest.param(SupabaseError(ErrorKind.CONFLICT, "changed each time"), id="a row that changes each time"),
        pytest.param(SupabaseError(ErrorKind.INVALID, "no", code="23514", service=Service.STORAGE), id="storage"),
    ],
)
def test_other_errors_refuse_no_row(error: SupabaseError) -> None:
    assert not error.refuses_row


def test_a_connection_that_the_database_lost_during_a_query_is_no_refusal() -> None:
    """As PostgREST answers when PostgreSQL crashes in that moment."""
    lost = from_database(status=400, code="", message="", doing="writing", table="jobs")
    assert (lost.kind, lost.refuses_row) == (ErrorKind.UNAVAILABLE, False)
    assert "failed while writing" in lost.message


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        pytest.param(400, None, "", id="a gateway says nothing"),
        pytest.param(400, "", "column is unknown", id="words"),
        pytest.param(409, "", "", id="another status"),
    ],
)
def test_other_answers_without_a_code_are_refusals(status: int, code: str | None, message: str) -> None:
    assert from_database(status=status, code=code, message=message, doing="writing", table="jobs").kind in {
        ErrorKind.INVALID,
        ErrorKind.CONFLICT,
    }


@pytest.mark.parametrize("code", ["23502", "23514"])
def test_a_row_that_breaks_a_rule_is_not_shown(code: str) -> None:
    error = from_database(
        status=400,
        code=code,
        message='new row for relation "sops" violates check constraint "short"',
        details="Failing row contains (7, the words of a recording).",
        doing="writing to the table sops",
        table="sops",
    )
    assert 'check constraint "short"' in error.message
    assert "words of a recording" not in error.message + error.server_words


@pytest.mark.parametrize(
    ("words", "column"),
    [
        ("column jobs.progress_stage does not exist", "progress_stage"),
        ('column "error" of relation "jobs" does not exist', "error"),
        ("Could not find the 'completed_at' column of 'jobs' in the schema cache", "completed_at"),
        ("Spalte jobs.error existiert nicht", None),
    ],
)
def test_a_missing_column_is_known_by_its_name(words: str, column: str | None) -> None:
    error = from_database(status=400, code="42703", message=words, doing="reading", table="jobs")
    assert error.column == column
    assert f"no column {column or '(unnamed)'}." in error.message
