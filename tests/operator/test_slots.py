"""Which claimed rows count beside the VideoJobs."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from runops.job_row import Lane
from runops_operator.breakers.breakers import Breakers
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.intake.confirm import Confirmation
from runops_operator.intake.slots import Slots
from runops_operator.spending.caps import SpendingVerdict
from tests.operator.world import CONFIG
from tests.simulation.cluster import MemoryCluster


class Claimed:
    """Stands in for the confirmation: three rows are claimed and have no VideoJob."""

    failure = None

    def by_user(self) -> dict[Lane, Counter[str]]:
        return {Lane.FRESH: Counter({"ann": 2}), Lane.BACKFILL: Counter({"": 1})}


def test_rows_that_are_claimed_count_for_spending_and_for_a_quota() -> None:
    asked: list[Any] = []

    def spending(claimed: Mapping[str, int]) -> SpendingVerdict:
        asked.append(dict(claimed))
        return SpendingVerdict(room=1)

    def room(claimed: int) -> int:
        asked.append(claimed)
        return 2

    config = CONFIG.model_copy(update={"max_concurrent": 10})
    slots = Slots(
        Store(),
        cast("Confirmation", Claimed()),
        config,
        breakers=Breakers(config),
        drain=DrainWatch(MemoryCluster(), config, changed=int),
        in_hand=int,
        room=room,
        spending=spending,
    )
    admission = slots.admission()
    assert asked == [3, {"ann": 2, "": 1}]
    assert {lane: slots.free for lane, slots in admission.lanes.items()} == {Lane.FRESH: 1, Lane.BACKFILL: 0}
    assert admission.for_quota
