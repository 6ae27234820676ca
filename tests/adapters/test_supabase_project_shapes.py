"""Projects that differ from the newest schema, and keys that open less than they should."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, create_user, mint_jwt
from devstack.supabase.gateway.switches import Switches, set_switches
from runops.failures import Reason
from runops.job_row import Claim
from runops.progress import Stage
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import JobsColumns
from runops.supabase.probe import Finding, inspect
from tests.schema_cache import read_anew

Connection = psycopg.Connection[Any]
Connect = Callable[..., Supabase]


@pytest.fixture
def empty_videos(outside: httpx.Client) -> None:
    """The bucket `videos` without any object."""
    outside.post("/bucket/videos/empty").raise_for_status()


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


async def found(supabase: Supabase, name: str) -> Finding:
    (one,) = [finding for finding in await inspect(supabase) if finding.name == name]
    return one


@pytest.mark.parametrize(
    ("hours", "detail", "warns"),
    [
        ([], "no row waits", False),
        ([1, 3], "2 rows waiting, the oldest for 3 hours", False),
        ([1, 80], "2 rows waiting, the oldest for 3 days: longer than many apps keep recordings", True),
    ],
)
async def test_a_queue_that_is_older_than_recordings_are_kept_is_told(
    *, hours: list[int], detail: str, warns: bool, supabase: Supabase, database: Connection, queue: Callable[..., UUID]
) -> None:
    for ago in hours:
        database.execute(
            "update public.jobs set created_at = now() - make_interval(hours => %s, mins => 30) where job_id = %s",
            [ago, queue()],
        )
    finding = await found(supabase, "queue")
    assert finding.detail.startswith(detail)
    assert (finding.ok, finding.warns, finding.remedy is not None) == (True, warns, warns)


@pytest.mark.usefixtures("database", "empty_videos")
@pytest.mark.parametrize(
    ("fault", "is_old", "objects", "ok", "detail"),
    [
        (None, False, ["raw/a.mp4"], True, "/object/info tells the size of an object"),
        (None, True, ["slim/a.mp4"], True, "/object/info does not tell the size of an object; works"),
        (None, True, [], True, "no object yet to ask /object/info about. The oldest that is known to work is v0.46.4"),
        (404, False, [], False, "takes no files in parts"),
        (405, False, ["raw/a.mp4"], True, "/object/info tells the size of an object"),
    ],
)
async def test_the_age_of_storage_api_is_told_by_what_it_can(
    *,
    fault: int | None,
    is_old: bool,
    objects: list[str],
    ok: bool,
    detail: str,
    supabase: Supabase,
    stack: StackInfo,
    faults: FaultControl,
) -> None:
    for name in objects:
        await supabase.storage.upload_json("videos", name, {})
    if fault is not None:
        faults.set(Fault(method="OPTIONS", path="/upload/resumable", kind="status", status=fault, times=None))
    set_switches(stack.url, Switches(old_storage_api=is_old))
    try:
        finding = await found(supabase, "storage-api")
    finally:
        set_switches(stack.url, Switches())
    assert finding.ok is ok
    assert detail in finding.detail
    if not ok or is_old:
        assert "The oldest that is known to work is v0.46.4 (January 2024)" in f"{finding.detail} {finding.remedy}"


@pytest.mark.parametrize(
    ("types", "detail"),
    [
        (["*/*"], "does not take video/mp4 and application/json"),
        (["Video/MP4", "application/json"], "does not take video/mp4"),
        (["video/*", "application/json"], None),
        ([], "lists no allowed MIME type, and so takes no file over 6 MiB"),
    ],
)
async def test_a_bucket_that_refuses_what_runops_stores_is_told(
    types: list[str], detail: str | None, supabase: Supabase, outside: httpx.Client
) -> None:
    async with httpx.AsyncClient(base_url=outside.base_url, headers=outside.headers, trust_env=False) as client:
        await client.put("/bucket/videos", json={"allowed_mime_types": types})
        try:
            finding = await found(supabase, "bucket videos")
        finally:
            await client.put("/bucket/videos", json={"allowed_mime_types": None})
    assert finding.ok is (detail is None)
    assert detail is None or detail in finding.detail


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
