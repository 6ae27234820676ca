"""SQL that documentation pages show in passing: PostgreSQL takes each statement on the tables of a project."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from devstack.supabase.schema import SeedOptions
from tests.code_blocks import DOCS, code_blocks

Connection = psycopg.Connection[tuple[object, ...]]

_WHOLE = {"for-apps.md", "migrate.md"}
"""Pages whose blocks have tests of their own, that look at what they do."""
_INDENTED = re.compile(r"(?ms)^    ((?:select|insert|update|delete|alter|create|grant|notify|drop)\b[^;`]*;)")


def statements() -> Iterator[tuple[str, str]]:
    for page in sorted(DOCS.rglob("*.md")):
        if page.name in _WHOLE:
            continue
        text = re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text("utf-8"))
        found = [one.text for one in code_blocks(page, "sql")] + _INDENTED.findall(text)
        yield from ((page.relative_to(DOCS).as_posix(), one) for one in found)


@pytest.fixture
def project(new_project: Callable[[SeedOptions], Connection]) -> Connection:
    made = new_project(SeedOptions())
    # What install.md widens: a project with a CHECK, and one with an enum.
    made.execute(
        "alter table jobs add constraint jobs_status_check check (status in ('queued', 'processing', 'completed'))"
    )
    made.execute("create type job_status as enum ('queued', 'processing', 'completed')")
    return made


def test_postgresql_takes_each_statement(project: Connection) -> None:
    shown = list(statements())
    assert {page for page, _ in shown} >= {"bad-input.md", "corrections.md", "install.md"}
    for _, text in shown:
        project.execute(text.replace("'...'", "'6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11'").encode())
