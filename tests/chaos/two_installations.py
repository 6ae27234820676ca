"""Two installations on one table, each with workers of its own. One of them is killed for good, with its node.

The other one leaves its rows alone until they are stale, and then takes them over.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from devstack.fake_kubelet import FakeKubelet
from devstack.light_worker import Pace
from tests.chaos.light_run import LightRun, Load, light_run, new_namespace
from tests.chaos.record import Record
from tests.chaos.replicas import operator_settings, running_replicas
from tests.chaos.shared_fault import used_attempts
from tests.chaos.site import Site

__all__ = ["two_installations"]

_STALE_SECONDS = 60.0
"""More than the 40 s after which a row that waits is refreshed."""
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class _Left:
    """What the killed installation left behind: its name, its rows in hand, and when that was."""

    installation: str
    rows: frozenset[str]
    completed: int
    at: float


async def two_installations(site: Site, *, rows: int, seed: int) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, seed
        Where, and from what everything random is drawn.
    rows
        How many.

    Raises
    ------
    RuntimeError
        The killed installation had no row in hand.
    """
    load = Load(
        rows=rows,
        max_concurrent=5,
        pace=Pace(seconds=1.5),
        replicas=1,
        no_progress_seconds=60.0,
        stale_after_seconds=_STALE_SECONDS,
        longest_seconds=600.0 + 2 * _STALE_SECONDS + 3.0 * rows,
    )
    async with light_run(site, "Two installations", load, seed=seed) as run:
        left = await _until_killed(run)
        if not left.rows:
            raise RuntimeError("The killed installation had no row in hand, so this run shows nothing.")
        site.progress(f"Two installations: {left.installation} is gone, {len(left.rows)} rows in hand")
        first, last = await _taken_over(run, left)
        await run.until_ended()
        run.details += [
            f"the killed installation had completed {left.completed} rows and had {len(left.rows)} in hand",
            f"these were taken over {first:.0f} to {last:.0f} s after the kill, staleAfterSeconds {_STALE_SECONDS:.0f}",
        ]
        record = await run.judged(attempts_used=used_attempts(site.database))
        if first < _STALE_SECONDS / 2:
            # Its last sign of life may be some seconds older than the kill, but not so many.
            raise RuntimeError(f"A row was taken over {first:.0f} s after the kill, before it was stale.")
        return record


async def _until_killed(run: LightRun) -> _Left:
    """Let a second installation work until a third of the rows has ended; then it is gone."""
    async with _second(run) as installation:
        deadline = run.begun + run.load.longest_seconds
        while time.monotonic() < deadline:
            statuses = run.site.database.statuses()
            if statuses["completed"] + statuses["error"] >= len(run.rows) / 3 and _held(run, installation):
                break
            await asyncio.sleep(_LOOK_SECONDS)
    completed = run.site.database.run(
        "select count(*) from public.jobs where status = 'completed' and metadata #>> '{runops,by}' = %s",
        (installation,),
    )
    return _Left(installation, _held(run, installation), int(completed[0][0]), time.monotonic())


@asynccontextmanager
async def _second(run: LightRun) -> AsyncIterator[str]:
    """Give the name of another installation that works; after the block its operator and its node are gone."""
    site, load = run.site, run.load
    namespace = f"chaos-second-{uuid4().hex[:8]}"
    # When its VideoJobs go with the namespace, there is nobody left who would take that for a cancel.
    async with new_namespace(run.api, namespace), FakeKubelet(run.api, run.worker) as kubelet:
        settings = operator_settings(
            namespace,
            kubelet,
            replicas=1,
            max_concurrent=load.max_concurrent,
            no_progress_seconds=load.no_progress_seconds,
            stale_after_seconds=load.stale_after_seconds,
        )
        with running_replicas(
            1,
            settings=settings,
            environment=site.stack.environment(),
            kubeconfig=site.cluster.kubeconfig,
            folder=site.folder / namespace,
        ):
            yield str(settings["installation"])


async def _taken_over(run: LightRun, left: _Left) -> tuple[float, float]:
    """Wait until every row that was left has another holder; return after how many seconds the first and last had."""
    deadline = run.begun + run.load.longest_seconds
    rows, first = left.rows, 0.0
    while rows and time.monotonic() < deadline:
        held = _held(run, left.installation)
        if held != left.rows and not first:
            first = time.monotonic() - left.at
        rows = rows & held
        await asyncio.sleep(_LOOK_SECONDS)
    return first, time.monotonic() - left.at


def _held(run: LightRun, installation: str) -> frozenset[str]:
    found = run.site.database.run(
        "select job_id::text from public.jobs where status = 'processing' and metadata #>> '{runops,by}' = %s",
        (installation,),
    )
    return frozenset(job_id for (job_id,) in found)
