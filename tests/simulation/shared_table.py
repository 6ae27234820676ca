"""Several installations that share one table of many rows, in virtual time; one of them is killed for good.

The operators' loops, their requests and their workers are those of the simulated world. Here nothing fails: each
request takes the time that it takes on a network, and what is looked at is how the installations share the work.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from typing import Any
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops_operator.config import OperatorConfig
from runops_operator.observability.metrics import Metrics
from tests.simulation.cluster import START, Event, Manifest
from tests.simulation.network import Fate, Killed, Network, Process
from tests.simulation.operator_process import OperatorProcess, Replica, Site, table_of
from tests.simulation.postgrest import OfMetadata
from tests.simulation.table import Change, MemoryDatabase
from tests.simulation.worker import Nature, Worker

__all__ = ["Kubelet", "SharedTable", "Shares", "Sharing", "TimedNetwork"]

_UIDS = 10_000_000
"""So many uids belong to each cluster."""
_SUPABASE_SECONDS = (0.02, 0.08)
_KUBERNETES_SECONDS = (0.002, 0.01)
"""Of a request and its answer: least and most."""
_START_SECONDS = (1.0, 5.0)
"""From a Job to its running worker."""
_TO_SUPABASE = frozenset({"read", "read of the queue", "update"})
_GARBAGE_SECONDS = 60.0
_LOOK_SECONDS = 5.0
_START_OF_ALL_SECONDS = 30.0
_RECONCILERS = 20
"""As many as the operator has."""


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """What is simulated.

    Attributes
    ----------
    rows
        In the table.
    users
        Whose rows they are, in turn.
    per_second
        How many rows arrive in a second; None where all are queued from the beginning.
    installations
        How many share the table, each with a cluster of its own.
    max_concurrent
        Of each installation.
    killed_after
        Which share of the rows has ended when one installation is killed with its cluster; None for no kill.
    stale_after_seconds
        When its rows count as abandoned.
    longest_seconds
        Of virtual time; after so long every row must have ended.
    seed
        Of all that is drawn.
    """

    rows: int
    users: int = 50
    per_second: float | None = None
    installations: int = 3
    max_concurrent: int = 1000
    killed_after: float | None = 1 / 3
    stale_after_seconds: float = 600.0
    longest_seconds: float = 50_000.0
    seed: int = 1


@dataclass(kw_only=True)
class Shares:
    """What came of it.

    Attributes
    ----------
    rows, seconds
        How many rows there were, and the virtual seconds until the last one ended.
    done
        Rows completed, by installation.
    lost
        Rows that had not ended when time was up.
    doubled
        Rows that ended twice, or were worked on by two installations at a time.
    claims, claims_lost
        Rows claimed, and rows for which another installation was faster.
    claims_lost_at_start
        Of these, in the first half minute, in which every installation fills all its slots at once.
    taken_over
        Rows of the killed installation that others took.
    taken_over_after
        Longest time in seconds from the kill until such a row was claimed.
    requests
        To the table by operators, by kind.
    worker_requests
        To the table by workers.
    longest_wait
        Longest time in seconds that a row was claimed later than strict order of arrival had it: after as many claims
        as there were rows before it.
    median_claim
        Median of the seconds from a row's arrival until it was claimed.
    """

    rows: int
    seconds: float = 0.0
    done: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    claims: int = 0
    claims_lost: int = 0
    claims_lost_at_start: int = 0
    taken_over: int = 0
    taken_over_after: float = 0.0
    requests: dict[str, int] = field(default_factory=dict)
    worker_requests: int = 0
    longest_wait: float = 0.0
    median_claim: float = 0.0

    @property
    def requests_a_row(self) -> float:
        """Requests of operators to the table for each row."""
        return sum(self.requests.values()) / self.rows

    @property
    def lost_share(self) -> float:
        """Which share of the claims was for rows that another installation had claimed."""
        return self.claims_lost / max(1, self.claims + self.claims_lost)

    def as_dict(self) -> dict[str, Any]:
        """Return everything, ratios included."""
        return asdict(self) | {"requests_a_row": self.requests_a_row, "lost_share": self.lost_share}


class _LongTable(MemoryDatabase):
    """Many rows, found by status as an index finds them. They are inserted oldest first and never queued again."""

    oldest_first = True

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self._by_status: dict[str | None, dict[UUID, JobRow]] = {status: {} for status in RowStatus}
        self._queues: dict[int, dict[UUID, JobRow]] = {}
        """The queued rows by the object that is their metadata: all rows of one user share one."""

    def rows_in(self, status: str, filters: Sequence[OfMetadata]) -> Iterable[JobRow]:
        if status != RowStatus.QUEUED or not filters:
            rows = self._by_status[status].values()
            return [row for row in rows if all(holds(row) for holds in filters)] if filters else rows
        queues = [queue.values() for queue in self._queues.values() if queue]
        wanted = [queue for queue in queues if all(holds(next(iter(queue))) for holds in filters)]
        return merge(*wanted, key=lambda row: row.created_at or "")

    def count(self, *statuses: str) -> int:
        """Return how many rows have one of these statuses."""
        return sum(len(self._by_status[status]) for status in statuses)

    def insert(self, job_id: UUID, *, status: str, metadata: Any) -> None:
        super().insert(job_id, status=status, metadata=metadata)
        self._by_status[status][job_id] = self.rows[job_id]
        self._queues.setdefault(id(metadata), {})[job_id] = self.rows[job_id]

    def update(self, row: JobRow, values: Mapping[str, Any], *, by: str) -> JobRow:
        after = super().update(row, values, by=by)
        if after.status != row.status:
            del self._by_status[row.status][row.job_id]
            if row.status == RowStatus.QUEUED:
                del self._queues[id(row.metadata)][row.job_id]
        self._by_status[after.status][row.job_id] = after
        return after


class TimedNetwork(Network):
    """Every request arrives, and takes its time."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.calm = True
        self.requests: Counter[str] = Counter()
        self.worker_requests = 0
        self._chance = chance

    async def call(
        self,
        process: Process,
        name: str,
        carry_out: Callable[[], Awaitable[Any]],
        failure: Callable[[], Exception],  # noqa: ARG002 - no call fails here
    ) -> Any:
        if name in _TO_SUPABASE:
            if isinstance(process, OperatorProcess):
                self.requests[name] += 1
            else:
                self.worker_requests += 1
        least, most = _SUPABASE_SECONDS if name in _TO_SUPABASE else _KUBERNETES_SECONDS
        await self._pass(process, self._chance.uniform(least, most) / 2)
        answer = await carry_out()
        await self._pass(process, self._chance.uniform(least, most) / 2)
        return answer

    async def fate(self, process: Process, name: str, *, answer: bool = False) -> Fate:  # noqa: ARG002 - as its base
        await self._pass(process, self._chance.uniform(*_KUBERNETES_SECONDS))
        return Fate.THROUGH

    async def _pass(self, process: Process, seconds: float) -> None:
        if process.dead:
            raise Killed
        await asyncio.sleep(seconds)
        if process.dead:
            raise Killed


class _Ledger:
    """What happened to each row, written down at each change of it."""

    def __init__(self, clock: Callable[[], float], stale_after: float) -> None:
        self._clock, self._stale_after = clock, timedelta(seconds=stale_after)
        self.arrived: list[tuple[UUID, float]] = []
        self.claimed: dict[UUID, float] = {}
        self.claim_times: list[float] = []
        self.claims = 0
        self.ended: Counter[UUID] = Counter()
        self.done: Counter[str] = Counter()
        self.doubled: set[UUID] = set()
        self.taken_over: dict[UUID, float] = {}

    def see(self, change: Change) -> None:
        """Note a change of a row."""
        before, after, job_id = change.before, change.after, change.job_id
        if before.status == RowStatus.QUEUED and after.status == RowStatus.PROCESSING:
            self.claims += 1
            self.claimed[job_id] = self._clock()
            self.claim_times.append(self._clock())
        elif before.status == RowStatus.PROCESSING and _holder(after) != _holder(before):
            self.claims += 1
            self.taken_over[job_id] = self._clock()
            if change.untouched <= self._stale_after:
                self.doubled.add(job_id)
        elif change.by.startswith("worker ") and not change.by.startswith(f"worker {_holder(before)}/"):
            self.doubled.add(job_id)
        if after.status in {RowStatus.COMPLETED, RowStatus.ERROR} and after.status != before.status:
            self.ended[job_id] += 1
            self.done[str(_holder(after))] += after.status == RowStatus.COMPLETED
            if self.ended[job_id] > 1:
                self.doubled.add(job_id)

    def longest_wait(self) -> float:
        """Return for how long a row was claimed later than its turn by arrival."""
        turns = zip(self.arrived, self.claim_times, strict=False)
        return max((self.claimed[job_id] - turn for (job_id, _), turn in turns if job_id in self.claimed), default=0.0)

    def median_claim(self) -> float:
        """Return the median time from arrival to claim."""
        waits = sorted(self.claimed[job_id] - at for job_id, at in self.arrived if job_id in self.claimed)
        return waits[len(waits) // 2] if waits else 0.0


class _NamedWorker(Worker):
    """A worker that writes under its installation's name as well, so that the ledger sees whose it is."""

    installation = ""

    @property
    def label(self) -> str:
        return f"worker {self.installation}/{self.pod_uid}"


class Kubelet(list[Event]):
    """Starts a worker for each Job of a cluster."""

    def __init__(self, start: Callable[[str], None]) -> None:
        super().__init__()
        self._start = start

    def append(self, event: Event) -> None:
        kind, word, body = event
        if kind == "ADDED" and word == "job" and not body["spec"].get("suspend"):
            self._start(body["metadata"]["name"])


class SharedTable:
    """The simulation. It runs on an event loop of virtual time.

    Parameters
    ----------
    sharing
        What is simulated.
    progress
        Told how far it is.
    """

    def __init__(self, sharing: Sharing, progress: Callable[[str], None] = lambda _: None) -> None:
        self._sharing, self._progress = sharing, progress
        self._chance = random.Random(sharing.seed)  # noqa: S311 - a repeatable run, no secret
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._metrics = Metrics()
        self._network = TimedNetwork(self._chance)
        self._database = _LongTable(self._now)
        self._ledger = _Ledger(self._clock, sharing.stale_after_seconds)
        self._database.on_change = self._ledger.see
        self._working: dict[str, set[Worker]] = {}
        self._dead: set[str] = set()
        self._replicas = [self._installation(number) for number in range(sharing.installations)]

    async def run(self) -> Shares:
        """Let it happen, and return what came of it."""
        sharing, state = self._sharing, random.getstate()
        # What draws without a source of its own, as pauses do, is to be the same each time.
        random.seed(sharing.seed)
        arriving = self._loop.create_task(self._arrive())
        killed_at: float | None = None
        if sharing.per_second is None:
            await arriving
        for replica in self._replicas:
            replica.start()
        next_garbage = next_told = 0.0
        lost_at_start = 0
        try:
            while self._count_ended() < sharing.rows and self._clock() < sharing.longest_seconds:
                await asyncio.sleep(_LOOK_SECONDS)
                self._raise_what_broke()
                if self._clock() <= _START_OF_ALL_SECONDS:
                    lost_at_start = self._claims_lost()
                if killed_at is None and self._count_ended() >= (sharing.killed_after or 2.0) * sharing.rows:
                    killed_at = self._clock()
                    self._kill(self._replicas[-1])
                if self._clock() >= next_garbage:
                    next_garbage = self._clock() + _GARBAGE_SECONDS
                    for replica in self._replicas:
                        replica.site.cluster.collect_garbage()
                if self._clock() >= next_told:
                    next_told = self._clock() + _GARBAGE_SECONDS
                    self._progress(f"{self._clock():.0f} s: {self._count_ended()} of {sharing.rows} rows have ended")
            return self._result(killed_at, lost_at_start)
        finally:
            arriving.cancel()
            for replica in self._replicas:
                self._kill(replica)
            random.setstate(state)
            await asyncio.sleep(0)

    def _result(self, killed_at: float | None, lost_at_start: int) -> Shares:
        ledger = self._ledger
        return Shares(
            rows=self._sharing.rows,
            seconds=self._clock(),
            done=dict(sorted(ledger.done.items())),
            lost=self._sharing.rows - len(ledger.ended),
            doubled=len(ledger.doubled),
            claims=ledger.claims,
            claims_lost=self._claims_lost(),
            claims_lost_at_start=lost_at_start,
            taken_over=len(ledger.taken_over),
            taken_over_after=max((at - (killed_at or 0.0) for at in ledger.taken_over.values()), default=0.0),
            requests=dict(sorted(self._network.requests.items())),
            worker_requests=self._network.worker_requests,
            longest_wait=ledger.longest_wait(),
            median_claim=ledger.median_claim(),
        )

    def _installation(self, number: int) -> Replica:
        sharing = self._sharing
        config = OperatorConfig.model_validate(
            {
                "installation": f"cluster-{number}/runops",
                "namespace": "runops",
                "maxConcurrent": sharing.max_concurrent,
                "staleAfterSeconds": sharing.stale_after_seconds,
                "ttlSecondsAfterFinished": 60,
                "prompts": {"configMap": "prompts-1"},
                "worker": {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"},
            }
        )
        site = Site(config, self._now, first_uid=1 + number * _UIDS)
        self._working[site.installation] = set()
        replica = Replica(
            site,
            self._database,
            self._network,
            now=self._now,
            chance=self._chance,
            on_page=lambda _: None,
            metrics=self._metrics,
            reconcilers=_RECONCILERS,
        )

        def start(name: str) -> None:
            self._loop.call_later(self._chance.uniform(*_START_SECONDS), self._start_worker, site, name)

        site.cluster.watchers.append(Kubelet(start))
        return replica

    def _start_worker(self, site: Site, name: str) -> None:
        job: Manifest | None = site.cluster.jobs.get(name)
        if job is None or site.installation in self._dead or job["spec"].get("suspend"):
            return
        worker = _NamedWorker(
            site.cluster, self._database, self._network, site.cluster.run_pod(name)["metadata"]["name"]
        )
        worker.installation = site.installation
        working = self._working[site.installation]
        working.add(worker)

        async def work() -> None:
            try:
                jobs = table_of(self._database, self._network, worker, by=worker.label)
                await worker.work(jobs, Nature.GOOD, self._chance)
            finally:
                working.discard(worker)

        worker.go(work(), name=worker.label)

    async def _arrive(self) -> None:
        sharing = self._sharing
        users = [{"user_id": str(UUID(int=self._chance.getrandbits(128), version=4))} for _ in range(sharing.users)]
        for number in range(sharing.rows):
            job_id = UUID(int=self._chance.getrandbits(128), version=4)
            self._database.insert(job_id, status="queued", metadata=users[number % len(users)])
            self._ledger.arrived.append((job_id, self._clock()))
            if sharing.per_second is not None:
                await asyncio.sleep(self._chance.expovariate(sharing.per_second))

    def _kill(self, replica: Replica) -> None:
        """Kill an operator and everything in its cluster."""
        installation = replica.site.installation
        if installation in self._dead:
            return
        self._progress(f"{self._clock():.0f} s: {installation} is gone with {len(self._working[installation])} workers")
        self._dead.add(installation)
        replica.process.kill()
        for worker in list(self._working[installation]):
            worker.stop()

    def _raise_what_broke(self) -> None:
        for replica in self._replicas:
            for task in replica.process.ended:
                if not replica.process.dead:
                    raise RuntimeError(f"the loop {task.get_name()} of {replica.site.installation} ended") from (
                        None if task.cancelled() else task.exception()
                    )

    def _claims_lost(self) -> int:
        return round(self._metrics.registry.get_sample_value("runops_claims_lost_total") or 0.0)

    def _count_ended(self) -> int:
        return self._database.count(RowStatus.COMPLETED, RowStatus.ERROR)

    def _clock(self) -> float:
        return self._loop.time() - self._began

    def _now(self) -> datetime:
        return START + timedelta(seconds=self._clock())


def _holder(row: JobRow) -> str | None:
    return None if row.claim is None else row.claim.by
