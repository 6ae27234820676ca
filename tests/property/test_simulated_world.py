"""Nothing lost, nothing doubled, nothing stuck: in many worlds in which everything goes wrong.

A seed that fails is repeated by `run_world(SEED)`. What a world is made of and what it promises: docs/testing.md.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from tests.simulation.world import Violation, run_world

pytestmark = pytest.mark.slow("hundreds of simulated worlds, each until all of its rows have ended", first=True)
WORLDS = 600
_AT_ONCE = 50
_OFTEN_ENOUGH = 3
_MUST_HAPPEN = {
    "an operator was killed",
    "an answer was lost",
    "a call failed",
    "an error that nobody expects",
    "a pod was started twice",
    "a worker was cut off",
    "a person interfered",
    "a fault that all videos share",
    "a person ordered to drain",
    "a drain came to its end",
    "the Job of a video that has ended was deleted: Succeeded",
    "the Job of a video that has ended was deleted: Failed",
    "an app wrote over a claim",
    "an app wrote a note",
    "a claim was written into its row again",
    "another installation made a VideoJob",
    "rival: completed",
    "a rival began to work on a claimed row",
    "a rival wrote over a claim late",
    "a VideoJob ended as done by somebody else",
    "a stale row was claimed",
    "a waiting row was refreshed",
    "a wait was shown as stalled",
    "a video ended since it waited too long",
    "a pod was deleted by force",
    "a VideoJob ended though its row refuses each write",
    "another attempt after NoProgress",
    "another attempt after ModelUnavailable",
    "another attempt after ModelFileRejected",
    "another attempt after Evicted",
    "another attempt after PodLost",
    "an attempt failed that was the last one that the retry limit allows",
    "all slots for fresh rows were taken",
    "all slots for backfill rows were taken",
    "a backfill was claimed",
    "a user had as many VideoJobs as the limit allows",
    "finished VideoJobs were deleted in time",
    "worker: completed",
    "operator: error",
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Operators in trouble log much, and nobody reads it here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@cache
def _result(seed: int) -> Counter[str] | Violation:
    """Return what happened in a world, or which promise was broken: two tests ask about the first worlds."""
    try:
        return run_world(seed)
    except Violation as violation:
        return violation


@pytest.mark.parametrize("first", range(0, WORLDS, _AT_ONCE))
def test_every_promise_is_kept(first: int) -> None:
    results = {seed: _result(seed) for seed in range(first, first + _AT_ONCE)}
    assert {seed: str(result) for seed, result in results.items() if isinstance(result, Violation)} == {}


def test_everything_that_is_meant_to_go_wrong_does() -> None:
    tally: Counter[str] = Counter()
    for seed in range(3 * _AT_ONCE):
        result = _result(seed)
        assert isinstance(result, Counter)
        tally += result
    assert {what: tally[what] for what in _MUST_HAPPEN if tally[what] < _OFTEN_ENOUGH} == {}
