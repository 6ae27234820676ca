"""The operator's entry point: settings, probes, and a replica that stands by, works and stands by again."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from functools import partial

from runops.environment import Environment, EnvironmentIncomplete, read_environment
from runops.failures import Reason
from runops.logs import configure_logs
from runops.memory import hide_memory
from runops.supabase.connection import Supabase
from runops_operator.config import ConfigInvalid, OperatorConfig, load_config
from runops_operator.garbage import spare_the_collector
from runops_operator.health import serve_health
from runops_operator.heartbeats import Heartbeats
from runops_operator.informer.watch_errors import WatchErrors
from runops_operator.installation_check import check_installation
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from runops_operator.leader import Elector, identity
from runops_operator.observability.metrics import Metrics
from runops_operator.readiness import Readiness
from runops_operator.replica import Replica
from runops_operator.task_set import TaskSet
from runops_operator.work import End, until_settings_change, work

__all__ = ["run"]

_log = logging.getLogger(__name__)
_WAIT_FOR_SETTINGS_SECONDS = 5.0


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
    loops = Heartbeats(clock)
    readiness = Readiness(clock, loops)
    metrics.look_at_loops(loops.working)
    WatchErrors(metrics.watch_error).attach()
    health = await serve_health(
        config.health.port, alive=loops.needs_a_restart, ready=readiness.check, metrics=metrics.text
    )
    try:
        environment = await _environment(readiness, metrics)
        async with (
            ApiServer(log_in, failed=metrics.cluster_error) as api,
            Supabase(environment.supabase_url, environment.supabase_key) as supabase,
        ):
            cluster = KubernetesCluster(api, config.namespace)
            await _operate(Replica(config, environment, cluster, supabase, readiness, metrics, loops, end_on_signals))
    finally:
        await health.cleanup()


def _end_on_signals(task: "asyncio.Task[None] | None") -> None:
    """End on a signal: the first process of a container has no default reaction to SIGTERM."""
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


async def _operate(replica: Replica) -> None:
    """Work whenever this replica leads, until the settings change.

    To lose the Lease is no failure: on a machine without processor time every replica loses it now and then. A process
    that ended would be started again with growing pauses, and for minutes nobody would lead.
    """
    if not replica.config.leader_election.enabled:
        while await work(replica) is not End.SETTINGS_CHANGED:
            _log.info("the work begins anew")
        return
    beat = replica.loops.begin("election")
    elector = Elector(replica.cluster, replica.config.leader_election, identity(), beat=beat)
    try:
        while await _leads(replica, elector):
            if await work(replica, elector.keep()) is End.SETTINGS_CHANGED:
                return
            # So that the other replica need not wait until the Lease has expired.
            await elector.give_back()
    finally:
        replica.readiness.trouble = "stopping"
        await elector.give_back()


async def _leads(replica: Replica, elector: Elector) -> bool:
    """Stand by until this replica leads; False where the settings changed before."""
    replica.readiness.stand_by()
    replica.metrics.stands_by()
    if replica.config.cost.has_caps_over_videos:
        await replica.claiming_condition().stand_by()
    waiting, beat = TaskSet(), replica.loops.begin("settings")
    waiting.start("settings", until_settings_change(replica.environment, beat))
    try:
        # Where the settings changed first, the process ends and starts again with them.
        return await waiting.run_meanwhile(elector.lead())
    finally:
        await waiting.end()
        replica.loops.end(beat)
