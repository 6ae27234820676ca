"""The limits hold for a VideoJob made by hand, also while rows of its user are being claimed."""

import pytest

from runops.job_row import Lane
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.reconcile.hand_made import HandMadeSlots
from tests.operator.planning.observations import JOB_ID, NAME, UID
from tests.operator.world import CONFIG
from tests.simulation.cluster import MemoryCluster

USER = "11111111-2222-4333-8444-555555555555"
BODY = {
    "metadata": {"name": NAME, "uid": UID, "resourceVersion": "1"},
    "spec": {"jobId": str(JOB_ID), "userId": USER},
}


@pytest.mark.parametrize(
    ("in_hand", "free"),
    [
        ({}, True),
        ({(Lane.FRESH, "another"): 2}, True),
        ({(Lane.FRESH, USER): 1}, False),
        ({(Lane.BACKFILL, USER): 1}, True),
        ({(Lane.FRESH, "another"): 3}, False),
    ],
)
def test_a_row_that_is_being_claimed_counts_for_its_lane_and_its_user(
    in_hand: dict[tuple[Lane, str], int], free: bool
) -> None:
    config = CONFIG.model_copy(update={"max_concurrent": 3, "max_concurrent_per_user": 1})
    store = Store()
    store.see_videojob(BODY)
    slots = HandMadeSlots(
        store,
        lambda lane: {user: count for (one, user), count in in_hand.items() if one is lane},
        config,
        drain=DrainWatch(MemoryCluster(), config, changed=int),
    )
    with slots.take(NAME) as taken:
        assert taken is free
        assert list(slots.claiming) == [NAME] * free
    assert not slots.claiming
