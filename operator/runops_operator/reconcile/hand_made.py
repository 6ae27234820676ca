"""The slots of VideoJobs made by hand: the limits hold for them, too."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from runops.failures import TABLE, Reason
from runops.job_row import Lane
from runops_operator.config import OperatorConfig
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.manifests.observed import VideoJobView
from runops_operator.spending.caps import NO_SPENDING_CAP, SpendingVerdict

__all__ = ["HandMadeSlots"]


class HandMadeSlots:
    """Tells whether a VideoJob made by hand may claim its row. Rows from the queue find their slots in `intake`.

    Parameters
    ----------
    store
        The VideoJobs.
    in_hand
        Returns how many rows of a lane are being claimed, or are claimed and have no VideoJob yet, by user.
    config
        Settings of this installation.
    drain
        Knows whether the installation drains.
    spending
        What the caps on spending allow; it raises `ClusterError` where it is not known what was spent.
    """

    def __init__(
        self,
        store: Store,
        in_hand: Callable[[Lane], Mapping[str, int]],
        config: OperatorConfig,
        *,
        drain: DrainWatch,
        spending: Callable[[Mapping[str, int]], SpendingVerdict] = lambda _claimed: NO_SPENDING_CAP,
    ) -> None:
        self._store = store
        self._in_hand = in_hand
        self._config = config
        self._drain = drain
        self._spending = spending
        self._claiming: set[str] = set()

    @property
    def drained(self) -> str | None:
        """Why the installation drains; None where it does not."""
        return self._drain.why

    def capped(self, videojob: VideoJobView) -> str | None:
        """Return why a cap on spending lets no further video of this user begin; None where none does.

        Only what is spent and expected counts: what waits here is itself among the videos without an estimate.
        """
        try:
            verdict = self._spending({})
        except ClusterError as error:
            return str(error)
        if verdict.reached is not None:
            return verdict.reached
        return TABLE[Reason.SPENDING_CAP_REACHED].with_remedy() if videojob.user in verdict.capped_users else None

    @property
    def claiming(self) -> Collection[str]:
        """Names of the VideoJobs that claim their rows just now."""
        return self._claiming

    def is_free(self, videojob: VideoJobView) -> bool:
        """Whether a slot of its lane is free for a VideoJob that has no claim yet."""
        if self.drained is not None or self.capped(videojob) is not None:
            return False
        active = Counter(self._in_hand(videojob.lane))
        for other in self._store.unfinished():
            if other.lane is not videojob.lane:
                continue
            holds = other.claim is not None or (other.name in self._claiming and other.name != videojob.name)
            if holds and not (other.spec is not None and other.spec.suspend):
                active[other.user] += 1
        per_user = self._config.max_concurrent_per_user
        free = active.total() < self._config.slots_of(videojob.lane)
        return free and (per_user is None or active[videojob.user] < per_user)

    @contextmanager
    def take(self, name: str) -> Iterator[bool]:
        """Hold a slot while the row is claimed; False where none is free any more."""
        videojob = self._store.videojob(name)
        free = videojob is not None and self.is_free(videojob)
        if free:
            self._claiming.add(name)
        try:
            yield free
        finally:
            self._claiming.discard(name)
