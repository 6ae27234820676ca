"""How long nobody leads: two replicas, of which the leader loses the Lease, beside four busy processes.

The leader is stopped (SIGSTOP) until the other replica leads, which is what a machine without processor time does to
it, or killed (kill -9) and started again, in turn. Measured is the time from there until the other replica's metrics
say that it works: it holds the Lease and has listed the cluster. A replica that was stopped must go on in its process.
The API server and the tables are small stand-ins, which the busy processes slow down as well.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement, percentile
from devstack.operator_runs.empty_tables import EmptyTables
from devstack.operator_runs.operator_process import Replica
from devstack.operator_runs.small_api_server import SmallApiServer

__all__ = ["measure"]

_LOSSES: Final = 20
_BUSY_PROCESSES: Final = 4
_LEASE_SECONDS: Final = 15.0
_MORE_SECONDS: Final = 5.0
"""Beyond the Lease's time, in 99 % of the losses."""
_LOOK_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 300.0
_BUSY: Final = "while True: pass"


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the seconds without a leader, in 99 % of twenty losses in a row, and the processes that ended."""
    seconds: list[list[float]] = []
    ended = 0
    for _ in range(runs):
        figures, ends = asyncio.run(_measured(progress))
        seconds.append(figures)
        ended += ends
    limit = _LEASE_SECONDS + _MORE_SECONDS
    worst = [percentile(figures, 0.99) for figures in seconds]
    results = [
        Measurement.of_runs("without a leader (99 % of 20 losses)", "s", worst, limit=limit, against="Lease + 5 s"),
        # A figure of 1 is the bound: none ended.
        Measurement.of_runs("1 and each replica that ended by itself", "", [1.0 + ended], limit=1.0),
    ]
    return Outcome(results, {"seconds": seconds, "ended": ended})


async def _measured(progress: Progress) -> tuple[list[float], int]:
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        async with SmallApiServer.running() as server, EmptyTables.running() as tables:
            replicas = [_replica(number, folder, server, tables) for number in range(2)]
            for replica in replicas:
                replica.start()
                stack.callback(replica.kill)
            stack.enter_context(_busy_processes())
            return await _losses(replicas, progress)


async def _losses(replicas: list[Replica], progress: Progress) -> tuple[list[float], int]:
    seconds = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        for number in range(_LOSSES):
            leader = await _until_one_leads(http, replicas)
            (other,) = (replica for replica in replicas if replica is not leader)
            began = time.monotonic()
            stops = number % 2 == 0
            if stops:
                os.kill(leader.pid, signal.SIGSTOP)
            else:
                leader.kill()
            try:
                await _until_one_leads(http, [other])
            finally:
                if stops:
                    os.kill(leader.pid, signal.SIGCONT)
            seconds.append(time.monotonic() - began)
            progress(f"loss {number + 1}, {'stopped' if stops else 'killed'}: {seconds[-1]:.1f} s without a leader")
            if not stops:
                leader.start()
            await _until_ready(http, leader)
    for replica in replicas:
        replica.restart_if_ended()
    return seconds, sum(sum(replica.ends.values()) for replica in replicas)


async def _until_one_leads(http: aiohttp.ClientSession, replicas: list[Replica]) -> Replica:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        for replica in replicas:
            if "runops_leader 1.0" in await _asked(http, replica, "metrics"):
                return replica
        await asyncio.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"nobody leads; the log ends with: {replicas[0].log_tail()}")


async def _until_ready(http: aiohttp.ClientSession, replica: Replica) -> None:
    """Wait until a replica stands by, so that the next loss finds two."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        if await _asked(http, replica, "readyz") == "ok\n" and "runops_leader 0.0" in await _asked(
            http, replica, "metrics"
        ):
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"{replica.name} does not stand by; its log ends with: {replica.log_tail()}")


async def _asked(http: aiohttp.ClientSession, replica: Replica, path: str) -> str:
    try:
        async with http.get(f"{replica.probes}/{path}") as response:
            return await response.text()
    except (aiohttp.ClientError, TimeoutError):
        return ""


def _replica(number: int, folder: Path, server: SmallApiServer, tables: EmptyTables) -> Replica:
    settings = {
        "installation": "bench/runops",
        "namespace": "bench",
        "prompts": {"configMap": "prompts"},
        "leaderElection": {"enabled": True, "leaseSeconds": _LEASE_SECONDS},
        "worker": {"image": "worker:1", "serviceAccountName": "worker", "secretName": "keys"},
    }
    keys = {"SUPABASE_URL": tables.url, "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdefghijklmnopqrstuvwxyz"}
    return Replica(
        f"replica-{number}",
        settings=settings,
        environment=keys,
        kubeconfig=server.kubeconfig(folder),
        folder=folder / f"replica-{number}",
    )


@contextmanager
def _busy_processes() -> Iterator[None]:
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", _BUSY]
    busy = [subprocess.Popen(command) for _ in range(_BUSY_PROCESSES)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
