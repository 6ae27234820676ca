"""The rollbacks of the optional migrations, from every state that a project may be in, against a real PostgreSQL."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from devstack.supabase.schema import SeedOptions

_SQL = Path(__file__).parents[2] / "deploy" / "supabase"
_EARLIER = Path(__file__).with_name("earlier")
_OLD = SeedOptions(progress_columns=False, unique_sops=False)
_NEW = SeedOptions(progress_columns=True, unique_sops=True)

Connection = psycopg.Connection[tuple[object, ...]]
NewProject = Callable[[SeedOptions], Connection]


def run(project: Connection, path: Path) -> None:
    with project.transaction():
        project.execute(path.read_bytes())


def migrate(project: Connection) -> None:
    for path in sorted((_SQL / "migrations").glob("*.sql")):
        run(project, path)


def roll_back(project: Connection) -> None:
    for path in sorted((_SQL / "rollback").glob("*.sql"), reverse=True):
        run(project, path)


def shape(project: Connection) -> list[tuple[object, ...]]:
    """Everything that the migrations could change: columns, indexes, constraints, tables, publications, policies."""
    return project.execute(
        "select 'index', tablename::text, indexdef from pg_indexes where schemaname = 'public' "
        "union all select 'column', table_name::text, column_name || ' ' || data_type || coalesce(column_default, '') "
        "from information_schema.columns where table_schema = 'public' "
        "union all select 'constraint', conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) "
        "from pg_constraint where connamespace = 'public'::regnamespace "
        "union all select 'published', pubname::text, schemaname || '.' || tablename from pg_publication_tables "
        "union all select 'policy', tablename::text, policyname::text from pg_policies where schemaname = 'public' "
        "order by 1, 2, 3"
    ).fetchall()


def rows(project: Connection, table: str) -> list[tuple[object, ...]]:
    return project.execute(sql.SQL("select * from {} order by id").format(sql.Identifier(table))).fetchall()


def fill(project: Connection) -> UUID:
    """Three results of one job, as a worker without claims may leave them, and one of another."""
    job, other = uuid4(), uuid4()
    project.execute("insert into jobs (job_id) values (%s), (%s)", (job, other))
    for target, value, age in ((job, "old", 3), (job, "newest", 1), (job, "middle", 2), (other, "only", 9)):
        project.execute(
            "insert into transcripts (job_id, transcript, updated_at) "
            "values (%s, to_jsonb(%s::text), now() - %s * interval '1 h')",
            (target, value, age),
        )
    return job


@pytest.mark.parametrize("options", [_OLD, _NEW], ids=["old-project", "new-project"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_rollback_leaves_the_project_as_it_was(new_project: NewProject, options: SeedOptions, times: int) -> None:
    project = new_project(options)
    fill(project)
    shaped, transcripts = shape(project), rows(project, "transcripts")
    for _ in range(times):
        migrate(project)
    assert shape(project) != shaped
    assert len(rows(project, "transcripts")) == 2

    for _ in range(times):
        roll_back(project)

        assert shape(project) == shaped
        assert rows(project, "transcripts") == transcripts

    migrate(project)
    roll_back(project)
    assert shape(project) == shaped


@pytest.mark.parametrize("options", [_OLD, _NEW], ids=["old-project", "new-project"])
def test_a_rollback_of_what_was_never_migrated_changes_nothing(new_project: NewProject, options: SeedOptions) -> None:
    project = new_project(options)
    before = shape(project)

    roll_back(project)

    assert shape(project) == before


def test_each_rollback_leaves_the_other_migration_alone(new_project: NewProject) -> None:
    project = new_project(_OLD)
    run(project, _SQL / "migrations" / "0001_runops.sql")
    only_first = shape(project)
    run(project, _SQL / "migrations" / "0002_realtime.sql")

    run(project, _SQL / "rollback" / "0002_realtime.sql")

    assert shape(project) == only_first
    run(project, _SQL / "migrations" / "0002_realtime.sql")
    run(project, _SQL / "rollback" / "0001_runops.sql")
    assert ("published", "supabase_realtime", "public.jobs") in shape(project)
    assert not [one for one in shape(project) if "progress" in str(one) or "jobs_runops" in str(one)]


@pytest.mark.parametrize("options", [_OLD, _NEW], ids=["old-project", "new-project"])
@pytest.mark.parametrize("earlier", sorted(_EARLIER.glob("*.sql")), ids=lambda path: path.stem)
def test_from_every_earlier_version_to_the_newest_and_back(
    new_project: NewProject, options: SeedOptions, earlier: Path
) -> None:
    fresh = new_project(options)
    migrate(fresh)
    project = new_project(options)
    fill(project)
    transcripts = rows(project, "transcripts")
    run(project, earlier)

    migrate(project)

    assert shape(project) == shape(fresh)
    roll_back(project)
    # What a version added that did not note it stays; nothing is lost, and it can be migrated again.
    before = shape(new_project(options))
    kept = [one for one in shape(project) if one not in before]
    assert not [one for one in kept if "jobs_runops" in str(one)]
    stored = rows(project, "transcripts")
    left = [content for (content,) in _surplus(project)]
    assert len(stored) + len(left) == len(transcripts)
    migrate(project)
    assert [one for one in shape(project) if "jobs_runops" in str(one)] == [
        one for one in shape(fresh) if "jobs_runops" in str(one)
    ]


def _surplus(project: Connection) -> list[tuple[object, ...]]:
    if project.execute("select to_regclass('public.runops_surplus_results')").fetchone() == (None,):
        return []
    return project.execute("select content from runops_surplus_results").fetchall()


def test_a_result_that_fits_no_longer_is_kept_and_the_others_go_back(new_project: NewProject) -> None:
    project = new_project(_OLD)
    job = fill(project)
    migrate(project)
    # The user deletes the job that has two surplus transcripts; another job's come back.
    other = uuid4()
    project.execute("insert into jobs (job_id) values (%s)", (other,))
    project.execute(
        "insert into runops_surplus_results (table_name, content) "
        "values ('transcripts', jsonb_build_object('id', 900, 'job_id', %s::text, 'transcript', '[]'::jsonb))",
        (other,),
    )
    project.execute("delete from transcripts where job_id = %s", (job,))
    project.execute("delete from jobs where job_id = %s", (job,))

    roll_back(project)

    assert len(_surplus(project)) == 2
    assert project.execute("select id from transcripts where job_id = %s", (other,)).fetchall() == [(900,)]
    roll_back(project)
    assert len(_surplus(project)) == 2


def test_a_project_that_told_realtime_of_jobs_before_goes_on_telling(new_project: NewProject) -> None:
    project = new_project(SeedOptions(realtime=True))
    before = shape(project)
    migrate(project)

    roll_back(project)

    assert shape(project) == before


def test_a_publication_for_all_tables_made_since_stays(new_project: NewProject) -> None:
    project = new_project(_OLD)
    migrate(project)
    project.execute("drop publication supabase_realtime; create publication supabase_realtime for all tables")

    roll_back(project)

    assert ("published", "supabase_realtime", "public.jobs") in shape(project)


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_what_was_added_is_nobodys_to_read(new_project: NewProject, role: str) -> None:
    project = new_project(_OLD)
    migrate(project)
    project.execute(f"set role {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        project.execute("select * from runops_added")


@pytest.mark.parametrize("path", sorted(_SQL.glob("*/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_that_cannot_have_its_lock_gives_up_and_changes_nothing(new_project: NewProject, path: Path) -> None:
    project = new_project(_OLD)
    if path.parent.name == "rollback":
        migrate(project)
    before = shape(project)
    text = re.sub(r"lock_timeout = '10s'", "lock_timeout = '50ms'", path.read_text("utf-8"))
    info = project.info
    with psycopg.connect(f"host={info.host} dbname={info.dbname} user={info.user}") as app:
        app.execute("lock table jobs in access exclusive mode")
        with pytest.raises(psycopg.errors.LockNotAvailable), project.transaction():
            project.execute(text.encode())
    assert shape(project) == before


def test_every_migration_has_its_rollback() -> None:
    names = [sorted(path.name for path in (_SQL / kind).glob("*.sql")) for kind in ("migrations", "rollback")]
    assert names[0] == names[1]
