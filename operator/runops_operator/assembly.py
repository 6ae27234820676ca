"""Puts the operator's parts together: the composition root, without kopf."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from runops.supabase.connection import Supabase
from runops_operator.breakers.breakers import Breakers
from runops_operator.config import Cost, OperatorConfig
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.informer.resync import Resync
from runops_operator.informer.store import Observer, Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.intake.adopt import Adopter
from runops_operator.intake.candidates import Candidates
from runops_operator.intake.chooser import Chooser
from runops_operator.intake.claiming import Claimer
from runops_operator.intake.confirm import Confirmation
from runops_operator.intake.intake import Intake
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.intake.missed_hints import NO_FEED, Hints, RowFeed
from runops_operator.intake.recording_size import RecordingSizes
from runops_operator.intake.refused_claims import RefusedClaims
from runops_operator.intake.rows import RowWatch
from runops_operator.intake.server_clock import ServerClock
from runops_operator.intake.slots import Slots
from runops_operator.kubernetes_api.cluster import Cluster
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.backlog import BacklogWatch
from runops_operator.observability.figures import Figures, snapshot
from runops_operator.observability.metrics import Metrics
from runops_operator.pacing.kept_pace import KeptPace
from runops_operator.pacing.pace_loop import PaceLoop
from runops_operator.pacing.pace_news import PaceNews
from runops_operator.reconcile.execute import Executor
from runops_operator.reconcile.hand_made import HandMadeSlots
from runops_operator.reconcile.observe import ObservationReader
from runops_operator.reconcile.reconciler import Reconciler
from runops_operator.reconcile.stopping import Stopping
from runops_operator.spending.spending_watch import SpendingWatch
from runops_operator.time_left.history import History
from runops_operator.time_left.row_times_loop import RowTimesLoop
from runops_operator.time_left.time_left_loop import TimeLeftLoop

__all__ = ["Operator", "assemble"]


@dataclass(frozen=True, slots=True)
class Operator:
    """The parts that run side by side."""

    store: Store
    queue: WorkQueue
    intake: Intake
    confirmation: Confirmation
    reconciler: Reconciler
    resync: Resync
    rows: RowWatch
    stopping: Stopping
    backlog: BacklogWatch
    pace: PaceLoop
    spending: SpendingWatch
    drain: DrainWatch
    time_left: TimeLeftLoop
    row_times: RowTimesLoop | None


def _show_caps(cost: Cost, metrics: Metrics) -> None:
    caps = {
        "month": cost.max_per_month_usd,
        "day": cost.max_per_day_usd,
        "user_day": cost.max_per_user_and_day_usd,
        "video": cost.max_per_video_usd,
    }
    for window, cap in caps.items():
        if cap is not None:
            metrics.spending_cap(window, float(cap))


def assemble(
    config: OperatorConfig,
    cluster: Cluster,
    supabase: Supabase,
    metrics: Metrics,
    *,
    observers: Sequence[Observer] = (),
    wake: asyncio.Event | None = None,
    feed: RowFeed = NO_FEED,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
) -> Operator:
    """Return an operator for a cluster and a project; nothing runs yet.

    Parameters
    ----------
    config
        Settings of this installation.
    cluster, supabase
        The Kubernetes cluster and the Supabase project.
    metrics
        Count what happens.
    observers
        Receive every newer view of a VideoJob.
    wake
        Set by others to have the table read at once.
    feed
        Sets `wake` for queued rows.
    now
        The clock of decisions; it gives times with their zone.
    clock
        In seconds; it never goes back. It measures for how long a row was not refreshed.
    """
    wake = wake or asyncio.Event()
    news = PaceNews()
    store, queue, jobs = (
        Store(Figures(metrics).see, news.see, *observers, own_names=config.names_of_videojobs),
        WorkQueue(),
        supabase.jobs,
    )
    spending = SpendingWatch(cluster, store, config.cost, show=metrics.spending, now=now)
    store.observe(spending.see, deleted=spending.see_deleted)
    breakers = Breakers(config, now)
    store.observe(breakers.see, deleted=breakers.see_deleted)
    history = History(now)
    store.observe(history.see, deleted=history.see_deleted)
    drain = DrainWatch(cluster, config, changed=wake.set)
    _show_caps(config.cost, metrics)
    metrics.look_at(videojobs=lambda: snapshot(store.videojobs()), depth=lambda: len(queue))
    adopter = Adopter(cluster=cluster, jobs=jobs, store=store, queue=queue, config=config)
    confirmation = Confirmation(
        jobs=jobs,
        adopter=adopter,
        config=config,
        breakers=breakers,
        metrics=metrics,
        now=now,
        sizes_of=RecordingSizes(supabase.storage).of,
        wake=wake,
    )
    rows = RowWatch(
        jobs=jobs,
        store=store,
        queue=queue,
        adopter=adopter,
        refused=lambda row, claim: confirmation.add(row, claim, Arrival()),
        config=config,
        metrics=metrics,
        clock=clock,
    )
    pace = PaceLoop(
        cluster=cluster,
        store=store,
        news=news,
        kept=KeptPace(cluster, config.pace_config_map),
        config=config,
        metrics=metrics,
        now=now,
    )
    hints, server_clock = Hints(wake, feed), ServerClock(now, lambda: supabase.clock_skew_seconds)
    refused_claims = RefusedClaims(clock)
    claimer = Claimer(
        jobs=jobs,
        adopter=adopter,
        confirmation=confirmation,
        refused=refused_claims,
        installation=config.installation,
        metrics=metrics,
        clock=server_clock,
    )
    hand_made = HandMadeSlots(store, adopter.users_in_hand, config, drain=drain, spending=spending.verdict)
    slots = Slots(
        store,
        confirmation,
        config,
        breakers=breakers,
        drain=drain,
        in_hand=adopter.count_in_hand,
        claiming=lambda: hand_made.claiming,
        spending=spending.verdict,
        room=pace.room,
    )
    intake = Intake(
        slots=slots,
        chooser=Chooser(
            candidates=Candidates(jobs, config),
            claimer=claimer,
            refused=refused_claims,
            hints=hints,
            clock=server_clock,
            config=config,
        ),
        claimer=claimer,
        recall=rows.once,
        hints=hints,
        status=IntakeStatus(metrics, now),
        poll=config.poll,
    )
    stopping = Stopping(
        cluster, store=store, now=now, deadline_seconds=config.deadlines.cancelling_seconds, metrics=metrics
    )
    executor = Executor(
        cluster=cluster,
        jobs=jobs,
        objects=supabase.storage,
        store=store,
        queue=queue,
        breakers=breakers,
        slots=hand_made,
        stopping=stopping,
        config=config,
        metrics=metrics,
        on_movement=intake.movement,
    )
    reader = ObservationReader(
        store=store,
        cluster=cluster,
        jobs=jobs,
        results=supabase.results,
        breakers=breakers,
        slots=hand_made,
        quiet_seconds=rows.quiet_seconds,
        now=now,
    )
    reconciler = Reconciler(
        queue=queue,
        store=store,
        cluster=cluster,
        reader=reader,
        executor=executor,
        config=config,
        metrics=metrics,
        now=now,
    )
    backlog = BacklogWatch(jobs, metrics, now=server_clock.now)
    resync = Resync(cluster=cluster, store=store, queue=queue, config=config, on_pod_without_job=stopping.follow)
    time_left = TimeLeftLoop(
        cluster=cluster, store=store, history=history, paused=lambda: breakers.pause() is not None, now=now
    )
    row_times = RowTimesLoop(
        jobs=jobs,
        store=store,
        history=history,
        config=config,
        paused=lambda: intake.status.standstill is not None,
        now=server_clock.now,
    )
    return Operator(
        store,
        queue,
        intake,
        confirmation,
        reconciler,
        resync,
        rows,
        stopping,
        backlog,
        pace,
        spending,
        drain,
        time_left,
        row_times if config.time_left.in_rows else None,
    )
