"""The free slots: how many rows may be claimed now."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from runops_operator.breakers.breakers import Breakers
from runops_operator.config import OperatorConfig
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.intake.admission import Admission, admit
from runops_operator.intake.confirm import Confirmation
from runops_operator.spending.caps import NO_SPENDING_CAP, SpendingVerdict

__all__ = ["Slots"]


class Slots:
    """What the cluster and the claimed rows leave free.

    Parameters
    ----------
    store
        The VideoJobs.
    confirmation
        The rows that are claimed and have no VideoJob yet.
    config
        Settings of this installation.
    breakers
        Know the faults that every video meets.
    drain
        Knows whether the installation drains.
    in_hand
        Returns how many rows are being claimed, or are claimed and have no VideoJob yet.
    claiming
        Returns the names of the VideoJobs made by hand that claim their rows just now.
    room
        How many more videos find their calls to the model, given how many rows are claimed and have no VideoJob yet;
        None where no quota per minute is used up.
    spending
        What the caps on spending allow, given how many rows by user are claimed and have no VideoJob yet; it raises
        `ClusterError` where it is not known what was spent.
    """

    def __init__(
        self,
        store: Store,
        confirmation: Confirmation,
        config: OperatorConfig,
        *,
        breakers: Breakers,
        drain: DrainWatch,
        in_hand: Callable[[], int],
        claiming: Callable[[], Collection[str]],
        room: Callable[[int], int | None] = lambda _claimed: None,
        spending: Callable[[Mapping[str, int]], SpendingVerdict] = lambda _claimed: NO_SPENDING_CAP,
    ) -> None:
        self._store = store
        self._confirmation = confirmation
        self._config = config
        self._breakers = breakers
        self._drain = drain
        self._in_hand = in_hand
        self._claiming = claiming
        self._room = room
        self._spending = spending

    def admission(self) -> Admission:
        """Return what may be claimed.

        Raises
        ------
        SupabaseError, ClusterError
            VideoJobs cannot be made for the rows that are claimed already, or it is not known what was spent.
        """
        if self._confirmation.failure is not None:
            raise self._confirmation.failure
        claimed = self._confirmation.by_user()
        of_all = sum(claimed.values(), Counter())
        room = self._room(of_all.total())
        spending = self._spending(of_all)
        fault = self._breakers.pause()
        return admit(
            self._store.unfinished(),
            self._config,
            claimed=claimed,
            claiming=self._claiming(),
            fault=fault,
            room=room,
            spending=spending,
            drained=self._drain.why,
        )

    async def know_drain(self) -> None:
        """Read whether the installation drains, if that was never done.

        Raises
        ------
        ClusterError
            It cannot be read.
        """
        await self._drain.know()

    def claims_nothing(self) -> None:
        """Note that the intake claims nothing since the installation drains, once no earlier claim is under way."""
        if self._in_hand() == 0 and not self._claiming():
            self._drain.claims_nothing()

    def claimed_to_try(self) -> None:
        """Note that a row was claimed although a fault stops the claims."""
        self._breakers.claimed_to_try()
