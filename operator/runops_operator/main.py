"""The operator's entry point: settings, probes, leadership, and the tasks that run while this replica leads."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import kopf

from runops.environment import Environment, EnvironmentIncomplete, read_environment
from runops.failures import Reason
from runops.logs import configure_logs
from runops.memory import hide_memory
from runops.supabase.connection import Supabase
from runops_operator.assembly import Operator, assemble
from runops_operator.config import ConfigInvalid, OperatorConfig, load_config
from runops_operator.garbage import spare_the_collector
from runops_operator.health import serve_health
from runops_operator.informer.handlers import register
from runops_operator.informer.kopf_settings import NoMemories, kopf_settings
from runops_operator.informer.resync import Resync
from runops_operator.informer.watch_errors import WatchErrors
from runops_operator.installation_check import check_installation
from runops_operator.intake.missed_hints import NO_FEED
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from runops_operator.leader import Elector, identity
from runops_operator.observability.events import EventPoster
from runops_operator.observability.metrics import Metrics
from runops_operator.readiness import Readiness
from runops_operator.spending.claiming_condition import ClaimingCondition
from runops_operator.task_set import TaskSet

if TYPE_CHECKING:
    from runops.supabase.realtime import QueueFeed
    from runops_operator.observability.tracing import TraceSender

__all__ = ["run"]

_log = logging.getLogger(__name__)
_WAIT_FOR_SETTINGS_SECONDS = 5.0
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
    readiness, metrics
        What the process shows.
    """

    config: OperatorConfig
    environment: Environment
    cluster: KubernetesCluster
    supabase: Supabase
    readiness: Readiness
    metrics: Metrics


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
    _stop_on_signals()
    metrics = Metrics(by_user=config.user_metrics)
    readiness = Readiness(asyncio.get_running_loop().time)
    WatchErrors(metrics.watch_error).attach()
    health = await serve_health(config.health.port, alive=lambda: None, ready=readiness.check, metrics=metrics.text)
    try:
        environment = await _environment(readiness, metrics)
        async with (
            ApiServer(log_in, failed=metrics.cluster_error) as api,
            Supabase(environment.supabase_url, environment.supabase_key) as supabase,
        ):
            cluster = KubernetesCluster(api, config.namespace)
            await _operate(_Replica(config, environment, cluster, supabase, readiness, metrics))
    finally:
        await health.cleanup()


def _stop_on_signals() -> None:
    """End on a signal also before kopf runs, which then takes the signals over.

    The first process of a container has no default reaction to SIGTERM.
    """
    task = asyncio.current_task()
    if task is not None:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)


async def _environment(readiness: Readiness, metrics: Metrics) -> Environment:
    """Wait until addresses and keys are there and valid: a Secret may come after the operator."""
    while True:
        try:
            environment = read_environment(needs_gemini=False)
        except EnvironmentIncomplete as error:
            if readiness.trouble != str(error):
                _log.error("No rows are claimed: %s", error)
            readiness.trouble = str(error)
            metrics.intake_paused(Reason.MISCONFIGURED)
            await asyncio.sleep(_WAIT_FOR_SETTINGS_SECONDS)
        else:
            metrics.intake_paused(None)
            return environment


async def _operate(replica: _Replica) -> None:
    """Work as the only replica, or wait until this one leads; return when it must stop working."""
    election = replica.config.leader_election
    if not election.enabled:
        await _work(replica, TaskSet())
        return
    elector = Elector(replica.cluster, election, identity())
    replica.readiness.stand_by()
    if replica.config.cost.has_caps_over_videos:
        await _claiming_condition(replica).stand_by()
    waiting = TaskSet()
    waiting.start("settings", _until_settings_change(replica.environment))
    try:
        elected = await waiting.run_meanwhile(elector.lead())
        await waiting.end()
        # Where the settings changed first, the process ends and starts again with them.
        if elected:
            tasks = TaskSet()
            tasks.start("lease", elector.keep())
            await _work(replica, tasks)
    finally:
        await elector.give_back()


async def _work(replica: _Replica, tasks: TaskSet) -> None:
    """Claim rows and reconcile VideoJobs until one of the tasks ends; `tasks` may hold the lease already."""
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
        announce=_claiming_condition(replica).announce,
    )
    metrics.leads(True)
    # Before the first claim, since the free slots are counted from it.
    if not await tasks.run_meanwhile(_first_listing(operator.resync, replica.readiness)):
        await tasks.end()
        return
    replica.readiness.work(operator.intake.status)
    loops = {
        "intake": operator.intake.run(),
        "confirmation": operator.confirmation.run(),
        "reconciler": operator.reconciler.run(),
        "resync": operator.resync.run(),
        "rows": operator.rows.run(),
        "stopping": operator.stopping.run(),
        "backlog": operator.backlog.run(),
        "pace": operator.pace.run(),
        "spending": operator.spending.run(),
        "events": poster.run(),
        "settings": _until_settings_change(replica.environment),
    }
    if tracer is not None:
        loops["traces"] = tracer.run()
    if feed is not None:
        loops["realtime"] = feed.run()
    for name, loop in loops.items():
        tasks.start(name, loop)
    stop = asyncio.Event()
    # Last: kopf cancels every task that was started after it when it ends.
    tasks.start("kopf", _watch(operator, config.namespace, stop))
    _log.info("operator started", extra={"namespace": config.namespace, "installation": config.installation})
    await tasks.until_one_ends()
    replica.readiness.trouble = "stopping"
    metrics.leads(False)
    stop.set()
    tasks.cancel("intake")
    await operator.reconciler.drain(_DRAIN_SECONDS)
    await tasks.end()
    _log.info("operator stopped")


def _claiming_condition(replica: _Replica) -> ClaimingCondition:
    return ClaimingCondition(
        replica.cluster,
        pod=os.environ.get("RUNOPS_POD_NAME"),
        namespace=replica.config.namespace,
        now=lambda: datetime.now(UTC),
    )


async def _watch(operator: Operator, namespace: str, stop: asyncio.Event) -> None:
    """Have kopf watch VideoJobs and Jobs until `stop` is set."""
    registry = kopf.OperatorRegistry()
    register(registry, operator.store, operator.queue)
    await kopf.operator(
        registry=registry,
        settings=kopf_settings(),
        memories=NoMemories(),
        namespaces=[namespace],
        standalone=True,
        stop_flag=stop,
    )


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


async def _first_listing(resync: Resync, readiness: Readiness) -> None:
    """List the cluster; repeat that until it works."""
    while True:
        try:
            await resync.once()
        except NotFound:
            trouble = "The API server does not know VideoJobs: install the CustomResourceDefinition."
        except ClusterError as error:
            trouble = str(error)
        else:
            return
        if readiness.trouble != trouble:
            _log.error("%s", trouble)
        readiness.trouble = trouble
        await asyncio.sleep(_WAIT_FOR_SETTINGS_SECONDS)


async def _until_settings_change(current: Environment) -> None:
    """Return when the mounted Secret holds other values: the process ends, and its container starts again with them."""
    while True:
        await asyncio.sleep(_WAIT_FOR_SETTINGS_SECONDS)
        try:
            changed = read_environment(needs_gemini=False) != current
        except EnvironmentIncomplete:
            continue
        if changed:
            _log.info("the settings changed; the operator restarts")
            return
