"""A replica that cannot do its work says so, names loop and cause, and goes on when it can again.

The operator is a process of its own, whose timers run four times as fast, in front of a small API server and a table
that is empty. That it says so within two minutes is shown in virtual time: `test_watches.py`, `test_heartbeats.py`.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.operator_runs.empty_tables import EmptyTables
from devstack.operator_runs.small_api_server import SmallApiServer
from tests.forked_operator import forked_operator

pytestmark = pytest.mark.slow("an operator process has to fail for half a minute before it may say so")

_SPEED = 4.0
_LONG = 240.0
_NAME = "vj-00000000-0000-4000-8000-000000000001"


class Operator:
    """The process, as the kubelet and Prometheus see it."""

    def __init__(self, process: Any, port: int, log: Path) -> None:
        self.process = process
        self._port = port
        self.log = log

    async def ask(self, path: str) -> tuple[int, str]:
        return await asyncio.to_thread(self._asked, path)

    def _asked(self, path: str) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            try:
                connection.request("GET", f"/{path}")
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, HTTPException):
                return 0, ""

    async def shows(self, series: str) -> bool:
        return series in (await self.ask("metrics"))[1].splitlines()

    async def works(self) -> bool:
        return await self.shows("runops_leader 1.0") and (await self.ask("readyz"))[0] == 200

    async def says(self, words: str) -> bool:
        status, text = await self.ask("readyz")
        return status == 503 and words in text

    def lives(self) -> None:
        assert self.process.poll() is None, self.log.read_text()[-2000:]


async def _until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    try:
        async with asyncio.timeout(_LONG):
            while not await condition():  # noqa: ASYNC110 - a process reports no event
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"this never came to be: {what}") from None


@pytest.fixture
async def server() -> AsyncIterator[SmallApiServer]:
    async with SmallApiServer.running() as server:
        yield server


@pytest.fixture
async def tables() -> AsyncIterator[EmptyTables]:
    async with EmptyTables.running() as tables:
        yield tables


@pytest.fixture
async def start(
    server: SmallApiServer, tables: EmptyTables, tmp_path: Path
) -> AsyncIterator[Callable[[], Awaitable[Operator]]]:
    started: list[Operator] = []

    async def begin() -> Operator:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = {
            "installation": "test/a",
            "namespace": "a",
            "prompts": {"configMap": "prompts"},
            "leaderElection": {"enabled": True},
            "worker": {"image": "worker:1", "serviceAccountName": "s", "secretName": "k"},
            "health": {"port": port},
        }
        (tmp_path / "operator.yaml").write_text(yaml.safe_dump(config))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KUBECONFIG": str(server.kubeconfig(tmp_path)),
            "RUNOPS_CONFIG": str(tmp_path / "operator.yaml"),
            "SUPABASE_URL": tables.url,
            "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdefghijklmnopqrstuvwxyz",
        }
        log = tmp_path / "log"
        process = await asyncio.to_thread(forked_operator, environment=environment, log=log, speed=_SPEED)
        started.append(Operator(process, port, log))
        return started[-1]

    yield begin
    for operator in started:
        operator.process.kill()
        await asyncio.to_thread(operator.process.wait, 60)


Start = Callable[[], Awaitable[Operator]]


def _videojob() -> dict[str, Any]:
    return {"apiVersion": "runops.dev/v1alpha1", "kind": "VideoJob", "metadata": {"name": _NAME, "namespace": "a"}}


async def test_a_replica_that_may_not_list_leads_nothing_and_says_so(server: SmallApiServer, start: Start) -> None:
    server.access.unknown.add("videojobs")
    operator = await start()
    sentence = "The loop 'resync' fails: The API server does not know VideoJobs: install the CustomResourceDefinition."
    await _until(lambda: operator.says(sentence), sentence)
    assert await operator.shows("runops_leader 0.0")
    assert await operator.shows('runops_loop_working{loop="resync"} 0.0')
    assert (await operator.ask("healthz"))[0] == 200, "no restart would help"
    server.access.unknown.clear()
    await _until(operator.works, "it works when the definition is there")
    assert await operator.shows('runops_loop_working{loop="resync"} 1.0')


async def test_a_definition_that_is_deleted_is_told_of_and_watched_again_when_it_is_back(
    server: SmallApiServer, start: Start
) -> None:
    operator = await start()
    await _until(operator.works, "it works")
    await server.forget("videojobs")
    await _until(lambda: operator.says("The loop 'watch of videojobs' fails"), "told")
    assert await operator.shows("runops_leader 0.0")
    assert (await operator.ask("healthz"))[0] == 200
    operator.lives()
    server.access.unknown.clear()
    await _until(operator.works, "it works again")
    await server.put("videojobs", _videojob())
    await _until(lambda: operator.shows('runops_videos{phase="Pending"} 1.0'), "the watch sees a VideoJob")
    os.kill(operator.process.pid, signal.SIGTERM)
    assert await asyncio.to_thread(operator.process.wait, _LONG) == 0, "kopf has left the signals to us"
    lease = server.get("leases", "runops-operator")
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "", "the Lease is given back"


async def test_a_resource_that_discovery_did_not_name_at_the_start_is_watched_later(
    server: SmallApiServer, start: Start
) -> None:
    server.access.unnamed.add("videojobs")
    operator = await start()
    await _until(lambda: operator.says("The loop 'watch of videojobs' fails"), "told")
    server.access.unnamed.clear()
    await _until(operator.works, "it works")
    await server.put("videojobs", _videojob())
    await _until(lambda: operator.shows('runops_videos{phase="Pending"} 1.0'), "the watch sees a VideoJob")


async def test_a_right_that_is_lost_is_told_of_with_the_servers_words(server: SmallApiServer, start: Start) -> None:
    operator = await start()
    await _until(operator.works, "it works")
    server.access.forbidden.add("jobs")
    words = '403 jobs is forbidden: User "u" cannot list resource "jobs"'
    await _until(lambda: operator.says(words), words)
    assert "The loop 'watch of jobs' fails" in (await operator.ask("readyz"))[1]
    server.access.forbidden.clear()
    await _until(operator.works, "it works again")


async def test_rows_that_cannot_be_read_are_told_of(tables: EmptyTables, start: Start) -> None:
    operator = await start()
    await _until(operator.works, "it works")
    tables.too_slow = True
    await _until(lambda: operator.says("The loop 'rows' fails"), "told")
    assert await operator.shows("runops_leader 0.0")
    assert await operator.shows('runops_loop_working{loop="rows"} 0.0')
    assert "runops_supabase_errors_total{" in (await operator.ask("metrics"))[1]
    tables.too_slow = False
    await _until(operator.works, "it works again")


async def test_a_replica_that_loses_the_lease_stands_by_in_the_same_process_and_leads_again(
    server: SmallApiServer, start: Start
) -> None:
    operator = await start()
    await _until(operator.works, "it works")
    lease = server.get("leases", "runops-operator")
    assert lease is not None
    taken = {"metadata": {"name": "runops-operator"}, "spec": {**lease["spec"], "holderIdentity": "another"}}
    await server.put("leases", taken)

    async def stands_by() -> bool:
        return await operator.shows("runops_leader 0.0") and (await operator.ask("readyz"))[0] == 200

    await _until(stands_by, "it stands by")
    operator.lives()
    await _until(operator.works, "it leads again when the Lease is over")
    operator.lives()
    assert "operator stopped" in operator.log.read_text()
