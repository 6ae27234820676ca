"""The `jobs` table, as whoever queues rows and looks on sees it."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

__all__ = ["RowsTable"]


class RowsTable:
    """A superuser's view.

    Parameters
    ----------
    url
        Connection string.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def empty(self) -> None:
        """Remove all rows and results."""
        self._run("truncate public.jobs, public.transcripts, public.sops, auth.users cascade")

    def queue(self, job_ids: Sequence[UUID]) -> None:
        """Queue rows in one statement."""
        self._run(
            "insert into public.jobs (job_id) select value::uuid from jsonb_array_elements_text(%s::jsonb)",
            (json.dumps([str(job_id) for job_id in job_ids]),),
        )

    def statuses(self) -> Counter[str]:
        """Count the rows by status."""
        return Counter(dict(self._run("select status, count(*)::int from public.jobs group by status")))

    def results_twice(self) -> int:
        """Count the rows that have not exactly one transcript and one SOP."""
        ((count,),) = self._run(
            "select count(*) from public.jobs where 1 <> "
            "(select count(*) from public.transcripts where transcripts.job_id = jobs.job_id) or 1 <> "
            "(select count(*) from public.sops where sops.job_id = jobs.job_id)"
        )
        return int(count)

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []
