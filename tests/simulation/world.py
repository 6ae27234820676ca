"""A world in which everything goes wrong: operators, workers, people, and consumers without claims.

The operators' real loops run on a clock that the world moves. Each of their calls waits until the world lets it
through. Whenever nothing can go on, one step is drawn: calls go through, fail, or lose their answer; a process is
killed; time passes; a person, a worker, a pod or another consumer does something. In the end nothing goes wrong any
more, and everything has to come to rest within a bounded time.
"""

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from runops.job_row import RowStatus
from runops.supabase.errors import SupabaseError
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from tests.simulation.cluster import START, Event, Manifest
from tests.simulation.network import Call, Fate, Killed, Network
from tests.simulation.operator_process import Replica, Site, table_of
from tests.simulation.promises import ENDED, Promises, Violation
from tests.simulation.rival import Rival
from tests.simulation.table import Change, MemoryDatabase
from tests.simulation.worker import Nature, Worker

__all__ = ["Violation", "World", "run_world"]

_LONGEST_REST_SECONDS = 3 * 3600.0
_INSTANT_SECONDS = 1e-9
_TICK_SECONDS = 2.0
_TTL_SECONDS = 600
_EXPIRED_SECONDS = 500.0 + 50.0
"""So long after the end a VideoJob may be seen as finished only: by the comparison with the cluster."""
_JUMPS = (0.01, 0.5, 3.0, 3.0, 20.0, 20.0, 20.0, 60.0, 60.0, 150.0, 700.0, 5000.0)
"""Seconds for which a machine stands still."""
_BOUND_OF_STEPS = 200_000
"""Of idle moments; a world that needs more does not come to rest."""
_USERS = ("6f1d2c1e-3b0a-4d52-9c53-0b8f0f3a7d11", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
_NATURES: Mapping[Nature, int] = {
    Nature.GOOD: 60,
    Nature.FAILS: 9,
    Nature.DAMAGED: 5,
    Nature.HANGS: 8,
    Nature.NEVER_STARTS: 5,
    Nature.JOB_REFUSED: 4,
    Nature.NO_USER: 4,
    Nature.WRITE_REFUSED: 2,
    Nature.UNDELETABLE: 3,
}


def config_of(installation: str, **settings: Any) -> OperatorConfig:
    """Return the settings of an installation: short deadlines, so that many of them pass in a world."""
    return OperatorConfig.model_validate(
        {
            "installation": installation,
            "namespace": "runops",
            "confirmSeconds": 0.3,
            "staleAfterSeconds": 500,
            "rowsSeconds": 10,
            "resyncSeconds": 120,
            "ttlSecondsAfterFinished": _TTL_SECONDS,
            "poll": {"busySeconds": 5, "idleSeconds": 20, "busyWindowSeconds": 20},
            "deadlines": {
                "claimedSeconds": 60,
                "unschedulableSeconds": 60,
                "imagePullSeconds": 60,
                "startingSeconds": 60,
                "noProgressSeconds": 120,
                "cancellingSeconds": 30,
                "waitingSeconds": 300,
            },
            "prompts": {"configMap": "prompts-1"},
            "worker": {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"},
            **settings,
        }
    )


class _Idle(selectors.SelectSelector):
    """Asks the world what happens next, instead of waiting."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._world.idle(timeout)
        else:
            # Work takes time. Else a timer that is due less than the loop's resolution from now would be set for ever.
            self._world.seconds += _INSTANT_SECONDS
        return []


class _Loop(asyncio.SelectorEventLoop):
    """An event loop on the world's clock."""

    def __init__(self, world: "World") -> None:
        self._world = world
        super().__init__(_Idle(world))

    def time(self) -> float:
        return self._world.seconds


class _Observer(list[Event]):
    """Receives each event of a cluster at once."""

    def __init__(self, see: Callable[[str, str, Manifest], None]) -> None:
        super().__init__()
        self._see = see

    def append(self, event: Event) -> None:
        self._see(*event)


class World:
    """Everything, from one seed.

    Parameters
    ----------
    seed
        Of all that is drawn.
    steps
        How many steps are drawn before everything has to come to rest.
    """

    def __init__(self, seed: int, *, steps: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable world, no secret
        self.seconds = 0.0
        self.network = Network()
        self.database = MemoryDatabase(self.now)
        self.natures: dict[UUID, Nature] = {}
        self.sites: list[Site] = []
        self.promises = Promises(self.database, self.sites, self.natures, self.now)
        self.database.on_change = self._row_changed
        self.rival = Rival(self.database, conditional=self.chance.random() < 0.5) if self._draw(0.3) else None
        if self.rival is not None:
            self.rival.on_overwrite = self.promises.rival_began
        self.network.slow = self.chance.choice(("", "", "update", "update", "POST", "PATCH", "DELETE"))
        self._orderly = self._draw(0.5)
        self._steps = steps
        self._moments = 0
        self._calm_since: datetime | None = None
        self._calm_until: float | None = None
        self._broken: list[Violation] = []
        """What was found while a process made a call: it would take the exception for a failure of that call."""
        self._resting = False
        self._expiring = False
        self._over = False

    @property
    def tally(self) -> Counter[str]:
        """How often what happened."""
        return self.promises.tally

    def now(self) -> datetime:
        """Return the time."""
        return START + timedelta(seconds=self.seconds)

    def run(self) -> None:
        """Let it happen; raise a Violation where a promise is broken."""
        loop = _Loop(self)
        # What draws without a source of its own, as pauses do, is to be the same each time.
        state = random.getstate()
        random.seed(self.chance.random())
        try:
            loop.run_until_complete(self._main(loop))
        finally:
            random.setstate(state)
            self._over = True
            _end_tasks(loop)
            loop.close()

    async def _main(self, loop: asyncio.AbstractEventLoop) -> None:
        self._done: asyncio.Future[None] = loop.create_future()
        self._populate()
        await self._done

    def _populate(self) -> None:
        for installation in ("one/runops", *(("two/runops",) if self._draw(0.4) else ())):
            settings: dict[str, Any] = {
                "maxConcurrent": self.chance.choice((1, 2, 2, 3)),
                "retryLimit": self.chance.choice((0, 1, 2)),
            }
            if self._draw(0.3):
                settings["maxConcurrentPerUser"] = 1
            site = Site(config_of(installation, **settings), self.now, first_uid=1 + 1_000_000 * len(self.sites))
            self.sites.append(site)
            site.api.on_delete = partial(self._check, self.promises.job_deleted_by_operator, site)
            site.cluster.watchers.append(_Observer(partial(self._check, self.promises.object_changed, site)))
            for _ in range(2 if self._draw(0.5) else 1):
                replica = Replica(
                    site,
                    self.database,
                    self.network,
                    now=self.now,
                    chance=self.chance,
                    on_page=partial(self._check, self.promises.page_read),
                )
                site.replicas.append(replica)
                replica.start()
        for _ in range(self.chance.randint(2, 6)):
            self._add_row()

    # Whenever nothing can go on.

    def idle(self, timeout: float | None) -> None:
        """Decide what happens next."""
        self._moments += 1
        if self._broken and not self._over:
            raise self._broken[0]
        if self._over:
            self.seconds += timeout or 1.0
            return
        if self._moments > _BOUND_OF_STEPS:
            raise Violation("the operator works without an end")
        self._check_processes()
        if self._calm_until is not None:
            self._pass_calm_time(timeout)
        elif self._steps > 0:
            self._steps -= 1
            self._step(timeout)
        else:
            self._begin_rest()

    def _pass_calm_time(self, timeout: float | None) -> None:
        """Let pods and time go on as they should, until the calm is over."""
        assert self._calm_until is not None
        assert self._calm_since is not None
        for site in self.sites:
            if self.seconds >= site.next_tick:
                site.next_tick = self.seconds + _TICK_SECONDS
                self._tick(site)
                self.promises.calm(self.now(), self._calm_since)
                if self._resting and not self._expiring and self.promises.at_rest():
                    self._calm_until = self.seconds
        if self.seconds >= self._calm_until:
            if not self._done.done():
                self._end_calm()
            return
        until = min(self._calm_until, *(site.next_tick for site in self.sites))
        left = max(until - self.seconds, 0.001)
        self.seconds += left if timeout is None else min(timeout, left)

    def _become_calm(self, seconds: float) -> None:
        self.network.become_calm()
        for site in self.sites:
            for process in (*(replica.process for replica in site.replicas), *site.workers):
                process.supabase_away = 0
        if self.rival is not None:
            self.rival.finish()
        self._calm_since, self._calm_until = self.now(), self.seconds + seconds

    def _end_calm(self) -> None:
        if not self._resting:
            self.network.calm = False
            self._calm_since = self._calm_until = None
        elif self._expiring:
            for site in self.sites:
                self.promises.check_deleted(site, _TTL_SECONDS)
            self.tally["finished VideoJobs were deleted in time"] += 1
            self._done.set_result(None)
        else:
            self.promises.check_rest()
            if self._draw(0.3):
                self._expiring, self._calm_until = True, self.seconds + _TTL_SECONDS + _EXPIRED_SECONDS
            else:
                self._done.set_result(None)

    def _begin_rest(self) -> None:
        for site in self.sites:
            # Who was killed does not remember which pods it asked to stop, so nodes that were gone come back. Of pods
            # that begin to hang from now on none stays.
            site.cluster.stubborn.clear()
            for replica in site.replicas:
                if replica.process.dead:
                    replica.start()
            for name, videojob in list(site.cluster.videojobs.items()):
                if videojob["spec"].get("suspend"):
                    site.cluster.edit_videojob(name, suspend=False)
        self._resting = True
        self.promises.resting_since = self.now()
        self._become_calm(_LONGEST_REST_SECONDS)

    # Steps.

    def _step(self, timeout: float | None) -> None:
        calls = self.network.waiting
        weights = {
            self._answer: 24 if calls else 0,
            self._hurry: 8 if calls else 0,
            self._kill_or_start: 2,
            self._calm_for_a_while: 1,
            self._somebody_else: 14,
        }
        if self._draw(0.25):
            self._pass_time(timeout)
            return
        self.chance.choices(list(weights), list(weights.values()))[0]()

    def _answer(self) -> None:
        """Decide about some calls that wait."""
        for call in self.chance.sample(self.network.waiting, min(len(self.network.waiting), self.chance.randint(1, 4))):
            if call.name != self.network.slow or self._draw(0.2):
                self._decide(call)

    def _decide(self, call: Call) -> None:
        fate = self.chance.random()
        if fate < 0.82 or call.name == "watch":
            self.network.decide(call, Fate.THROUGH)
        elif fate < 0.92 and not call.answer:
            self.network.decide(call, Fate.ANSWER_WAITS)
        else:
            self.tally["an answer was lost" if call.answer else "a call failed"] += 1
            if call.answer and call.name == "update" and self.rival is not None:
                # Whether a claim whose answer is lost was written over, nobody can tell.
                self.rival.miss()
            for site in self.sites:
                site.disturbed_at = self.seconds
            if self._draw(0.4):
                call.process.supabase_away = 4
            self.network.decide(call, Fate.LOST)

    def _hurry(self) -> None:
        """Let many calls of one process through."""
        call = self.chance.choice(self.network.waiting)
        call.process.hurried = self.chance.choice((5, 10, 20))
        waiting = [other for other in self.network.waiting if other.process is call.process]
        for other in [other for other in waiting if other.name != self.network.slow]:
            self.network.decide(other, Fate.THROUGH)

    def _kill_or_start(self) -> None:
        replica = self.chance.choice([replica for site in self.sites for replica in site.replicas])
        if replica.process.dead:
            replica.start()
            return
        self.tally["an operator was killed"] += 1
        if self.rival is not None:
            self.rival.miss()
        replica.site.disturbed_at = self.seconds
        replica.process.kill()
        if self._draw(0.8):
            replica.start()

    def _calm_for_a_while(self) -> None:
        self._become_calm(self.chance.choice((3, 20, 60, 150)))

    def _pass_time(self, timeout: float | None) -> None:
        """Let time pass: up to the next timer, or as on a machine that stood still for that long."""
        if self.rival is not None:
            self.rival.finish_writing()
        if self._draw(0.6) and timeout is not None:
            self.seconds += timeout
        else:
            self.seconds += self.chance.choice(
                (0.01, 0.5, 3.0, 3.0, 20.0, 20.0, 20.0, 60.0, 60.0, 150.0, 700.0, 5000.0)
            )

    def _somebody_else(self) -> None:
        """Let one take a step who is no operator."""
        site = self.chance.choice(self.sites)
        what = self.chance.choices(
            (
                self._start_pods,
                self._end_worker,
                self._cut_off,
                self._collect_garbage,
                self._person,
                self._rival,
                self._new_row,
                self._expire_lists,
            ),
            (7, 2, 1, 2, 2, 3, 1, 1),
        )[0]
        what(site)

    # Rows and people.

    def _add_row(self) -> None:
        job_id = UUID(int=self.chance.getrandbits(128), version=4)
        natures = list(_NATURES)
        nature = self.chance.choices(natures, [_NATURES[nature] for nature in natures])[0]
        if nature is Nature.WRITE_REFUSED and not self._has_room_for_a_stuck_row():
            nature = Nature.GOOD
        self.natures[job_id] = nature
        user = self.chance.choice((*_USERS, None))
        metadata: dict[str, Any] | None = {"user_id": user} if user is not None else None
        if nature is Nature.NO_USER:
            metadata = {"user_id": "somebody"}
        self.database.insert(job_id, status="queued", metadata=metadata)
        for site in self.sites:
            if nature is Nature.JOB_REFUSED:
                site.cluster.refused.add(videojob_name(job_id))
            if nature is Nature.UNDELETABLE:
                site.cluster.finalizers.add(videojob_name(job_id))

    def _has_room_for_a_stuck_row(self) -> bool:
        """Return whether a slot is left beside one that a row takes which never ends."""
        configs = [site.config for site in self.sites]
        room = all(config.max_concurrent > 1 and config.max_concurrent_per_user is None for config in configs)
        return room and Nature.WRITE_REFUSED not in self.natures.values()

    def _new_row(self, site: Site) -> None:  # noqa: ARG002 - as the other steps
        if len(self.natures) < 9:
            self._add_row()

    def _rival(self, site: Site) -> None:  # noqa: ARG002 - as the other steps
        if self.rival is not None:
            self.rival.step(self.chance)

    def _expire_lists(self, site: Site) -> None:
        site.api.expire_lists = True

    def _collect_garbage(self, site: Site) -> None:
        site.cluster.collect_garbage()

    def _person(self, site: Site) -> None:
        """Cancel, queue again, delete, suspend, or make something by hand, as people do."""
        self.tally["a person interfered"] += 1
        cluster = site.cluster
        job_id = self.chance.choice(list(self.natures))
        name, row = videojob_name(job_id), self.database.rows[job_id]
        what = self.chance.choice(("cancel", "again", "delete job", "videojob by hand", "job by hand"))
        if not self._orderly:
            what = self.chance.choice((what, "delete videojob", "suspend"))
        if what == "cancel" and row.status == "processing":
            self._set(job_id, "cancelled")
        elif what == "again":
            self._set(job_id, "queued")
        elif what == "delete videojob" and name in cluster.videojobs:
            self.promises.slots_hold = False
            self.promises.deleted_by_hand.add(name)
            cluster.remove_videojob(name, uid=cluster.videojobs[name]["metadata"]["uid"])
        elif what == "delete job" and name in cluster.jobs:
            cluster.remove_job(name)
        elif what == "suspend" and name in cluster.videojobs:
            self.promises.slots_hold = False
            cluster.edit_videojob(name, suspend=not cluster.videojobs[name]["spec"].get("suspend"))
        elif what == "videojob by hand" and name not in cluster.videojobs and row.status in ENDED:
            self._make_videojob(site, name, job_id, row.raw_user)
        elif what == "job by hand" and name not in cluster.jobs:
            self._make_job(site, name)

    def _make_videojob(self, site: Site, name: str, job_id: UUID, user: Any) -> None:
        self.promises.by_hand.add(name)
        spec = {"jobId": str(job_id), **({"userId": user} if user is not None else {})}
        if self._draw(0.2):
            spec["retryLimit"] = "many"
        manifest = {"metadata": {"name": name}, "spec": {**spec, "ttlSecondsAfterFinished": _TTL_SECONDS}}
        site.cluster._create("videojob", site.cluster.videojobs, manifest)

    def _make_job(self, site: Site, name: str) -> None:
        """Make a Job of the same name that no VideoJob owns, such as one that a restored backup brings back."""
        owner = {"uid": "somebody-else", "controller": True, "kind": "VideoJob"}
        manifest = {"metadata": {"name": name, "ownerReferences": [owner], "annotations": {}}, "spec": {}}
        site.cluster._create("job", site.cluster.jobs, manifest)

    def _set(self, job_id: UUID, status: str) -> None:
        self.database.update(self.database.rows[job_id], {"status": status, "updated_at": "now"}, by="person")

    # Pods.

    def _tick(self, site: Site) -> None:
        """Let the Job controller, the garbage collector and the kubelet of a site do their work."""
        site.cluster.collect_garbage()
        while self._start_pods(site):
            pass
        for worker in site.workers:
            if not worker.over and not worker.alive and not worker.cut_off:
                worker.stop()
        for job_id, nature in self.natures.items():
            if nature is Nature.WRITE_REFUSED and self.database.rows[job_id].status == RowStatus.PROCESSING:
                self.database.refusing.add(job_id)

    def _start_pods(self, site: Site) -> bool:
        """Make the next pod that is due."""
        cluster = site.cluster
        for name, job in cluster.jobs.items():
            pods = [
                pod
                for pod in cluster.pods.values()
                if pod["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
            ]
            over = (job.get("status") or {}).get("conditions")
            if over or job["spec"].get("suspend") or "annotations" not in job["metadata"]:
                continue
            # Kubernetes says that a Job may start its pod twice.
            twice = len(pods) == 1 and not self._resting and self._draw(0.05)
            self.tally["a pod was started twice"] += twice
            if not pods or twice:
                self._start_pod(site, name)
                return True
        return False

    def _start_pod(self, site: Site, name: str) -> None:
        cluster = site.cluster
        nature = self.natures[UUID(name.removeprefix("vj-"))]
        if not cluster.jobs[name]["metadata"]["annotations"]:
            # What somebody else's Job runs is nothing of ours.
            nature = Nature.NEVER_STARTS
        pod = cluster.run_pod(name)["metadata"]["name"]
        if nature is Nature.NEVER_STARTS:
            cluster.wait_pod(pod, "ImagePullBackOff")
            return
        worker = Worker(cluster, self.database, self.network, pod)
        site.workers.append(worker)
        if nature is Nature.HANGS and self._draw(0.5):
            cluster.stubborn.add(pod)
        jobs = table_of(self.database, self.network, worker, by=worker.label)
        work = worker.work(jobs, nature, self.chance)
        worker.go(work, name=worker.label)

    def _end_worker(self, site: Site) -> None:
        working = [worker for worker in site.workers if not worker.over and worker.alive]
        if working:
            worker = self.chance.choice(working)
            if worker.pod not in site.cluster.stubborn:
                worker.end(self.chance)

    def _cut_off(self, site: Site) -> None:
        """Remove a pod whose process goes on, as on a node that lost its connection."""
        working = [worker for worker in site.workers if not worker.over and worker.alive]
        if working:
            worker = self.chance.choice(working)
            self.tally["a worker was cut off"] += 1
            worker.cut_off = True
            site.cluster.end_pod(worker.name, 1, pod=worker.pod, gone=True)

    def _check(self, promise: Callable[..., None], *what: Any) -> None:
        with self._noting():
            promise(*what)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep a Violation for the next idle moment, in which it ends the world."""
        try:
            yield
        except Violation as violation:
            self._broken.append(violation)

    def _row_changed(self, change: Change) -> None:
        with self._noting():
            self.promises.row_changed(change)
        claimed = change.before.status == RowStatus.QUEUED and change.after.claim is not None
        if claimed and self.rival is not None and not self.network.calm and self._draw(0.5):
            self.rival.had_read(change.job_id)

    # Processes.

    def _check_processes(self) -> None:
        """Raise a Violation where a loop of an operator ended that should go on; start it again after a restore."""
        for site in self.sites:
            for replica in site.replicas:
                process = replica.process
                if process.ended and not process.dead:
                    self._loop_ended(replica, process.ended.pop())
            for worker in site.workers:
                if worker.ended and not worker.dead:
                    error = worker.ended.pop().exception()
                    if error is not None and not isinstance(error, SupabaseError):
                        raise error
                    if error is not None:
                        # Supabase was away for too long: the real worker ends with that as its reason.
                        worker.give_up()

    def _loop_ended(self, replica: Replica, task: "asyncio.Task[Any]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is None and task.get_name() == "resync":
            self.tally["an operator started again since the cluster's history went back"] += 1
            replica.process.kill()
            replica.start()
            return
        if isinstance(error, Violation | Killed):
            raise error
        raise Violation(f"the loop {task.get_name()} of an operator ended: {error!r}", replica.site.installation)

    def _draw(self, likelihood: float) -> bool:
        return self.chance.random() < likelihood


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def run_world(seed: int, *, steps: int = 120) -> Counter[str]:
    """Let one world live and return its tally; raise a Violation where a promise was broken."""
    world = World(seed, steps=steps)
    world.run()
    world.tally["a pod was deleted by force"] += sum(site.api.forced for site in world.sites)
    world.tally["an error that nobody expects"] += sum(site.unexpected for site in world.sites)
    return world.tally
