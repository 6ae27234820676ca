"""The operator's entry point: settings, probes, leadership, and what runs while this replica leads."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import kopf

from runops.environment import Environment, EnvironmentIncomplete, read_environment
from runops.failures import Reason
from runops.logs import configure_logs
from runops.memory import hide_memory
from runops.supabase.connection import Supabase
from runops_operator.assembly import assemble
from runops_operator.config import ConfigInvalid, OperatorConfig, load_config
from runops_operator.garbage import spare_the_collector
from runops_operator.health import serve_health
from runops_operator.informer.handlers import register
from runops_operator.informer.kopf_settings import NoMemories, kopf_settings
from runops_operator.informer.resync import Resync
from runops_operator.informer.store import Observer
from runops_operator.informer.watch_errors import WatchErrors
from runops_operator.installation_check import check_installation
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.intake.missed_hints import NO_FEED
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from runops_operator.leader import Elector, identity
from runops_operator.observability.events import EventPoster
from runops_operator.observability.metrics import Metrics

if TYPE_CHECKING:
    from runops.supabase.realtime import QueueFeed
    from runops_operator.observability.tracing import TraceSender

__all__ = ["run"]

_log = logging.getLogger(__name__)
_WAIT_FOR_SETTINGS_SECONDS = 5.0
_UNREAD_FOR_SECONDS = 300.0
_DRAIN_SECONDS = 10.0


class _State:
    """What the probes are told."""

    def __init__(self, metrics: Metrics) -> None:
        self.trouble: str | None = "starting"
        self.standby = False
        self.intake: IntakeStatus | None = None
        self.metrics = metrics

    def alive(self) -> str | None:
        return None

    def ready(self) -> str | None:
        if self.standby or self.trouble is not None or self.intake is None:
            return self.trouble
        if self.intake.trouble is not None:
            read = self.intake.last_read_at
            now = asyncio.get_running_loop().time()
            if self.intake.needs_a_key or read is None or now - read > _UNREAD_FOR_SECONDS:
                return f"No rows are claimed: {self.intake.trouble}"
        return None


def run() -> None:
    """Run the operator until SIGTERM or SIGINT, or do what a subcommand says."""
    parser = argparse.ArgumentParser(
        prog="runops-operator",
        description="Claims rows of the Supabase table `jobs` and runs one Kubernetes Job per video.",
        epilog="Settings: $RUNOPS_CONFIG names a YAML file; SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY come from the "
        "files in $RUNOPS_SECRETS_DIR or from the environment.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    check = commands.add_parser("check", help="look whether an installation has everything it needs, and end")
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
    state = _State(Metrics(by_user=config.user_metrics))
    WatchErrors(state.metrics.watch_error).attach()
    health = await serve_health(config.health.port, alive=state.alive, ready=state.ready, metrics=state.metrics.text)
    try:
        environment = await _settings(state)
        async with (
            ApiServer(log_in, failed=state.metrics.cluster_error) as api,
            Supabase(environment.supabase_url, environment.supabase_key) as supabase,
        ):
            await _operate(config, environment, KubernetesCluster(api, config.namespace), supabase, state)
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


async def _settings(state: _State) -> Environment:
    """Wait until the settings are there and right: a Secret may come after the operator."""
    while True:
        try:
            environment = read_environment(needs_gemini=False)
        except EnvironmentIncomplete as error:
            if state.trouble != str(error):
                _log.error("No rows are claimed: %s", error)
            state.trouble = str(error)
            state.metrics.intake_paused(Reason.MISCONFIGURED)
            await asyncio.sleep(_WAIT_FOR_SETTINGS_SECONDS)
        else:
            state.metrics.intake_paused(None)
            return environment


async def _operate(
    config: OperatorConfig,
    environment: Environment,
    cluster: KubernetesCluster,
    supabase: Supabase,
    state: _State,
) -> None:
    """Work as the only replica, or wait until this one leads; return when it shall work no longer."""
    if not config.leader_election.enabled:
        await _work(config, environment, cluster, supabase, state, elector=None)
        return
    elector = Elector(cluster, config.leader_election, identity())
    state.trouble = None
    state.standby = True
    changed = asyncio.create_task(_until_settings_change(environment), name="settings")
    elected = asyncio.create_task(elector.lead(), name="election")
    try:
        await asyncio.wait({changed, elected}, return_when=asyncio.FIRST_COMPLETED)
        state.standby = False
        if elector.leads:
            await _work(config, environment, cluster, supabase, state, elector=elector)
    finally:
        for task in (changed, elected):
            task.cancel()
        await asyncio.gather(changed, elected, return_exceptions=True)
        await elector.give_back()


async def _work(
    config: OperatorConfig,
    environment: Environment,
    cluster: KubernetesCluster,
    supabase: Supabase,
    state: _State,
    *,
    elector: Elector | None,
) -> None:
    metrics = state.metrics
    poster = EventPoster(
        cluster,
        namespace=config.namespace,
        instance=identity(),
        now=lambda: datetime.now(UTC),
        dropped=partial(metrics.dropped, "event"),
    )
    tracer = _tracer(config, metrics)
    observers: list[Observer] = [poster.see] if tracer is None else [poster.see, tracer.see]
    wake = asyncio.Event()
    feed = _feed(config, environment, wake)
    operator = assemble(
        config,
        cluster,
        supabase,
        metrics,
        observers=observers,
        wake=wake,
        feed=NO_FEED if feed is None else feed,
    )
    # Kept while the first listing is waited for, which may take as long as the API server is away.
    ours = [] if elector is None else [asyncio.create_task(elector.keep(), name="lease")]
    metrics.leads(True)
    listing = asyncio.create_task(_first_listing(operator.resync, state), name="listing")
    await asyncio.wait({*ours, listing}, return_when=asyncio.FIRST_COMPLETED)
    if not listing.done():
        listing.cancel()
        return
    # With half of the cluster known, too many rows would be claimed.
    listing.result()
    state.intake, state.trouble = operator.intake.status, None
    registry = kopf.OperatorRegistry()
    register(registry, operator.store, operator.queue)
    # kopf cancels tasks that were made after its start when it ends, so ours are made before it.
    intake = asyncio.create_task(operator.intake.run(), name="intake")
    ours += [
        intake,
        asyncio.create_task(operator.confirmation.run(), name="confirmation"),
        asyncio.create_task(operator.reconciler.run(), name="reconciler"),
        asyncio.create_task(operator.resync.run(), name="resync"),
        asyncio.create_task(operator.rows.run(), name="rows"),
        asyncio.create_task(operator.stopping.run(), name="stopping"),
        asyncio.create_task(operator.backlog.run(), name="backlog"),
        asyncio.create_task(poster.run(), name="events"),
        *([] if tracer is None else [asyncio.create_task(tracer.run(), name="traces")]),
        *([] if feed is None else [asyncio.create_task(feed.run(), name="realtime")]),
        asyncio.create_task(_until_settings_change(environment), name="settings"),
    ]
    stop = asyncio.Event()
    watching = asyncio.create_task(
        kopf.operator(
            registry=registry,
            settings=kopf_settings(),
            memories=NoMemories(),
            namespaces=[config.namespace],
            standalone=True,
            stop_flag=stop,
        ),
        name="kopf",
    )
    _log.info("operator started", extra={"namespace": config.namespace, "installation": config.installation})
    ended, _ = await asyncio.wait({*ours, watching}, return_when=asyncio.FIRST_COMPLETED)
    state.trouble = "stopping"
    metrics.leads(False)
    stop.set()
    intake.cancel()
    await operator.reconciler.drain(_DRAIN_SECONDS)
    for task in (*ours, watching):
        task.cancel()
    await asyncio.gather(*ours, watching, return_exceptions=True)
    for task in ended:
        task.result()
    _log.info("operator stopped")


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


async def _first_listing(resync: Resync, state: _State) -> None:
    """Know the cluster before the first claim: the slots taken are counted from it."""
    while True:
        try:
            await resync.once()
        except NotFound:
            trouble = "The API server does not know VideoJobs: install the CustomResourceDefinition."
        except ClusterError as error:
            trouble = str(error)
        else:
            return
        if state.trouble != trouble:
            _log.error(trouble)
        state.trouble = trouble
        await asyncio.sleep(_WAIT_FOR_SETTINGS_SECONDS)


async def _until_settings_change(current: Environment) -> None:
    """Return when the mounted Secret holds other settings: the pod restarts with them."""
    while True:
        await asyncio.sleep(_WAIT_FOR_SETTINGS_SECONDS)
        try:
            changed = read_environment(needs_gemini=False) != current
        except EnvironmentIncomplete:
            continue
        if changed:
            _log.info("the settings changed; starting anew with them")
            return
