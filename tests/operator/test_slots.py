"""Which claimed rows count beside the VideoJobs."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import pytest

from runops.drain_order import DrainOrder, drain_data
from runops.failures import Reason
from runops.job_row import Lane
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.breakers.breakers import Breakers
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.intake.confirm import Confirmation
from runops_operator.intake.slots import Slots
from runops_operator.spending.caps import SpendingVerdict
from tests.operator.planning.observations import JOB_ID, NAME, NOW, UID
from tests.operator.world import CONFIG
from tests.simulation.cluster import MemoryCluster

ORDER = DrainOrder("2026-11-30T19:00:00Z", by="ann", why="the database moves")


class Claimed:
    """Stands in for the confirmation: three rows are claimed and have no VideoJob."""

    def __init__(self, failure: SupabaseError | None = None) -> None:
        self.failure = failure

    def by_user(self) -> dict[Lane, Counter[str]]:
        return {Lane.FRESH: Counter({"ann": 2}), Lane.BACKFILL: Counter({"": 1})}


def slots_of(claimed: Claimed | None = None, *, store: Store | None = None, **given: Any) -> Slots:
    config = CONFIG.model_copy(update={"max_concurrent": 10})
    parts = {
        "breakers": Breakers(config),
        "drain": DrainWatch(MemoryCluster(), config, changed=int),
        "in_hand": int,
        "claiming": set,
    }
    return Slots(store or Store(), cast("Confirmation", claimed or Claimed()), config, **{**parts, **given})


def test_rows_that_are_claimed_count_for_spending_and_for_a_quota() -> None:
    asked: list[Any] = []

    def spending(claimed: Mapping[str, int]) -> SpendingVerdict:
        asked.append(dict(claimed))
        return SpendingVerdict(room=1)

    def room(claimed: int) -> int:
        asked.append(claimed)
        return 2

    admission = slots_of(room=room, spending=spending).admission()
    assert asked == [3, {"ann": 2, "": 1}]
    assert {lane: slots.free for lane, slots in admission.lanes.items()} == {Lane.FRESH: 1, Lane.BACKFILL: 0}
    assert admission.for_quota


def test_a_videojob_made_by_hand_counts_while_it_claims_its_row() -> None:
    store, claiming = Store(), set[str]()
    store.see_videojob(
        {
            "metadata": {"name": NAME, "uid": UID, "resourceVersion": "1"},
            "spec": {"jobId": str(JOB_ID), "userId": "11111111-2222-4333-8444-555555555555"},
        }
    )
    slots = slots_of(store=store, claiming=lambda: claiming)
    assert slots.admission().lanes[Lane.FRESH].active.total() == 2
    claiming.add(NAME)
    assert slots.admission().lanes[Lane.FRESH].active.total() == 3


def test_while_no_videojob_can_be_made_for_claimed_rows_none_is_claimed() -> None:
    failure = SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")
    with pytest.raises(SupabaseError) as raised:
        slots_of(Claimed(failure)).admission()
    assert raised.value is failure


async def test_a_drain_stops_the_claims_and_is_confirmed_once_no_earlier_claim_is_under_way() -> None:
    cluster, in_hand = MemoryCluster(), [1]
    cluster.configmaps["drain"] = {"metadata": {"name": "drain"}, "data": drain_data(ORDER)}
    drain = DrainWatch(cluster, CONFIG.model_copy(update={"drain_config_map": "drain"}), changed=int)
    claiming: set[str] = set()
    slots = slots_of(drain=drain, in_hand=in_hand.pop, claiming=lambda: claiming)
    await slots.know_drain()
    admission = slots.admission()
    assert (admission.paused, admission.claimable) == (Reason.DRAINED, 0)
    slots.claims_nothing()
    await drain.once()
    assert cluster.configmaps["drain"]["data"]["confirmed"] is None
    in_hand.append(0)
    claiming.add("a VideoJob made by hand")
    slots.claims_nothing()
    await drain.once()
    assert cluster.configmaps["drain"]["data"]["confirmed"] is None
    in_hand.append(0)
    claiming.clear()
    slots.claims_nothing()
    await drain.once()
    assert cluster.configmaps["drain"]["data"]["confirmed"] == ORDER.since


def test_a_row_that_is_claimed_to_try_is_the_only_one_for_a_while() -> None:
    breakers = Breakers(CONFIG, lambda: NOW + timedelta(seconds=passed[0]))
    passed = [0.0]
    breakers.failed("video", Reason.KEY_REJECTED, met_in=None, words="")
    slots = slots_of(breakers=breakers)
    passed[0] = 3600.0
    assert slots.admission().to_try
    slots.claimed_to_try()
    assert not slots.admission().to_try
