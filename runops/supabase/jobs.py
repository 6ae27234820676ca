"""The table `jobs`: reading the queue, claiming, and writes that only the holder of a claim can make.

No write is filtered by anything but `job_id` and its fence. PostgREST from version 13 on silently ignores `limit` on
updates, so claiming "the first queued row" in one request would claim them all.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from runops.job_row import Claim, ClaimedRow, JobRow, RowStatus, stamped_metadata
from runops.logs import redact
from runops.progress import Stage
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops.supabase.jobs_columns import NEEDED, JobsColumns, look_at_columns
from runops.supabase.jobs_requests import (
    among,
    claimed_page,
    claims_page,
    fenced,
    held_among,
    parsed,
    parsed_claims,
    queued_page,
    seen,
    stale_page,
)
from runops.supabase.rest import Query, Rest
from runops.supabase.storable import storable

__all__ = ["JobsColumns", "JobsTable"]

_IDS_AT_ONCE = 100
_PAGE = 1000
_SMALLEST_PAGE = 100
"""A server may give fewer rows than were asked for, but none is set up to give so few: it was the last page."""
_LONGEST_SENTENCE = 2000
_NOW = "now"
"""As the value of a timestamp: PostgreSQL puts its own clock's time there."""


class JobsTable:
    """The table `jobs` of one project.

    Every method raises `SupabaseError`; reads are tried again first, and so are the writes that are the same done
    twice.

    Parameters
    ----------
    rest
        The project's REST interface.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._columns: JobsColumns | None = None

    async def columns(self) -> JobsColumns:
        """Return which optional columns there are; asked once, then remembered.

        Raises
        ------
        SupabaseError
            `TABLE_MISSING`, or `COLUMN_MISSING` where a column is missing that cannot be done without.
        """
        if self._columns is None:
            self._columns = await look_at_columns(self._rest)
        return self._columns

    async def queued(
        self,
        *,
        limit: int,
        without_users: Collection[UUID] = (),
        without_nobody: bool = False,
        prioritised: bool = False,
    ) -> list[JobRow]:
        """Return the oldest queued rows, oldest first, at most `limit` (the server may give fewer, often 1000).

        A row whose metadata cannot be read would keep all others from being read: it is set to `error` and left out.

        Parameters
        ----------
        limit
            How many at most.
        without_users, without_nobody
            Whose rows are passed over: those of users, and those that name none. How to see behind a long queue.
        prioritised
            Only rows whose `metadata.priority` is above 0, and some in which it is no number.
        """

        def page(select: tuple[str, ...]) -> Callable[[Any], Query]:
            return queued_page(
                select, limit, without_users=without_users, without_nobody=without_nobody, prioritised=prioritised
            )

        return await self._readable(page, RowStatus.QUEUED, doing="reading the queued rows of the table jobs")

    async def stale(self, *, before: str, installation: str, limit: int) -> list[JobRow]:
        """Return rows in `processing` that nobody has touched since a time, oldest first, at most `limit`.

        Rows whose metadata cannot be read are treated as by `queued`.

        Parameters
        ----------
        before
            Time with its zone, on the database's clock, in ISO 8601.
        installation
            Whose own rows are left out.
        """

        def page(select: tuple[str, ...]) -> Callable[[Any], Query]:
            return stale_page(select, before, installation, limit)

        return await self._readable(page, RowStatus.PROCESSING, doing="reading the stale rows of the table jobs")

    async def get(self, job_id: UUID) -> JobRow | None:
        """Return a row, or None where there is none."""
        select = await self._select()
        rows = await self._rows(
            lambda table: table.select(*select).eq("job_id", str(job_id)),
            doing=f"reading the row {job_id} of the table jobs",
        )
        return rows[0] if rows else None

    async def get_many(self, job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        """Return those of the rows that exist and can be read, by id."""
        select = await self._select()
        wanted = sorted(set(job_ids))
        found: dict[UUID, JobRow] = {}
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            some = [str(job_id) for job_id in wanted[start : start + _IDS_AT_ONCE]]
            try:
                rows = await self._rows(among(select, some), doing=f"reading {len(some)} rows of the table jobs")
            except SupabaseError as error:
                if not error.unreadable:
                    raise
                rows = [row for job_id in some if isinstance(row := await self._one(UUID(job_id)), JobRow)]
            found.update({row.job_id: row for row in rows})
        return found

    async def claim(self, row: JobRow, claim: Claim, *, from_status: str | None = RowStatus.QUEUED) -> JobRow | None:
        """Take a row, unless it changed since it was read.

        An answer that did not arrive leaves open whether the row was taken; it is then read back, and the token tells.

        Parameters
        ----------
        row
            As it was read: its `updated_at` must still stand.
        claim
            The token and who takes it; kept for all tries of this call.
        from_status
            The status the row must have.

        Returns
        -------
        JobRow or None
            The row as it stands now; None where somebody else was faster.
        """
        select = await self._select()
        body = await self._claim_body(row, claim)
        doubt: SupabaseError | None = None
        for number in self._rest.retries.numbered():
            try:
                rows = await self._write(
                    body,
                    seen(row, from_status),
                    select=select,
                    doing=f"claiming the row {row.job_id} of the table jobs",
                )
            except SupabaseError as error:
                if error.unreadable:
                    await self._end_unreadable(row, from_status)
                    return None
                if not error.retryable:
                    raise
                doubt = error
                await self._rest.retries.pause(number)
            else:
                if rows:
                    return rows[0]
                if doubt is None:
                    return None
            there = await self.get(row.job_id)
            if there is not None and there.is_held_by(claim.claim):
                return there
            if there is None or (there.status, there.updated_at) != (from_status, row.updated_at):
                return None
        assert doubt is not None
        raise doubt

    async def succeed(self, row: JobRow, claim: Claim) -> bool:
        """Put the next attempt's claim in place of the one that a row carries; False where that one is gone.

        Parameters
        ----------
        row
            As it was read, held under the claim of the attempt that ended.
        claim
            What `Claim.after` made of that one. True also where it stands there already.
        """
        assert row.claim is not None
        there: JobRow | None = row
        for number in self._rest.retries.numbered():
            if there is None or not there.is_held_by(row.claim.token):
                return there is not None and there.is_held_by(claim.claim)
            body = {"updated_at": _NOW, "metadata": stamped_metadata(there.metadata, claim)}
            try:
                if await self._write(
                    body,
                    seen(there, RowStatus.PROCESSING),
                    select=("job_id",),
                    doing=f"preparing the next attempt in the row {row.job_id} of the table jobs",
                ):
                    return True
            except SupabaseError as error:
                if not error.retryable or number == self._rest.retries.tries:
                    raise
                await self._rest.retries.pause(number)
            # Somebody wrote in between, or our own write arrived without its answer.
            there = await self.get(row.job_id)
        raise _always_changing(row.job_id, "the next attempt was to be prepared")

    async def give_way(self, job_id: UUID, token: str) -> None:
        """Take our claim out of a row that somebody else works on, and leave everything else as they made it."""
        for number in self._rest.retries.numbered():
            row = await self.get(job_id)
            if row is None or not row.is_held_by(token):
                return
            body = {"metadata": {name: value for name, value in dict(row.metadata).items() if name != "runops"}}
            try:
                if await self._write(
                    body,
                    seen(row, RowStatus.PROCESSING),
                    select=("job_id",),
                    doing=f"giving way in the row {job_id} of the table jobs",
                ):
                    return
            except SupabaseError as error:
                if not error.retryable or number == self._rest.retries.tries:
                    raise
                await self._rest.retries.pause(number)
        raise _always_changing(job_id, "we were to give way")

    async def keep_alive(self, installation: str, job_ids: Iterable[UUID]) -> None:
        """Refresh `updated_at` of rows that an installation holds and that no worker refreshes now."""
        wanted = sorted(set(job_ids))
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            some = [str(job_id) for job_id in wanted[start : start + _IDS_AT_ONCE]]
            await self._rest.retries.run(
                lambda some=some: self._write(  # type: ignore[misc]  # mypy does not infer a default's type
                    {"updated_at": _NOW},
                    held_among(installation, some),
                    select=("job_id",),
                    doing=f"refreshing {len(some)} rows of the table jobs",
                )
            )

    async def held(self, job_id: UUID, token: str) -> bool:
        """Tell whether the row is being processed under this token."""
        row = await self.get(job_id)
        return row is not None and row.is_held_by(token)

    async def heartbeat(
        self, job_id: UUID, token: str, *, stage: Stage | None = None, percent: int | None = None
    ) -> bool:
        """Refresh `updated_at`, and show where the work is; False where the claim is gone and nothing was written.

        Parameters
        ----------
        job_id, token
            The row and the claim that must still hold it.
        stage
            Left as it is where None, or where the table has no column for it.
        percent
            0 to 100; likewise.
        """
        body: dict[str, Any] = {"updated_at": _NOW}
        if (await self.columns()).progress:
            if stage is not None:
                body["progress_stage"] = stage.value
            if percent is not None:
                body["progress_percent"] = percent
        rows = await self._rest.retries.run(
            lambda: self._write(
                body,
                fenced(job_id, token),
                select=("job_id",),
                doing=f"refreshing the row {job_id} of the table jobs",
            )
        )
        return bool(rows)

    async def complete(self, job_id: UUID, token: str) -> bool:
        """Set a row to `completed`; False where the claim is gone. True again when called again."""
        columns = await self.columns()
        body: dict[str, Any] = {"status": RowStatus.COMPLETED.value, "updated_at": _NOW}
        if columns.completed_at:
            body["completed_at"] = _NOW
        if columns.error:
            body["error"] = None
        if columns.progress:
            body |= {"progress_stage": Stage.COMPLETED.value, "progress_percent": 100}
        return await self._end(job_id, token, body, RowStatus.COMPLETED)

    async def fail(self, job_id: UUID, token: str, sentence: str) -> bool:
        """Set a row to `error` with a sentence for a person; False where the claim is gone. True when repeated."""
        body: dict[str, Any] = {"status": RowStatus.ERROR.value, "updated_at": _NOW}
        if (await self.columns()).error:
            body["error"] = storable(redact(sentence))[:_LONGEST_SENTENCE]
        return await self._end(job_id, token, body, RowStatus.ERROR)

    async def release(self, job_id: UUID, token: str) -> bool:
        """Put a row back into the queue and take the claim out of it; False where the claim is gone."""
        columns = await self.columns()
        for number in self._rest.retries.numbered():
            row = await self.get(job_id)
            if row is None or not row.is_held_by(token):
                # On a later try our own write may have arrived without its answer.
                return number > 1 and row is not None and row.status == RowStatus.QUEUED and row.claim is None
            body: dict[str, Any] = {"status": RowStatus.QUEUED.value, "updated_at": _NOW}
            body["metadata"] = {name: value for name, value in dict(row.metadata).items() if name != "runops"}
            if columns.progress:
                body |= {"progress_stage": None, "progress_percent": None}
            try:
                if await self._write(
                    body,
                    seen(row, RowStatus.PROCESSING),
                    select=("job_id",),
                    doing=f"releasing the row {job_id} of the table jobs",
                ):
                    return True
            except SupabaseError as error:
                if not error.retryable or number == self._rest.retries.tries:
                    raise
                await self._rest.retries.pause(number)
        raise _always_changing(job_id, "it was to be released")

    async def claimed_by(self, installation: str, *, limit: int = 1000) -> list[JobRow]:
        """Return the rows in `processing` that an installation has claimed, oldest first, at most `limit`."""
        select = await self._select()
        rows: list[JobRow] = []
        while len(rows) < limit:
            page = await self._rows(
                claimed_page(select, installation, first=len(rows), last=min(limit, len(rows) + _PAGE) - 1),
                doing="reading the claimed rows of the table jobs",
            )
            rows += page
            if not page:
                break
        return rows

    async def claims_of(self, installation: str, *, limit: int = 20_000) -> list[ClaimedRow]:
        """Return the little that has to be watched of every row that an installation has claimed, at most `limit`."""
        doing = "reading the claims in the table jobs"
        found: list[ClaimedRow] = []
        while len(found) < limit:
            rows = await self._rest.read(
                claims_page(installation, first=len(found), last=min(limit, len(found) + _PAGE) - 1),
                table="jobs",
                doing=doing,
            )
            found += parsed_claims(rows, doing=doing)
            if len(rows) < _SMALLEST_PAGE:
                break
        return found

    async def insert(self, job_id: UUID, *, user_id: UUID | None, metadata: Mapping[str, Any] | None = None) -> None:
        """Queue a job.

        Parameters
        ----------
        job_id
            Its id, which also names the recording in storage.
        user_id
            The uploader, kept as `metadata.user_id`; None leaves the key out.
        metadata
            What else to keep in `metadata`.

        Raises
        ------
        SupabaseError
            `CONFLICT` where there is such a row already.
        """
        content = dict(metadata or {})
        if user_id is not None:
            content["user_id"] = str(user_id)
        body = storable({"job_id": str(job_id), "status": RowStatus.QUEUED.value, "metadata": content})
        doubt = False
        for number in self._rest.retries.numbered():
            try:
                await self._rest.send(
                    lambda table: table.insert(body), table="jobs", doing=f"queueing {job_id} in the table jobs"
                )
            except SupabaseError as error:
                if error.kind is ErrorKind.CONFLICT and doubt:
                    return
                if not error.retryable or number == self._rest.retries.tries:
                    raise
                doubt = True
                await self._rest.retries.pause(number)
            else:
                return

    async def refuse(self, row: JobRow, sentence: str) -> bool:
        """Set a row that nobody can work on to `error`, unless it changed since it was read. No claim is needed."""
        body: dict[str, Any] = {"status": RowStatus.ERROR.value, "updated_at": _NOW}
        if (await self.columns()).error:
            body["error"] = storable(redact(sentence))[:_LONGEST_SENTENCE]
        # Done twice it is the same: the second time the row has changed.
        return bool(
            await self._rest.retries.run(
                lambda: self._write(
                    body,
                    seen(row, row.status),
                    select=("job_id",),
                    doing=f"refusing the row {row.job_id} of the table jobs",
                )
            )
        )

    async def _end_unreadable(self, row: JobRow, status: str | None) -> None:
        sentence = (
            "The row's metadata is nested too deeply or holds a number out of range. "
            "Correct it and set the row back to queued."
        )
        await self.refuse(row.model_copy(update={"status": status}), sentence)

    async def _readable(
        self, page: Callable[[tuple[str, ...]], Callable[[Any], Query]], status: RowStatus, *, doing: str
    ) -> list[JobRow]:
        """Return the rows of a page; those whose metadata cannot be read are set to `error` and left out."""
        try:
            return await self._rows(page(await self._select()), doing=doing)
        except SupabaseError as error:
            if not error.unreadable:
                raise
        rows: list[JobRow] = []
        for known in await self._rows(page(("job_id", "updated_at")), doing=doing):
            row = await self._one(known.job_id)
            if row is UNREADABLE:
                await self._end_unreadable(known, status)
            elif isinstance(row, JobRow) and row.status == status:
                rows.append(row)
        return rows

    async def _one(self, job_id: UUID) -> JobRow | Literal["unreadable"] | None:
        try:
            return await self.get(job_id)
        except SupabaseError as error:
            if not error.unreadable:
                raise
            return UNREADABLE

    async def _claim_body(self, row: JobRow, claim: Claim) -> dict[str, Any]:
        columns = await self.columns()
        body: dict[str, Any] = {
            "status": RowStatus.PROCESSING.value,
            "updated_at": _NOW,
            "metadata": stamped_metadata(row.metadata, claim),
        }
        if columns.error:
            body["error"] = None
        if columns.completed_at:
            body["completed_at"] = None
        if columns.progress:
            body |= {"progress_stage": None, "progress_percent": 0}
        return body

    async def _end(self, job_id: UUID, token: str, body: dict[str, Any], status: RowStatus) -> bool:
        rows = await self._rest.retries.run(
            lambda: self._write(
                body,
                fenced(job_id, token),
                select=("job_id",),
                doing=f"setting the row {job_id} of the table jobs to {status}",
            )
        )
        if rows:
            return True
        there = await self.get(job_id)
        return there is not None and there.status == status and there.was_held_by(token)

    async def _select(self) -> tuple[str, ...]:
        return (*NEEDED, "error") if (await self.columns()).error else NEEDED

    async def _rows(self, build: Callable[[Any], Query], *, doing: str) -> list[JobRow]:
        return parsed(await self._rest.read(build, table="jobs", doing=doing), doing=doing)

    async def _write(
        self, body: dict[str, Any], which: Callable[[Any], Any], *, select: tuple[str, ...], doing: str
    ) -> list[JobRow]:
        rows = await self._rest.send(lambda table: which(table.update(body)).select(*select), table="jobs", doing=doing)
        return parsed(rows, doing=doing)


def _always_changing(job_id: UUID, when: str) -> SupabaseError:
    return SupabaseError(ErrorKind.CONFLICT, f"The row {job_id} of the table jobs changed each time {when}. Try again.")
