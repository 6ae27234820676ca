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
    """Return the titles of those of the jobs that have a SOP with one; of several SOPs, that of the newest.

    Raises
    ------
    SupabaseError
        The table `sops` could not be read.
    """
    wanted = sorted(set(job_ids))
    found: dict[UUID, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = [str(job_id) for job_id in wanted[start : start + _AT_ONCE]]

        def build(table: Any, some: list[str] = some) -> Any:
            return table.select("job_id", "title:data->meta->>title").in_("job_id", some).order("id")

        for row in await rest.read(build, table="sops", doing=f"reading {len(some)} titles from the table sops"):
            title = " ".join(str(row.get("title") or "").split())
            if title:
                found[UUID(str(row["job_id"]))] = title[:_LONGEST]
    return found
