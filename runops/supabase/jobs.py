"""The table `jobs`: claiming, and writes that only the holder of a claim can make.

No write is filtered by anything but `job_id` and its fence. PostgREST from version 13 on silently ignores `limit` on
updates, so claiming "the first queued row" in one request would claim them all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from runops.job_row import (
    Claim,
    JobRow,
    RowStatus,
    metadata_saying,
    metadata_to_claim,
    stamped_metadata,
    without_time_left,
)
from runops.progress import Stage
from runops.supabase.claim_result import ClaimResult, claim_result
from runops.supabase.errors import ErrorKind, SupabaseError, ever_changing
from runops.supabase.job_values import claimed, completed, explained, failed, queued, refreshed
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_reads import IDS_AT_ONCE, JobsReads
from runops.supabase.jobs_requests import (
    CLAIMED_AT_ONCE,
    NOW,
    carries_claim,
    claim_unchanged,
    fenced,
    held_among,
    parsed,
    seen,
    seen_among,
)
from runops.supabase.postgres_json import postgres_json
from runops.supabase.retry import may_pass
from runops.timestamps import rfc3339

__all__ = ["CLAIMED_AT_ONCE", "BatchClaim", "JobsColumns", "JobsTable"]

_ENOUGH_REFUSED = 5
"""After so many refusals and no claim, the table may refuse them all."""


@dataclass(frozen=True, slots=True)
class BatchClaim:
    """The result of claiming several rows.

    Attributes
    ----------
    won
        The rows won, as they are now.
    refused
        The rows whose claims a constraint or a trigger of the table refused, with its error.
    untried
        The rows that were not tried, since the first few were refused.
    """

    won: list[JobRow] = field(default_factory=list)
    refused: list[tuple[JobRow, SupabaseError]] = field(default_factory=list)
    untried: list[JobRow] = field(default_factory=list)


class JobsTable(JobsReads):
    """The table `jobs` of one project.

    Every method raises `SupabaseError`; reads are tried again first, and so are the writes that are the same done
    twice.
    """

    async def claim(self, row: JobRow, claim: Claim, *, from_status: str | None = RowStatus.QUEUED) -> JobRow | None:
        """Claim a row, unless it changed since it was read.

        After a missing answer the row is read back: its token shows whether the claim arrived.

        Parameters
        ----------
        row
            As it was read; whatever was written to it since makes the claim fail.
        claim
            The token and who claims; the same for all tries of this call.
        from_status
            The status the row must have.

        Returns
        -------
        JobRow or None
            The row as it is now; None where another client was faster, or an app wrote to the row.
        """
        doing = f"claiming the row {row.job_id} of the table jobs"
        doubt: SupabaseError | None = None
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            failure = None
            try:
                rows = await self._claimed(row, claim, seen(row, from_status), doing=doing)
            except SupabaseError as error:
                if error.unreadable:
                    await self._end_unreadable(row, from_status)
                    return None
                if not error.retryable:
                    raise
                doubt = failure = error
            else:
                if rows:
                    return rows[0]
                if doubt is None:
                    return None
            there = await self.get(row.job_id)
            result = claim_result(there, read=row, from_status=from_status, token=claim.claim)
            if result is not ClaimResult.OPEN:
                return there if result is ClaimResult.WON else None
            if failure is not None:
                await attempts.failed(failure)
        assert doubt is not None
        raise doubt

    async def claim_batch(self, rows: Sequence[JobRow], claim: Claim, *, from_status: str | None) -> BatchClaim:
        """Claim rows of the same metadata in one request, each unless it changed since it was read.

        If the request fails, the rows are read back, and those that are unchanged are claimed one by one. A row that a
        trigger or a constraint keeps from being claimed does not keep the others. Where the first few are refused, the
        table may refuse them all: the rest is not tried.

        Parameters
        ----------
        rows
            At least one, at most `CLAIMED_AT_ONCE`, all with the same `metadata`.
        claim, from_status
            As for `claim`. All rows carry the same token then; a fence names the row beside it.

        Raises
        ------
        SupabaseError
            The table cannot be reached, or refuses for another reason than the row's values.
        """
        there: dict[UUID, JobRow] | None = None
        if len(rows) > 1:
            doing = f"claiming {len(rows)} rows of the table jobs"
            try:
                won = await self._claimed(
                    rows[0], claim, seen_among(rows, from_status, after=carries_claim(claim)), doing=doing
                )
                return BatchClaim(won)
            except SupabaseError as error:
                if not (error.retryable or error.unreadable or error.refuses_row):
                    raise
            there = await self.get_many(row.job_id for row in rows)
        batch = BatchClaim()
        for number, row in enumerate(rows, 1):
            now = None if there is None else there.get(row.job_id)
            result = claim_result(now, read=row, from_status=from_status, token=claim.claim)
            if there is None or result is ClaimResult.OPEN:
                try:
                    now = await self.claim(row, claim, from_status=from_status)
                except SupabaseError as error:
                    if not error.refuses_row:
                        raise
                    batch.refused.append((row, error))
                    if not batch.won and len(batch.refused) == _ENOUGH_REFUSED:
                        batch.untried.extend(rows[number:])
                        break
                    continue
            if now is not None and (there is None or result is not ClaimResult.LOST):
                batch.won.append(now)
        return batch

    async def explain(self, row: JobRow, sentence: str) -> bool:
        """Put a sentence into `error` of a queued row that cannot be claimed, unless it changed since it was read.

        Everything else stays as it is, `updated_at` included: the row keeps its place. The claim removes the sentence.
        """
        if not (await self.columns()).error:
            return False
        doing = f"explaining in the row {row.job_id} of the table jobs why it waits"
        return await self._rest.retries.run(
            lambda: self.change(explained(sentence), seen(row, RowStatus.QUEUED), doing=doing), may_pass
        )

    async def succeed(self, row: JobRow, claim: Claim) -> bool:
        """Replace the claim in a row by the next attempt's; False where the claim was lost.

        Parameters
        ----------
        row
            As it was read, with the claim of the attempt that ended.
        claim
            The result of `Claim.after`. If the row carries it already, the answer is True.
        """
        assert row.claim is not None
        there: JobRow | None = row
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            if there is None or not there.is_held_by(row.claim.token):
                return there is not None and there.is_held_by(claim.claim)
            body = {"updated_at": NOW, "metadata": stamped_metadata(there.metadata, claim)}
            try:
                if await self.change(
                    body,
                    seen(there, RowStatus.PROCESSING),
                    doing=f"preparing the next attempt in the row {row.job_id} of the table jobs",
                ):
                    return True
            except SupabaseError as error:
                await attempts.failed(error)
            # Another client wrote in between, or our own write arrived without its answer.
            there = await self.get(row.job_id)
        raise ever_changing(row.job_id, "the next attempt was to be prepared")

    async def restamp(self, row: JobRow, claim: Claim) -> bool:
        """Write a claim into a row in `processing` that has none, or has it under another name of the installation.

        Parameters
        ----------
        row
            As it was read.
        claim
            To be written. If the row carries it already, the answer is True.

        Returns
        -------
        bool
            False where another client changed the row's status or its claim.
        """
        there: JobRow | None = row
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            if there is None or there.status != RowStatus.PROCESSING or there.claim not in (row.claim, claim):
                return False
            if there.claim == claim:
                return True
            body = {"updated_at": NOW, "metadata": stamped_metadata(there.metadata, claim)}
            try:
                if await self.change(
                    body,
                    seen(there, RowStatus.PROCESSING),
                    doing=f"writing the claim into the row {row.job_id} of the table jobs again",
                ):
                    return True
            except SupabaseError as error:
                await attempts.failed(error)
            there = await self.get(row.job_id)
        raise ever_changing(row.job_id, "its claim was to be written again")

    async def give_way(self, job_id: UUID, token: str) -> None:
        """Remove our claim from a row that another consumer works on, and leave everything else."""
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            row = await self.get(job_id)
            if row is None or not row.is_held_by(token):
                return
            body = {"metadata": {name: value for name, value in dict(row.metadata).items() if name != "runops"}}
            try:
                if await self.change(
                    body,
                    seen(row, RowStatus.PROCESSING),
                    doing=f"giving way in the row {job_id} of the table jobs",
                ):
                    return
            except SupabaseError as error:
                await attempts.failed(error)
        raise ever_changing(job_id, "we were to give way")

    async def keep_alive(self, installation: str, job_ids: Iterable[UUID]) -> None:
        """Refresh `updated_at` of rows that an installation holds and no worker refreshes."""
        wanted = sorted(set(job_ids))
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = [str(job_id) for job_id in wanted[start : start + IDS_AT_ONCE]]
            await self._rest.retries.run(
                lambda some=some: self.change(  # type: ignore[misc]  # mypy does not infer a default's type
                    {"updated_at": NOW},
                    held_among(installation, some),
                    doing=f"refreshing {len(some)} rows of the table jobs",
                ),
                may_pass,
            )

    async def bind_pod(self, job_id: UUID, token: str, pod_uid: str, *, started: datetime | None = None) -> str | None:
        """Bind a pod to an attempt's claim; it replaces a pod that was bound before.

        Kubernetes may start the pod of a Job twice. From now on the token of the other pod matches no row.

        Parameters
        ----------
        job_id, token
            The row, and the attempt's token without a pod.
        pod_uid
            The pod to bind.
        started
            When its worker started; kept as `metadata.runops.started`.

        Returns
        -------
        str or None
            The token for every write from now on; None where the attempt's claim was lost.
        """
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            row = await self.get(job_id)
            if row is None or row.claim is None or not row.is_held_by(token):
                return None
            bound = row.claim.bound_to(pod_uid)
            if row.claim.claim == bound:
                return bound
            said = {"claim": bound} | ({} if started is None else {"started": rfc3339(started)})
            body = {"metadata": metadata_saying(row.metadata, said), "updated_at": NOW}
            try:
                # Nothing written: a heartbeat of the former pod, or another pod, came first. Read again.
                if await self.change(
                    body,
                    claim_unchanged(row, row.claim),
                    doing=f"binding a pod to the row {job_id} of the table jobs",
                ):
                    return bound
            except SupabaseError as error:
                # The write may have arrived without its answer.
                if error.retryable and (there := await self.get(job_id)) is not None and there.is_held_by(bound):
                    return bound
                await attempts.failed(error)
        raise ever_changing(job_id, "a pod was to be bound to its claim")

    async def heartbeat(
        self, job_id: UUID, token: str, *, stage: Stage | None = None, percent: int | None = None
    ) -> bool:
        """Refresh `updated_at` and the progress; False where the claim was lost and nothing was written.

        Parameters
        ----------
        job_id, token
            The row and the claim that must still hold it.
        stage
            Left as it is where None, or where the table has no column for it.
        percent
            0 to 100; likewise.
        """
        return await self._rest.retries.run(
            lambda: self.change(
                refreshed(stage, percent),
                fenced(job_id, token),
                doing=f"refreshing the row {job_id} of the table jobs",
            ),
            may_pass,
        )

    async def complete(self, job_id: UUID, token: str, *, said: Mapping[str, Any] | None = None) -> bool:
        """Set a row to `completed`; False where the claim was lost. A repeated call returns True again.

        Parameters
        ----------
        job_id, token
            The row and the claim that must still hold it.
        said
            Keys to put into `metadata.runops` in the same write; the row is read before it then. Everything else in the
            metadata is kept. The next claim of the row removes them.
        """
        if not said:
            return await self._end(job_id, token, completed(), RowStatus.COMPLETED)
        doing = f"setting the row {job_id} of the table jobs to {RowStatus.COMPLETED}"
        return await self._say(job_id, token, said, completed(), doing=doing, when="it was to be completed")

    async def say(self, job_id: UUID, token: str, said: Mapping[str, Any]) -> bool:
        """Put keys into `metadata.runops` of a row at work; False where the claim was lost and nothing was written.

        Everything else in the metadata is kept. The next claim of the row removes them.
        """
        doing = f"noting in the row {job_id} of the table jobs what its recording is"
        return await self._say(
            job_id, token, said, {"updated_at": NOW}, doing=doing, when="a note was to be put into it"
        )

    async def _say(
        self, job_id: UUID, token: str, said: Mapping[str, Any], values: dict[str, Any], *, doing: str, when: str
    ) -> bool:
        status = values.get("status")
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            row = await self.get(job_id)
            if row is None or row.claim is None or not row.was_held_by(token):
                return False
            if row.status != RowStatus.PROCESSING:
                # In a later round our own write may have arrived without its answer.
                return row.status == status
            metadata = row.metadata if status is None else without_time_left(row.metadata)
            body = {**values, "metadata": postgres_json(metadata_saying(metadata, said))}
            try:
                if await self.change(body, claim_unchanged(row, row.claim), doing=doing):
                    return True
            except SupabaseError as error:
                await attempts.failed(error)
        raise ever_changing(job_id, when)

    async def put_beside(self, row: JobRow, name: str, value: Mapping[str, Any]) -> JobRow | None:
        """Put a key into a row's metadata, unless the row changed since it was read. Everything else stays.

        `updated_at` stays, too: a row that waits keeps its place. The answer shows whether a trigger changes it.

        Returns
        -------
        JobRow or None
            Id, status and times of the row as it is now; None where it changed, or has metadata that is no object.
        """
        if row.metadata is not None and not isinstance(row.metadata, Mapping):
            return None
        body = {"metadata": postgres_json({**(row.metadata or {}), name: value})}
        holder = row.claim if row.status == RowStatus.PROCESSING else None
        which = seen(row, row.status) if holder is None else claim_unchanged(row, holder)
        select = ("job_id", "status", "updated_at::timestamptz")
        doing = f"noting in the row {row.job_id} of the table jobs when it is expected to end"
        rows = await self._rest.retries.run(
            lambda: self._rest.send(lambda table: which(table.update(body)).select(*select), table="jobs", doing=doing),
            may_pass,
        )
        there = parsed(rows, doing=doing)
        return there[0] if there else None

    async def fail(self, job_id: UUID, token: str, sentence: str) -> bool:
        """Set a row to `error` with a sentence for a person; False where the claim was lost. Repeatable too."""
        return await self._end(job_id, token, failed(sentence), RowStatus.ERROR)

    async def release(self, job_id: UUID, token: str) -> bool:
        """Put a row back into the queue without its claim; False where the claim was lost."""
        attempts = self._rest.retries.begin(may_pass)
        for round_number in attempts:
            row = await self.get(job_id)
            if row is None or not row.is_held_by(token):
                # In a later round our own write may have arrived without its answer.
                return round_number > 1 and row is not None and row.status == RowStatus.QUEUED and row.claim is None
            try:
                if await self.change(
                    queued(row.metadata),
                    seen(row, RowStatus.PROCESSING),
                    doing=f"releasing the row {job_id} of the table jobs",
                ):
                    return True
            except SupabaseError as error:
                await attempts.failed(error)
        raise ever_changing(job_id, "it was to be released")

    async def insert(
        self,
        job_id: UUID,
        *,
        user_id: UUID | None,
        metadata: Mapping[str, Any] | None = None,
        claim: Claim | None = None,
    ) -> None:
        """Queue a job, or add one that is claimed already, so that nobody else takes it.

        Parameters
        ----------
        job_id
            Its id, which also names the recording in storage.
        user_id
            The uploader, kept as `metadata.user_id`; None leaves the key out.
        metadata
            What else to keep in `metadata`.
        claim
            Who works on it; None for a job that waits in the queue.

        Raises
        ------
        SupabaseError
            `CONFLICT` where there is such a row already.
        """
        content = dict(metadata or {})
        if user_id is not None:
            content["user_id"] = str(user_id)
        status = RowStatus.QUEUED if claim is None else RowStatus.PROCESSING
        stamped = content if claim is None else stamped_metadata(content, claim)
        body = postgres_json({"job_id": str(job_id), "status": status.value, "metadata": stamped})
        doubt = False
        attempts = self._rest.retries.begin(may_pass)
        for _round in attempts:
            try:
                await self._rest.send(
                    lambda table: table.insert(body), table="jobs", doing=f"adding {job_id} to the table jobs"
                )
            except SupabaseError as error:
                if error.kind is ErrorKind.CONFLICT and doubt:
                    return
                doubt = True
                await attempts.failed(error)
            else:
                return

    async def _claimed(self, row: JobRow, claim: Claim, which: Callable[[Any], Any], *, doing: str) -> list[JobRow]:
        values = claimed(stamped_metadata(metadata_to_claim(row), claim))

        async def send(columns: JobsColumns) -> list[dict[str, Any]]:
            body, select = columns.kept(values), columns.read
            return await self._rest.send(
                lambda table: which(table.update(body)).select(*select), table="jobs", doing=doing
            )

        return parsed(await self.by_columns(send), doing=doing)

    async def _end(self, job_id: UUID, token: str, body: dict[str, Any], status: RowStatus) -> bool:
        written = await self._rest.retries.run(
            lambda: self.change(
                body,
                fenced(job_id, token),
                doing=f"setting the row {job_id} of the table jobs to {status}",
            ),
            may_pass,
        )
        if written:
            return True
        there = await self.get(job_id)
        return there is not None and there.status == status and there.was_held_by(token)
