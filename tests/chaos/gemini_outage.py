"""Gemini does not answer for a while, with real workers in the middle of asking it."""

import asyncio
import time
from contextlib import closing

from devstack.faults import Fault, FaultControl
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation
from tests.chaos.real_run import RealRun, real_run
from tests.chaos.record import Record
from tests.chaos.site import Site

__all__ = ["gemini_outage"]

_FIRST_CALL_SECONDS = 120.0


async def gemini_outage(site: Site, installation: Installation, *, rows: int, seconds: float, seed: int) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, installation, seed
        Where, and from what the rows are drawn.
    rows
        How many.
    seconds
        For how long Gemini is away.
    """
    longest = 900.0 + 4 * seconds + 25.0 * rows
    async with real_run(site, "Gemini away", installation, rows=rows, seed=seed, longest_seconds=longest) as run:
        await _first_file(run)
        site.progress(f"Gemini away: away for {seconds:.0f} s")
        with closing(FaultControl(site.stack.gemini_url)) as control:
            control.set(Fault(kind="drop_before", times=None))
            await asyncio.sleep(seconds)
            spoilt = sum(1 for one in control.requests() if one.fault is not None)
            control.clear()
        run.details.append(f"{spoilt} requests to Gemini were not answered")
        await run.until_ended()
        return await run.judged()


async def _first_file(run: RealRun) -> None:
    """Wait until the first worker has uploaded its video, so that the outage meets one in the middle."""
    deadline = time.monotonic() + _FIRST_CALL_SECONDS
    with GeminiControl(run.site.stack.gemini_url) as gemini:
        while not gemini.files() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
