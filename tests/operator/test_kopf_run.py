"""kopf, run again and again in one process beside our own tasks, against a small API server."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devstack.operator_runs.small_api_server import SmallApiServer
from runops_operator.informer.kopf_run import run_kopf
from runops_operator.informer.kopf_settings import kopf_settings
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue

_LONG = 120.0


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[SmallApiServer]:
    async with SmallApiServer.running() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
        yield server


class Kopf:
    """Runs of kopf, and what they reported."""

    def __init__(self) -> None:
        self.store, self.queue = Store(), WorkQueue()
        self.outcomes: list[tuple[str, str | None]] = []
        self.signals_taken = 0

    def start(self) -> tuple["asyncio.Task[None]", asyncio.Event]:
        stop = asyncio.Event()
        running = run_kopf(
            self.store,
            self.queue,
            namespace="a",
            outcome=lambda path, trouble: self.outcomes.append((path.rpartition("/")[2], trouble)),
            stop=stop,
            take_signals=self._take_signals,
        )
        return asyncio.create_task(running), stop

    def _take_signals(self) -> None:
        self.signals_taken += 1
        for name in (signal.SIGTERM, signal.SIGINT):
            assert asyncio.get_running_loop().remove_signal_handler(name), "kopf had taken it"


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(_LONG):
        while not condition():  # noqa: ASYNC110 - kopf and the server report no event
            await asyncio.sleep(0.02)


def _of_kopf() -> list["asyncio.Task[Any]"]:
    return [task for task in asyncio.all_tasks() if "/kopf/" in task.get_coro().cr_code.co_filename]  # type: ignore[union-attr]


def _videojob(name: str) -> dict[str, Any]:
    return {"apiVersion": "runops.dev/v1alpha1", "kind": "VideoJob", "metadata": {"name": name, "namespace": "a"}}


async def _others() -> list["asyncio.Task[str]"]:
    async def waits() -> str:
        await asyncio.sleep(_LONG)
        return "done"

    return [asyncio.create_task(waits()) for _ in range(3)]


async def _ended(running: Awaitable[None]) -> BaseException | None:
    async with asyncio.timeout(_LONG):
        return (await asyncio.gather(running, return_exceptions=True))[0]


async def test_kopf_runs_twice_in_one_process_and_leaves_our_own_tasks_alone(server: SmallApiServer) -> None:
    kopf = Kopf()
    for name in ("vj-1", "vj-2"):
        server.requests.clear()
        running, stop = kopf.start()
        await _until(lambda: ("videojobs", "watch") in server.requests)
        ours = await _others()
        await server.put("videojobs", _videojob(name))
        await _until(partial(kopf.store.videojob, name))
        stop.set()
        assert await _ended(running) is None
        assert not any(task.done() for task in ours), "what was started while kopf ran goes on"
        for task in ours:
            task.cancel()
        assert _of_kopf() == [], "nothing of kopf goes on"
    assert kopf.signals_taken == 2
    assert ("videojobs", None) in kopf.outcomes
    assert ("jobs", None) in kopf.outcomes


async def test_a_definition_that_is_deleted_ends_the_run_and_not_our_tasks(server: SmallApiServer) -> None:
    kopf = Kopf()
    running, _ = kopf.start()
    await _until(lambda: server.requests.get(("videojobs", "watch")) and server.requests.get(("jobs", "watch")))
    ours = await _others()
    await server.forget("videojobs")
    error = await _ended(running)
    assert isinstance(error, Exception)
    assert ("videojobs", "404 the server could not find the requested resource") in kopf.outcomes
    assert not any(task.done() for task in ours)
    assert _of_kopf() == []
    for task in ours:
        task.cancel()


async def test_a_right_that_is_missing_is_reported_with_the_servers_words(server: SmallApiServer) -> None:
    server.access.forbidden.add("jobs")
    kopf = Kopf()
    running, stop = kopf.start()
    await _until(lambda: any(name == "jobs" for name, _ in kopf.outcomes))
    assert ("jobs", '403 jobs is forbidden: User "u" cannot list resource "jobs"') in kopf.outcomes
    stop.set()
    assert await _ended(running) is None


async def test_an_api_server_that_is_away_is_reported(
    monkeypatch: pytest.MonkeyPatch, server: SmallApiServer, tmp_path: Path
) -> None:
    server.url = "http://127.0.0.1:9"
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
    kopf = Kopf()
    running, stop = kopf.start()
    await _until(lambda: kopf.outcomes)
    assert kopf.outcomes[0][1] == "the API server cannot be reached (ClientConnectorError)."
    stop.set()
    assert await _ended(running) is None


async def test_no_run_of_kopf_kills_the_process_later() -> None:
    assert kopf_settings().process.ultimate_exiting_timeout is None
