"""The limits hold for VideoJobs made by hand, also while rows and other VideoJobs of their user are being claimed."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from runops.failures import TABLE, Reason
from runops.job_row import Lane
from runops.videojob import videojob_name
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.reconcile.hand_made import HandMadeSlots
from runops_operator.spending.caps import SpendingVerdict
from tests.operator.world import CONFIG
from tests.simulation.cluster import MemoryCluster

USER = "11111111-2222-4333-8444-555555555555"
OTHER = "22222222-2222-4333-8444-555555555555"
ONE, TWO, THREE = (videojob_name(UUID(int=number)) for number in (1, 2, 3))


def body(number: int, *, user: str = USER, lane: Lane = Lane.FRESH, claim: str | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": videojob_name(UUID(int=number)), "uid": f"uid-{number}", "resourceVersion": "1"}
    metadata["labels"] = {"runops.dev/lane": lane.value}
    if claim is not None:
        metadata["annotations"] = {"runops.dev/claim": claim}
    return {"metadata": metadata, "spec": {"jobId": str(UUID(int=number)), "userId": user}}


def hand_made(
    *bodies: dict[str, Any],
    in_hand: Callable[[Lane], Mapping[str, int]] = lambda _lane: {},
    spending: Callable[[Mapping[str, int]], SpendingVerdict] = lambda _claimed: SpendingVerdict(),
) -> HandMadeSlots:
    """Return the slots, of which there are three, one for each user."""
    config = CONFIG.model_copy(update={"max_concurrent": 3, "max_concurrent_per_user": 1})
    store = Store()
    for one in bodies:
        store.see_videojob(one)
    return HandMadeSlots(
        store, in_hand, config, drain=DrainWatch(MemoryCluster(), config, changed=int), spending=spending
    )


@pytest.mark.parametrize(
    ("in_hand", "free"),
    [
        ({}, True),
        ({(Lane.FRESH, OTHER): 2}, True),
        ({(Lane.FRESH, USER): 1}, False),
        ({(Lane.BACKFILL, USER): 1}, True),
        ({(Lane.FRESH, OTHER): 3}, False),
    ],
)
def test_a_row_that_is_being_claimed_counts_for_its_lane_and_its_user(
    *, in_hand: dict[tuple[Lane, str], int], free: bool
) -> None:
    slots = hand_made(
        body(1), in_hand=lambda lane: {user: count for (one, user), count in in_hand.items() if one is lane}
    )
    with slots.take(ONE) as taken:
        assert taken is free
        assert list(slots.claiming) == [ONE] * free
    assert not slots.claiming


def test_of_two_videojobs_of_a_user_that_claim_at_once_one_waits() -> None:
    slots = hand_made(body(1), body(2), body(3, user=OTHER))
    with ExitStack() as claiming:
        assert [claiming.enter_context(slots.take(name)) for name in (ONE, TWO, THREE)] == [True, False, True]
    with slots.take(TWO) as taken:
        assert taken


@pytest.mark.parametrize("lane", [Lane.FRESH, Lane.BACKFILL])
def test_a_videojob_at_work_counts_in_its_own_lane_whatever_comes_before_it(lane: Lane) -> None:
    slots = hand_made(body(2, lane=Lane.BACKFILL, user=OTHER, claim="other"), body(3, lane=lane, claim="own"), body(1))
    with slots.take(ONE) as taken:
        assert taken is (lane is Lane.BACKFILL)


def _not_known(_claimed: Mapping[str, int]) -> SpendingVerdict:
    raise ClusterError("The record of spending cannot be read.")


@pytest.mark.parametrize(
    ("spending", "why"),
    [
        (lambda _claimed: SpendingVerdict(), None),
        (lambda _claimed: SpendingVerdict(reached="Today's cap is reached."), "Today's cap is reached."),
        (
            lambda _claimed: SpendingVerdict(capped_users=frozenset({USER})),
            TABLE[Reason.SPENDING_CAP_REACHED].with_remedy(),
        ),
        (lambda _claimed: SpendingVerdict(capped_users=frozenset({OTHER})), None),
        (_not_known, "The record of spending cannot be read."),
    ],
)
def test_a_cap_on_spending_holds_for_it_and_says_why(
    spending: Callable[[Mapping[str, int]], SpendingVerdict], why: str | None
) -> None:
    slots = hand_made(body(1), spending=spending)
    videojob = slots._store.videojob(ONE)
    assert videojob is not None
    assert slots.capped(videojob) == why
    assert slots.is_free(videojob) is (why is None)
