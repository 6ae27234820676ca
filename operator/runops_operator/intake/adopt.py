"""Makes the VideoJob of a claimed row. Idempotent: repeated after a crash it ends in the same state."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from uuid import UUID

from runops.failures import Failed
from runops.job_row import Claim, JobRow, Lane, user_of
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
        Receive what was made.
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
        self._owners: dict[UUID, tuple[Lane, str]] = {}
        """Lane and user of the rows in hand."""
        self._blocked_by_earlier: set[str] = set()
        """Names whose earlier VideoJob does not go away; each is logged once."""

    @contextmanager
    def in_hand(self, job_id: UUID, lane: Lane = Lane.FRESH, user: str = "") -> Iterator[None]:
        """Mark a row while it is claimed or adopted, so that the row watch does not adopt it too."""
        self.take_in_hand(job_id, lane, user)
        try:
            yield
        finally:
            self.release(job_id)

    def take_in_hand(self, job_id: UUID, lane: Lane = Lane.FRESH, user: str = "") -> None:
        """Mark a row until `release`; each call needs its own `release`."""
        self._in_hand[job_id] += 1
        self._owners[job_id] = (lane, user)

    def release(self, job_id: UUID) -> None:
        """Remove one mark."""
        self._in_hand[job_id] -= 1
        if self._in_hand[job_id] <= 0:
            del self._in_hand[job_id]
            del self._owners[job_id]

    def is_in_hand(self, job_id: UUID) -> bool:
        """Tell whether a row is being claimed or adopted just now."""
        return job_id in self._in_hand

    def count_in_hand(self) -> int:
        """Return how many rows are being claimed or adopted."""
        return len(self._owners)

    def users_in_hand(self, lane: Lane) -> Counter[str]:
        """Return how many rows of a lane are being claimed or adopted, by user."""
        return Counter(user for one, user in self._owners.values() if one is lane)

    async def adopt(self, row: JobRow, claim: Claim, *, fresh: bool = False, arrival: Arrival | None = None) -> bool:
        """Make the row's VideoJob under this claim, unless it exists.

        A row that cannot be run, such as one with a malformed user, is set to `error` instead. Where the VideoJob of an
        earlier run does not go away, for example because of a finalizer, the row waits for the next read of the claimed
        rows, and no other row waits for it.

        Parameters
        ----------
        row, claim
            The row, and the claim that it carries.
        fresh
            Whether the claim was taken and confirmed just now and has no history.
        arrival
            What was known at the claim.

        Returns
        -------
        bool
            False where the row waits for an earlier VideoJob to go away.

        Raises
        ------
        ClusterError, SupabaseError
            The API server or Supabase refused or did not answer. The claim stays, and the row watch adopts the row
            later.
        """
        try:
            manifest = build_videojob(row, claim, user_of(row), self._config, arrival=arrival)
        except Failed as error:
            await self._jobs.fail(row.job_id, claim.claim, error.detail)
            _log.warning("row refused: %s", error.detail, extra={"reason": error.reason, "job_id": str(row.job_id)})
            return True
        name = videojob_name(row.job_id)
        if fresh:
            # Before the VideoJob is made, since its event may come earlier than the answer.
            self._store.fresh_claims.mark(name, claim.token)
        try:
            self._store.see_videojob(await self._cluster.create_videojob(manifest))
        except Conflict:
            match await self._earlier(name):
                case _Earlier.CONTINUES:
                    return True
                case _Earlier.STAYS:
                    return False
                case _Earlier.GONE:
                    self._store.see_videojob(await self._cluster.create_videojob(manifest))
        self._blocked_by_earlier.discard(name)
        # A video without a Job waits for it; any other reconciliation can wait.
        await self._queue.add(name, urgent=True)
        return True

    async def is_made(self, job_id: UUID) -> bool:
        """Tell whether a VideoJob of this installation works on the row: its answer may have been lost.

        Raises
        ------
        ClusterError
            The API server refused or did not answer.
        """
        try:
            body = await self._cluster.get_videojob(videojob_name(job_id))
        except NotFound:
            return False
        return not self._store.is_of_others(body) and not parse_videojob(body).finished

    async def _earlier(self, name: str) -> "_Earlier":
        """Delete a finished VideoJob of an earlier run; return the result."""
        try:
            body = await self._cluster.get_videojob(name)
        except NotFound:
            return _Earlier.GONE
        there = parse_videojob(body)
        if self._store.is_of_others(body):
            self._say_once(name, f"its VideoJob {name} belongs to the installation {there.by}.")
            return _Earlier.STAYS
        self._store.see_videojob(body)
        if not there.finished:
            # Its reconciliation reads the row and goes on under the claim there.
            self._store.rows_to_read.mark(name)
            await self._queue.add(name)
            return _Earlier.CONTINUES
        await self._cluster.delete_videojob(name, uid=there.uid)
        try:
            await self._cluster.get_videojob(name)
        except NotFound:
            _log.info("an earlier VideoJob of this row was deleted: the row runs again")
            return _Earlier.GONE
        self._say_once(name, f"its earlier VideoJob {name} was deleted but does not go away.")
        return _Earlier.STAYS

    def _say_once(self, name: str, why: str) -> None:
        if name not in self._blocked_by_earlier:
            _log.warning("The row waits: %s", why)
            self._blocked_by_earlier.add(name)


class _Earlier(Enum):
    """The state of a VideoJob of an earlier run."""

    GONE = auto()
    CONTINUES = auto()
    """It has not ended and takes over the new claim."""
    STAYS = auto()
    """It was deleted but still exists."""
