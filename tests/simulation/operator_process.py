"""An operator process in the simulated world: the real loops of the operator, on the simulated network."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx

from runops.drain_order import END_OF_DRAIN, DrainOrder, drain_data, read_drain_order
from runops.retrying import RetryPolicy
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.assembly import assemble
from runops_operator.config import OperatorConfig
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.observability.metrics import Metrics
from tests.simulation.api import MemoryApi
from tests.simulation.cluster import Event, MemoryCluster, merged
from tests.simulation.network import Network, Process, Wire
from tests.simulation.postgrest import Answer, MemoryQuery, MemoryRest
from tests.simulation.table import MemoryDatabase
from tests.simulation.worker import Worker

__all__ = ["OperatorProcess", "Replica", "Site", "table_of"]

_METRICS = Metrics()
"""One for all: making them takes longer than many steps of a world."""
_TRIES_OF_A_CALL = 4


class UnexpectedError(Exception):
    """An error that no caller knows."""


class Site:
    """A cluster with an installation of the operator and with the workers that run there."""

    def __init__(self, config: OperatorConfig, now: Callable[[], datetime], *, first_uid: int) -> None:
        self.config = config
        self.cluster = MemoryCluster(now, first_uid=first_uid)
        self.api = MemoryApi(self.cluster)
        self.unexpected = 0
        """How many calls failed in a way that no caller knows."""
        self.disturbed_at = -1e9
        """When a process was killed here or a call failed last, in seconds: a rival need not be noticed then."""
        self.replicas: list[Replica] = []
        self.workers: list[Worker] = []
        self.next_tick = 0.0
        self.drained_at: float | None = None
        """Since when it is ordered to drain, in seconds; None where it is not."""

    @property
    def installation(self) -> str:
        """Who claims."""
        return self.config.installation

    @property
    def order(self) -> DrainOrder | None:
        """The order to drain."""
        name = self.config.drain_config_map
        return None if name is None else read_drain_order(self.cluster.configmaps[name]["data"])

    def drain(self, at: float) -> None:
        """Order to drain."""
        self.drained_at = at
        self._write(drain_data(DrainOrder(f"{at:.6f}")))

    def undrain(self) -> None:
        """End the drain."""
        self.drained_at = None
        self._write(END_OF_DRAIN)

    def _write(self, data: Mapping[str, str | None]) -> None:
        name = self.config.drain_config_map
        assert name is not None
        stored = self.cluster.configmaps[name]
        self.cluster.configmaps[name] = merged(stored, {"data": data})


class OperatorProcess(Process):
    """One process, from its start until it is killed.

    Attributes
    ----------
    page
        The queued rows that it read last, with their times.
    undisturbed
        Whether every call since then was answered.
    started
        When it was started; it reads the whole cluster then.
    """

    def __init__(self, started: datetime) -> None:
        super().__init__()
        self.started = started
        self.page: dict[UUID, str | None] = {}
        self.undisturbed = False


class _Events(list[Event]):
    """What a watch has not delivered yet."""

    def __init__(self) -> None:
        super().__init__()
        self.some = asyncio.Event()

    def append(self, event: Event) -> None:
        super().append(event)
        self.some.set()


class Replica:
    """One operator process after the other."""

    def __init__(
        self,
        site: Site,
        database: MemoryDatabase,
        network: Network,
        *,
        now: Callable[[], datetime],
        chance: random.Random,
        on_page: Callable[[OperatorProcess], None],
        metrics: Metrics = _METRICS,
        reconcilers: int = 3,
        shows_time_left: bool = False,
    ) -> None:
        self.site = site
        self._shows_time_left = shows_time_left
        self._metrics, self._reconcilers = metrics, reconcilers
        self._database, self._network, self._now, self._chance, self._on_page = database, network, now, chance, on_page
        self._events = _Events()
        site.cluster.watchers.append(self._events)
        self.process = OperatorProcess(now())
        self.process.dead = True

    @property
    def claims(self) -> bool:
        """Whether a process runs here, and nothing but a free slot could keep it from claiming rows."""
        return not self.process.dead and self._operator.intake.status.trouble is None

    def start(self) -> None:
        """Start a process with an empty memory."""
        self._events.clear()
        process = self.process = OperatorProcess(self._now())
        jobs = table_of(self._database, self._network, process, by=self.site.installation, on_page=self._on_page)
        others = Wire(self._database, self._network, process, _supabase_away)
        supabase: Any = SimpleNamespace(jobs=jobs, results=others, storage=others, clock_skew_seconds=0.0)
        api: Any = Wire(self.site.api, self._network, process, self._cluster_away)
        cluster = KubernetesCluster(api, self.site.config.namespace)
        self._operator = assemble(
            self.site.config, cluster, supabase, self._metrics, now=self._now, clock=asyncio.get_running_loop().time
        )
        process.go(self._run(process), name="start")

    def _cluster_away(self) -> Exception:
        # An error that nobody expects, such as an answer of a form that was never seen, must not end a loop either.
        if self._chance.random() < 0.1:
            self.site.unexpected += 1
            return UnexpectedError("the answer is not what it should be")
        return ClusterError("the API server is away")

    async def _run(self, process: OperatorProcess) -> None:
        operator = self._operator
        while True:
            try:
                await operator.resync.once()
                break
            except (ClusterError, UnexpectedError):
                await asyncio.sleep(5.0)
        loops = {
            "intake": operator.intake.run(),
            "confirmation": operator.confirmation.run(),
            "reconciler": operator.reconciler.run(self._reconcilers),
            "resync": operator.resync.run(),
            "rows": operator.rows.run(),
            "stopping": operator.stopping.run(),
            "drain": operator.drain.run(),
            "watch": self._watch(process),
        }
        if self._shows_time_left:
            loops["time left"] = operator.time_left.run()
        for name, loop in loops.items():
            process.go(loop, name=name)

    async def _watch(self, process: OperatorProcess) -> None:
        while True:
            await self._events.some.wait()
            await self._network.fate(process, "watch")
            calm = self._network.calm
            count = len(self._events) if calm else self._chance.randint(1, max(1, len(self._events)))
            arriving, self._events[:] = self._events[:count], self._events[count:]
            if not self._events:
                self._events.some.clear()
            if not calm and arriving:
                _disorder(arriving, self._chance)
            for kind, word, body in arriving:
                see = self._operator.store.see_videojob if word == "videojob" else self._operator.store.see_job
                if see(body, deleted=kind == "DELETED"):
                    await self._operator.queue.add(body["metadata"]["name"])


def table_of(
    database: MemoryDatabase,
    network: Network,
    process: Process,
    *,
    by: str,
    on_page: Callable[[Any], None] | None = None,
) -> JobsTable:
    """Return the table `jobs` as a process reaches it over the network."""

    async def execute(query: MemoryQuery) -> Answer:
        if process.supabase_away > 0:
            process.supabase_away -= 1
            await asyncio.sleep(0.1)
            raise httpx.ConnectError("Supabase is away")

        async def carry_out() -> Answer:
            answer = query.run()
            if isinstance(process, OperatorProcess) and query.reads_queue:
                if on_page is not None:
                    on_page(process)
                process.page = {UUID(row["job_id"]): row["version"] for row in answer.data}
                process.undisturbed = True
            return answer

        def away() -> Exception:
            if isinstance(process, OperatorProcess):
                process.undisturbed = False
            return httpx.ConnectError("Supabase is away")

        answer: Answer = await network.call(process, query.kind, carry_out, away)
        return answer

    return JobsTable(MemoryRest(database, by=by, execute=execute, retries=RetryPolicy(attempts=_TRIES_OF_A_CALL)))


def _disorder(arriving: list[Event], chance: random.Random) -> None:
    """Lose an event, deliver one twice, or deliver all in another order."""
    fate = chance.random()
    if fate < 0.15:
        del arriving[chance.randrange(len(arriving))]
    elif fate < 0.3:
        arriving.append(chance.choice(arriving))
    elif fate < 0.45:
        chance.shuffle(arriving)


def _supabase_away() -> Exception:
    return SupabaseError(ErrorKind.UNAVAILABLE, "Supabase is away")
