"""Projects of users on a real PostgreSQL, to migrate and to roll back."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from devstack.processes import places
from devstack.supabase import postgres
from devstack.supabase.schema import SeedOptions, seed_sql

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a server; the folder of its sockets."""
    folder = tmp_path_factory.mktemp("migration")
    log, data, sockets = folder / "log", postgres.data_folder(folder), places.new_run_folder()
    try:
        postgres.initialise(data, log=log)
        program = postgres.start(data, sockets=sockets, log=log, durable=False)
        try:
            postgres.wait_until_ready(program, sockets=sockets, log=log)
            with psycopg.connect(postgres.database_url(sockets), autocommit=True) as connection:
                connection.execute("create database pristine")
            yield sockets
        finally:
            postgres.stop(program, immediate=True)
    finally:
        shutil.rmtree(data)
        shutil.rmtree(sockets)


@pytest.fixture
def new_project(server: Path) -> Iterator[Callable[[SeedOptions], Connection]]:
    """Make a fresh project; roles belong to the whole server and are left from one to the next."""
    open_ones: list[Connection] = []

    def make(options: SeedOptions) -> Connection:
        name = f"p{uuid4().hex}"
        with psycopg.connect(postgres.database_url(server), autocommit=True) as connection:
            connection.execute(f"create database {name} template pristine")
            seeded = seed_sql(options)
            if connection.execute("select 1 from pg_roles where rolname = 'service_role'").fetchone():
                seeded = seeded[seeded.index("create schema auth") :]
        url = postgres.database_url(server).replace("/postgres?", f"/{name}?")
        project = psycopg.connect(url, autocommit=True)
        open_ones.append(project)
        project.execute(seeded.encode())
        return project

    yield make
    for one in open_ones:
        one.close()
