"""The operator's entry point: settings, probes, and a replica that stands by, works and stands by again."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any

from runops.environment import Environment
from runops.failures import Reason
from runops.logs import configure_logs
from runops.memory import hide_memory
from runops.supabase.connection import Supabase
from runops_operator.assembly import Operator, assemble
from runops_operator.config import ConfigInvalid, OperatorConfig, load_config
from runops_operator.garbage import spare_the_collector
from runops_operator.health import serve_health
from runops_operator.heartbeats import Heartbeat, Heartbeats
from runops_operator.informer.kopf_run import run_kopf
from runops_operator.informer.kopf_settings import WATCH_SECONDS
from runops_operator.informer.watch_errors import WatchErrors
from runops_operator.informer.watches import WATCHED, Watches
from runops_operator.installation_check import check_installation
from runops_operator.installation_name import with_name
from runops_operator.intake.claiming_condition import ClaimingCondition
from runops_operator.intake.missed_hints import NO_FEED
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from runops_operator.leader import Elector, identity
from runops_operator.loops import LONG_TURN_SECONDS, Loops
from runops_operator.observability.events import EventPoster
from runops_operator.observability.metrics import Metrics
from runops_operator.readiness import Readiness
from runops_operator.settings_watch import settings_when_complete, until_settings_change
from runops_operator.task_set import TaskSet

if TYPE_CHECKING:
    from runops.supabase.realtime import QueueFeed
    from runops_operator.observability.tracing import TraceSender

__all__ = ["run"]

_log = logging.getLogger(__name__)
_DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Replica:
    """What this process works with, whether it leads or stands by.

    Attributes
    ----------
    config
        Settings of this installation.
    environment
        Addresses and keys of the Supabase project.
    cluster, supabase
        Clients, open while the process runs.
    readiness, metrics, heartbeats
        What the process shows.
    take_signals
        Has the process end on a signal. kopf takes the signals whenever it starts, so this is called after it.
    """

    config: OperatorConfig
    environment: Environment
    cluster: KubernetesCluster
    supabase: Supabase
    readiness: Readiness
    metrics: Metrics
    heartbeats: Heartbeats
    take_signals: Callable[[], None]


class _End(Enum):
    """Why the work ended."""

    LEASE_LOST = auto()
    SETTINGS_CHANGED = auto()
    BEGINS_ANEW = auto()
    """Nothing that was known of the cluster holds any more."""


def run() -> None:
    """Run the operator until SIGTERM or SIGINT, or do what a subcommand says."""
    parser = argparse.ArgumentParser(
        prog="runops-operator",
        description="Claims rows of the Supabase table `jobs` and runs one Kubernetes Job per video.",
        epilog="Settings: $RUNOPS_CONFIG names a YAML file; SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY come from the "
        "files in $RUNOPS_SECRETS_DIR or from the environment.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    check = commands.add_parser("check", help="check whether an installation has everything it needs, and exit")
    check.add_argument("--pods", metavar="LABELS", required=True, help="label selector of the operator's pods")
    arguments = parser.parse_args()
    try:
        config = load_config()
    except ConfigInvalid as error:
        sys.exit(f"runops-operator: {error}")
    configure_logs(config.log_level)
    hide_memory()
    if arguments.command == "check":
        sys.exit(asyncio.run(check_installation(config, pods=arguments.pods, say=print)))
    spare_the_collector()
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(config))


async def _serve(config: OperatorConfig) -> None:
    end_on_signals = partial(_end_on_signals, asyncio.current_task())
    end_on_signals()
    metrics, clock = Metrics(by_user=config.user_metrics), asyncio.get_running_loop().time
    heartbeats = Heartbeats(clock)
    readiness = Readiness(clock, heartbeats)
    metrics.look_at_loops(heartbeats.working)
    WatchErrors(metrics.watch_error).attach()
    health = await serve_health(
        config.health.port, alive=heartbeats.needs_a_restart, ready=readiness.check, metrics=metrics.text
    )

    def show(missing: str | None) -> None:
        readiness.trouble = missing or "The operator starts."
        metrics.intake_paused(Reason.MISCONFIGURED if missing else None)

    try:
        environment = await settings_when_complete(show)
        async with (
            ApiServer(log_in, failed=metrics.cluster_error) as api,
            Supabase(environment.supabase_url, environment.supabase_key) as supabase,
        ):
            cluster = KubernetesCluster(
                api, config.namespace, labels=config.common_labels, annotations=config.common_annotations
            )
            named = await with_name(config, cluster, show=show)
            await _operate(
                _Replica(named, environment, cluster, supabase, readiness, metrics, heartbeats, end_on_signals)
            )
    finally:
        await health.cleanup()


def _end_on_signals(task: "asyncio.Task[None] | None") -> None:
    """End on a signal: the first process of a container has no default reaction to SIGTERM."""
    if task is not None:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)


async def _operate(replica: _Replica) -> None:
    """Work whenever this replica leads, until the settings change.

    To lose the Lease is no failure: on a machine without processor time every replica loses it now and then. A process
    that ended would be started again with growing pauses, and for minutes nobody would lead.
    """
    if not replica.config.leader_election.enabled:
        while await _work(replica) is not _End.SETTINGS_CHANGED:
            _log.info("the work starts again")
        return
    beat = replica.heartbeats.begin("election")
    elector = Elector(replica.cluster, replica.config.leader_election, identity(), beat=beat)
    try:
        while await _leads(replica, elector):
            if await _work(replica, elector.keep()) is _End.SETTINGS_CHANGED:
                return
            # So that the other replica need not wait until the Lease has expired.
            await elector.give_back()
    finally:
        replica.readiness.trouble = "The operator stops."
        await elector.give_back()


async def _leads(replica: _Replica, elector: Elector) -> bool:
    """Stand by until this replica leads; False where the settings changed before."""
    replica.readiness.stand_by()
    replica.metrics.stands_by()
    await _claiming_condition(replica).stand_by()
    waiting, beat = TaskSet(), replica.heartbeats.begin("settings")
    waiting.start("settings", until_settings_change(replica.environment, beat))
    try:
        # Where the settings changed first, the process ends and starts again with them.
        return await waiting.run_meanwhile(elector.lead())
    finally:
        await waiting.end()
        replica.heartbeats.end(beat)


async def _work(replica: _Replica, lease: Coroutine[Any, Any, None] | None = None) -> _End:
    """Claim rows and reconcile VideoJobs until something ends it. It can be repeated: what it starts, it ends.

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
    )
    tasks = TaskSet()
    loops = Loops(tasks, replica.heartbeats)
    if lease is not None:
        tasks.start("lease", lease)
    try:
        loops.start("settings", partial(until_settings_change, replica.environment))
        resync = loops.beat("resync")
        # Before the first claim, since the free slots are counted from it.
        if await tasks.run_meanwhile(operator.resync.first(resync)):
            tasks.start("resync", operator.resync.run(resync))
            _start(operator, loops)
            loops.start_beside("backlog", operator.backlog.run)
            loops.start_beside("time left", operator.time_left.run)
            if operator.row_times is not None:
                loops.start_beside("row times", operator.row_times.run)
            loops.start_beside("events", poster.run)
            loops.start_beside("claiming condition", partial(_show_claiming, replica, operator))
            if tracer is not None:
                loops.start_beside("traces", tracer.run)
            if feed is not None:
                loops.start_beside("realtime", partial(_run_feed, feed))
            tasks.start("watches", _watches(operator, replica, loops).run())
            replica.readiness.work(operator.intake.status)
            metrics.leads(lambda: replica.heartbeats.trouble() is None)
            _log.info("operator started", extra={"namespace": config.namespace, "installation": config.installation})
            await tasks.until_one_ends()
    finally:
        replica.readiness.trouble = "The operator stops."
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
        return _End.SETTINGS_CHANGED
    return _End.LEASE_LOST if tasks.has_ended("lease") else _End.BEGINS_ANEW


def _start(operator: Operator, loops: Loops) -> None:
    loops.start("intake", operator.intake.run, turn_seconds=LONG_TURN_SECONDS)
    loops.start("confirmation", operator.confirmation.run, turn_seconds=LONG_TURN_SECONDS)
    loops.start("reconciler", lambda beat: operator.reconciler.run(beat=beat), turn_seconds=LONG_TURN_SECONDS)
    loops.start("rows", operator.rows.run, turn_seconds=LONG_TURN_SECONDS)
    loops.start("stopping", operator.stopping.run, turn_seconds=LONG_TURN_SECONDS)
    loops.start("pace", operator.pace.run, turn_seconds=LONG_TURN_SECONDS)
    loops.start("spending", operator.spending.run, turn_seconds=LONG_TURN_SECONDS)
    loops.start("drain", operator.drain.run, turn_seconds=LONG_TURN_SECONDS)


def _watches(operator: Operator, replica: _Replica, loops: Loops) -> Watches:
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


def _claiming_condition(replica: _Replica) -> ClaimingCondition:
    return ClaimingCondition(
        replica.cluster,
        pod=os.environ.get("RUNOPS_POD_NAME"),
        namespace=replica.config.namespace,
        now=lambda: datetime.now(UTC),
    )


async def _show_claiming(replica: _Replica, operator: Operator, beat: Heartbeat) -> None:
    status = operator.intake.status
    await _claiming_condition(replica).run(lambda: status.standstill, beat)


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
