"""Projects that differ from the newest schema, and keys that open less than they should."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, create_user, mint_jwt
from devstack.supabase.gateway.switches import Switches, set_switches
from runops.failures import Reason
from runops.job_filter import JobFilter
from runops.job_row import Claim, Lane, RowStatus
from runops.progress import Stage
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import JobsColumns
from runops.supabase.probe import Finding, inspect
from runops.supabase.row_commands import Outcome, run_again
from runops_cli.work.abandoned import is_abandoned
from runops_operator.intake.candidates import Candidates, Wanted
from tests.operator.world import CONFIG
from tests.schema_cache import read_anew

ALL = JobsColumns(progress=True, completed_at=True, error=True, version=True)
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
        (("progress_stage", "progress_percent"), replace(ALL, progress=False)),
        (("progress_percent",), replace(ALL, progress=False)),
        (("completed_at", "error"), replace(ALL, completed_at=False, error=False)),
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


TIMES = ("created_at", "updated_at", "completed_at")


def new_connections(database: Connection) -> None:
    """Have PostgREST connect anew: a connection keeps the zone that the database had when it was opened."""
    database.execute(b"select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'")


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/St_Johns"])
def without_zone(request: pytest.FixtureRequest, database: Connection, stack: StackInfo) -> Iterator[None]:
    """Have times without a zone, in a database of some zone."""

    def of_type(name: str) -> bytes:
        return f"alter table jobs {', '.join(f'alter column {column} type {name}' for column in TIMES)}".encode()

    database.execute(f"set timezone = '{request.param}'".encode())
    database.execute(f"alter database postgres set timezone = '{request.param}'".encode())
    database.execute(of_type("timestamp"))
    try:
        new_connections(database)
        read_anew(database, stack)
        yield
    finally:
        database.execute(b"alter database postgres reset timezone")
        database.execute(of_type("timestamptz"))
        new_connections(database)
        read_anew(database, stack)


@pytest.mark.usefixtures("without_zone")
async def test_times_without_a_zone_are_read_in_the_zone_of_the_database(
    supabase: Supabase, queue: Callable[..., UUID], database: Connection
) -> None:
    job_id, now = queue({"user_id": "someone"}), datetime.now(UTC)
    (row,) = await supabase.jobs.queued(limit=5)
    (listed,) = (await supabase.jobs.page(JobFilter(), limit=5)).rows
    backlog = await supabase.jobs.backlog(Lane.FRESH)
    for time in (row.created_at, row.updated_at, listed.created_at, listed.updated_at, backlog.oldest):
        assert abs(datetime.fromisoformat(time or "") - now) < timedelta(minutes=5)
    claim = Claim(claim=str(uuid4()), by="work/dead")
    claimed = await supabase.jobs.claim(row, claim)
    assert claimed is not None
    assert await supabase.jobs.claim(row, claim) is None
    # What a write compares is the time as it was read.
    assert await supabase.jobs.bind_pod(job_id, claim.claim, "pod") is not None
    hour_ago = (now - timedelta(hours=1)).isoformat()
    assert await supabase.jobs.stale(before=hour_ago, installation="ours", limit=5, lane=Lane.FRESH) == []
    (held,) = await supabase.jobs.claimed_by_names("work/")
    assert not is_abandoned(held, now=now)
    # The row watch compares the times of both reads.
    assert [watched.updated_at async for watched in supabase.jobs.claims_of("work/dead")] == [held.updated_at]
    database.execute(b"update public.jobs set updated_at = now() - interval '61 minutes'")
    (stale,) = await supabase.jobs.stale(before=hour_ago, installation="ours", limit=5, lane=Lane.FRESH)
    assert is_abandoned(stale, now=now)
    taken = Claim(claim=str(uuid4()), by="ours")
    assert await supabase.jobs.claim(stale, taken, from_status="processing") is not None
    assert await supabase.jobs.complete(job_id, taken.claim)
    finished = database.execute(b"select now() - completed_at < interval '5 minutes' from public.jobs").fetchone()
    assert finished == (True,)


async def test_a_long_queue_is_read_and_worked_on_where_metadata_is_json(
    connect: Connect, queue: Callable[..., UUID], database: Connection, stack: StackInfo
) -> None:
    away = "alter table public.jobs alter column metadata type json using metadata::json"
    with changed(
        database, stack, away, "alter table public.jobs alter column metadata type jsonb using metadata::jsonb"
    ):
        read_anew(database, stack)
        supabase, busy = connect(), str(uuid4())
        for _ in range(60):
            queue({"user_id": busy})
        urgent = queue({"user_id": busy, "priority": 7})
        for odd in (0, -3, None, "soon", [9], {"a": 1}):
            queue({"user_id": busy, "priority": odd})
        other = queue({"user_id": str(uuid4())})
        candidates = Candidates(supabase.jobs, CONFIG)
        found = await candidates.read({Lane.FRESH: Wanted(1, {})}, server_time=datetime.now(UTC))
        rows = {row.job_id: row for row in found[Lane.FRESH]}
        assert {urgent, other} <= set(rows)
        assert await supabase.jobs.queued(limit=5, prioritised=True) == [rows[urgent]]
        claim = Claim(claim=str(uuid4()), by="here")
        (claimed,) = (await supabase.jobs.claim_batch([rows[urgent]], claim, from_status="queued")).won
        token = await supabase.jobs.bind_pod(urgent, claim.claim, "pod")
        assert token is not None
        assert claimed.raw_user == busy
        assert [held.job_id async for held in supabase.jobs.claims_of("here")] == [urgent]
        await supabase.results.write_transcript(urgent, token, [])
        assert await supabase.jobs.complete(urgent, token, said={"notes": [{"kind": "gaps"}]})


async def test_optional_columns_may_go_and_come_while_a_program_runs(
    supabase: Supabase, queue: Callable[..., UUID], database: Connection, stack: StackInfo
) -> None:
    queue()
    (row,) = await supabase.jobs.queued(limit=5)
    progress = ("progress_stage", "progress_percent")
    away = ";".join(f"alter table public.jobs rename {name} to was_{name}" for name in progress)
    back = ";".join(f"alter table public.jobs rename was_{name} to {name}" for name in progress)
    with changed(database, stack, away, back):
        # Both before PostgREST has noticed and after.
        claim = Claim(claim=str(uuid4()), by="here")
        claimed = await supabase.jobs.claim(row, claim)
        assert claimed is not None
        read_anew(database, stack)
        assert await supabase.jobs.heartbeat(row.job_id, claim.claim, stage=Stage.TRANSCRIBING, percent=50)
        assert (await supabase.jobs.page(JobFilter())).rows[0].progress_percent is None
        assert (await run_again(supabase, row.job_id, from_statuses=[RowStatus.PROCESSING])).outcome is Outcome.DONE


async def test_a_column_that_postgrest_has_not_seen_yet_is_left_out(
    connect: Connect, queue: Callable[..., UUID], database: Connection, stack: StackInfo
) -> None:
    away, back = "rename completed_at to was_completed_at", "rename was_completed_at to completed_at"
    with changed(database, stack, f"alter table public.jobs {away}", "notify pgrst"):
        read_anew(database, stack)
        queue()
        database.execute(f"alter table public.jobs {back}".encode())
        supabase = connect()
        (row,) = await supabase.jobs.queued(limit=5)
        assert await supabase.jobs.claim(row, Claim(claim=str(uuid4()), by="here")) is not None


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
        ([0], "1 row waiting, the oldest for ", False),
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
    assert ("minutes" in finding.detail) == (hours == [0])
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
