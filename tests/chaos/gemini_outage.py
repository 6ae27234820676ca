"""Gemini does not answer for a while, or refuses everybody, with real workers in the middle of asking it."""

import asyncio
import time
from collections import Counter
from contextlib import closing

from devstack.faults import Fault, FaultControl
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation
from tests.chaos.real_run import RealRun, real_run
from tests.chaos.record import Record
from tests.chaos.shared_fault import told_of_attempts, used_attempts
from tests.chaos.site import Site

__all__ = ["AWAY", "gemini_outage"]

AWAY = Fault(kind="drop_before", times=None)
"""Every connection is closed without an answer."""
_FIRST_CALL_SECONDS = 120.0


async def gemini_outage(
    site: Site,
    installation: Installation,
    *,
    rows: int,
    seconds: float,
    seed: int,
    name: str = "Gemini away",
    fault: Fault = AWAY,
) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, installation, seed
        Where, and from what the rows are drawn.
    rows
        How many.
    seconds
        For how long Gemini is away.
    name, fault
        Of the scenario, and what becomes of the requests meanwhile.

    Raises
    ------
    RuntimeError
        No request met the fault.
    """
    longest = 900.0 + 4 * seconds + 25.0 * rows
    async with real_run(site, name, installation, rows=rows, seed=seed, longest_seconds=longest) as run:
        await _first_file(run)
        site.progress(f"{name}: for {seconds:.0f} s")
        with closing(FaultControl(site.stack.gemini_url)) as control:
            control.set(fault)
            try:
                await asyncio.sleep(seconds)
                spoilt = sum(1 for one in control.requests() if one.fault is not None)
                run.details += [f"{spoilt} requests to Gemini met the fault", *await _at_its_end(run)]
            finally:
                control.clear()
        if not spoilt:
            raise RuntimeError("No request met the fault, so this run shows nothing.")
        back = time.monotonic()
        await run.until_ended()
        run.details.append(f"the last row ended {time.monotonic() - back:.0f} s after the end of the fault")
        run.details += told_of_attempts(site.database)
        return await run.judged(attempts_used=used_attempts(site.database))


async def _at_its_end(run: RealRun) -> list[str]:
    """Return how the rows stand, and what the VideoJobs say that wait."""
    statuses = run.site.database.statuses()
    path = f"/apis/runops.dev/v1alpha1/namespaces/{run.installation.namespace}/videojobs"
    said = Counter(
        condition["message"]
        for body in await run.api.items(path)
        for condition in (body.get("status") or {}).get("conditions") or ()
        if condition["type"] == "Blocked" and condition["status"] == "True"
    )
    standing = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    return [f"at its end: {standing}", *(f"{count} VideoJobs waited and said: {text}" for text, count in said.items())]


async def _first_file(run: RealRun) -> None:
    """Wait until the first worker has uploaded its video, so that the outage meets one in the middle."""
    deadline = time.monotonic() + _FIRST_CALL_SECONDS
    with GeminiControl(run.site.stack.gemini_url) as gemini:
        while not gemini.files() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
