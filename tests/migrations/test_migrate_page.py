"""docs/migrate.md: each SQL block, on the tables as the old worker leaves them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.supabase.schema import SeedOptions
from tests.code_blocks import DOCS, code_blocks

_BLOCKS = [one.text for one in code_blocks(DOCS / "migrate.md", "sql")]
_MIGRATION = Path(__file__).parents[2] / "deploy" / "supabase" / "migrations" / "0001_runops.sql"
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "runops/runops-operator@1"}

Connection = psycopg.Connection[tuple[object, ...]]


def block(*words: str) -> bytes:
    """The one block of the page with these words."""
    (found,) = [text for text in _BLOCKS if all(word in text for word in words)]
    return found.encode()


@pytest.fixture
def project(new_project: Callable[[SeedOptions], Connection]) -> Connection:
    """A project with the part of Supabase's table of objects that the page uses."""
    made = new_project(SeedOptions(unique_sops=False))
    made.execute(
        "create schema storage; create table storage.objects (bucket_id text, name text, created_at timestamptz)"
    )
    return made


def job(project: Connection, status: str, *, age: str = "2 hours", **metadata: Any) -> UUID:
    job_id = uuid4()
    project.execute(
        "insert into jobs (job_id, status, metadata, updated_at, completed_at) "
        "values (%s, %s, %s, now() - %s::interval, now())",
        (job_id, status, json.dumps(metadata), age),
    )
    return job_id


def recording(project: Connection, job_id: UUID, *, age: str = "1 hour") -> str:
    name = f"raw/{job_id}.mp4"
    project.execute("insert into storage.objects values ('videos', %s, now() - %s::interval)", (name, age))
    return name


def result(project: Connection, job_id: UUID, table: str, content: Any = None) -> None:
    column = "data" if table == "sops" else "transcript"
    project.execute(
        f"insert into {table} (job_id, {column}) values (%s, %s)".encode(),  # noqa: S608 - words of this module
        (job_id, json.dumps(content or [])),
    )


def status_of(project: Connection, job_id: UUID) -> object:
    return (project.execute("select status from jobs where job_id = %s", (job_id,)).fetchone() or ("gone",))[0]


def test_rows_left_in_processing_are_queued_and_claimed_ones_are_not(project: Connection) -> None:
    left, null = job(project, "processing", user_id="ann"), job(project, "processing")
    project.execute("update jobs set metadata = null where job_id = %s", (null,))
    others = [
        job(project, "processing", age="5 minutes"),
        job(project, "processing", runops=CLAIM),
        job(project, "error"),
    ]

    done = project.execute(block("interval '1 hour'", "'queued'")).fetchall()

    assert {row[0] for row in done} == {left, null}
    assert [status_of(project, one) for one in others] == ["processing", "processing", "error"]


def test_rows_completed_without_results_are_found_and_told_apart(project: Connection) -> None:
    whole, bare, gone, half = (job(project, "completed") for _ in range(4))
    failed = job(project, "error")
    for table in ("sops", "transcripts"):
        result(project, whole, table)
    result(project, half, "sops")
    recording(project, bare)

    found = project.execute(block("without_transcript")).fetchall()

    assert {(row[0], row[2], row[3]) for row in found} == {(bare, True, True), (gone, True, True), (half, False, True)}
    assert project.execute(block("completed_at = null")).fetchall() == [(bare,)]
    assert project.execute(block("Upload the recording again")).fetchall() == [(gone,)]
    statuses = [status_of(project, one) for one in (whole, bare, gone, half, failed)]
    assert statuses == ["completed", "queued", "error", "completed", "error"]


def test_the_clean_up_leaves_recordings_that_wait(project: Connection) -> None:
    done, waiting, running, failed, young = (
        job(project, status) for status in ("completed", "queued", "processing", "error", "completed")
    )
    names = [recording(project, one, age="2 days") for one in (done, waiting, running, failed)]
    recording(project, young)
    stray = "raw/holiday.mp4"
    for name in (stray, "slim/a.mp4", "raw/.placeholder"):
        project.execute("insert into storage.objects values ('videos', %s, now() - interval '2 days')", (name,))

    may_go = {row[0] for row in project.execute(block("24 hours")).fetchall()}

    assert may_go == {names[0], names[3], stray}


def test_forms_of_sops_are_told_apart(project: Connection) -> None:
    nodes: list[list[dict[str, Any]]] = [
        [{"id": "a", "type": "task"}],
        [{"id": "a", "type": "loop", "children": ["b"]}],
        [{"id": "a", "type": "task", "ui_context": {}}],
        [{"id": "a", "type": "ui_interaction"}],
        [{"id": "a", "type": "task", "stagehand_instruction": "click"}],
        [{"id": "b", "type": "task"}, {"id": "a", "type": "extract"}],
    ]
    for some in nodes:
        result(project, job(project, "completed"), "sops", {"public": {"nodes": some}})
    result(project, job(project, "completed"), "sops", {"odd": 1})

    assert project.execute(block("jsonb_path_exists")).fetchall() == [("atomic", 2), ("stagehand", 2), ("v0.7", 3)]


def test_who_did_what(project: Connection) -> None:
    job(project, "completed", runops=CLAIM)
    job(project, "completed")
    job(project, "error", user_id="ann")
    job(project, "queued")
    job(project, "completed", age="3 days")

    assert project.execute(block("as consumer")).fetchall() == [
        ("runops/runops-operator@1", "completed", 1),
        ("the old worker", "completed", 1),
        ("the old worker", "error", 1),
    ]


def test_the_way_back_queues_what_runops_had_and_removes_its_claims(project: Connection) -> None:
    ours = job(project, "processing", age="1 minute", runops=CLAIM, user_id="ann")
    others = [job(project, "processing"), job(project, "completed", runops=CLAIM)]

    assert project.execute(block("- 'runops'")).fetchall() == [(ours,)]

    assert project.execute("select metadata from jobs where job_id = %s", (ours,)).fetchone() == ({"user_id": "ann"},)
    assert [status_of(project, one) for one in others] == ["processing", "completed"]


@pytest.mark.parametrize("prompt_type", [True, False])
def test_the_old_workers_write_fails_after_the_migration_only_where_sops_have_types(
    project: Connection, *, prompt_type: bool
) -> None:
    if prompt_type:
        project.execute("alter table sops add column prompt_type text")
    with project.transaction():
        project.execute(_MIGRATION.read_bytes())
    job_id = job(project, "processing")
    write = "insert into sops (job_id, data) values (%s, '{}') on conflict (job_id) do update set data = '{}'"
    if prompt_type:
        with pytest.raises(psycopg.errors.InvalidColumnReference):
            project.execute(write.encode(), (job_id,))
    else:
        project.execute(write.encode(), (job_id,))


def test_every_sql_block_of_the_page_is_run_by_a_test() -> None:
    words = [
        ("interval '1 hour'", "'queued'"),
        ("without_transcript",),
        ("completed_at = null",),
        ("Upload the recording again",),
        ("24 hours",),
        ("jsonb_path_exists",),
        ("as consumer",),
        ("- 'runops'",),
    ]
    assert sorted(block(*some).decode() for some in words) == sorted(_BLOCKS)
