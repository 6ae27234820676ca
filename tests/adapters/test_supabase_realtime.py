"""The feed of queued rows, against the Realtime stand-in on a real log of changes, and in every trouble it can have."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt, start_postgres, stop_postgres
from devstack.supabase.gateway.switches import RealtimeMode, Switches, set_switches
from runops.supabase.realtime import Patience, QueueFeed

QUICK = Patience(join=2, subscribe=2.0, beat=0.3, answer=2.0, leave=0.5, pause=0.1)
LONG = 15.0
"""Seconds that a test waits for what comes at once on a machine that has nothing else to do."""
TRUSTED = "Realtime reports queued rows."


class Ear:
    """A running feed, how often it called, and what it said."""

    def __init__(
        self,
        stack: StackInfo,
        key: str | None = None,
        patience: Patience = QUICK,
        log: pytest.LogCaptureFixture | None = None,
    ) -> None:
        self.calls = 0
        self._log = log
        self.feed = QueueFeed(stack.url, key or stack.secret_key, on_row=self._hear, patience=patience)
        self.task = asyncio.create_task(self.feed.run())

    def _hear(self) -> None:
        self.calls += 1

    def messages(self) -> list[str]:
        return [] if self._log is None else self._log.messages

    def said(self) -> str:
        return "\n".join(self.messages())

    async def until(self, check: Callable[[], bool], what: str) -> None:
        deadline = asyncio.get_running_loop().time() + LONG
        while not check():
            assert not self.task.done(), "the feed never ends by itself"
            assert asyncio.get_running_loop().time() < deadline, what
            await asyncio.sleep(0.01)

    async def live(self) -> None:
        await self.until(lambda: self.feed.live, "it is live")

    async def not_live(self) -> None:
        await self.until(lambda: not self.feed.live, "it is not live")

    async def hears(self, calls: int) -> None:
        await self.until(lambda: self.calls >= calls, f"{calls} calls")
        assert self.calls == calls


@pytest.fixture
async def listen(stack: StackInfo, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Callable[..., Ear]]:
    """Run feeds that end with the test, and leave nothing behind: no task, no socket, no key in a log."""
    caplog.set_level(logging.DEBUG)
    before = _sockets()
    ears: list[Ear] = []
    keys = {stack.secret_key}

    def start(key: str | None = None, patience: Patience = QUICK) -> Ear:
        keys.add(key or stack.secret_key)
        ears.append(Ear(stack, key, patience, caplog))
        return ears[-1]

    yield start
    for ear in ears:
        ear.task.cancel()
        async with asyncio.timeout(LONG):
            with contextlib.suppress(asyncio.CancelledError):
                await ear.task
        assert ear.task.cancelled(), "nothing but the cancelling ended it"
    await _nothing_left(before)
    for key in keys:
        assert key not in caplog.text
        assert quote(key) not in caplog.text


def _sockets() -> int:
    return sum(1 for one in Path("/proc/self/fd").iterdir() if _is_socket(one))


def _is_socket(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except FileNotFoundError:
        return False


async def _nothing_left(sockets: int) -> None:
    """Give what was cancelled a few turns to end, and no more."""
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() <= {asyncio.current_task()}
    assert _sockets() <= sockets


def _set(stack: StackInfo, mode: RealtimeMode, refusal: int = 503) -> None:
    set_switches(stack.url, Switches(realtime=mode, realtime_refusal=refusal))


@pytest.mark.usefixtures("told")
async def test_it_calls_once_when_the_subscription_stands(listen: Callable[..., Ear]) -> None:
    ear = listen()
    await ear.live()
    await ear.hears(1)


@pytest.mark.usefixtures("told")
async def test_it_reports_rows_that_become_queued_and_no_others(
    listen: Callable[..., Ear], queue: Callable[..., UUID], database: psycopg.Connection
) -> None:
    ear = listen()
    await ear.live()
    failed = queue(status="error")
    queue({"user_id": None})
    await ear.hears(2)
    database.execute("update jobs set status = 'queued' where job_id = %s", [failed])
    await ear.hears(3)
    database.execute("update jobs set status = 'processing'")
    queue(status="completed")
    await asyncio.sleep(0.5)
    await ear.hears(3)


@pytest.mark.usefixtures("told", "switches")
@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("refuse", "HTTP 503"),
        ("drop", "the channel is"),
        ("unconfirmed", "the database does not confirm"),
        ("frozen", "the channel is TIMED_OUT"),
    ],
)
async def test_it_is_not_live_while_the_service_is_in_trouble_and_live_afterwards(
    stack: StackInfo,
    listen: Callable[..., Ear],
    queue: Callable[..., UUID],
    mode: RealtimeMode,
    why: str,
) -> None:
    _set(stack, mode)
    ear = listen()
    await ear.until(lambda: "does not report" in ear.said(), "it says that something is wrong")
    assert why in ear.said() or (mode == "drop" and "received 1001" in ear.said())
    assert not ear.feed.live
    assert ear.calls == 0 or mode == "drop"
    _set(stack, "ok")
    await ear.until(lambda: ear.messages()[-1] == TRUSTED and ear.feed.live, "it is live")
    heard = ear.calls
    queue()
    await ear.hears(heard + 1)


@pytest.mark.usefixtures("told", "switches")
@pytest.mark.parametrize(
    ("mode", "why"),
    [("drop", "no close frame received"), ("expire", "Token has expired"), ("frozen", "heartbeats are not answered")],
)
async def test_a_connection_that_stood_is_noticed_to_be_lost_and_taken_up_again(
    stack: StackInfo,
    listen: Callable[..., Ear],
    queue: Callable[..., UUID],
    mode: RealtimeMode,
    why: str,
) -> None:
    ear = listen()
    await ear.live()
    _set(stack, mode)
    await ear.until(lambda: why in ear.said(), f"it says: {why}")
    _set(stack, "ok")
    await ear.until(lambda: ear.messages()[-1] == TRUSTED and ear.feed.live, "it is live again")
    heard = ear.calls
    queue()
    await ear.hears(heard + 1)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", path="/realtime", status=401, body='{"message": "Invalid API key"}', times=2),
        Fault(kind="status", path="/realtime", status=429, body='{"error": "Too many connected users"}', times=2),
        Fault(kind="status", path="/realtime", status=522, body="<html>", times=2),
        Fault(kind="reset", path="/realtime", times=2),
        Fault(kind="hang", path="/realtime", seconds=0.3, times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
async def test_whatever_the_handshake_meets_it_is_tried_again(
    listen: Callable[..., Ear], faults: FaultControl, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    faults.set(fault)
    ear = listen()
    await ear.live()
    assert caplog.text.count("does not report") == 1, "the same trouble is said once"
    assert fault.kind != "status" or f"HTTP {fault.status}" in caplog.text


async def test_a_wrong_key_is_said_by_its_status_alone(
    listen: Callable[..., Ear], caplog: pytest.LogCaptureFixture
) -> None:
    ear = listen(key="sb_secret_of/another+project")
    await ear.until(lambda: "HTTP 401" in caplog.text, "it says that it is refused")
    assert not ear.feed.live


@pytest.mark.usefixtures("told")
async def test_a_key_that_expires_ends_it(
    stack: StackInfo, listen: Callable[..., Ear], caplog: pytest.LogCaptureFixture
) -> None:
    ear = listen(key=mint_jwt(stack, role="service_role", expires_in=4))
    await ear.live()
    await ear.until(lambda: "Token has expired" in caplog.text, "it says so")
    await ear.until(lambda: "HTTP 401" in caplog.text, "it is refused from then on")
    assert not ear.feed.live


async def test_a_table_that_realtime_does_not_tell_of_is_named_until_it_does(
    listen: Callable[..., Ear], request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    ear = listen()
    await ear.until(lambda: "Please check Realtime is enabled" in caplog.text, "it says what to look at")
    assert "table: jobs" in caplog.text
    assert (ear.feed.live, ear.calls) == (False, 0)
    request.getfixturevalue("told")
    await ear.live()


@pytest.mark.usefixtures("told")
async def test_after_a_crash_of_the_database_it_calls_since_rows_may_have_come_untold(
    stack: StackInfo, listen: Callable[..., Ear]
) -> None:
    ear = listen()
    await ear.live()
    stop_postgres(stack)
    start_postgres(stack)
    await ear.hears(2)
    assert ear.feed.live


@pytest.mark.usefixtures("told")
async def test_an_old_connection_is_renewed_without_a_word(
    listen: Callable[..., Ear], caplog: pytest.LogCaptureFixture
) -> None:
    ear = listen(patience=Patience(beat=0.3, longest=0.6, pause=0.05))
    await ear.until(lambda: ear.calls >= 3, "several connections")
    assert "does not report" not in caplog.text


@pytest.mark.usefixtures("told", "switches")
async def test_a_feed_that_missed_a_row_is_not_live_until_it_reports_one(
    stack: StackInfo, listen: Callable[..., Ear], queue: Callable[..., UUID], caplog: pytest.LogCaptureFixture
) -> None:
    ear = listen()
    await ear.live()
    _set(stack, "silent")
    ear.feed.distrust()
    assert not ear.feed.live
    await ear.hears(2)
    queue()
    await asyncio.sleep(0.5)
    assert (ear.feed.live, ear.calls) == (False, 2)
    assert caplog.messages[-1] != TRUSTED
    _set(stack, "ok")
    queue()
    await ear.hears(3)
    assert ear.feed.live
    assert caplog.messages[-1] == TRUSTED


@pytest.mark.usefixtures("told", "switches")
@pytest.mark.parametrize("mode", ["ok", "frozen", "drop", "refuse"])
async def test_it_can_be_cancelled_at_any_moment(stack: StackInfo, mode: RealtimeMode) -> None:
    _set(stack, mode)
    before = _sockets()
    for seconds in (0.0, 0.001, 0.003, 0.005, 0.008, 0.012, 0.02, 0.05, 0.15):
        ear = Ear(stack)
        await asyncio.sleep(seconds)
        ear.task.cancel()
        async with asyncio.timeout(QUICK.leave + 5):
            with pytest.raises(asyncio.CancelledError):
                await ear.task
        await _nothing_left(before)


@pytest.mark.usefixtures("told", "switches")
async def test_a_frozen_connection_that_stood_is_closed_within_seconds(
    stack: StackInfo, listen: Callable[..., Ear]
) -> None:
    ear = listen(patience=Patience(leave=0.5))
    await ear.live()
    _set(stack, "frozen")
    ear.task.cancel()
    async with asyncio.timeout(120):
        with pytest.raises(asyncio.CancelledError):
            await ear.task


async def test_nothing_is_distrusted_that_is_not_live(
    listen: Callable[..., Ear], caplog: pytest.LogCaptureFixture
) -> None:
    listen().feed.distrust()
    assert "does not report" not in caplog.text
