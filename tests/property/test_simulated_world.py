"""Nothing lost, nothing doubled, every run ends: in 20,000 worlds in which everything goes wrong.

A seed that fails is repeated by `run_world(SEED)`; what the world is made of stands in tests/simulation/world.py.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulation.world import Violation, run_world

pytestmark = pytest.mark.slow("thousands of simulated worlds, each until all of its rows have ended", first=True)

WORLDS = 20_000
_AT_ONCE = 500


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Operators in trouble say much, and nobody reads it here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _violation(seed: int, *, broken: str | None = None) -> str | None:
    try:
        run_world(seed, broken=broken)
    except Violation as violation:
        return str(violation)
    return None


@pytest.mark.parametrize("first", range(0, WORLDS, _AT_ONCE))
def test_nothing_is_lost_and_nothing_doubled(first: int) -> None:
    seeds = range(first, first + _AT_ONCE)
    assert {seed: violation for seed in seeds if (violation := _violation(seed))} == {}


@pytest.mark.parametrize(
    ("broken", "promise"), [("unconditional_claims", "doubled"), ("unfenced_ends", "doubled|had ended")]
)
def test_a_broken_fence_is_found(broken: str, promise: str) -> None:
    found = [violation for seed in range(400) if (violation := _violation(seed, broken=broken))]
    assert found
    assert all(re.search(promise, violation) for violation in found)


def test_everything_that_is_meant_to_go_wrong_does() -> None:
    tally: Counter[str] = Counter()
    for seed in range(600):
        tally += run_world(seed)
    rare = {
        "an operator was killed",
        "an answer was lost",
        "a call failed",
        "a pod was started twice",
        "a worker was cut off",
        "a person interfered",
        "a rival worked",
        "an attempt followed that counted",
        "an attempt followed that did not count",
        "a row was claimed again",
        "worker: completed",
        "operator: error",
    }
    assert {what for what in rare if tally[what] < 10} == set()
