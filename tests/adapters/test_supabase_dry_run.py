"""`runops check` tries what will be written, finds what a table refuses, and leaves nothing behind."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.supabase.connection import Supabase
from runops.supabase.dry_run import SAMPLE_SOP, SAMPLE_TRANSCRIPT
from runops.supabase.probe import Finding, inspect
from runops.transcript import parse_item
from tests.adapters.test_supabase_project_shapes import changed
from tests.schema_cache import read_anew

Connection = psycopg.Connection[Any]
AS_ENUM = (
    "create type job_status as enum ({}); alter table jobs alter column status drop default, "
    "alter column status type job_status using status::job_status"
)
NO_ENUM = (
    "alter table jobs alter column status drop default, alter column status type varchar(50) using status::text, "
    "alter column status set default 'queued'; drop type job_status"
)
REFUSING = (
    "create function refusing() returns trigger language plpgsql as $$ begin if new.status = 'processing' "
    "then raise exception 'only from the queue'; end if; return new; end $$; "
    "create trigger refusing before insert on jobs for each row execute function refusing()"
)
NOT_REFUSING = "drop trigger refusing on jobs; drop function refusing()"
TITLED = "alter table jobs add column title text not null default 'a'; alter table jobs alter column title drop default"


def _check(column: str, *values: str) -> tuple[str, str]:
    listed = ", ".join(f"'{value}'" for value in values)
    return (
        f"alter table jobs add constraint jobs_check check ({column} in ({listed}))",
        "alter table jobs drop constraint jobs_check",
    )


@pytest.fixture
def rows(database: Connection, queue: Callable[..., UUID]) -> Iterator[None]:
    """Have a queued row and one that is worked on, which nothing changes."""
    queue({"user_id": "kept"})
    queue(status="processing")
    before = database.execute("select to_jsonb(jobs) from jobs order by id").fetchall()
    yield
    assert [
        {name: value for name, value in row.items() if name in before[0][0]}
        for (row,) in database.execute("select to_jsonb(jobs) from jobs order by id").fetchall()
    ] == [row for (row,) in before]


async def found(supabase: Supabase, database: Connection, stack: StackInfo) -> dict[str, Finding]:
    read_anew(database, stack)
    findings = {finding.name: finding for finding in await inspect(supabase)}
    for table in (b"transcripts", b"sops"):
        assert database.execute(b"select count(*) from " + table).fetchone() == (0,)
    return findings


@pytest.mark.parametrize(
    ("change", "back", "turn", "words"),
    [
        pytest.param(
            *_check("status", "queued", "processing", "completed", "failed"), "error: ", "jobs_check", id="check"
        ),
        pytest.param(
            AS_ENUM.format("'queued', 'processing', 'completed', 'failed'"),
            NO_ENUM,
            "error: ",
            'job_status: "error"',
            id="enum",
        ),
        pytest.param(
            AS_ENUM.format("'queued', 'processing', 'done', 'error'"),
            NO_ENUM,
            "completed: ",
            'job_status: "completed"',
            id="enum without completed",
        ),
        pytest.param(
            *_check("progress_stage", "preparing_video", "transcribing", "parsing_sop", "completed"),
            "processing (finalizing): ",
            "jobs_check",
            id="stage",
        ),
        pytest.param(
            f"{TITLED}; {_check('status', 'queued', 'processing', 'error')[0]}",
            "alter table jobs drop column title, drop constraint jobs_check",
            "completed: ",
            "jobs_check",
            id="check and a column that new rows need",
        ),
    ],
)
@pytest.mark.usefixtures("rows")
async def test_a_status_or_stage_that_the_table_refuses_is_named(
    *, change: str, back: str, turn: str, words: str, supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    with changed(database, stack, change, back):
        findings = await found(supabase, database, stack)
    assert [name for name, finding in findings.items() if not finding.ok] == ["values in jobs"]
    refused = findings["values in jobs"]
    assert refused.detail.startswith(turn)
    assert words in refused.detail
    assert "Failing row" not in refused.detail
    assert "queued, processing, completed and error" in (refused.remedy or "")


TAKEN = {
    "enum": (AS_ENUM.format("'queued', 'processing', 'completed', 'error', 'archived'"), NO_ENUM),
    "check": _check("status", "queued", "processing", "completed", "error"),
    "a column that new rows need": (TITLED, "alter table jobs drop column title"),
    "new rows only by the app": ("revoke insert on jobs from service_role", "grant insert on jobs to service_role"),
    "a trigger of new rows": (REFUSING, NOT_REFUSING),
    "json": (
        "alter table jobs alter column metadata type json using metadata::json",
        "alter table jobs alter column metadata type jsonb using metadata::jsonb",
    ),
    "without zone": (
        "alter table jobs alter column updated_at type timestamp, alter column created_at type timestamp",
        "alter table jobs alter column updated_at type timestamptz, alter column created_at type timestamptz",
    ),
    "updated_at by a trigger": (
        (
            "create function touch() returns trigger language plpgsql as $$ begin new.updated_at = now(); return new; "
            "end $$; create trigger touch before update on jobs for each row execute function touch()"
        ),
        "drop trigger touch on jobs; drop function touch()",
    ),
}


@pytest.mark.parametrize("shape", TAKEN)
@pytest.mark.usefixtures("rows")
async def test_what_a_table_takes_is_no_problem(
    shape: str, supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    with changed(database, stack, *TAKEN[shape]):
        findings = await found(supabase, database, stack)
    assert [finding for finding in findings.values() if not finding.ok or finding.warns] == []
    assert findings["values in jobs"].detail == "each status and stage is taken (tried and undone)"


@pytest.mark.parametrize("shape", ["a column that new rows need", "new rows only by the app", "a trigger of new rows"])
async def test_what_cannot_be_tried_without_a_row_is_said(
    shape: str, supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    with changed(database, stack, *TAKEN[shape]):
        findings = await found(supabase, database, stack)
    assert [name for name, finding in findings.items() if finding.warns] == ["values in jobs"]
    assert findings["values in jobs"].detail.startswith("not tried: ")
    assert database.execute("select count(*) from jobs").fetchone() == (0,)


@pytest.mark.usefixtures("rows")
async def test_what_a_trigger_refuses_is_a_warning_since_it_may_look_at_the_row(
    supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    always = REFUSING.replace("before insert", "before insert or update")
    with changed(database, stack, always, NOT_REFUSING):
        findings = await found(supabase, database, stack)
    assert [name for name, finding in findings.items() if finding.warns] == ["values in jobs"]
    assert "only from the queue" in findings["values in jobs"].detail


@pytest.mark.parametrize(
    ("change", "back", "name", "words"),
    [
        (
            "alter table sops add column team text not null",
            "alter table sops drop column team",
            "table sops",
            'null value in column "team"',
        ),
        (
            "alter table transcripts add constraint short check (jsonb_array_length(transcript) > 5)",
            "alter table transcripts drop constraint short",
            "table transcripts",
            'constraint "short"',
        ),
        (
            "revoke all on sequence sops_id_seq from service_role",
            "grant all on sequence sops_id_seq to service_role",
            "table sops",
            "grant usage, select on sequence public.sops_id_seq",
        ),
        *(
            (
                f"revoke {right} on {table} from service_role",
                f"grant {right} on {table} to service_role",
                f"table {table}",
                f"grant select, insert, update, delete on table public.{table}",
            )
            for table, right in (("sops", "insert"), ("sops", "update"), ("transcripts", "delete"))
        ),
        (
            "revoke update on jobs from service_role",
            "grant update on jobs to service_role",
            "values in jobs",
            "grant select, insert, update, delete on table public.jobs",
        ),
        (
            "alter table jobs alter column metadata type text using metadata::text",
            "alter table jobs alter column metadata type jsonb using metadata::jsonb",
            "table jobs",
            "alter column metadata type jsonb",
        ),
        (
            "alter table jobs alter column progress_stage set not null",
            "alter table jobs alter column progress_stage drop not null",
            "values in jobs",
            'column "progress_stage"',
        ),
        (
            "alter table jobs rename id to number",
            "alter table jobs rename number to id",
            "table jobs",
            "no column id",
        ),
    ],
)
async def test_rights_types_and_columns_are_asked_before_anything_is_paid(
    *, change: str, back: str, name: str, words: str, supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    with changed(database, stack, change, back):
        findings = await found(supabase, database, stack)
    assert [name for name, finding in findings.items() if not finding.ok] == [name]
    assert words in f"{findings[name].detail} {findings[name].remedy}"


async def test_a_table_that_takes_no_sop_without_a_user_is_a_warning(
    supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    change, back = "alter column user_id set not null", "alter column user_id drop not null"
    with changed(database, stack, f"alter table sops {change}", f"alter table sops {back}"):
        findings = await found(supabase, database, stack)
    assert [name for name, finding in findings.items() if finding.warns] == ["table sops"]
    assert "metadata.user_id" in (findings["table sops"].remedy or "")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (", add unique (job_id, prompt_type)", "there is a unique index on job_id and prompt_type"),
        (", drop constraint sops_job_id_key, add constraint k unique (job_id)", "there is a unique index"),
        ("", "no unique index; works without"),
    ],
)
async def test_sops_of_several_prompts_are_found(
    index: str, said: str, supabase: Supabase, database: Connection, stack: StackInfo
) -> None:
    change = "alter table sops drop constraint sops_job_id_key; alter table sops add column prompt_type text not null"
    back = (
        "alter table sops drop column prompt_type, drop constraint if exists k, "
        "add constraint sops_job_id_key unique (job_id)"
    )
    index = index.replace("drop constraint sops_job_id_key, ", "")
    with changed(database, stack, f"{change}{index}", back):
        findings = await found(supabase, database, stack)
    assert [finding for finding in findings.values() if not finding.ok] == []
    assert "ours have the prompt_type atomic, others are left alone" in findings["table sops"].detail
    assert findings["unique sops.job_id"].detail == said


class Deaf(httpx.AsyncHTTPTransport):
    """Something on the way that asks for a list where one object was asked for."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "/jobs" in request.url.path and request.method == "POST":
            request.headers["Accept"] = "application/json"
        return await super().handle_async_request(request)


async def test_rows_that_were_kept_against_expectation_are_removed(database: Connection, stack: StackInfo) -> None:
    kept: list[int] = []

    async with Supabase(stack.url, stack.secret_key, transport=Deaf()) as supabase:
        rest = supabase.rest
        read = rest.read

        async def counting(*args: Any, **named: Any) -> Any:
            kept.extend(database.execute("select count(*) from jobs").fetchone() or ())
            return await read(*args, **named)

        rest.read = counting  # type: ignore[method-assign]
        findings = await inspect(supabase)
    assert max(kept) > 0
    assert database.execute("select count(*) from jobs").fetchone() == (0,)
    assert [finding.name for finding in findings if not finding.ok] == ["values in jobs"]


async def test_a_service_that_is_away_during_a_trial_is_no_refusal(
    supabase: Supabase, database: Connection, faults: FaultControl
) -> None:
    faults.set(Fault(method="POST", path="/rest/v1/jobs", kind="status", status=503, times=None))
    findings = {finding.name: finding for finding in await inspect(supabase)}
    assert findings["values in jobs"].detail == "unavailable"
    assert database.execute("select count(*) from jobs").fetchone() == (0,)


async def test_storage_and_auth_are_asked_as_the_worker_asks_them(supabase: Supabase, faults: FaultControl) -> None:
    job_id = uuid4()
    await supabase.storage.upload_json("videos", f"raw/{job_id}.mp4", {})
    findings = {finding.name: finding for finding in await inspect(supabase)}
    assert (findings["sizes of recordings"].detail, findings["users"].ok) == ("storage tells them", True)
    missing = '{"statusCode":"404","error":"not_found","message":"Object not found","code":"NoSuchKey"}'
    faults.set(
        Fault(path="/object/info/", kind="status", status=400, body=missing, times=None),
        Fault(path="/auth/v1/", kind="status", status=403, body='{"code": "not_admin"}', times=None),
    )
    findings = {finding.name: finding for finding in await inspect(supabase)}
    assert not findings["sizes of recordings"].ok
    assert "and yet does not find it" in findings["sizes of recordings"].detail
    assert not findings["users"].ok
    await supabase.storage.remove("videos", [f"raw/{job_id}.mp4"])


async def test_a_folder_that_comes_first_hides_no_recording(supabase: Supabase) -> None:
    first, recording = f"raw/!{uuid4()}/kept by the app.json", f"raw/{uuid4()}.mp4"
    for key in (first, recording):
        await supabase.storage.upload_json("videos", key, {})
    findings = {finding.name: finding for finding in await inspect(supabase)}
    assert findings["sizes of recordings"].detail == "storage tells them"
    await supabase.storage.remove("videos", [first, recording])


async def test_without_an_auth_service_users_are_not_asked_for(supabase: Supabase, faults: FaultControl) -> None:
    faults.set(Fault(path="/auth/v1/", kind="status", status=404, body="<html>", times=None))
    findings = {finding.name: finding for finding in await inspect(supabase)}
    assert findings["users"].ok
    assert "not asked" in findings["users"].detail


def test_what_is_tried_is_what_a_worker_could_write() -> None:
    assert graph_faults(Sop.model_validate(SAMPLE_SOP)) == []
    for item in SAMPLE_TRANSCRIPT:
        parse_item(item)
