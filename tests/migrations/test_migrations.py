"""The optional migrations, against a real PostgreSQL with the tables of a user's project."""

from collections.abc import Callable
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from devstack.supabase.schema import SeedOptions

_MIGRATIONS = Path(__file__).parents[2] / "deploy" / "supabase" / "migrations"
_MIGRATION = (_MIGRATIONS / "0001_runops.sql").read_text("utf-8")
_REALTIME = (_MIGRATIONS / "0002_realtime.sql").read_text("utf-8")

_OLD = SeedOptions(progress_columns=False, unique_sops=False)
_NEW = SeedOptions(progress_columns=True, unique_sops=True)
_TOLD = SeedOptions(realtime=True)

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(params=[_OLD, _NEW], ids=["old-project", "new-project"])
def project(new_project: Callable[[SeedOptions], Connection], request: pytest.FixtureRequest) -> Connection:
    """Give a connection to a fresh project."""
    return new_project(request.param)


def _migrate(project: Connection, migration: str = _MIGRATION) -> None:
    with project.transaction():
        project.execute(migration.encode())


def _told_of(project: Connection) -> list[tuple[object, ...]]:
    return project.execute(
        "select schemaname, tablename from pg_publication_tables where pubname = 'supabase_realtime' "
        "and schemaname = 'public' order by 1, 2"
    ).fetchall()


def _shape(project: Connection) -> list[tuple[object, ...]]:
    return project.execute(
        "select tablename, indexdef from pg_indexes where schemaname = 'public' "
        "union all select table_name, column_name from information_schema.columns where table_schema = 'public' "
        "order by 1, 2"
    ).fetchall()


def test_second_run_changes_nothing(project: Connection) -> None:
    _migrate(project)
    first = _shape(project)
    _migrate(project)

    assert _shape(project) == first


def test_newest_result_stays_and_the_others_are_moved_aside(project: Connection) -> None:
    project.execute("alter table sops drop constraint if exists sops_job_id_key")
    job, other = uuid4(), uuid4()
    project.execute("insert into jobs (job_id) values (%s), (%s)", (job, other))
    for table, column in (("sops", "data"), ("transcripts", "transcript")):
        for target, value, age in ((job, "old", 3), (job, "newest", 1), (job, "middle", 2), (other, "only", 9)):
            statement = sql.SQL(
                "insert into {} (job_id, {}, updated_at) values (%s, to_jsonb(%s::text), now() - %s * interval '1 h')"
            ).format(sql.Identifier(table), sql.Identifier(column))
            project.execute(statement, (target, value, age))

    _migrate(project)

    assert project.execute("select data #>> '{}' from sops order by 1").fetchall() == [("newest",), ("only",)]
    assert project.execute("select transcript #>> '{}' from transcripts order by 1").fetchall() == [
        ("newest",),
        ("only",),
    ]
    assert project.execute(
        "select table_name, coalesce(content ->> 'data', content ->> 'transcript') from runops_surplus_results "
        "order by 1, 2"
    ).fetchall() == [("sops", "middle"), ("sops", "old"), ("transcripts", "middle"), ("transcripts", "old")]


def _sops(project: Connection) -> list[tuple[object, ...]]:
    return project.execute("select prompt_type, data #>> '{}' from sops order by 1, 2").fetchall()


@pytest.mark.parametrize("index", ["", ", add constraint k unique (job_id, prompt_type)"])
def test_sops_of_several_prompts_all_stay_and_one_of_each_is_allowed(project: Connection, index: str) -> None:
    project.execute("alter table sops drop constraint if exists sops_job_id_key")
    project.execute(f"alter table sops add column prompt_type text{index}".encode())
    job, other = uuid4(), uuid4()
    project.execute("insert into jobs (job_id) values (%s), (%s)", (job, other))
    results = [(job, "atomic", "newest"), (job, "stagehand", "only"), (other, "atomic", "only")]
    for target, kind, value in [*results, *([] if index else [(job, "atomic", "newer")])]:
        project.execute(
            "insert into sops (job_id, prompt_type, data) values (%s, %s, to_jsonb(%s::text))", (target, kind, value)
        )

    for _ in range(2):
        _migrate(project)

        newest = "newest" if index else "newer"
        assert _sops(project) == [("atomic", newest), ("atomic", "only"), ("stagehand", "only")]
        assert project.execute("select count(*) from runops_surplus_results").fetchone() == (0 if index else 1,)
    with pytest.raises(psycopg.errors.UniqueViolation):
        project.execute("insert into sops (job_id, prompt_type, data) values (%s, 'atomic', '{}')", (job,))


def test_second_result_of_a_job_is_refused(project: Connection) -> None:
    _migrate(project)
    job = uuid4()
    project.execute("insert into jobs (job_id) values (%s)", (job,))
    project.execute("insert into sops (job_id, data) values (%s, '{}')", (job,))

    with pytest.raises(psycopg.errors.UniqueViolation):
        project.execute("insert into sops (job_id, data) values (%s, '{}')", (job,))


def test_service_role_works_where_nothing_was_granted(project: Connection) -> None:
    project.execute("revoke all on all tables in schema public from service_role")
    project.execute("revoke all on all sequences in schema public from service_role")

    _migrate(project)

    project.execute("set role service_role")
    job = uuid4()
    project.execute("insert into jobs (job_id, progress_stage, progress_percent) values (%s, 'finalizing', 90)", (job,))
    project.execute("insert into transcripts (job_id, transcript) values (%s, '[]')", (job,))
    project.execute("update jobs set status = 'completed' where job_id = %s", (job,))


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_results_that_were_moved_aside_are_nobodys_to_read(project: Connection, role: str) -> None:
    _migrate(project)
    project.execute(f"set role {role}")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        project.execute("select * from runops_surplus_results")


def test_oldest_queued_rows_are_found_by_index(project: Connection) -> None:
    _migrate(project)
    project.execute(
        "insert into jobs (job_id, status) select gen_random_uuid(), 'completed' from generate_series(1, 5000)"
    )
    project.execute("analyze jobs")

    plan = project.execute(
        "explain select * from jobs where status = 'queued' order by created_at, id limit 20"
    ).fetchall()
    assert "jobs_runops_queued" in str(plan)


_FRESH: LiteralString = "(metadata->>'backfill' is null or metadata->>'backfill' <> 'true')"


@pytest.mark.parametrize(
    ("which", "index"), [(_FRESH, "jobs_runops_fresh"), ("metadata->>'backfill' = 'true'", "jobs_runops_backfill")]
)
def test_the_rows_of_a_lane_are_found_by_index_behind_many_of_the_other(
    project: Connection, which: LiteralString, index: str
) -> None:
    _migrate(project)
    project.execute(
        "insert into jobs (job_id, metadata) select gen_random_uuid(), jsonb_build_object('backfill', number % 2 = 0) "
        "from generate_series(1, 5000) number"
    )
    project.execute("analyze jobs")
    asked = "explain select * from jobs where status = 'queued' and {} order by created_at, id limit 20"
    plan = project.execute(sql.SQL(asked).format(sql.SQL(which))).fetchall()
    assert index in str(plan)


@pytest.mark.parametrize(
    "before",
    [
        "",
        "drop publication supabase_realtime",
        "drop publication supabase_realtime; create publication supabase_realtime for table public.jobs",
    ],
    ids=["as-made", "no-publication", "told-already"],
)
def test_realtime_tells_of_jobs_and_of_nothing_else_however_often_it_is_run(project: Connection, before: str) -> None:
    project.execute(before.encode())
    for _ in range(2):
        _migrate(project, _REALTIME)

        assert _told_of(project) == [("public", "jobs")]


@pytest.mark.parametrize("tables", ["all tables", "tables in schema public"])
def test_realtime_stays_as_it_is_where_it_tells_of_every_table(project: Connection, tables: str) -> None:
    project.execute(f"drop publication supabase_realtime; create publication supabase_realtime for {tables}".encode())
    before = _told_of(project)

    _migrate(project, _REALTIME)

    assert _told_of(project) == before
    assert ("public", "jobs") in before


def test_realtime_goes_on_telling_of_other_tables(project: Connection) -> None:
    project.execute("alter publication supabase_realtime add table public.sops")

    _migrate(project, _REALTIME)

    assert _told_of(project) == [("public", "jobs"), ("public", "sops")]


@pytest.mark.parametrize("project", [_TOLD], indirect=True, ids=["seeded"])
def test_realtime_migration_changes_nothing_in_a_stack_that_was_seeded_with_it(project: Connection) -> None:
    before = _told_of(project)

    _migrate(project, _REALTIME)

    assert _told_of(project) == before == [("public", "jobs")]
