"""Each guard is taken out once, and something notices: the simulated world, or the test that the table names."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.named_mutations.finding import find
from tests.named_mutations.mutation import Mutation, TargetLost, applied
from tests.named_mutations.table import MUTATIONS
from tests.simulation.world import run_world

pytestmark = pytest.mark.slow("simulated worlds, until the missing guard is noticed")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Operators in trouble log much, and nobody reads it here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_a_missing_guard_is_noticed(mutation: Mutation) -> None:
    assert find(mutation) is not None, f"nothing notices that {mutation.name}"


def test_names_are_unique() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_after_a_mutation_the_code_is_as_before() -> None:
    mutation = next(mutation for mutation in MUTATIONS if mutation.worlds is not None)
    with applied(mutation):
        pass
    for seed in range(3):
        run_world(seed)


@pytest.mark.parametrize("before", ["this text is nowhere in the code", "return"])
def test_a_mutation_whose_guard_is_not_found_once_says_so(before: str) -> None:
    lost = replace(MUTATIONS[0], name="a guard that is gone", before=before)
    with pytest.raises(TargetLost, match="a guard that is gone"), applied(lost):
        pass
