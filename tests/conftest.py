"""Fixtures for every test that needs the outside: one development stack per test process, clean for each test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import psycopg
import pytest
from hypothesis import settings

from devstack.faults import FaultControl
from devstack.stack import StackInfo, running_stack
from devstack.supabase.gateway.switches import Switches, set_switches
from tests.unchanged_logging import unchanged_logging
from tests.virtual_time import VirtualTimeLoop

# An example that has to wait for a processor is no failure; pytest's timeout ends one that hangs.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run tests that are marked so on virtual time, the others on a loop as programs have it."""
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual time": VirtualTimeLoop}
    return {"real time": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def logging_stays() -> Iterator[None]:
    """Give logging back as each test found it: commands that run in this process set levels and handlers."""
    with unchanged_logging():
        yield


@pytest.fixture(scope="module", autouse=True)
def logging_stays_beyond_a_file() -> Iterator[None]:
    """Give logging back after each file, too: what a fixture of the whole file changes, every test of it finds."""
    with unchanged_logging():
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    """A stack of this test process alone; it ends with the process, however that ends."""
    with running_stack(tmp_path_factory.mktemp("stack") / "own") as info:
        yield info


@pytest.fixture
def database(stack: StackInfo) -> Iterator[psycopg.Connection]:
    """A superuser's connection, committing each statement; all tables are empty when the test begins."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("truncate public.jobs, public.transcripts, public.sops, auth.users restart identity cascade")
        yield connection


@pytest.fixture
def told(stack: StackInfo, database: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The database, with Realtime telling of the table `jobs`."""
    database.execute("alter publication supabase_realtime add table jobs")
    yield database
    # The test may have let the database crash.
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("alter publication supabase_realtime drop table jobs")


@pytest.fixture
def switches(stack: StackInfo) -> Iterator[Switches]:
    """The gateway's switches as they are by default, and back there after the test."""
    yield Switches()
    set_switches(stack.url, Switches())


@pytest.fixture
def faults(stack: StackInfo) -> Iterator[FaultControl]:
    """Faults of the Supabase stand-in, with an empty request log; disarmed after the test."""
    yield from _controlled(stack.url)


@pytest.fixture
def gemini_faults(stack: StackInfo) -> Iterator[FaultControl]:
    """Faults of the Gemini stand-in, with an empty request log; disarmed after the test."""
    yield from _controlled(stack.gemini_url)


def _controlled(url: str) -> Iterator[FaultControl]:
    with closing(FaultControl(url)) as control:
        control.forget()
        try:
            yield control
        finally:
            control.clear()
