"""Pairs: as many as possible, the most similar ones, whatever the order."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from runops_evaluation.matching.one_to_one import Pair, one_to_one

GRAPHS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.sampled_from([0.55, 0.6, 0.75, 0.9, 1.0]), max_size=14
)


def every_matching(similar: dict[Pair, float]) -> list[tuple[int, float]]:
    """Return size and sum of all choices of pairs."""
    found = []
    for count in range(min(len(similar), 5) + 1):
        found += [
            (count, round(sum(similar[pair] for pair in chosen), 6))
            for chosen in itertools.combinations(similar, count)
            if len({row for row, _ in chosen}) == len({column for _, column in chosen}) == count
        ]
    return found


@settings(max_examples=60)
@given(GRAPHS)
def test_no_choice_has_more_pairs_or_more_similar_ones(similar: dict[Pair, float]) -> None:
    pairs = one_to_one(similar)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(pair in similar for pair in pairs)
    assert (len(pairs), round(sum(similar[pair] for pair in pairs), 6)) == max(every_matching(similar))


@given(GRAPHS)
def test_both_lists_may_be_exchanged(similar: dict[Pair, float]) -> None:
    turned = {(column, row): similarity for (row, column), similarity in similar.items()}
    assert len(one_to_one(turned)) == len(one_to_one(similar))


def test_lists_that_are_all_alike_are_paired_in_order() -> None:
    similar = {(row, column): 1.0 for row in range(30) for column in range(30)}
    assert one_to_one(similar) == [(place, place) for place in range(30)]


def test_nothing_has_no_pairs() -> None:
    assert one_to_one({}) == []
