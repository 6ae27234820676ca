"""Grants calls to workers while a quota per minute is used up, and tells how many more videos it can feed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from runops.job_row import Lane
from runops.logs import error_text
from runops.pacing.model_pace import MINUTE
from runops.pacing.pacer import Pacer
from runops.pacing.turns import Waiting
from runops.videojob_pace import PaceGranted
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, NotFound
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.pacing.call_status import RefusedCall, granted_in, models_of, waiting_calls
from runops_operator.pacing.kept_pace import KeptPace
from runops_operator.pacing.pace_cluster import PaceCluster
from runops_operator.pacing.pace_news import PaceNews

__all__ = ["PaceLoop"]

_log = logging.getLogger(__name__)
_IDLE_SECONDS = 60.0
_AGAIN_SECONDS = 1.0
_AT_ONCE = 10
_TRIES = 3
_OLD_SECONDS = 120.0
"""A refusal that was met longer ago says nothing about this minute."""


@dataclass(slots=True)
class _Queue:
    """The calls that wait for one model."""

    waiting: list[Waiting] = field(default_factory=list)

    @property
    def callers(self) -> int:
        return len({call.caller for call in self.waiting})

    @property
    def tokens(self) -> int:
        return sum(call.tokens for call in self.waiting)


class PaceLoop:
    """The loop.

    Parameters
    ----------
    cluster
        Has the VideoJobs.
    store
        Knows them.
    news
        What the watch said; it observes the store.
    kept
        Where the pace is kept.
    config
        Settings of this installation.
    metrics
        Show the pace.
    now
        The time, with its zone.
    minute
        Length of the minute that the model's API counts in, in seconds.
    """

    def __init__(
        self,
        *,
        cluster: PaceCluster,
        store: Store,
        news: PaceNews,
        kept: KeptPace,
        config: OperatorConfig,
        metrics: Metrics,
        now: Callable[[], datetime],
        minute: float = MINUTE,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._news = news
        self._kept = kept
        self._config = config
        self._metrics = metrics
        self._now = now
        self._minute = minute
        self._pacer: Pacer | None = None
        self._granted: dict[str, dict[str, int]] = {}
        """Calls granted so far, by uid of the VideoJob and by model: the status may be a moment behind."""
        self._since: dict[tuple[str, str, int], float] = {}
        self._queues: dict[str, _Queue] = {}
        self._trickled_at: dict[str, float] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Grant until cancelled. While the API server does not answer, nothing is granted."""
        while True:
            seconds, trouble = _AGAIN_SECONDS, None
            beat.moves()
            try:
                seconds = await self.once()
            except ClusterError as error:
                trouble = str(error)
                _log.warning("Pace: %s", error)
            except Exception as error:  # noqa: BLE001 - one unexpected VideoJob must never end the operator
                trouble = error_text(error)
                _log.exception("Unexpected error while calls were granted.")
            beat.ended(trouble, next_within=seconds)
            await self._news.wait(seconds)

    async def once(self) -> float:
        """Grant what may go now; return after how many seconds to look again.

        Raises
        ------
        ClusterError
            What is kept of the pace cannot be read.
        """
        now = self._now().timestamp()
        if self._pacer is None:
            self._pacer = Pacer(await self._kept.load(), now=now, minute=self._minute)
        refused = self._take_refusals(self._pacer, now)
        views = [view for view in self._store.unfinished() if _works(view)]
        self._look(views, now)
        next_at = [now + _IDLE_SECONDS]
        for model in sorted({*self._queues, *self._pacer.paces()}):
            next_at += self._grant(self._pacer, model, now)
        wrote = await self._write(self._pacer, views)
        await self._kept.save(self._pacer.state(), now=now, refused=refused)
        # Writing took time, which is part of the wait.
        return max(min(next_at) - self._now().timestamp(), 0.0) if wrote else _AGAIN_SECONDS

    def room(self, claimed: int) -> int | None:
        """Return how many more videos may begin so that all of them find their calls; None where nothing limits them.

        Parameters
        ----------
        claimed
            Rows that are claimed and have no VideoJob yet.
        """
        if self._pacer is None:
            return None
        now = self._now().timestamp()
        rooms: list[int] = []
        at_work = [models_of(view) for view in self._store.unfinished() if not _is_suspended(view)]
        for model in {self._config.models.transcribe, self._config.models.sop}:
            if not self._pacer.is_paced(model):
                continue
            queue = self._queues.get(model) or _Queue()
            coming = sum(model in models for models in at_work) - queue.callers + claimed
            room = self._pacer.room(model, waiting=len(queue.waiting), tokens=queue.tokens, coming=coming)
            if room is not None:
                rooms.append(max(room, self._trickle(self._pacer, model, queue, now)))
        return min(rooms, default=None)

    def _trickle(self, pacer: Pacer, model: str, queue: _Queue, now: float) -> int:
        """Let one more video begin now and then while no call waits: those at work spend their time on other things."""
        interval = self._minute / pacer.paces()[model].request_rate
        if queue.waiting or now - self._trickled_at.get(model, float("-inf")) < interval:
            return 0
        self._trickled_at[model] = now
        return 1

    def _take_refusals(self, pacer: Pacer, now: float) -> bool:
        news = [call for call in self._news.take() if _counts(call, pacer, now)]
        for call in news:
            model = call.refusal.model
            if not pacer.is_paced(model):
                _log.warning("a quota per minute is used up; calls take turns from now on", extra={"model": model})
            pacer.refuse(call.refusal, now=now)
            if model in pacer.paces():
                self._metrics.call_refused(model)
        return bool(news)

    def _look(self, views: Iterable[VideoJobView], now: float) -> None:
        """Find the calls that wait."""
        granted: dict[str, dict[str, int]] = {}
        since: dict[tuple[str, str, int], float] = {}
        queues: dict[str, _Queue] = {}
        for view in views:
            counts = Counter(self._granted.get(view.uid, {}))
            # The larger count of both: a grant that was written may not have come back yet.
            counts |= Counter({model: grant.calls for model, grant in granted_in(view).items()})
            granted[view.uid] = dict(counts)
            for call in waiting_calls(view, counts):
                key = (view.uid, call.model, call.number)
                since[key] = self._since.get(key, now)
                waiting = Waiting(
                    view.uid, view.user, since[key], call.tokens, call.number, backfill=view.lane is Lane.BACKFILL
                )
                queues.setdefault(call.model, _Queue()).waiting.append(waiting)
        self._granted, self._since, self._queues = granted, since, queues

    def _grant(self, pacer: Pacer, model: str, now: float) -> list[float]:
        """Count the calls that go now as granted; return when to look again."""
        queue = self._queues.get(model) or _Queue()
        turn = pacer.turn(model, queue.waiting, now=now)
        for call in turn.calls:
            counts = self._granted[call.caller]
            counts[model] = max(counts.get(model, 0), call.number)
        gone = set(turn.calls)
        queue.waiting = [call for call in queue.waiting if call not in gone]
        pace = pacer.paces().get(model)
        if pace is not None:
            self._metrics.call_granted(model, len(turn.calls))
            oldest = min((call.since for call in queue.waiting), default=now)
            self._metrics.pace(
                model,
                requests=pace.request_rate if pace.on else None,
                tokens=pace.token_rate if pace.on else None,
                waiting=len(queue.waiting),
                oldest_seconds=now - oldest,
            )
        return [] if turn.next_at is None else [turn.next_at]

    async def _write(self, pacer: Pacer, views: Iterable[VideoJobView]) -> bool:
        """Write the grants that are not in a status yet; tell whether all were written."""
        due = [(view, grants) for view in views if (grants := self._grants(pacer, view)) is not None]
        return all(await asyncio.gather(*(self._write_one(view, grants) for view, grants in due)))

    def _grants(self, pacer: Pacer, view: VideoJobView) -> list[PaceGranted] | None:
        """Return the grants of a VideoJob; None where its status says the same."""
        shown, counts = granted_in(view), self._granted[view.uid]
        named = {model for model in models_of(view) if pacer.is_paced(model)} | set(shown)
        named |= {model for model, calls in counts.items() if calls}
        grants = {
            model: PaceGranted(model=model, paced=pacer.is_paced(model), calls=counts.get(model, 0)) for model in named
        }
        return None if grants == shown else [grants[model] for model in sorted(grants)]

    async def _write_one(self, view: VideoJobView, grants: list[PaceGranted]) -> bool:
        status = {"pace": {"granted": [grant.model_dump(mode="json", by_alias=True) for grant in grants]}}
        version: int | None = view.version
        async with self._at_once:
            for _ in range(_TRIES):
                if version is None:
                    return True
                try:
                    self._store.see_videojob(
                        await self._cluster.patch_videojob_status(view.name, status, version=version)
                    )
                except Conflict:
                    # The worker reported its progress meanwhile.
                    version = await self._version_now(view)
                except NotFound:
                    return True
                except ClusterError as error:
                    _log.warning("a grant could not be written: %s", error)
                    return False
                else:
                    return True
        return False

    async def _version_now(self, view: VideoJobView) -> int | None:
        """Read a VideoJob again and return its version; None where it is gone, or is another one."""
        try:
            self._store.see_videojob(await self._cluster.get_videojob(view.name))
        except ClusterError:
            return view.version
        present = self._store.videojob(view.name)
        return present.version if present is not None and present.uid == view.uid else None


def _works(view: VideoJobView) -> bool:
    """Whether a worker may run for a VideoJob."""
    return view.status.worker_pod is not None and not _is_suspended(view) and not view.deleting


def _is_suspended(view: VideoJobView) -> bool:
    return view.spec is not None and view.spec.suspend


def _counts(call: RefusedCall, pacer: Pacer, now: float) -> bool:
    """Whether a refusal says something about now; after a change of leaders all VideoJobs are seen for a first time."""
    if not call.first_sight:
        return True
    known = pacer.paces().get(call.refusal.model)
    return call.at is not None and abs(now - call.at) <= _OLD_SECONDS and (known is None or call.at > known.refused_at)
