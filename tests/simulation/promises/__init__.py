"""What the operator promises, checked at every change of a row and of an object, in calm times, and at the end."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from tests.simulation.network import Process
from tests.simulation.operator_process import Site
from tests.simulation.promises.calm import CalmTimes
from tests.simulation.promises.objects import ObjectChanges
from tests.simulation.promises.order import QueueOrder
from tests.simulation.promises.rest import Rest
from tests.simulation.promises.rivals import Rivals
from tests.simulation.promises.rows import RowWrites
from tests.simulation.promises.seen import Seen
from tests.simulation.promises.slots import SlotLimits
from tests.simulation.table import MemoryDatabase
from tests.simulation.worker import Nature

__all__ = ["Promises"]


class Promises:
    """All checks, which share what was seen.

    Parameters
    ----------
    database
        The tables.
    sites
        The clusters.
    natures
        What is special about the videos.
    now
        The time.
    acting
        The process whose call is being carried out.
    """

    def __init__(
        self,
        database: MemoryDatabase,
        sites: list[Site],
        natures: dict[UUID, Nature],
        now: Callable[[], datetime],
        *,
        acting: Callable[[], Process | None],
    ) -> None:
        self.seen = Seen(database=database, sites=sites, natures=natures, now=now, acting=acting)
        self.rivals = Rivals(self.seen)
        self.order = QueueOrder(self.seen)
        self.slots = SlotLimits(self.seen)
        self.rows = RowWrites(self.seen, self.rivals, self.order, self.slots)
        self.objects = ObjectChanges(self.seen, self.rivals, self.slots)
        self.calm = CalmTimes(self.seen)
        self.rest = Rest(self.seen)
