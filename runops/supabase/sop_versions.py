"""The versions of a job's SOP: the one in the table, what was generated before it, and what was generated last."""

from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.object_names import merged_sop_object, sop_object
from runops.sop_versions.conflict import CONFLICT_NOTE, Conflict
from runops.sop_versions.merge import merge
from runops.sop_versions.values import same
from runops.supabase.connection import Supabase
from runops.supabase.jobs_requests import NOW, seen
from runops.supabase.results import SopInTable
from runops.supabase.retry import may_pass
from runops.videojob import Source

__all__ = ["Choice", "SopVersions", "Taken", "read_versions", "take"]

_BUCKET = Source().bucket
_ROUNDS = 4
_ENDED = (RowStatus.COMPLETED, RowStatus.ERROR)

Choice = Literal["edited", "generated"]
"""The SOP in the table as people edited it, or the one that was generated last."""


class Taken(Enum):
    """The result of a choice."""

    DONE = auto()
    NOTHING = auto()
    """There is no other version to choose."""
    NOT_ENDED = auto()
    """The job is queued or worked on: its run merges again."""
    CHANGED = auto()
    """The SOP was edited each time it was to be replaced."""
    MISSING = auto()
    """The job, or its SOP, is not there."""


@dataclass(frozen=True)
class SopVersions:
    """The versions.

    Attributes
    ----------
    in_table
        What people read and edit; None where there is none of ours.
    base
        The generated SOP on which it rests; None where that is not known.
    generated
        The SOP that was generated last; None where there is none.
    """

    in_table: SopInTable | None
    base: dict[str, Any] | None
    generated: dict[str, Any] | None

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Why the one that was generated last is not in the table; empty where it is, or only waits for a run's end."""
        there = None if self.in_table is None else self.in_table.data
        if not isinstance(there, dict) or self.generated is None or same(self.base, self.generated):
            return ()
        return merge(self.base, there, self.generated).conflicts


async def read_versions(supabase: Supabase, job_id: UUID, *, bucket: str = _BUCKET) -> SopVersions:
    """Return the versions of a job's SOP.

    Raises
    ------
    SupabaseError
        Table or storage did not answer, or an object holds no JSON.
    """
    there = await supabase.results.sop_in_table(job_id)
    generated = _object(await supabase.storage.read_json(bucket, sop_object(job_id)))
    merged = _object(await supabase.storage.read_json(bucket, merged_sop_object(job_id)))
    # Until a job is run again, there is one generated SOP only.
    return SopVersions(there, generated if merged is None else merged, generated)


async def take(supabase: Supabase, job_id: UUID, choice: Choice, *, bucket: str = _BUCKET) -> Taken:
    """Settle which version stays. To repeat it is safe.

    Parameters
    ----------
    supabase, job_id, bucket
        The job, and where its objects are.
    choice
        `edited` leaves the SOP in the table; `generated` replaces it by the one that was generated last.

    Raises
    ------
    SupabaseError
        Table or storage did not answer.
    """
    for _round in range(_ROUNDS):
        row = await supabase.jobs.get(job_id)
        versions = await read_versions(supabase, job_id, bucket=bucket)
        if row is None or versions.in_table is None:
            return Taken.MISSING
        if row.status not in _ENDED:
            return Taken.NOT_ENDED
        there, generated = versions.in_table, versions.generated
        is_settled = generated is None or same(versions.base, generated)
        if generated is None or (is_settled and (choice == "edited" or same(there.data, generated))):
            return Taken.NOTHING
        is_to_write = choice == "generated" and not same(there.data, generated)
        if is_to_write and not await supabase.results.replace_sop(job_id, there, generated):
            # Edited since, or queued again: both are read again.
            continue
        if not is_settled:
            await supabase.storage.upload_json(bucket, merged_sop_object(job_id), generated)
        await _forget_note(supabase, row)
        return Taken.DONE
    return Taken.CHANGED


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


async def _forget_note(supabase: Supabase, row: JobRow) -> None:
    """Take the note about the conflict out of the row, unless the row changed since: that is another run's matter."""
    stamp = row.metadata.get("runops") if isinstance(row.metadata, dict) else None
    notes = stamp.get("notes") if isinstance(stamp, dict) else None
    if not isinstance(notes, list):
        return
    left = [note for note in notes if not (isinstance(note, dict) and note.get("kind") == CONFLICT_NOTE)]
    if len(left) == len(notes):
        return
    kept = {name: value for name, value in stamp.items() if name != "notes"} if isinstance(stamp, dict) else {}
    metadata = {**row.metadata, "runops": {**kept, **({"notes": left} if left else {})}}
    await supabase.rest.retries.run(
        lambda: supabase.jobs.change(
            {"metadata": metadata, "updated_at": NOW},
            seen(row, str(row.status)),
            doing=f"taking a note out of the row {row.job_id} of the table jobs",
        ),
        may_pass,
    )
