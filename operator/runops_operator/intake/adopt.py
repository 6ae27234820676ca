"""Bring a claimed row and its VideoJob together. Idempotent: called again after a crash it ends in the same state."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from uuid import UUID

from runops.failures import Failed
from runops.job_row import Claim, JobRow, user_of
from runops.supabase.jobs import JobsTable
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import Cluster, Conflict, NotFound
from runops_operator.manifests.build_videojob import Arrival, build_videojob
from runops_operator.manifests.observed import parse_videojob

__all__ = ["Adopter"]

_log = logging.getLogger(__name__)


class Adopter:
    """Makes the VideoJob of a row that this installation has claimed.

    Parameters
    ----------
    cluster, jobs
        Where VideoJobs and rows are.
    store, queue
        Told of what was made.
    config
        Settings of this installation.
    """

    def __init__(
        self, *, cluster: Cluster, jobs: JobsTable, store: Store, queue: WorkQueue, config: OperatorConfig
    ) -> None:
        self._cluster = cluster
        self._jobs = jobs
        self._store = store
        self._queue = queue
        self._config = config
        self._in_hand: Counter[UUID] = Counter()
        self._stays: set[str] = set()

    @contextmanager
    def in_hand(self, job_id: UUID) -> Iterator[None]:
        """Mark a row that is being claimed or adopted: for as long, nobody else takes it for forgotten."""
        self.take_in_hand(job_id)
        try:
            yield
        finally:
            self.let_go(job_id)

    def take_in_hand(self, job_id: UUID) -> None:
        """Mark a row until `let_go`; may be done several times."""
        self._in_hand[job_id] += 1

    def let_go(self, job_id: UUID) -> None:
        """Take one mark back."""
        self._in_hand[job_id] -= 1
        if self._in_hand[job_id] <= 0:
            del self._in_hand[job_id]

    def is_in_hand(self, job_id: UUID) -> bool:
        """Tell whether a row is being claimed or adopted just now."""
        return job_id in self._in_hand

    async def adopt(self, row: JobRow, claim: Claim, *, first: bool = False, arrival: Arrival | None = None) -> bool:
        """Have the row's VideoJob exist under this claim.

        A row that cannot be run, as with a malformed user, is set to `error` with its sentence instead. Where the
        VideoJob of an earlier run does not go away, as a finalizer may have it, the row waits for the next look at the
        rows, and nothing else waits for it.

        Parameters
        ----------
        row, claim
            The row, and the claim that it carries.
        first
            Whether the claim was taken and confirmed just now and has no history.
        arrival
            What was known when the claim was taken.

        Returns
        -------
        bool
            Whether it waits no longer.

        Raises
        ------
        ClusterError, SupabaseError
            The API server or Supabase refused or was away; the claim stays and the next look at the rows adopts it.
        """
        try:
            manifest = build_videojob(row, claim, user_of(row), self._config, arrival=arrival)
        except Failed as error:
            await self._jobs.fail(row.job_id, claim.claim, error.detail)
            _log.warning("row refused: %s", error.detail, extra={"reason": error.reason, "job_id": str(row.job_id)})
            return True
        name = videojob_name(row.job_id)
        if first:
            # Before it is made: its event may come earlier than the answer.
            self._store.fresh_claims.mark(name)
        try:
            self._store.see_videojob(await self._cluster.create_videojob(manifest))
        except Conflict:
            match await self._earlier(name):
                case _Earlier.GOES_ON:
                    return True
                case _Earlier.STAYS:
                    return False
                case _Earlier.GONE:
                    self._store.see_videojob(await self._cluster.create_videojob(manifest))
        self._stays.discard(name)
        # A video that has no Job yet waits; whatever else changes can wait for it.
        await self._queue.add(name, urgent=True)
        return True

    async def _earlier(self, name: str) -> "_Earlier":
        """Clear away a VideoJob of an earlier run; return what became of it."""
        try:
            body = await self._cluster.get_videojob(name)
        except NotFound:
            return _Earlier.GONE
        there = parse_videojob(body)
        self._store.see_videojob(body)
        if not there.finished:
            # Its plan reads the row, and goes on under the claim that it finds there.
            self._store.rows_to_read.mark(name)
            await self._queue.add(name)
            return _Earlier.GOES_ON
        await self._cluster.delete_videojob(name, uid=there.uid)
        try:
            await self._cluster.get_videojob(name)
        except NotFound:
            _log.info("an earlier VideoJob of this row was deleted: the row runs again")
            return _Earlier.GONE
        if name not in self._stays:
            _log.warning("The row waits: the earlier VideoJob %s was deleted and does not go away.", name)
            self._stays.add(name)
        return _Earlier.STAYS


class _Earlier(Enum):
    """What became of a VideoJob of an earlier run."""

    GONE = auto()
    GOES_ON = auto()
    STAYS = auto()
