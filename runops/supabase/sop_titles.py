"""Reads the titles of SOPs, many at a time. It writes nothing."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from runops.supabase.rest import Rest

__all__ = ["titles_of"]

_AT_ONCE = 100
"""Ids that fit into a URL."""
_LONGEST = 200


async def titles_of(rest: Rest, job_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the titles of those of the jobs that have a SOP, "" for a SOP without one; of several, that of the newest.

    Raises
    ------
    SupabaseError
        The table `sops` could not be read.
    """
    wanted = sorted(set(job_ids))
    found: dict[UUID, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = [str(job_id) for job_id in wanted[start : start + _AT_ONCE]]

        def build(table: Any, some: list[str]) -> Any:
            titles = table.select("job_id", "title:data->meta->>title").in_("job_id", some)
            # The newest of a job first: an answer that is cut has it.
            return titles.order("job_id").order("id", desc=True)

        doing = f"reading {len(some)} titles from the table sops"
        for row in await rest.read_among(build, some, table="sops", doing=doing):
            title = " ".join(str(row.get("title") or "").split())
            job_id = UUID(str(row["job_id"]))
            if not found.get(job_id):
                found[job_id] = title[:_LONGEST]
    return found
