"""A pace loop in front of a cluster in memory, with workers that ask for calls and are refused."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.observability.metrics import Metrics
from runops_operator.pacing.kept_pace import KeptPace
from runops_operator.pacing.pace_loop import PaceLoop
from runops_operator.pacing.pace_news import PaceNews
from tests.operator.world import CONFIG
from tests.simulation.cluster import START, MemoryCluster

MODEL = "gemini-3.8-flash"
KEPT = "runops-pace"


class Site:
    """One operator's pace loop, and VideoJobs with workers."""

    def __init__(self, config: OperatorConfig = CONFIG) -> None:
        self.now: datetime = START
        self.cluster = MemoryCluster(lambda: self.now)
        self.cluster.configmaps[KEPT] = {"metadata": {"name": KEPT}}
        self.config = config
        self.events: list[Any] = []
        self.cluster.watchers = [self.events]
        self.start_operator()

    def start_operator(self) -> None:
        """Start a process with an empty memory, which lists the VideoJobs first."""
        self.metrics, news = Metrics(), PaceNews()
        self.store = Store(news.see)
        self.loop = PaceLoop(
            cluster=self.cluster,
            store=self.store,
            news=news,
            kept=KeptPace(self.cluster, KEPT),
            config=self.config,
            metrics=self.metrics,
            now=lambda: self.now,
        )
        self.events.clear()
        for body in self.cluster.videojobs.values():
            self.store.see_videojob(body)

    async def add(
        self,
        number: int,
        *,
        user: int | None = None,
        pod: bool = True,
        suspend: bool = False,
        labels: dict[str, str] | None = None,
    ) -> str:
        """Add a VideoJob, with a pod that works on it."""
        job_id = str(UUID(int=number))
        spec = {"jobId": job_id, "suspend": suspend} | ({} if user is None else {"userId": str(UUID(int=user))})
        name = f"vj-{job_id}"
        await self.cluster.create_videojob({"metadata": {"name": name, "labels": labels or {}}, "spec": spec})
        if pod:
            self.report(name, {"workerPod": {"name": name, "uid": f"pod-{number}"}})
        return name

    def report(self, name: str, status: dict[str, Any]) -> None:
        """Write a status as a worker or another part of the operator does."""
        self.cluster.write("videojob", self.cluster.videojobs, name, {"status": status})

    def refuse(
        self, name: str, *, wait: float | None = 53.0, limit: int | None = 20, at: datetime | None = None
    ) -> None:
        """Have the worker of a VideoJob report a refusal."""
        refused: dict[str, Any] = {"model": MODEL, "at": (at or self.now).isoformat()}
        refused |= {} if wait is None else {"retryAfterSeconds": wait}
        refused |= {} if limit is None else {"limits": [{"counted": "requests", "perMinute": limit}]}
        self.report(name, {"pace": {"refused": [refused]}})

    def want(self, name: str, calls: int, *tokens: int) -> None:
        """Have the worker of a VideoJob want so many calls in all."""
        self.report(name, {"pace": {"wanted": [{"model": MODEL, "calls": calls, "tokens": list(tokens or (1000,))}]}})

    def granted(self, name: str) -> int | None:
        """Return how many calls a VideoJob is granted while the model is paced; None where it is not."""
        pace = self.cluster.videojobs[name].get("status", {}).get("pace", {})
        grants = {grant["model"]: grant for grant in pace.get("granted", ())}
        return grants[MODEL]["calls"] if MODEL in grants and grants[MODEL]["paced"] else None

    def deliver(self) -> None:
        """Deliver what the watch saw."""
        for _kind, word, body in self.events:
            if word == "videojob":
                self.store.see_videojob(body)
        self.events.clear()

    async def look(self) -> float:
        """Deliver what the watch saw and let the loop look; return when it wants to look again."""
        self.deliver()
        return await self.loop.once()

    async def run(self, seconds: float) -> None:
        """Let time pass, with the loop looking when it wants to."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            pause = await self.look()
            self.now = min(end, self.now + timedelta(seconds=max(pause, 0.001)))
        await self.look()
        await asyncio.sleep(0)
