"""A world in which everything goes wrong: operators, workers, people, and consumers without claims.

One step is drawn after the other. An operator's step consists of many calls; before and after each of them it may be
killed, the call may fail or its answer be lost, and any other actor may take a step of its own.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from runops.supabase.errors import ErrorKind, SupabaseError
from runops.videojob import videojob_name
from runops_operator.assembly import assemble
from runops_operator.config import OperatorConfig
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics
from runops_operator.reconcile.execute import JobRefused
from tests.simulation.cluster import START, Event, MemoryCluster
from tests.simulation.rival import Rival
from tests.simulation.table import MemoryTables
from tests.simulation.wire import Killed, Wire
from tests.simulation.worker import Checkpoints, Worker

ENDED = frozenset({"completed", "error"})
_AWAY = (ClusterError, SupabaseError, JobRefused)


def config_of(installation: str) -> OperatorConfig:
    """Return the settings of an installation."""
    return OperatorConfig.model_validate(
        {
            "installation": installation,
            "namespace": "runops",
            "maxConcurrent": 2,
            "confirmSeconds": 0,
            "staleAfterSeconds": 3600,
            "prompts": {"configMap": "prompts-1"},
            "worker": {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"},
        }
    )


@dataclass(frozen=True, slots=True)
class Violation(Exception):  # noqa: N818 - says what is the case
    """A promise was broken."""

    what: str
    job_id: UUID

    def __str__(self) -> str:
        return f"{self.what} ({self.job_id})"


class Site:
    """A cluster with the workers that run in it."""

    def __init__(self, installation: str) -> None:
        self.config = config_of(installation)
        self.cluster = MemoryCluster()
        self.workers: list[Worker] = []


class Replica:
    """One operator process after the other, at one site."""

    def __init__(self, world: "World", site: Site) -> None:
        self._world = world
        self.site = site
        self.events: list[Event] = []
        site.cluster.watchers.append(self.events)
        self.start()

    def start(self) -> None:
        """Start a process with an empty memory."""
        self.dead = False
        self.new = True
        self.events.clear()
        world, cluster = self._world, self.site.cluster
        tables = Wire(world.tables, lambda call, after: world.happens(self, call, SupabaseError, after=after))
        supabase: Any = SimpleNamespace(jobs=tables, results=tables, storage=tables, clock_skew_seconds=0.0)
        connection: Any = Wire(cluster, lambda call, after: world.happens(self, call, ClusterError, after=after))
        self._operator = assemble(self.site.config, connection, supabase, Metrics(), now=lambda: world.now)

    async def act(self, what: str) -> None:
        """Do one of the things that an operator does; it may die of it."""
        operator = self._operator
        try:
            if self.new:
                await operator.resync.once()
                self.new = False
            elif what == "claim":
                await operator.intake.claim_what_fits()
                if self._world.chance.random() < 0.7:
                    await operator.confirmation.settle()
            elif what == "confirm":
                await operator.confirmation.settle()
            elif what == "rows":
                await operator.rows.once()
            elif what == "resync":
                await operator.resync.once()
            else:
                await self._reconcile()
        except _AWAY:
            pass
        except Killed:
            self.start()

    async def deliver(self, chance: random.Random, *, everything: bool = False) -> None:
        """Let some events arrive: in order or not, some twice, some never."""
        count = len(self.events) if everything else chance.randint(0, len(self.events))
        arriving, self.events[:] = self.events[:count], self.events[count:]
        if not everything and arriving:
            fate = chance.random()
            if fate < 0.15:
                del arriving[chance.randrange(len(arriving))]
            elif fate < 0.3:
                arriving.append(chance.choice(arriving))
            elif fate < 0.45:
                chance.shuffle(arriving)
        for kind, word, body in arriving:
            see = self._operator.store.see_videojob if word == "videojob" else self._operator.store.see_job
            if see(body, deleted=kind == "DELETED"):
                await self._operator.queue.add(body["metadata"]["name"])

    async def _reconcile(self) -> None:
        queue = self._operator.queue
        for _ in range(4):
            if not len(queue):
                return
            name = await queue.get()
            try:
                await self._operator.reconciler.reconcile(name)
            except _AWAY:
                await queue.failed(name)
                # The pause after a failure is over sooner or later.
                await queue.add(name)
                return
            await queue.done(name)

    async def catch_up(self) -> None:
        """Do all there is to do."""
        for what in ("resync", "rows", "claim", "confirm", "look", "rows", "look"):
            await self.act(what)
            await self.deliver(self._world.chance, everything=True)
        for _ in range(12):
            if not len(self._operator.queue):
                break
            await self.act("look")
            await self.deliver(self._world.chance, everything=True)


class World:
    """Everything, from one seed.

    Parameters
    ----------
    seed
        Of all that is drawn.
    broken
        A field of `MemoryTables` that breaks it.

    Attributes
    ----------
    tally
        How often what happened.
    """

    def __init__(self, seed: int, *, broken: str | None = None) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable world, no secret
        self.now = START
        self.tables = MemoryTables(lambda: self.now)
        if broken is not None:
            setattr(self.tables, broken, True)
        self.tally: Counter[str] = Counter()
        self.checkpoints = Checkpoints()
        self._quiet = False
        self._depth = 0
        first = Site("one/runops")
        self.sites = [first]
        self.replicas = [Replica(self, first)]
        if self.chance.random() < 0.5:
            self.replicas.append(Replica(self, first))
        if self.chance.random() < 0.4:
            self.sites.append(Site("two/runops"))
            self.replicas.append(Replica(self, self.sites[1]))
        self.rival = Rival(self.tables, conditional=self.chance.random() < 0.5) if self.chance.random() < 0.3 else None
        self._added = [self.tables.add() for _ in range(self.chance.randint(1, 3))]
        self._touched: set[UUID] = set()

    async def live(self, steps: int) -> None:
        """Let so many steps happen, then let everything come to rest; raise a Violation where a promise was broken."""
        for _ in range(steps):
            await self._step()
        await self._rest()
        self.check()

    async def happens(self, replica: Replica, call: str, failure: type[Exception], *, after: bool) -> None:
        """Decide what happens between two calls of an operator."""
        if replica.dead:
            raise Killed
        if call == "get_many" and not after and self.rival is not None:
            self.rival.finish_writing()
        if self._quiet:
            return
        fate = self.chance.random()
        if fate < 0.05 and self.rival is not None and (fate < 0.02 or (call == "claim_batch" and after)):
            self.rival.miss()
        if fate < 0.02:
            self.tally["an operator was killed"] += 1
            replica.dead = True
            raise Killed
        if fate < 0.05:
            self.tally["an answer was lost" if after else "a call failed"] += 1
            raise _failure(failure)
        if fate < 0.2 and not after and self._depth == 0:
            self._depth += 1
            try:
                await self._meanwhile(replica)
            finally:
                self._depth -= 1

    async def _meanwhile(self, replica: Replica) -> None:
        """Let others take steps while an operator waits for an answer."""
        others = [other for other in self.replicas if other is not replica]
        if others and self.chance.random() < 0.4:
            other = self.chance.choice(others)
            for what in self.chance.choices(("claim", "confirm", "look", "deliver", "rows"), k=2):
                if what == "deliver":
                    await other.deliver(self.chance)
                else:
                    await other.act(what)
        for _ in range(self.chance.choice((1, 1, 1, 8))):
            self._somebody_else()

    async def _step(self) -> None:
        replica = self.chance.choice(self.replicas)
        kind = self.chance.choices(
            ("claim", "confirm", "look", "rows", "resync", "deliver", "else", "time"), (3, 1, 6, 2, 1, 5, 9, 2), k=1
        )[0]
        if kind == "deliver":
            await replica.deliver(self.chance)
        elif kind == "else":
            self._somebody_else()
        elif kind == "time":
            self._pass_time(self.chance.choice((2, 30, 400, 4000)))
        else:
            await replica.act(kind)

    def _somebody_else(self) -> None:
        """Take a step of an actor that is no operator."""
        site = self.chance.choice(self.sites)
        what = self.chance.choices(
            ("pod", "worker", "end", "zombie", "garbage", "person", "rival"), (5, 9, 2, 1, 2, 1, 2), k=1
        )[0]
        if what == "pod":
            self._start_pods(site)
        elif what == "worker":
            self._work(site)
        elif what == "end":
            self._end_somebody(site)
        elif what == "zombie":
            self._cut_off(site)
        elif what == "garbage":
            site.cluster.collect_garbage()
        elif what == "person":
            self._person(site)
        elif self.rival is not None:
            self.rival.step(self.chance)

    def _start_pods(self, site: Site) -> None:
        cluster = site.cluster
        for name, job in cluster.jobs.items():
            pods = [pod for pod in cluster.pods if pod.startswith(f"{name}-")]
            over = (job.get("status") or {}).get("conditions")
            # Kubernetes says that a Job may start its pod twice.
            twice = len(pods) == 1 and self.chance.random() < 0.1
            self.tally["a pod was started twice"] += twice
            if not over and not job["spec"].get("suspend") and (not pods or twice):
                pod = cluster.run_pod(name)["metadata"]["name"]
                site.workers.append(Worker(cluster, self.tables, self.checkpoints, pod))
                return

    def _work(self, site: Site) -> None:
        working = [worker for worker in site.workers if not worker.over]
        if working:
            self.chance.choice(working).step()

    def _end_somebody(self, site: Site) -> None:
        working = [worker for worker in site.workers if not worker.over and worker.alive]
        if working:
            self.chance.choice(working).end(self.chance)

    def _cut_off(self, site: Site) -> None:
        """Remove a pod whose process goes on, as on a node that lost its connection."""
        working = [worker for worker in site.workers if not worker.over and worker.alive]
        if working:
            worker = self.chance.choice(working)
            self.tally["a worker was cut off"] += 1
            site.cluster.end_pod(worker.name, 1, pod=worker.pod, gone=True)

    def _person(self, site: Site) -> None:
        """Cancel, queue again, or delete, as people do."""
        what = self.chance.choice(("cancel", "again", "delete videojob", "delete job", "suspend"))
        self.tally["a person interfered"] += 1
        job_id = self.chance.choice(self._added)
        name = videojob_name(job_id)
        self.tables.writer = "person"
        if what == "cancel" and self.tables.rows[job_id].status == "processing":
            self.tables.set(job_id, status="cancelled")
        elif what == "again":
            self.tables.set(job_id, status="queued")
        elif what == "delete videojob" and name in site.cluster.videojobs:
            videojob = site.cluster.videojobs.pop(name)
            for events in site.cluster.watchers:
                events.append(("DELETED", "videojob", videojob))
        elif what == "delete job" and name in site.cluster.jobs:
            job = site.cluster.jobs.pop(name)
            for events in site.cluster.watchers:
                events.append(("DELETED", "job", job))
        elif what == "suspend" and name in site.cluster.videojobs:
            suspend = not site.cluster.videojobs[name]["spec"].get("suspend")
            site.cluster.edit_videojob(name, suspend=suspend)
        self.tables.writer = "operator"

    def _pass_time(self, seconds: float) -> None:
        if self.rival is not None:
            self.rival.finish_writing()
        self.now += timedelta(seconds=seconds)

    async def _rest(self) -> None:
        """Let nothing go wrong any more, until there is nothing to do."""
        self._quiet = True
        for site in self.sites:
            for name, videojob in list(site.cluster.videojobs.items()):
                if videojob["spec"].get("suspend"):
                    site.cluster.edit_videojob(name, suspend=False)
        for _ in range(25):
            if self.rival is not None:
                self.rival.finish()
            for replica in self.replicas:
                if replica.dead:
                    replica.start()
                await replica.catch_up()
            for site in self.sites:
                site.cluster.collect_garbage()
                self._start_pods(site)
                self._start_pods(site)
                for worker in [worker for worker in site.workers if not worker.over]:
                    while not worker.over:
                        worker.step()
            self._pass_time(4000)
            if self._at_rest():
                return

    def _at_rest(self) -> bool:
        rows = all(row.status in ENDED or row.status == "cancelled" for row in self.tables.rows.values())
        return rows and not any(self._unfinished(site) for site in self.sites)

    @staticmethod
    def _unfinished(site: Site) -> list[str]:
        return [
            name
            for name, videojob in site.cluster.videojobs.items()
            if not any(
                item["type"] == "Finished" and item["status"] == "True"
                for item in (videojob.get("status") or {}).get("conditions") or ()
            )
        ]

    def check(self) -> None:
        """Raise a Violation where a promise was broken."""
        self._count()
        for job_id, row in self.tables.rows.items():
            if row.status not in ENDED | {"cancelled"}:
                raise Violation(f"lost: the row is {row.status}", job_id)
            if self.tables.transcripts[job_id] > 1 or self.tables.sops[job_id] > 1:
                raise Violation("doubled: more than one result", job_id)
            if row.status == "completed" and not (self.tables.transcripts[job_id] and self.tables.sops[job_id]):
                raise Violation("lost: completed without results", job_id)
        self._check_ends()
        for site in self.sites:
            for name in self._unfinished(site):
                raise Violation("a VideoJob does not end", UUID(name.removeprefix("vj-")))
            for name in site.cluster.jobs:
                if name not in site.cluster.videojobs:
                    raise Violation("a Job without VideoJob stays", UUID(name.removeprefix("vj-")))

    def _count(self) -> None:
        claims = [row.claim for row in self.tables.rows.values() if row.claim is not None]
        self.tally["an attempt followed that counted"] += sum(claim.failures > 0 for claim in claims)
        self.tally["an attempt followed that did not count"] += sum(claim.waits > 0 for claim in claims)
        self.tally["a row was claimed again"] += sum(claim.attempt > 1 for claim in claims)
        self.tally["a rival worked"] += sum(change.by == "rival" for change in self.tables.changes)
        for change in self.tables.changes:
            self.tally[f"{change.by}: {change.after}"] += 1

    def _check_ends(self) -> None:
        """Check that each run of a row ended once, and was never set going again by anybody but a person."""
        ended: dict[UUID, bool] = {}
        for change in self.tables.changes:
            if change.by == "person":
                ended[change.job_id] = change.after == "cancelled"
            elif ended.get(change.job_id):
                raise Violation(f"doubled: a run that had ended was set to {change.after}", change.job_id)
            else:
                ended[change.job_id] = change.after in ENDED
        stale = timedelta(seconds=self.sites[0].config.stale_after_seconds)
        for taken in self.tables.taken:
            if taken.before.status != "queued" and taken.untouched <= stale:
                raise Violation(f"doubled: {taken.by} claimed a row of somebody else", taken.before.job_id)


def _failure(kind: type[Exception]) -> Exception:
    if kind is SupabaseError:
        return SupabaseError(ErrorKind.UNAVAILABLE, "Supabase is away")
    return ClusterError("the API server is away")


def run_world(seed: int, *, steps: int = 40, broken: str | None = None) -> Counter[str]:
    """Let one world live and return its tally; raise a Violation where a promise was broken."""

    async def live() -> Counter[str]:
        world = World(seed, broken=broken)
        await world.live(steps)
        return world.tally

    return asyncio.run(live())
