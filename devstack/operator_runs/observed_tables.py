"""Reads the tables directly in the database, past everything under test."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

__all__ = ["Database", "Outcome"]

# A trigger cannot be missed or outrun as polling can: it writes within the same transaction.
_AUDIT = """
create schema if not exists audit;
create table if not exists audit.changes (
  id bigserial primary key,
  job_id uuid not null,
  was text,
  became text,
  claim text,
  at timestamptz not null default clock_timestamp()
);
create or replace function audit.note() returns trigger language plpgsql security definer as $$
begin
  insert into audit.changes (job_id, was, became, claim)
  values (new.job_id, old.status, new.status, new.metadata -> 'runops' ->> 'claim');
  return new;
end $$;
create or replace trigger audit_note after update on public.jobs
  for each row when (old.status is distinct from new.status) execute function audit.note();
"""

_OUTCOMES = """
select
  job_id::text,
  status,
  coalesce(error, ''),
  (select count(*) from public.transcripts where transcripts.job_id = jobs.job_id),
  (select count(*) from public.sops where sops.job_id = jobs.job_id),
  (select count(*) from audit.changes where changes.job_id = jobs.job_id and became in ('completed', 'error'))
from public.jobs where job_id = any(%s::uuid[])
"""


@dataclass(frozen=True)
class Outcome:
    """The result of one row: its status and error, its results, and how often it ended."""

    job_id: str
    status: str
    error: str
    transcripts: int
    sops: int
    endings: int


class Database:
    """A superuser's view. Each query opens its own connection, because the server may crash in between.

    Parameters
    ----------
    url
        Connection string.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, if it has any."""
        with psycopg.connect(self._url, autocommit=True, connect_timeout=60) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def begin(self) -> None:
        """Empty all tables, and note every change of a status from here on."""
        self.run("truncate public.jobs, public.transcripts, public.sops, auth.users cascade")
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(_AUDIT)
        self.run("truncate audit.changes")

    def statuses(self) -> Counter[str]:
        """Count the rows by status; empty while the database is away."""
        try:
            return Counter(dict(self.run("select status, count(*)::int from public.jobs group by status")))
        except psycopg.OperationalError:
            return Counter()

    def outcomes(self, job_ids: Collection[str]) -> dict[str, Outcome]:
        """Return the results of rows, by id; a deleted row is missing."""
        return {row[0]: Outcome(*row) for row in self.run(_OUTCOMES, (list(job_ids),))}

    def story(self, job_id: str) -> str:
        """Return every change of one row's status as a line for a person."""
        rows = self.run(
            "select became, claim, at::time(3)::text from audit.changes where job_id = %s order by id", (job_id,)
        )
        return " ".join(f"{at} {became} ({(claim or 'no claim')[:45]})" for became, claim, at in rows)
