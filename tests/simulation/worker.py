"""A worker pod: it binds itself to the claim, reports while it works, and writes its results under its claim."""

import asyncio
import random
from collections.abc import Callable
from enum import StrEnum
from uuid import UUID

from runops.failures import TABLE, Reason
from runops.progress import Stage
from runops.report import Report
from runops.supabase.jobs import JobsTable
from runops.supabase.kept_claim import KeptClaim
from tests.simulation.cluster import MemoryCluster
from tests.simulation.network import Network, Process
from tests.simulation.table import MemoryDatabase

__all__ = ["Nature", "Worker"]

_PASSING = (Reason.MODEL_UNAVAILABLE, Reason.QUOTA_EXCEEDED, Reason.KEY_REJECTED, Reason.INTERNAL)
_BEAT_SECONDS = 30.0


class Nature(StrEnum):
    """What is special about a video, whoever works on it and however often."""

    GOOD = "good"
    FAILS = "each attempt fails"
    DAMAGED = "the recording is damaged"
    HANGS = "each worker hangs"
    NEVER_STARTS = "no pod starts"
    JOB_REFUSED = "Kubernetes refuses the Job"
    NO_USER = "the user in its metadata is malformed"
    WRITE_REFUSED = "a trigger refuses each write to its row after the claim"
    UNDELETABLE = "a finalizer keeps its VideoJob"


class Worker(Process):
    """One pod's process.

    Parameters
    ----------
    cluster, database, network
        The outside.
    jobs
        The table, as this process reaches it.
    pod
        Of the pod.
    fault
        Returns what every video meets just now, such as a service that is away; None for nothing.
    nature
        Of the video.
    chance
        Decides what the process does.
    """

    def __init__(
        self,
        cluster: MemoryCluster,
        database: MemoryDatabase,
        network: Network,
        pod: str,
        fault: Callable[[], Reason | None] = lambda: None,
    ) -> None:
        super().__init__()
        body = cluster.pods[pod]
        self.name: str = body["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        self.pod = pod
        self.pod_uid: str = body["metadata"]["uid"]
        self.job_uid: str = body["metadata"]["ownerReferences"][0]["uid"]
        self.job_id = UUID(self.name.removeprefix("vj-"))
        self.over = False
        self.cut_off = False
        self._cluster, self._database, self._network = cluster, database, network
        self._fault = fault
        self.went_on: Callable[[], None] = lambda: None
        """Called when the claim came back that an app had written over."""
        self.token: str = cluster.jobs[self.name]["metadata"]["annotations"]["runops.dev/claim"]

    @property
    def label(self) -> str:
        """How it is named as the writer of a change."""
        return f"worker {self.pod_uid}"

    @property
    def alive(self) -> bool:
        """Whether its pod is still there; one that is cut off goes on without it for a while."""
        return self.pod in self._cluster.pods

    async def work(self, jobs: JobsTable, nature: Nature, chance: random.Random) -> None:
        """Work until done, or until the claim is lost, or for ever."""
        bound = await jobs.bind_pod(self.job_id, self.token, self.pod_uid)
        if bound is None:
            self._fail(Reason.CLAIM_LOST)
            return
        self.token = bound
        self._show(Stage.PREPARING_VIDEO)
        if nature is Nature.HANGS:
            await asyncio.Event().wait()
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            await asyncio.sleep(_BEAT_SECONDS)
            if not await jobs.heartbeat(self.job_id, self.token):
                if not await KeptClaim(jobs, self.job_id, self.token).is_back():
                    self._fail(Reason.CLAIM_LOST)
                    return
                self.went_on()
        if (fault := self._fault()) is not None:
            self._fail(fault)
            return
        if nature is Nature.FAILS:
            self._fail(Reason.MODEL_FILE_REJECTED)
            return
        if nature is Nature.DAMAGED:
            self._fail(Reason.NOT_A_VIDEO)
            return
        self._show(Stage.FINALIZING)
        for table in (self._database.transcripts, self._database.sops):
            await self._network.fate(self, "write_result")
            if not self._database.write_result(table, self.job_id, self.token):
                self._fail(Reason.CLAIM_LOST)
                return
        kept = KeptClaim(jobs, self.job_id, self.token)
        if not await kept.written(lambda: jobs.complete(self.job_id, self.token)):
            self._fail(Reason.CLAIM_LOST)
            return
        self._exit(0)

    def _show(self, stage: Stage) -> None:
        """Report a stage to the VideoJob, as the real worker does before it writes."""
        videojob = self._cluster.videojobs.get(self.name)
        if (
            videojob is not None
            and videojob["metadata"]["annotations"].get("runops.dev/claim") == self.token.partition("/")[0]
        ):
            self._cluster.write("videojob", self._cluster.videojobs, self.name, {"status": {"stage": stage.value}})

    def end(self, chance: random.Random) -> None:
        """End in one of the ways in which pods end before they are done."""
        how = chance.choice(["killed", "evicted", "lost", "memory", "passing", "permanent"])
        self.kill()
        if how == "killed":
            self._exit(137)
        elif how == "evicted":
            self.over = True
            self._cluster.end_pod(self.name, 143, pod=self.pod, disrupted=True, gone=chance.random() < 0.5)
        elif how == "lost":
            self.over = True
            self._cluster.end_pod(self.name, 1, pod=self.pod, gone=True)
        elif how == "memory":
            self.over = True
            self._cluster.end_pod(self.name, 137, pod=self.pod, container_reason="OOMKilled")
        elif how == "passing":
            self._fail(chance.choice(_PASSING))
        else:
            self._fail(Reason.NOT_A_VIDEO)

    def give_up(self) -> None:
        """End since the database did not answer."""
        self._fail(Reason.DATABASE_UNAVAILABLE)

    def stop(self) -> None:
        """End the process without a report."""
        self.over = True
        self.kill()

    def _fail(self, reason: Reason) -> None:
        self._exit(TABLE[reason].exit_code or 1, Report(reason=reason, message=TABLE[reason].sentence))

    def _exit(self, code: int, report: Report | None = None) -> None:
        self.over = True
        if self.alive:
            self._cluster.end_pod(self.name, code, report, pod=self.pod)
        self.dead = True
