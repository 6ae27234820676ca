"""How ids of items are read and written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_worker.sop.evidence.item_ids import as_ranges, read_ids
from runops_worker.sop.evidence.number_items import item_id


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["t0001", "t0002"], ("t0001", "t0002")),
        (["t1", "t00002"], ("t0001", "t0002")),
        ("t0001, t0003", ("t0001", "t0003")),
        ("[t0001]", ("t0001",)),
        (["t0003-t0005"], ("t0003", "t0004", "t0005")),
        ("t0003 to t0005 and t0009", ("t0003", "t0004", "t0005", "t0009")),
        (["t0005-t0003"], ("t0005", "t0003")),
        (["t0001-t9999"], ("t0001", "t9999")),
        ([{"id": "t0004"}], ("t0004",)),
        (("t0004",), ("t0004",)),
        (["t0001", "t0001"], ("t0001",)),
        (["item 4", 7, None], ()),
        (None, ()),
    ],
)
def test_ids_are_read_in_every_form_that_models_write(written: Any, read: tuple[str, ...]) -> None:
    assert read_ids(written) == read


def test_a_long_range_is_read_whole_where_it_may_be_so_long() -> None:
    assert len(read_ids("t0001-t0200")) == 2
    assert len(read_ids("t0001-t0200", longest_range=200)) == 200


@pytest.mark.parametrize(
    ("ids", "written"),
    [
        ((), ()),
        (("t0003",), ("t0003",)),
        (("t0004", "t0003"), ("t0003", "t0004")),
        (("t0003", "t0004", "t0005"), ("t0003-t0005",)),
        (("t0001", "t0003", "t0004", "t0005", "t0009"), ("t0001", "t0003-t0005", "t0009")),
        (("t9999", "t10000", "t10001"), ("t9999-t10001",)),
    ],
)
def test_neighbours_are_written_as_one_range(ids: tuple[str, ...], written: tuple[str, ...]) -> None:
    assert as_ranges(ids) == written


@given(st.sets(st.one_of(st.integers(0, 60), st.integers(0, 20_000))))
def test_ranges_are_read_back(indices: set[int]) -> None:
    ids = as_ranges(map(item_id, indices))
    assert read_ids(ids, longest_range=20_001) == tuple(map(item_id, sorted(indices)))


def test_of_a_longer_range_only_both_ends_are_read() -> None:
    assert read_ids("t0001-t0003", longest_range=3) == ("t0001", "t0002", "t0003")
    assert read_ids("t0001-t0004", longest_range=3) == ("t0001", "t0004")
