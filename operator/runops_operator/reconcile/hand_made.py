"""The slots of VideoJobs made by hand: the limits hold for them, too."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runops.job_row import Lane
from runops_operator.config import OperatorConfig
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.manifests.observed import VideoJobView

__all__ = ["HandMadeSlots"]


class HandMadeSlots:
    """Tells whether a VideoJob made by hand may claim its row. Rows from the queue find their slots in `intake`.

    Parameters
    ----------
    store
        The VideoJobs.
    in_hand
        Returns how many rows of a lane are being claimed, or are claimed and have no VideoJob yet.
    config
        Settings of this installation.
    drain
        Knows whether the installation drains.
    """

    def __init__(
        self, store: Store, in_hand: Callable[[Lane], int], config: OperatorConfig, *, drain: DrainWatch
    ) -> None:
        self._store = store
        self._in_hand = in_hand
        self._config = config
        self._drain = drain
        self._claiming: set[str] = set()

    @property
    def drained(self) -> str | None:
        """Why the installation drains; None where it does not."""
        return self._drain.why

    def count_claiming(self) -> int:
        """Return how many VideoJobs claim their rows just now."""
        return len(self._claiming)

    def is_free(self, videojob: VideoJobView) -> bool:
        """Whether a slot of its lane is free for a VideoJob that has no claim yet."""
        if self.drained is not None:
            return False
        active: Counter[str] = Counter()
        for other in self._store.unfinished():
            if other.lane is not videojob.lane:
                continue
            holds = other.claim is not None or (other.name in self._claiming and other.name != videojob.name)
            if holds and not (other.spec is not None and other.spec.suspend):
                active[other.user] += 1
        per_user = self._config.max_concurrent_per_user
        taken = active.total() + self._in_hand(videojob.lane)
        return taken < self._config.slots_of(videojob.lane) and (per_user is None or active[videojob.user] < per_user)

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
