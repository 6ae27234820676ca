"""Several installations share one table in virtual time: no row is lost, doubled or starved, and who dies is replaced.

The full size is a benchmark: `python -m benchmarks shared_table`.
"""

import logging
from collections.abc import Iterator

import pytest

from benchmarks.shared_table import judged
from tests.simulation.shared_table import SharedTable, Sharing

pytestmark = pytest.mark.slow("thousands of rows, each through all of the operator's loops")
_SHARED = Sharing(rows=1500, max_concurrent=150)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Each claim is logged, and nobody reads it here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.virtual_time
async def test_no_row_is_lost_doubled_or_starved_where_three_share_a_table_and_one_is_killed() -> None:
    shares = await SharedTable(_SHARED).run()
    assert {one.what: one.figure for one in judged(shares) if not one.kept} == {}
    assert sum(shares.done.values()) == _SHARED.rows
    # Without these nothing was shown: all three worked, the killed one left rows, and they were in each other's way.
    assert len(shares.done) == 3
    assert min(shares.done.values()) > _SHARED.rows / 10
    assert shares.taken_over > _SHARED.max_concurrent / 2
    assert shares.claims_lost > 0
    # Rows that are chosen in any order wait for 170 s.
    assert shares.longest_wait < 120.0


@pytest.mark.virtual_time
async def test_rows_that_arrive_one_by_one_are_claimed_once_by_whoever_is_first() -> None:
    sharing = Sharing(rows=600, per_second=5.0, max_concurrent=300, killed_after=None)
    shares = await SharedTable(sharing).run()
    assert (shares.lost, shares.doubled, shares.claims) == (0, 0, sharing.rows)
    assert shares.longest_wait < 5.0
    assert min(shares.done.values()) > sharing.rows / 10
