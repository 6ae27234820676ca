"""Reads the titles of SOPs, many at a time. It writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from runops.supabase.errors import SupabaseError
from runops.supabase.rest import Rest

__all__ = ["SopTitles", "titles_of"]

_AT_ONCE = 100
"""Ids that fit into a URL."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class SopTitles:
    """The titles of SOPs.

    Attributes
    ----------
    titles
        By job. A SOP without a title has "", a job without a SOP is not in it.
    trouble
        Why the table `sops` could not be read, as a sentence; None where it was read. `titles` is then empty.
    """

    titles: dict[UUID, str]
    trouble: str | None = None


async def titles_of(rest: Rest, job_ids: Iterable[UUID]) -> SopTitles:
    """Return the titles of the jobs' SOPs; of several SOPs of one job, that of the newest."""
    try:
        return SopTitles(await _read(rest, job_ids))
    except SupabaseError as error:
        # A job is shown without its title.
        return SopTitles({}, f"The table sops could not be read: {error.message}")


async def _read(rest: Rest, job_ids: Iterable[UUID]) -> dict[UUID, str]:
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
