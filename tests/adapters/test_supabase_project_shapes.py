"""Projects that differ from the newest schema, and keys that open less than they should."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.stack import StackInfo, create_user, mint_jwt
from runops.failures import Reason
from runops.job_row import Claim
from runops.progress import Stage
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import JobsColumns
from runops.supabase.probe import inspect
from tests.schema_cache import read_anew

Connection = psycopg.Connection[Any]
Connect = Callable[..., Supabase]


@contextmanager
def changed(database: Connection, stack: StackInfo, change: str, back: str) -> Iterator[None]:
    """Change the schema for a while; writes do not need PostgREST to notice, since they name other columns."""
    database.execute(change.encode())
    try:
        yield
    finally:
        database.execute(back.encode())
        read_anew(database, stack)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("progress_stage", "progress_percent"), JobsColumns(progress=False, completed_at=True, error=True)),
        (("progress_percent",), JobsColumns(progress=False, completed_at=True, error=True)),
        (("completed_at", "error"), JobsColumns(progress=True, completed_at=False, error=False)),
    ],
    ids=["no progress", "half a progress", "neither end nor error"],
)
async def test_job_runs_through_on_a_table_without_optional_columns(
    *,
    columns: tuple[str, ...],
    expected: JobsColumns,
    connect: Connect,
    queue: Callable[..., UUID],
    database: Connection,
    stack: StackInfo,
) -> None:
    away = ";".join(f"alter table public.jobs rename {name} to was_{name}" for name in columns)
    back = ";".join(f"alter table public.jobs rename was_{name} to {name}" for name in columns)
    with changed(database, stack, away, back):
        supabase, job_id, claim = connect(), queue(), Claim(claim=str(uuid4()), by="here")
        assert await supabase.jobs.columns() == expected
        (row,) = await supabase.jobs.queued(limit=5)
        assert await supabase.jobs.claim(row, claim) is not None
        assert await supabase.jobs.heartbeat(job_id, claim.claim, stage=Stage.TRANSCRIBING, percent=50)
        assert await supabase.jobs.complete(job_id, claim.claim)
        assert (await supabase.jobs.get(job_id)).status == "completed"  # type: ignore[union-attr]  # it was just read


@pytest.mark.parametrize(
    ("change", "back", "kind", "words"),
    [
        (
            "alter table public.jobs rename to jobs_away",
            "alter table public.jobs_away rename to jobs",
            ErrorKind.TABLE_MISSING,
            "public.jobs does not exist",
        ),
        (
            "alter table public.jobs rename metadata to away",
            "alter table public.jobs rename away to metadata",
            ErrorKind.COLUMN_MISSING,
            "no column metadata",
        ),
        (
            "revoke all on public.jobs from service_role",
            "grant all on public.jobs to service_role",
            ErrorKind.FORBIDDEN,
            "grant select, insert, update, delete on table public.jobs to service_role",
        ),
    ],
    ids=["table", "column", "grants"],
)
async def test_what_the_schema_lacks_is_named_with_its_remedy(
    *, change: str, back: str, kind: ErrorKind, words: str, connect: Connect, database: Connection, stack: StackInfo
) -> None:
    with changed(database, stack, change, back):
        supabase = connect()
        with pytest.raises(SupabaseError) as caught:
            await supabase.jobs.queued(limit=1)
        findings = {finding.name: finding for finding in await inspect(supabase)}
    assert caught.value.kind is kind
    assert words in caught.value.message
    assert not caught.value.retryable
    assert not findings["table jobs"].ok
    assert words in (findings["table jobs"].remedy or "")
    assert findings["bucket videos"].ok


@pytest.mark.parametrize("table", ["transcripts", "sops"])
@pytest.mark.parametrize("keys", [0, 2])
async def test_a_table_without_its_one_foreign_key_to_jobs_is_named_with_its_remedy(
    *, table: str, keys: int, connect: Connect, database: Connection, stack: StackInfo
) -> None:
    one = f"{table}_job_id_fkey"
    away, back = f"alter table public.{table} drop constraint {one}", ""
    back = f"alter table public.{table} add constraint {one} foreign key (job_id) references public.jobs (job_id)"
    if keys == 2:
        away, back = back.replace(one, "second"), away.replace(one, "second")
    with changed(database, stack, away, back):
        read_anew(database, stack)
        supabase = connect()
        with pytest.raises(SupabaseError) as caught:
            await supabase.results.look_at_columns()
        findings = {finding.name: finding for finding in await inspect(supabase)}
    assert (caught.value.kind, caught.value.reason) == (ErrorKind.RELATION_MISSING, Reason.DATABASE_REFUSED)
    assert f"{table} needs one foreign key to jobs" in caught.value.message
    assert [name for name, finding in findings.items() if not finding.ok] == [f"table {table}"]
    assert findings[f"table {table}"].remedy == caught.value.message


async def test_missing_grant_on_a_sequence_names_the_sequence(
    supabase: Supabase,
    claimed: Callable[..., Awaitable[tuple[UUID, str]]],
    database: Connection,
    stack: StackInfo,
) -> None:
    job_id, token = await claimed()
    away = "revoke all on sequence public.transcripts_id_seq from service_role"
    back = "grant all on sequence public.transcripts_id_seq to service_role"
    with changed(database, stack, away, back), pytest.raises(SupabaseError) as caught:
        await supabase.results.write_transcript(job_id, token, [])
    assert "grant usage, select on sequence public.transcripts_id_seq to service_role" in caught.value.message


@pytest.mark.parametrize("which", ["anon", "publishable", "authenticated", "nonsense", "expired", "other project's"])
async def test_unfit_keys_are_refused_and_never_shown(which: str, stack: StackInfo, connect: Connect) -> None:
    foreign = "sb_secret_" + "x" * 32
    key = {
        "anon": stack.anon_key,
        "publishable": stack.publishable_key,
        "authenticated": mint_jwt(stack, role="authenticated"),
        "nonsense": "not-a-key",
        "expired": mint_jwt(stack, role="service_role", expires_in=-60),
        "other project's": foreign,
    }[which]
    supabase = connect(key=key)
    for call in (
        lambda: supabase.jobs.queued(limit=1),
        lambda: supabase.results.sop_count(uuid4()),
        lambda: supabase.storage.bucket("videos"),
    ):
        with pytest.raises(SupabaseError) as caught:
            await call()
        assert caught.value.kind is ErrorKind.KEY_REJECTED
        assert key not in str(caught.value)
        assert "SUPABASE_SERVICE_ROLE_KEY" in str(caught.value)
    findings = await inspect(supabase)
    assert any(not finding.ok for finding in findings)
    assert key not in repr(findings) + repr(supabase)


@pytest.mark.parametrize("which", ["service_role_jwt", "secret_key"])
async def test_both_generations_of_keys_work(which: str, stack: StackInfo, connect: Connect) -> None:
    supabase = connect(key=getattr(stack, which))
    assert await supabase.jobs.get(uuid4()) is None
    assert await supabase.storage.bucket("videos") is not None


async def test_checklist_of_a_healthy_project_is_all_ok_and_writes_nothing(
    supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    create_user(stack, str(uuid4()))
    findings = await inspect(supabase)
    assert [finding.name for finding in findings if not finding.ok] == []
    details = {finding.name: finding.detail for finding in findings}
    assert details["unique sops.job_id"] == "there is a unique index"
    assert details["unique transcripts.job_id"] == "no unique index; works without"
    for table in (b"jobs", b"transcripts", b"sops"):
        assert database.execute(b"select count(*) from public." + table).fetchone() == (0,)
