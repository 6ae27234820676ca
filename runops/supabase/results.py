"""The tables `transcripts` and `sops`: one row of ours for a job each, whether or not the table has a unique index."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from runops.failures import Failed, Reason
from runops.job_row import RowStatus, no_such_user
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs_requests import NOW, held_under, validated
from runops.supabase.postgres_json import postgres_json
from runops.supabase.rest import Rest
from runops.supabase.result_rows import PROMPT_TYPE, ResultRow, our_rows, row_to_show
from runops.supabase.retry import may_pass, may_pass_or_conflicts

__all__ = ["TYPED", "WRITTEN", "Keep", "ResultsTables", "SopInTable"]

_JOB = "jobs!inner(job_id)"
"""Only rows whose job can be seen, by the foreign key of the table."""
WRITTEN = {
    "transcripts": ("id", "job_id", "transcript", "updated_at"),
    "sops": ("id", "job_id", "data", "user_id", "updated_at"),
}
"""The two tables, each with the columns that are written or read."""
TYPED = "prompt_type"
"""A column of `sops` in newer projects; it may come or go while a program runs."""
_VERSION = "xmin"
"""Of a row of a table: another transaction wrote it, if this is another one. An app need not touch `updated_at`."""
_VERSION_OF_A_VIEW = "updated_at"
_ROWS = TypeAdapter(list[ResultRow])

Keep = Callable[[Any], Awaitable[dict[str, Any] | None]]
"""Receives the SOP that is in the table; returns the one to put in its place, or None to leave it."""


@dataclass(frozen=True, slots=True)
class SopInTable:
    """A SOP of ours as it was read.

    Attributes
    ----------
    data
        The SOP object, or whatever an app wrote there.
    id, version
        Its row, and what tells whether it was written since; None where the row has no such value.
    version_column
        The column of that.
    """

    data: Any
    id: Any
    version: str | None
    version_column: str

    def unchanged(self, query: Any) -> Any:
        """Filter for the row as it was read."""
        query, column = query.eq("id", self.id), self.version_column
        return query.is_(column, "null") if self.version is None else query.eq(column, self.version)


class ResultsTables:
    """The results of jobs, in the tables that the app reads.

    Every write holds the job's claim against the row in the same statement: without a unique index nothing else keeps
    two writers apart.

    Parameters
    ----------
    rest
        The project's REST interface.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def look_at_columns(self) -> None:
        """Ask for what the writes will need, reading no row: before the work is paid for.

        Raises
        ------
        SupabaseError
            `TABLE_MISSING`, `COLUMN_MISSING`, or `RELATION_MISSING` where the table has no foreign key to `jobs`.
        """
        for name in WRITTEN:
            await self.look_at(name)

    async def look_at(self, name: str) -> None:
        """Ask for what the writes to one of the two tables will need, see `look_at_columns`."""
        columns = WRITTEN[name]
        try:
            await self._look_for(name, *columns, _JOB)
        except SupabaseError as error:
            if error.kind is ErrorKind.RELATION_MISSING:
                # Of a table that is not there PostgREST says first that nothing relates to it.
                await self._look_for(name, *columns)
            raise

    async def has_prompt_types(self) -> bool:
        """Tell whether `sops` keeps several SOPs of a job; SupabaseError where that cannot be read."""
        try:
            await self._look_for("sops", TYPED)
        except SupabaseError as error:
            if error.kind is ErrorKind.COLUMN_MISSING:
                return False
            raise
        return True

    async def transcript_count(self, job_id: UUID) -> int:
        """Return how many transcripts the job has; SupabaseError where that cannot be read."""
        return len(await self._rows("transcripts", job_id))

    async def sop_count(self, job_id: UUID) -> int:
        """Return how many SOPs the job has, of any type; SupabaseError where that cannot be read."""
        return len(await self._rows("sops", job_id))

    async def refuse_duplicates(self, job_id: UUID) -> frozenset[str]:
        """Raise what the writes would raise where the job has more than one result that ours would replace.

        Returns
        -------
        frozenset
            The tables that have one.

        Raises
        ------
        Failed
            `DuplicateResults`.
        SupabaseError
            The tables could not be read.
        """
        having = set()
        for name in WRITTEN:
            ours = our_rows(await self._rows(name, job_id))
            if len(ours) > 1:
                raise _duplicates(name, job_id, len(ours))
            if ours:
                having.add(name)
        return frozenset(having)

    async def write_transcript(self, job_id: UUID, token: str, transcript: list[dict[str, Any]]) -> None:
        """Put the job's transcript into `transcripts`, in place of one that is there.

        Raises
        ------
        Failed
            `DuplicateResults` where the job has more than one already; `ClaimLost` where its row is not held under the
            token, and then nothing is written.
        SupabaseError
            It could not be written.
        """
        await self._write("transcripts", job_id, token, {"transcript": postgres_json(transcript)})

    async def write_sop(
        self, job_id: UUID, token: str, sop: dict[str, Any], *, user_id: UUID | None, keep: Keep | None = None
    ) -> None:
        """Put the job's SOP into `sops`, in place of one of ours that is there.

        Parameters
        ----------
        job_id, token
            The job, and the claim that must still hold its row.
        sop
            The SOP object itself.
        user_id
            Whose it is. None makes it visible to everyone who is signed in.
        keep
            What to do about a SOP that is there. It is asked again where the SOP changed before the write, which
            replaces nothing that it has not seen. Without it, the SOP is replaced.

        Raises
        ------
        Failed
            `InvalidUser` where there is no such user; `DuplicateResults`; `ClaimLost`, as for the transcript.
        SupabaseError
            It could not be written.
        """
        content: dict[str, Any] = {"data": postgres_json(sop), "user_id": None if user_id is None else str(user_id)}
        if await self.has_prompt_types():
            content[TYPED] = PROMPT_TYPE
        await self._write("sops", job_id, token, content, keep=keep)

    async def sop_in_table(self, job_id: UUID) -> SopInTable | None:
        """Return the job's SOP of ours, the newest where there are more; None where there is none."""
        ours = our_rows(await self._rows("sops", job_id))
        return await self._sop_of(job_id, ours[-1]) if ours else None

    async def replace_sop(self, job_id: UUID, there: SopInTable, sop: dict[str, Any]) -> bool:
        """Put another SOP in the place of one, where a person decides and no worker has the job.

        Returns
        -------
        bool
            False where the SOP changed since it was read, or the job is not completed nor in error: nothing is written.
        """
        ended = [RowStatus.COMPLETED.value, RowStatus.ERROR.value]

        async def replace() -> bool:
            return await self._rest.change_one(
                lambda table: (
                    there.unchanged(table.update({"data": postgres_json(sop), "updated_at": NOW}))
                    .eq("job_id", str(job_id))
                    .select("id", _JOB)
                    .in_("jobs.status", ended)
                ),
                table="sops",
                doing=f"writing {job_id} to the table sops",
            )

        return await self._rest.retries.run(replace, may_pass)

    async def _sop_of(self, job_id: UUID, row: ResultRow) -> SopInTable | None:
        """Return what is in a row of `sops`; None where it is gone."""

        async def read(column: str) -> SopInTable | None:
            found = await self._rest.read(
                lambda table: table.select("data", f"version:{column}").eq("job_id", str(job_id)).eq("id", row.id),
                table="sops",
                doing=f"reading {job_id} from the table sops",
            )
            if not found:
                return None
            version = found[0].get("version")
            return SopInTable(found[0].get("data"), row.id, None if version is None else str(version), column)

        try:
            return await read(_VERSION)
        except SupabaseError as error:
            if error.kind is not ErrorKind.COLUMN_MISSING:
                raise
            # A view has no such column.
            return await read(_VERSION_OF_A_VIEW)

    async def read_transcript(self, job_id: UUID) -> list[Any] | None:
        """Return the job's transcript, the newest where there are more; None where there is none."""
        found = await self._shown("transcripts", job_id, "transcript")
        return found if isinstance(found, list) else None

    async def read_sop(self, job_id: UUID) -> dict[str, Any] | None:
        """Return the job's SOP, the newest of ours where there are more; None where there is none."""
        found = await self._shown("sops", job_id, "data")
        return found if isinstance(found, dict) else None

    async def _shown(self, name: str, job_id: UUID, column: str) -> Any:
        row = row_to_show(await self._rows(name, job_id))
        if row is None:
            return None
        found = await self._rest.read(
            lambda table: table.select(column).eq("job_id", str(job_id)).eq("id", row.id),
            table=name,
            doing=f"reading {job_id} from the table {name}",
        )
        return found[0].get(column) if found else None

    async def _look_for(self, name: str, *columns: str) -> None:
        await self._rest.read(
            lambda table: table.select(*columns).limit(0), table=name, doing=f"looking at the table {name}"
        )

    async def _rows(self, name: str, job_id: UUID) -> list[ResultRow]:
        """Return the job's rows, the newest last."""
        columns = ("id", TYPED) if name == "sops" and await self.has_prompt_types() else ("id",)
        doing = f"reading {job_id} from the table {name}"
        rows = await self._rest.read(
            lambda table: table.select(*columns).eq("job_id", str(job_id)).order("id"), table=name, doing=doing
        )
        return validated(_ROWS, rows, doing)

    async def _write(
        self, name: str, job_id: UUID, token: str, content: dict[str, Any], *, keep: Keep | None = None
    ) -> None:
        """Update the one row or insert it; after an answer that did not arrive, look again before inserting."""
        doubt = conflict = False
        attempts = self._rest.retries.begin(may_pass_or_conflicts)
        for _round in attempts:
            rows = await self._rows(name, job_id)
            # A table that takes one row of a job of whatever type: that row is replaced.
            ours = our_rows(rows) or (rows if conflict and len(rows) == 1 else [])
            if len(ours) > 1:
                if not doubt:
                    raise _duplicates(name, job_id, len(ours))
                await self._keep_first(name, job_id, token, ours)
            there = ours[0] if ours else None
            seen, values = await self._kept(job_id, there, content, keep)
            if values is None:
                return
            try:
                written = await self._put(name, job_id, token, values, there=there, seen=seen)
            except SupabaseError as error:
                if error.kind is ErrorKind.FOREIGN_KEY:
                    raise _foreign_key(error, job_id, content) from error
                # A conflict is a row that came in between; the next round updates it.
                doubt, conflict = True, error.kind is ErrorKind.CONFLICT
                await attempts.failed(error)
            else:
                if written:
                    break
                # The claim is lost, unless the row to update is gone or was written since.
                if there is None or await self._is_unchanged(name, job_id, there, seen):
                    raise Failed(Reason.CLAIM_LOST)
        else:
            raise SupabaseError(
                ErrorKind.CONFLICT, f"The rows of {job_id} in the table {name} changed each time they were written."
            )
        if doubt and len(ours := our_rows(await self._rows(name, job_id))) > 1:
            await self._keep_first(name, job_id, token, ours)

    async def _kept(
        self, job_id: UUID, there: ResultRow | None, content: dict[str, Any], keep: Keep | None
    ) -> tuple[SopInTable | None, dict[str, Any] | None]:
        """Return the SOP that is there, if `keep` has seen it, and what to write; None where it is to stay."""
        seen = None if there is None or keep is None else await self._sop_of(job_id, there)
        if seen is None or keep is None:
            return None, content
        kept = await keep(seen.data)
        return seen, None if kept is None else {**content, "data": postgres_json(kept)}

    async def _is_unchanged(self, name: str, job_id: UUID, there: ResultRow, seen: SopInTable | None) -> bool:
        if seen is not None:
            return await self._sop_of(job_id, there) == seen
        return there.id in {row.id for row in await self._rows(name, job_id)}

    async def _put(
        self,
        name: str,
        job_id: UUID,
        token: str,
        content: dict[str, Any],
        *,
        there: ResultRow | None,
        seen: SopInTable | None,
    ) -> bool:
        def build(table: Any) -> Any:
            if there is not None:
                query = table.update({**content, "updated_at": NOW}).eq("job_id", str(job_id))
                return query.eq("id", there.id) if seen is None else seen.unchanged(query)
            return table.insert({"job_id": str(job_id), **content})

        return await self._change_one(build, name, token, doing=f"writing {job_id} to the table {name}")

    async def _keep_first(self, name: str, job_id: UUID, token: str, rows: list[ResultRow]) -> None:
        """Delete the rows that our own repeated insert left beside the first one."""
        for surplus in rows[1:]:
            deleted = await self._rest.retries.run(partial(self._delete, name, job_id, token, surplus), may_pass)
            if not deleted and surplus in await self._rows(name, job_id):
                raise Failed(Reason.CLAIM_LOST)

    async def _delete(self, name: str, job_id: UUID, token: str, surplus: ResultRow) -> bool:
        return await self._change_one(
            lambda table: table.delete().eq("job_id", str(job_id)).eq("id", surplus.id),
            name,
            token,
            doing=f"deleting a row inserted twice from the table {name}",
        )

    async def _change_one(self, build: Callable[[Any], Any], name: str, token: str, *, doing: str) -> bool:
        """Write one row where its job is held under the token in that moment; False where nothing was written."""
        return await self._rest.change_one(
            lambda table: held_under(build(table).select("id", _JOB), token, of="jobs."), table=name, doing=doing
        )


def _duplicates(name: str, job_id: UUID, count: int) -> Failed:
    return Failed(
        Reason.DUPLICATE_RESULTS,
        f"The table {name} holds {count} rows for job {job_id}. Keep one of them and set the job back to queued.",
    )


def _foreign_key(error: SupabaseError, job_id: UUID, content: dict[str, Any]) -> Failed:
    user = content.get("user_id")
    if user is not None and "user" in error.server_words:
        return Failed(Reason.INVALID_USER, no_such_user(UUID(user)))
    return Failed(Reason.CLAIM_LOST, f"The row {job_id} of the table jobs was deleted while it was worked on.")
