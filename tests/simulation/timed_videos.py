"""An installation at work in virtual time, whose videos take times like real ones; and what was expected of each end.

The operator's loops are the real ones. Each video has a length, and each stage takes a base and a time for each minute,
varied at random; some videos are far off. Every minute it is noted when each video is expected to end: as its
VideoJob shows it, and as readers of the tables alone see it. Afterwards it is known when it did.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.progress import Stage, percent
from runops.report import Report, StageTime, Usage
from runops.row_summary import RowSummary
from runops.supabase.jobs import JobsTable
from runops.time_left.of_rows import QueuedRow, row_times
from runops.time_left.took import Recording, Took
from runops.videojob import ModelChoice, videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.observability.metrics import Metrics
from tests.simulation.cluster import START, Manifest
from tests.simulation.operator_process import Replica, Site, table_of
from tests.simulation.shared_table import Kubelet, TimedNetwork
from tests.simulation.table import Change, MemoryDatabase
from tests.simulation.worker import Nature, Worker

__all__ = ["Arriving", "Expectation", "Load", "TimedVideos"]

_SAMPLE_SECONDS = 60.0
_BEAT_SECONDS = 10.0
_BYTES_PER_SECOND = 330_000
_STAGES = {
    Stage.PREPARING_VIDEO: (4.0, 8.0, 0.15),
    Stage.TRANSCRIBING: (8.0, 12.0, 0.25),
    Stage.PARSING_SOP: (12.0, 3.0, 0.3),
    Stage.FINALIZING: (1.0, 0.0, 0.3),
}
"""Base in seconds, seconds for each minute, and how much the logarithm varies."""
_FAR_OFF = 0.02
_START_SECONDS = (2.0, 8.0)
_FINISHED_READ = 100
"""As readers of the tables read."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A row to come.

    Attributes
    ----------
    at
        In seconds.
    user
        Whose it is.
    minutes
        Length of the recording.
    """

    at: float
    user: str | None
    minutes: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """What arrives, and what it meets.

    Attributes
    ----------
    rows
        By time.
    slots
        `maxConcurrent`.
    noted_from
        Seconds after which expectations are noted; videos before that are history.
    slower
        By how much a stage takes longer at a time.
    seed
        Of all that is drawn.
    """

    rows: Sequence[Arriving]
    slots: int = 10
    noted_from: float = 0.0
    slower: Callable[[float], float] = lambda _at: 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was expected of a video at a time, and what came of it. All in seconds from that time.

    Attributes
    ----------
    of
        `videojob` as its status shows it; `working row` and `waiting row` as readers of the tables see it.
    left
        When it ended.
    earliest, likely, latest
        What was expected; None where nothing was.
    mean
        What the mean of all finished videos before it says, without a range.
    """

    of: str
    left: float
    earliest: float | None
    likely: float | None
    latest: float | None
    mean: float


@dataclass(slots=True)
class _Noted:
    of: str
    job_id: UUID
    at: float
    earliest: float | None
    likely: float | None
    latest: float | None
    mean: float


@dataclass
class Figures:
    """What the operator did meanwhile.

    Attributes
    ----------
    writes
        Writes of expected ends.
    videos
        How many videos ended.
    seconds
        Of virtual time.
    """

    writes: int = 0
    videos: int = 0
    seconds: float = 0.0
    expectations: list[Expectation] = field(default_factory=list)


class _TimedWorker(Worker):
    """A worker whose stages take their times."""

    minutes = 5.0
    clock: Callable[[], datetime]
    slower: Callable[[], float]

    async def work(self, jobs: JobsTable, nature: Nature, chance: random.Random) -> None:  # noqa: ARG002 - as its base
        bound = await jobs.bind_pod(self.job_id, self.token, self.pod_uid, started=self.clock())
        assert bound is not None
        self.token, times = bound, []
        far_off = 3.0 if chance.random() < _FAR_OFF else 1.0
        for stage, (base, rate, varied) in _STAGES.items():
            seconds = (base + rate * self.minutes) * chance.lognormvariate(0, varied) * far_off * self.slower()
            times.append(StageTime(stage=stage, start_time=self.clock().isoformat(), seconds=seconds))
            self._tell(stage)
            if stage is Stage.TRANSCRIBING:
                known = Recording(seconds=60 * self.minutes, models=ModelChoice().transcribe)
                assert await jobs.say(self.job_id, self.token, {"recording": known.dump()})
            await self._stage(jobs, stage, seconds)
        for table in (self._database.transcripts, self._database.sops):
            assert self._database.write_result(table, self.job_id, self.token)
        took = Took.of(60 * self.minutes, times, models=ModelChoice().transcribe)
        assert await jobs.complete(self.job_id, self.token, said={"took": took.dump()})
        usage = Usage(media_seconds=round(60 * self.minutes))
        self.over = True
        report = Report(stage=Stage.COMPLETED, usage=usage, stages=tuple(times))
        self._cluster.end_pod(self.name, 0, report, pod=self.pod)
        self.dead = True

    async def _stage(self, jobs: JobsTable, stage: Stage, seconds: float) -> None:
        done = 0.0
        while True:
            shown = percent(stage, done / seconds)
            assert await jobs.heartbeat(self.job_id, self.token, stage=stage, percent=shown)
            step = min(_BEAT_SECONDS, seconds - done)
            await asyncio.sleep(step)
            done += step
            if done >= seconds:
                return

    def _tell(self, stage: Stage) -> None:
        status: dict[str, Any] = {"stage": stage.value}
        if stage is not Stage.PREPARING_VIDEO:
            status["usage"] = {"mediaSeconds": round(60 * self.minutes)}
        if self.name in self._cluster.videojobs:
            self._cluster.write("videojob", self._cluster.videojobs, self.name, {"status": status})


class TimedVideos:
    """The simulation. It runs on an event loop of virtual time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._chance = random.Random(load.seed)  # noqa: S311 - a repeatable run, no secret
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._database = MemoryDatabase(self._now)
        self._database.oldest_first = True
        self._database.on_change = self._see
        self._network = TimedNetwork(self._chance)
        self._minutes: dict[UUID, float] = {}
        self._arrived: dict[UUID, float] = {}
        self._claimed: dict[UUID, float] = {}
        self._ended: dict[UUID, float] = {}
        self._at_work: list[float] = []
        self._in_all: list[float] = []
        self._noted: list[_Noted] = []
        self._shown: dict[str, Any] = {}
        self._figures = Figures()
        self._site, self._replica = self._installation()

    async def run(self) -> Figures:
        """Let all rows arrive and end, and return what was expected of each and what came of it."""
        state = random.getstate()
        random.seed(self._load.seed)
        self._replica.start()
        arriving = asyncio.ensure_future(self._arrive())
        try:
            while len(self._ended) < len(self._load.rows):
                await asyncio.sleep(_SAMPLE_SECONDS)
                assert self._clock() < 1e6
                if self._clock() >= self._load.noted_from:
                    self._note()
        finally:
            arriving.cancel()
            self._replica.process.kill()
            for worker in self._site.workers:
                worker.stop()
            random.setstate(state)
            await asyncio.sleep(0)
        figures = self._figures
        figures.videos, figures.seconds = len(self._ended), self._clock()
        figures.expectations = [self._came_of(one) for one in self._noted]
        return figures

    def _installation(self) -> tuple[Site, Replica]:
        config = OperatorConfig.model_validate(
            {
                "installation": "cluster/runops",
                "namespace": "runops",
                "maxConcurrent": self._load.slots,
                "prompts": {"configMap": "prompts-1"},
                "worker": {"image": "worker:1", "serviceAccountName": "runops-worker", "secretName": "runops-keys"},
            }
        )
        site = Site(config, self._now, first_uid=1)
        replica = Replica(
            site,
            self._database,
            self._network,
            now=self._now,
            chance=self._chance,
            on_page=lambda _: None,
            metrics=Metrics(),
            reconcilers=20,
            shows_time_left=True,
        )

        def start(name: str) -> None:
            self._loop.call_later(self._chance.uniform(*_START_SECONDS), self._start_worker, name)

        site.cluster.watchers.append(Kubelet(start))
        return site, replica

    def _start_worker(self, name: str) -> None:
        job: Manifest | None = self._site.cluster.jobs.get(name)
        assert job is not None
        pod = self._site.cluster.run_pod(name)["metadata"]["name"]
        worker = _TimedWorker(self._site.cluster, self._database, self._network, pod)
        worker.minutes, worker.clock = self._minutes[worker.job_id], self._now
        worker.slower = lambda: self._load.slower(self._clock())
        self._site.workers.append(worker)
        jobs = table_of(self._database, self._network, worker, by=worker.label)
        worker.go(worker.work(jobs, Nature.GOOD, self._chance), name="start")

    async def _arrive(self) -> None:
        for row in self._load.rows:
            await asyncio.sleep(max(0.0, row.at - self._clock()))
            job_id = UUID(int=self._chance.getrandbits(128), version=4)
            self._minutes[job_id], self._arrived[job_id] = row.minutes, self._clock()
            self._database.sizes[f"videos/raw/{job_id}.mp4"] = int(60 * row.minutes * _BYTES_PER_SECOND)
            metadata = None if row.user is None else {"user_id": row.user}
            self._database.insert(job_id, status="queued", metadata=metadata)

    def _see(self, change: Change) -> None:
        before, after, at = change.before, change.after, self._clock()
        if before.status == RowStatus.QUEUED and after.status == RowStatus.PROCESSING:
            self._claimed[change.job_id] = at
        if after.status != before.status and after.status in {RowStatus.COMPLETED, RowStatus.ERROR}:
            assert after.status == RowStatus.COMPLETED, after.error
            self._ended[change.job_id] = at
            self._at_work.append(at - self._claimed[change.job_id])
            self._in_all.append(at - self._arrived[change.job_id])

    def _note(self) -> None:
        now, at = self._now(), self._clock()
        unfinished = [row for row in self._database.rows.values() if row.status != RowStatus.COMPLETED]
        # By their ids, as they were inserted.
        finished = sorted(self._ended, key=lambda job_id: self._arrived[job_id])[-_FINISHED_READ:]
        times = row_times(
            [self._summary(RowSummary, job_id) for job_id in finished],
            [self._summary(QueuedRow, row.job_id) for row in unfinished],
            now=now,
        )
        for row in unfinished:
            waits = row.status == RowStatus.QUEUED
            known = self._in_all if waits else self._at_work
            since = self._arrived[row.job_id] if waits else self._claimed[row.job_id]
            mean = max(0.0, sum(known) / len(known) - (at - since)) if known else 0.0
            shown = times[row.job_id].time_left
            ends = (None, None, None) if shown is None else (shown.earliest, shown.likely, shown.latest)
            self._keep("waiting row" if waits else "working row", row.job_id, ends, mean)
            videojob = self._site.cluster.videojobs.get(videojob_name(row.job_id))
            if videojob is None:
                continue
            status = (videojob.get("status") or {}).get("timeLeft") or {}
            if status != self._shown.get(videojob["metadata"]["uid"]):
                self._shown[videojob["metadata"]["uid"]] = status
                self._figures.writes += 1
            texts = [status.get(key) for key in ("earliest", "likely", "latest")]
            self._keep("videojob", row.job_id, [datetime.fromisoformat(text) if text else None for text in texts], mean)

    def _keep(self, of: str, job_id: UUID, ends: Sequence[datetime | None], mean: float) -> None:
        now = self._now()
        earliest, likely, latest = (None if end is None else (end - now).total_seconds() for end in ends)
        self._noted.append(_Noted(of, job_id, self._clock(), earliest, likely, latest, mean))

    def _came_of(self, noted: _Noted) -> Expectation:
        left = self._ended[noted.job_id] - noted.at
        return Expectation(noted.of, left, noted.earliest, noted.likely, noted.latest, noted.mean)

    def _summary(self, model: Any, job_id: UUID) -> Any:
        row: JobRow = self._database.rows[job_id]
        more = self._database.more[job_id]
        metadata = row.metadata or {}
        ended = self._ended.get(job_id)
        return model.model_construct(
            job_id=job_id,
            status=row.status,
            created_at=row.created_at,
            updated_at=row.updated_at,
            completed_at=None if ended is None else (START + timedelta(seconds=ended)).isoformat(),
            progress_stage=more.get("progress_stage"),
            progress_percent=more.get("progress_percent"),
            user_id=metadata.get("user_id"),
            runops=metadata.get("runops"),
        )

    def _clock(self) -> float:
        return self._loop.time() - self._began

    def _now(self) -> datetime:
        return START + timedelta(seconds=self._clock())
