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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from runops.failures import Reason
from runops.job_row import RowStatus
from runops.supabase.errors import SupabaseError
from runops_operator.config import OperatorConfig
from tests.simulation.cluster import START, Event, Manifest
from tests.simulation.network import Call, Fate, Killed, Network
from tests.simulation.operator_process import Replica, Site
from tests.simulation.people import TTL_SECONDS, People
from tests.simulation.pods import Pods
from tests.simulation.promises import Promises
from tests.simulation.promises.violation import Violation
from tests.simulation.rival import Rival
from tests.simulation.table import Change, MemoryDatabase
from tests.simulation.worker import Nature

__all__ = ["Violation", "World", "run_world"]

_LONGEST_REST_SECONDS = 3 * 3600.0
_INSTANT_SECONDS = 1e-9
_TICK_SECONDS = 2.0
_EXPIRED_SECONDS = 500.0 + 50.0
"""So long after the end a VideoJob may be seen as finished only: by the comparison with the cluster."""
_JUMPS = (0.01, 0.5, 3.0, 3.0, 20.0, 20.0, 20.0, 60.0, 60.0, 150.0, 700.0, 5000.0)
"""Seconds for which a machine stands still."""
_FAULTS = (Reason.MODEL_UNAVAILABLE, Reason.STORAGE_UNAVAILABLE, Reason.KEY_REJECTED, Reason.WORKER_CRASHED)
_DRAINABLE = 0.3
"""The share of worlds in which somebody orders to drain."""
_DRAINS = 0.05
_NOTED = 0.4
"""The share of worlds in which an app writes to the metadata of rows and leaves `updated_at` as it was."""
_NOTES = 0.15
"""The share of steps before which it does, there."""
_LATE_RIVALS = 0.8
"""The share of consumers without claims that write over a claim late."""
WORKER = {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"}
_BOUND_OF_STEPS = 200_000
"""Of idle moments; a world that needs more does not come to rest."""


def config_of(cluster: str, **settings: Any) -> OperatorConfig:
    """Return the settings of an installation in a cluster: short deadlines, so that many of them pass in a world.

    Namespace and release have the same names in every cluster.
    """
    config = OperatorConfig.model_validate(
        {
            "release": "runops",
            "namespace": "runops",
            "confirmSeconds": 0.3,
            "staleAfterSeconds": 500,
            "rowsSeconds": 10,
            "resyncSeconds": 120,
            "ttlSecondsAfterFinished": TTL_SECONDS,
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
            "worker": WORKER,
            **settings,
        }
    )
    return config.named(f"uid-of-{cluster}")


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
        self.promises = Promises(self.database, self.sites, self.natures, self.now, acting=lambda: self.network.acting)
        self.database.on_change = self._row_changed
        self.rival = self._rival_of(seed) if self._draw(0.3) else None
        if self.rival is not None:
            self.rival.on_overwrite = self.promises.rivals.began
            self.rival.on_late = self.promises.rivals.began_late
        self.network.slow = self.chance.choice(("", "", "update", "update", "POST", "PATCH", "DELETE"))
        self.people = People(
            self.chance, self.database, self.sites, self.natures, self.promises.seen, orderly=self._draw(0.5)
        )
        self.pods = Pods(self.chance, self.database, self.network, self.natures, self.tally, fault=lambda: self._fault)
        self._fault: Reason | None = None
        """What every video meets just now."""
        self._steps = steps
        self._moments = 0
        self._calm_since: datetime | None = None
        self._calm_until: float | None = None
        self._broken: list[Violation] = []
        """What was found while a process made a call: it would take the exception for a failure of that call."""
        self._drains = random.Random(f"drains of {seed}")  # noqa: S311 - a repeatable world, no secret
        """A source of its own: worlds without a drain stay as they are."""
        self._drainable = self._drains.random() < _DRAINABLE
        self._ttls = random.Random(f"times to live of {seed}")  # noqa: S311 - a repeatable world, no secret
        self._notes = random.Random(f"notes of an app in {seed}")  # noqa: S311 - a repeatable world, no secret
        self._noted = self._notes.random() < _NOTED
        self._resting = False
        self._draining_out = False
        self._expiring = False
        self._over = False

    def _rival_of(self, seed: int) -> Rival:
        # A source of its own: worlds without late writes stay as they are.
        late = random.Random(f"late writes of {seed}")  # noqa: S311 - a repeatable world, no secret
        return Rival(
            self.database, conditional=self.chance.random() < 0.5, late=late if late.random() < _LATE_RIVALS else None
        )

    @property
    def tally(self) -> Counter[str]:
        """How often what happened."""
        return self.promises.seen.tally

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
        if self._broken:
            raise self._broken[0]

    async def _main(self, loop: asyncio.AbstractEventLoop) -> None:
        self._done: asyncio.Future[None] = loop.create_future()
        self._populate()
        await self._done

    def _populate(self) -> None:
        for cluster in ("one", *(("two",) if self._draw(0.4) else ())):
            settings: dict[str, Any] = {
                "maxConcurrent": self.chance.choice((1, 2, 2, 3)),
                "retryLimit": self.chance.choice((0, 1, 2)),
                "backfill": {"maxConcurrent": self.chance.choice((1, 1, 2))},
            }
            if self._draw(0.3):
                settings["maxConcurrentPerUser"] = 1
            if self._drainable:
                settings["drainConfigMap"] = "drain"
            settings["worker"] = WORKER | {
                "succeededJobTtlSeconds": self._ttls.choice((0, 0, 30)),
                "failedJobTtlSeconds": self._ttls.choice((0, 30, 86_400)),
            }
            site = Site(config_of(cluster, **settings), self.now, first_uid=1 + 1_000_000 * len(self.sites))
            if self._drainable:
                site.cluster.configmaps["drain"] = {"metadata": {"name": "drain"}, "data": {}}
            self.sites.append(site)
            site.api.on_delete = partial(self._check, self.promises.objects.job_deleted_by_operator, site)
            site.cluster.watchers.append(_Observer(partial(self._check, self.promises.objects.changed, site)))
            for _ in range(2 if self._draw(0.5) else 1):
                replica = Replica(
                    site,
                    self.database,
                    self.network,
                    now=self.now,
                    chance=self.chance,
                    on_page=partial(self._check, self.promises.order.page_read),
                )
                site.replicas.append(replica)
                replica.start()
        for _ in range(self.chance.randint(2, 6)):
            self.people.add_row()

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
                self.pods.tick(site)
                self.promises.calm.check(self.now(), self._calm_since)
                if self._resting and self._is_over():
                    self._calm_until = self.seconds
        if self.seconds >= self._calm_until:
            if not self._done.done():
                self._end_calm()
            return
        until = min(self._calm_until, *(site.next_tick for site in self.sites))
        left = max(until - self.seconds, 0.001)
        self.seconds += left if timeout is None else min(timeout, left)

    def _is_over(self) -> bool:
        """Return whether there is nothing left to wait for."""
        if self._draining_out:
            return not any(True for site in self._drained() for _ in self.promises.rest.undrained(site))
        if not self._expiring:
            return self.promises.rest.at_rest()
        return not any(True for site in self.sites for _ in self.promises.rest.undeleted(site))

    def _become_calm(self, seconds: float) -> None:
        self.network.become_calm()
        for site in self.sites:
            for process in (*(replica.process for replica in site.replicas), *site.workers):
                process.supabase_away = 0
        if self.rival is not None:
            self.rival.finish()
        self._calm_since, self._calm_until = self.now(), self.seconds + seconds
        self.promises.seen.calm_since = self._calm_since

    def _end_calm(self) -> None:
        if not self._resting:
            self.network.calm = False
            self._calm_since = self._calm_until = self.promises.seen.calm_since = None
        elif self._draining_out:
            for site in self._drained():
                for what in self.promises.rest.undrained(site):
                    raise what
                site.undrain()
                self.tally["a drain came to its end"] += 1
            self._draining_out, self.promises.seen.resting_since = False, self.now()
            self._become_calm(_LONGEST_REST_SECONDS)
        elif self._expiring:
            for site in self.sites:
                self.promises.rest.check_deleted(site, TTL_SECONDS)
            self.tally["finished VideoJobs were deleted in time"] += 1
            self._done.set_result(None)
        else:
            self.promises.rest.check()
            if self._draw(0.3):
                self._expiring, self._calm_until = True, self.seconds + TTL_SECONDS + _EXPIRED_SECONDS
            else:
                self._done.set_result(None)

    def _begin_rest(self) -> None:
        self._fault = None
        for site in self.sites:
            for replica in site.replicas:
                if replica.process.dead:
                    replica.start()
            for name, videojob in list(site.cluster.videojobs.items()):
                if videojob["spec"].get("suspend"):
                    site.cluster.edit_videojob(name, suspend=False)
        self._draining_out = any(True for _ in self._drained())
        self._resting, self.pods.may_start_twice = True, False
        self.promises.seen.resting_since = self.now()
        self._become_calm(_LONGEST_REST_SECONDS)

    # Steps.

    def _step(self, timeout: float | None) -> None:
        if self._drainable and self._drains.random() < _DRAINS:
            self._drain_or_undrain(self._drains.choice(self.sites))
        if self._noted and self._notes.random() < _NOTES:
            self.people.write_note(self._notes)
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
            self.seconds += self.chance.choice(_JUMPS)

    def _somebody_else(self) -> None:
        """Let one take a step who is no operator."""
        site = self.chance.choice(self.sites)
        what = self.chance.choices(
            (
                self.pods.start_due,
                self.pods.end_worker,
                self.pods.cut_off,
                self._collect_garbage,
                self.people.interfere,
                self._rival,
                self.people.queue_another,
                self._expire_lists,
                self._change_fault,
            ),
            (7, 2, 1, 2, 2, 3, 1, 1, 1),
        )[0]
        what(site)

    def _rival(self, site: Site) -> None:  # noqa: ARG002 - as the other steps
        if self.rival is not None:
            self.rival.step(self.chance)

    def _expire_lists(self, site: Site) -> None:
        site.api.expire_lists = True

    def _change_fault(self, site: Site) -> None:  # noqa: ARG002 - as the other steps
        self._fault = self.chance.choice((*_FAULTS, None, None)) if self._fault is None else None
        self.tally["a fault that all videos share"] += self._fault is not None

    def _drained(self) -> Iterator[Site]:
        return (site for site in self.sites if site.drained_at is not None)

    def _drain_or_undrain(self, site: Site) -> None:
        if site.drained_at is not None:
            site.undrain()
            return
        self.tally["a person ordered to drain"] += 1
        site.drain(self.seconds)

    def _collect_garbage(self, site: Site) -> None:
        site.cluster.collect_garbage()

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
            self.promises.rows.changed(change)
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
