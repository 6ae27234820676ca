"""The work of a replica while it leads. It can be repeated in one process: everything it starts, it ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any

from runops.environment import Environment, EnvironmentIncomplete, read_environment
from runops.logs import error_text
from runops.polling import backoff
from runops_operator.assembly import Operator, assemble
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import Heartbeat
from runops_operator.informer.kopf_run import run_kopf
from runops_operator.informer.kopf_settings import WATCH_SECONDS
from runops_operator.informer.watches import WATCHED, Watches
from runops_operator.intake.missed_hints import NO_FEED
from runops_operator.leader import identity
from runops_operator.observability.events import EventPoster
from runops_operator.observability.metrics import Metrics
from runops_operator.replica import Replica
from runops_operator.task_set import TaskSet

if TYPE_CHECKING:
    from runops.supabase.realtime import QueueFeed
    from runops_operator.observability.tracing import TraceSender

__all__ = ["End", "until_settings_change", "work"]

_log = logging.getLogger(__name__)
_DRAIN_SECONDS = 10.0
_SETTINGS_SECONDS = 5.0
_LONG_TURN_SECONDS = 300.0
"""For loops whose turns are many requests, each of which may be repeated."""


class End(Enum):
    """Why the work ended."""

    LEASE_LOST = auto()
    SETTINGS_CHANGED = auto()
    BEGINS_ANEW = auto()
    """Nothing that was known of the cluster holds any more."""


class _Loops:
    """The loops of one period of work, each with its heartbeat."""

    def __init__(self, replica: Replica, tasks: TaskSet) -> None:
        self._replica = replica
        self._tasks = tasks
        self._beats: list[Heartbeat] = []

    def beat(self, name: str, *, turn_seconds: float = 45.0, essential: bool = True) -> Heartbeat:
        """Return the heartbeat of a loop."""
        beat = self._replica.loops.begin(name, turn_seconds=turn_seconds, essential=essential)
        self._beats.append(beat)
        return beat

    def start(
        self, name: str, run: Callable[[Heartbeat], Coroutine[Any, Any, None]], *, turn_seconds: float = 45.0
    ) -> None:
        """Start a loop without which there is no work; when it ends, the work ends."""
        self._tasks.start(name, run(self.beat(name, turn_seconds=turn_seconds)))

    def start_beside(self, name: str, run: Callable[[Heartbeat], Awaitable[None]]) -> None:
        """Start a loop that only shows or hastens the work; when it ends, it begins anew."""
        self._tasks.start(name, _again_and_again(name, run, self.beat(name, essential=False)))

    def end(self) -> None:
        """Forget the heartbeats."""
        self._replica.loops.end(*self._beats)


async def _again_and_again(name: str, run: Callable[[Heartbeat], Awaitable[None]], beat: Heartbeat) -> None:
    failures = 0
    while True:
        trouble = "it ended."
        try:
            await run(beat)
        except Exception as error:  # noqa: BLE001 - what only shows the work must not end it
            trouble = error_text(error)
            _log.exception("Unexpected error in the loop %r; it begins anew.", name)
        failures += 1
        pause = backoff(failures, base=1.0)
        beat.failed(trouble, next_within=pause)
        await asyncio.sleep(pause)


async def work(replica: Replica, lease: Coroutine[Any, Any, None] | None = None) -> End:
    """Claim rows and reconcile VideoJobs until something ends it.

    Parameters
    ----------
    replica
        What is worked with.
    lease
        Keeps the Lease, and returns when it is lost; None where this is the only replica.

    Raises
    ------
    Exception
        An unexpected error of a loop. Only a new process is sure to be without its cause.
    """
    config, metrics = replica.config, replica.metrics
    poster = EventPoster(
        replica.cluster,
        namespace=config.namespace,
        instance=identity(),
        now=lambda: datetime.now(UTC),
        dropped=partial(metrics.dropped, "event"),
    )
    tracer = _tracer(config, metrics)
    wake = asyncio.Event()
    feed = _feed(config, replica.environment, wake)
    operator = assemble(
        config,
        replica.cluster,
        replica.supabase,
        metrics,
        observers=[poster.see] if tracer is None else [poster.see, tracer.see],
        wake=wake,
        feed=NO_FEED if feed is None else feed,
        announce=replica.claiming_condition().announce,
    )
    tasks = TaskSet()
    loops = _Loops(replica, tasks)
    if lease is not None:
        tasks.start("lease", lease)
    try:
        tasks.start("settings", until_settings_change(replica.environment, loops.beat("settings")))
        resync_beat = loops.beat("resync")
        # Before the first claim, since the free slots are counted from it.
        if await tasks.run_meanwhile(operator.resync.first(resync_beat)):
            tasks.start("resync", operator.resync.run(resync_beat))
            loops.start("intake", operator.intake.run, turn_seconds=_LONG_TURN_SECONDS)
            loops.start("confirmation", operator.confirmation.run, turn_seconds=_LONG_TURN_SECONDS)
            loops.start("reconciler", lambda beat: operator.reconciler.run(beat=beat), turn_seconds=_LONG_TURN_SECONDS)
            loops.start("rows", operator.rows.run, turn_seconds=_LONG_TURN_SECONDS)
            loops.start("stopping", operator.stopping.run, turn_seconds=_LONG_TURN_SECONDS)
            loops.start("pace", operator.pace.run)
            loops.start("spending", operator.spending.run, turn_seconds=_LONG_TURN_SECONDS)
            loops.start_beside("backlog", operator.backlog.run)
            loops.start_beside("events", poster.run)
            if tracer is not None:
                loops.start_beside("traces", tracer.run)
            if feed is not None:
                loops.start_beside("realtime", partial(_run_feed, feed))
            tasks.start("watches", _watches(operator, replica, loops).run())
            replica.readiness.work(operator.intake.status)
            metrics.leads(lambda: replica.loops.trouble() is None)
            _log.info("operator started", extra={"namespace": config.namespace, "installation": config.installation})
            await tasks.until_one_ends()
    finally:
        replica.readiness.trouble = "stopping"
        metrics.stands_by()
        if not tasks.has_ended("lease"):
            # As long as the Lease is ours, what was begun is brought to its end.
            tasks.cancel("intake")
            await operator.reconciler.drain(_DRAIN_SECONDS)
        try:
            await tasks.end()
        finally:
            loops.end()
            if tracer is not None:
                await tracer.close()
        _log.info("operator stopped")
    if tasks.has_ended("settings"):
        return End.SETTINGS_CHANGED
    return End.LEASE_LOST if tasks.has_ended("lease") else End.BEGINS_ANEW


def _watches(operator: Operator, replica: Replica, loops: _Loops) -> Watches:
    async def run(outcome: Callable[[str, str | None], None], stop: asyncio.Event) -> None:
        await run_kopf(
            operator.store,
            operator.queue,
            namespace=replica.config.namespace,
            outcome=outcome,
            stop=stop,
            take_signals=replica.take_signals,
        )

    return Watches(
        run,
        beats={name: loops.beat(f"watch of {name}") for name in WATCHED},
        watch_seconds=WATCH_SECONDS,
        on_new_run=operator.resync.ask,
    )


async def _run_feed(feed: "QueueFeed", beat: Heartbeat) -> None:
    # It reconnects on its own, and the table is read more often meanwhile.
    beat.waits()
    await feed.run()


def _feed(config: OperatorConfig, environment: Environment, wake: asyncio.Event) -> "QueueFeed | None":
    if not config.realtime.enabled:
        return None
    # Most installations do without it.
    from runops.supabase.realtime import QueueFeed  # noqa: PLC0415 - see above

    return QueueFeed(environment.supabase_url, environment.supabase_key, on_row=wake.set)


def _tracer(config: OperatorConfig, metrics: Metrics) -> "TraceSender | None":
    if config.tracing.endpoint is None:
        return None
    # OpenTelemetry takes half a second and 5 MB to load, and most installations send no traces.
    from runops_operator.observability.tracing import TraceSender, exporter  # noqa: PLC0415 - see above

    return TraceSender(
        exporter(config.tracing.endpoint),
        namespace=config.namespace,
        installation=config.installation,
        ratio=config.tracing.sample_ratio,
        dropped=partial(metrics.dropped, "trace"),
    )


async def until_settings_change(current: Environment, beat: Heartbeat) -> None:
    """Return when the mounted Secret holds other values: the process ends, and its container starts again with them."""
    while True:
        beat.turned(next_within=_SETTINGS_SECONDS)
        await asyncio.sleep(_SETTINGS_SECONDS)
        try:
            changed = read_environment(needs_gemini=False) != current
        except EnvironmentIncomplete:
            continue
        if changed:
            _log.info("the settings changed; the operator restarts")
            return
