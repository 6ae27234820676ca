"""One operator, complete but for kopf, in front of a cluster and tables in memory."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from runops.videojob import videojob_name
from runops_operator.assembly import assemble
from runops_operator.config import OperatorConfig
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.reconcile.execute import JobRefused
from tests.simulation.cluster import START, Event, MemoryCluster
from tests.simulation.table import MemoryTables

Look = tuple[VideoJobView | None, VideoJobView]
CONFIG = OperatorConfig.model_validate(
    {
        "installation": "test/runops",
        "namespace": "runops",
        "maxConcurrent": 3,
        "confirmSeconds": 0,
        "prompts": {"configMap": "prompts-1"},
        "worker": {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"},
    }
)


class World:
    """The operator and what is around it."""

    def __init__(self, config: OperatorConfig = CONFIG) -> None:
        self.now: datetime = START
        self.cluster = MemoryCluster(lambda: self.now)
        self.jobs = MemoryTables(lambda: self.now)
        self.config = config
        self.start_operator()

    def start_operator(self) -> None:
        """Start a process with an empty memory, as after kill -9."""
        supabase: Any = SimpleNamespace(jobs=self.jobs, results=self.jobs, storage=self.jobs, clock_skew_seconds=0.0)
        self.metrics = Metrics()
        self.looks: list[Look] = []
        operator = assemble(
            self.config,
            self.cluster,
            supabase,
            self.metrics,
            observers=[lambda before, after: self.looks.append((before, after))],
            now=lambda: self.now,
            clock=self.seconds,
        )
        self.store, self.queue, self.intake = operator.store, operator.queue, operator.intake
        self.confirmation = operator.confirmation
        self.resync, self.rows, self.reconciler = operator.resync, operator.rows, operator.reconciler
        # What is deleted here does not go with its definition, unless a test says so.
        self.reconciler.deletions.grace_seconds = 0.0
        self.stopping, self.backlog, self.pace = operator.stopping, operator.backlog, operator.pace
        self.drain, self.spending = operator.drain, operator.spending
        self.time_left, self.row_times = operator.time_left, operator.row_times
        self.events: list[Event] = []
        self.cluster.watchers = [self.events]

    def seconds(self) -> float:
        """Return the time as a clock has it that only goes forward."""
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    async def compare(self) -> None:
        """Look at everything, as happens after the start and from time to time."""
        await self.resync.once()
        await self.rows.once()

    async def take_in(self) -> int:
        """Claim what fits and have the VideoJobs made, those first that were left over; return for how many."""
        await self.confirmation.settle()
        await self.intake.claim_what_fits()
        return await self.confirmation.settle()

    async def settle(self, *, rounds: int = 30) -> None:
        """Deliver events and reconcile what they name, until nothing happens any more."""
        for _ in range(rounds):
            self.cluster.collect_garbage()
            events = list(self.events)
            self.events.clear()
            for kind, word, body in events:
                see = self.store.see_videojob if word == "videojob" else self.store.see_job
                if see(body, deleted=kind == "DELETED"):
                    await self.queue.add(body["metadata"]["name"])
            if not len(self.queue) and not self.events:
                return
            while len(self.queue):
                name = await self.queue.get()
                try:
                    await self.reconciler.reconcile(name)
                except (ClusterError, JobRefused):
                    await self.queue.failed(name)
                else:
                    await self.queue.done(name)
        raise AssertionError("the operator does not come to rest")

    async def look(self, name: str) -> None:
        """Look at one VideoJob because its time has come, and at what follows."""
        await self.queue.add(name)
        await self.settle()

    def status(self, job_id: UUID) -> dict[str, Any]:
        """Status of a row's VideoJob."""
        status: dict[str, Any] = self.cluster.videojobs[videojob_name(job_id)].get("status", {})
        return status
