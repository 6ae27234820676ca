"""Three installations share one table of 100,000 rows, and one of them is killed for good with its cluster.

It is a simulation in virtual time: the operators' own loops and requests, with a table, clusters and workers in memory,
and the times that requests take on a network. `tests/simulation/shared_table.py` says how it is made.
"""

import asyncio
import logging
from typing import Any

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from tests.simulation.shared_table import SharedTable, Shares, Sharing
from tests.virtual_time import VirtualTimeLoop

__all__ = ["ALONE", "ARRIVING", "SHARED", "measure"]

SHARED = Sharing(rows=100_000)
ALONE = Sharing(rows=6000, installations=1, max_concurrent=3000, killed_after=None)
"""The same number of slots in one installation: nobody to lose a claim to."""
ARRIVING = Sharing(rows=3000, per_second=5.0, max_concurrent=300, killed_after=None)
"""No backlog: three installations wait for each row."""
_TAKEN_OVER_SECONDS = 60.0 + 60.0 + 180.0
"""Stale rows are looked for once a minute; the worker may have refreshed its row a moment before the kill. Then each
waits for a slot when it is its user's turn, beside tens of thousands of queued rows."""
_LONGEST_WAIT_SECONDS = 300.0
"""Twice what the longest video of this simulation takes: so long a user with several long ones may be passed over."""
_REQUESTS_A_ROW = 10.0
"""Reads of the queue among them, one a second in each installation also while it waits for rows to become stale."""


def measure(*, runs: int, progress: Progress) -> Outcome:  # noqa: ARG001 - what is drawn comes from a seed
    """Return what became of the rows, beside the promises. One run: the same seed gives the same result."""
    shared, alone, arriving = (shares_of(one, progress) for one in (SHARED, ALONE, ARRIVING))
    return Outcome(
        judged(shared),
        {"shared": shared.as_dict(), "alone": alone.as_dict(), "arriving": arriving.as_dict()},
    )


def shares_of(sharing: Sharing, progress: Progress) -> Shares:
    """Simulate, and return what came of it."""

    async def run() -> Shares:
        return await SharedTable(sharing, progress).run()

    before = logging.root.manager.disable
    # Each claim is logged, and nobody reads it here.
    logging.disable(logging.CRITICAL)
    try:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(run())
    finally:
        logging.disable(before)


def judged(shared: Shares, stale_after_seconds: float = SHARED.stale_after_seconds) -> list[Measurement]:
    """Return the measurements: no row lost, doubled or starved. Pure."""
    what = f"{shared.rows:,} rows, three installations, one killed"
    none: Any = {"limit": float(shared.rows), "against": "all rows", "bound": 0.0}
    return [
        Measurement(what=f"{what}: lost", unit="rows", figure=float(shared.lost), **none),
        Measurement(what=f"{what}: doubled", unit="rows", figure=float(shared.doubled), **none),
        Measurement(
            what=f"{what}: longest wait beyond its turn",
            unit="s",
            figure=shared.longest_wait,
            limit=_LONGEST_WAIT_SECONDS,
            against="limit",
        ),
        Measurement(
            what=f"{what}: last row of the killed one taken over",
            unit="s",
            figure=shared.taken_over_after,
            limit=stale_after_seconds + _TAKEN_OVER_SECONDS,
            against="limit",
        ),
        Measurement(
            what=f"{what}: requests of operators to Supabase a row",
            unit="requests",
            figure=shared.requests_a_row,
            limit=_REQUESTS_A_ROW,
            against="limit",
        ),
    ]
