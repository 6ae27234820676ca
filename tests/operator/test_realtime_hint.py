"""A dead or lying Realtime delays no row beyond the poll: intake, feed and project, on a real log of changes.

The paces that must not matter are a minute, the one that must is a second or a few: so a test sees which one counted.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import psycopg
import pytest

from devstack.stack import StackInfo
from devstack.supabase.gateway.switches import RealtimeMode, Switches, set_switches
from runops.supabase.connection import Supabase
from runops.supabase.realtime import Patience, QueueFeed
from runops_operator.assembly import assemble
from runops_operator.intake.intake import Intake
from runops_operator.observability.metrics import Metrics
from tests.operator.world import CONFIG
from tests.simulation.cluster import START, MemoryCluster

LONG = 20.0
MINUTE = 60.0
QUICK = Patience(join=2, subscribe=5.0, beat=0.5, answer=2.0, leave=0.5, pause=0.1)


class Site:
    """An intake that works on the stack's table, woken by a feed."""

    def __init__(self, intake: Intake, feed: QueueFeed, stack: StackInfo, database: psycopg.Connection) -> None:
        self.intake = intake
        self.feed = feed
        self._stack = stack
        self._database = database

    def set(self, mode: RealtimeMode) -> None:
        set_switches(self._stack.url, Switches(realtime=mode))

    def queue(self) -> None:
        self._database.execute("insert into jobs (job_id) values (%s)", [uuid4()])

    def waiting(self) -> int:
        row = self._database.execute("select count(*) from jobs where status = 'queued'").fetchone()
        assert row is not None
        return int(row[0])

    async def until(self, check: Callable[[], bool], what: str) -> None:
        deadline = asyncio.get_running_loop().time() + LONG
        while not check():
            assert asyncio.get_running_loop().time() < deadline, what
            await asyncio.sleep(0.02)

    async def read_again(self) -> None:
        at = self.intake.status.last_read_at
        await self.until(lambda: self.intake.status.last_read_at != at, "the table is read")

    async def at_rest(self) -> None:
        """Wait until the reads are over that the start and the subscription ask for."""
        await self.until(lambda: self.feed.live and self.intake.status.last_read_at is not None, "the feed is live")
        for _ in range(20):
            at = self.intake.status.last_read_at
            await asyncio.sleep(0.5)
            if at == self.intake.status.last_read_at:
                return
        raise AssertionError("the table is read again and again")

    async def claimed(self) -> None:
        await self.until(lambda: self.waiting() == 0, "the row is claimed")


@pytest.fixture
async def site(stack: StackInfo, told: psycopg.Connection, switches: Switches) -> AsyncIterator[Callable[..., Site]]:
    """Run an intake with these paces; first its feed alone, in that mode."""
    del switches
    tasks: list[asyncio.Task[None]] = []
    async with Supabase(stack.url, stack.secret_key) as supabase:

        def start(*, connected: float, otherwise: float, mode: RealtimeMode = "ok") -> Site:
            wake = asyncio.Event()
            feed = QueueFeed(stack.url, stack.secret_key, on_row=wake.set, patience=QUICK)
            poll = {"connectedSeconds": connected, "busySeconds": otherwise, "idleSeconds": otherwise}
            config = CONFIG.model_validate(CONFIG.model_dump(by_alias=True) | {"poll": poll})
            operator = assemble(
                config,
                MemoryCluster(lambda: START),
                supabase,
                Metrics(),
                wake=wake,
                feed=feed,
            )
            one = Site(operator.intake, feed, stack, told)
            one.set(mode)
            tasks.append(asyncio.create_task(feed.run()))
            tasks.append(asyncio.create_task(operator.intake.run()))
            return one

        yield start
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


async def test_a_row_is_claimed_because_it_was_told_of(site: Callable[..., Site]) -> None:
    one = site(connected=MINUTE, otherwise=MINUTE)
    await one.at_rest()
    one.queue()
    await one.claimed()


async def test_a_feed_that_lies_delays_a_row_by_the_slow_pace_at_most(site: Callable[..., Site]) -> None:
    one = site(connected=1.5, otherwise=MINUTE, mode="silent")
    await one.until(lambda: one.feed.live, "the feed says that it is live")
    await one.read_again()
    one.queue()
    await one.claimed()


@pytest.mark.parametrize("mode", ["refuse", "drop", "frozen", "unconfirmed"])
async def test_a_feed_that_is_dead_delays_a_row_by_the_quick_pace_at_most(
    site: Callable[..., Site], mode: RealtimeMode
) -> None:
    one = site(connected=MINUTE, otherwise=1.0, mode=mode)
    await one.read_again()
    one.queue()
    await one.claimed()


async def test_a_feed_that_lied_is_not_trusted_until_it_tells_of_a_row(site: Callable[..., Site]) -> None:
    one = site(connected=8.0, otherwise=0.5, mode="silent")
    await one.until(lambda: one.feed.live, "the feed says that it is live")
    await one.read_again()
    # The server's clock is known to about a second: it must be certain that the row came after the read.
    await asyncio.sleep(1.5)
    one.queue()
    await one.claimed()
    await one.until(lambda: not one.feed.live, "the feed is distrusted")
    # Connected anew, it lies on: rows come at the quick pace.
    for _ in range(2):
        await one.read_again()
    assert not one.feed.live
    one.set("ok")
    one.queue()
    await one.until(lambda: one.feed.live, "it has told of a row")
    await one.claimed()
