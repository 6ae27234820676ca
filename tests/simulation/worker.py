"""A worker pod in a few steps, each of which can be the last."""

import random
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from runops.failures import TABLE, Reason
from runops.report import Report
from tests.simulation.cluster import MemoryCluster
from tests.simulation.table import MemoryTables

PASSING = (Reason.MODEL_UNAVAILABLE, Reason.QUOTA_EXCEEDED, Reason.KEY_REJECTED, Reason.INTERNAL)


@dataclass
class Checkpoints:
    """What outlives a worker: which paid step of which job was done, and how often it was paid for after that."""

    done: set[UUID] = field(default_factory=set)
    paid_again: Counter[UUID] = field(default_factory=Counter)


class Worker:
    """One pod's process.

    Parameters
    ----------
    cluster, tables, checkpoints
        The outside.
    name
        Of the Job.
    pod
        Of the pod.
    """

    def __init__(self, cluster: MemoryCluster, tables: MemoryTables, checkpoints: Checkpoints, pod: str) -> None:
        body = cluster.pods[pod]
        self.name = body["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        self.pod = pod
        self.job_id = UUID(self.name.removeprefix("vj-"))
        self.over = False
        self._cluster, self._tables, self._checkpoints = cluster, tables, checkpoints
        job = cluster.jobs[self.name]
        self._token: str = job["metadata"]["annotations"]["runops.dev/claim"]
        self._steps = [self._sit, self._pay, self._transcript, self._sop, self._complete, self._leave]

    @property
    def alive(self) -> bool:
        """Whether its pod is still there; one that is not may go on for a while, as on a node that is cut off."""
        return self.pod in self._cluster.pods

    def step(self) -> None:
        """Do the next thing."""
        self._tables.writer = "worker"
        self._steps.pop(0)()
        self._tables.writer = "operator"
        self.over = self.over or not self._steps

    def end(self, chance: random.Random) -> None:
        """End in one of the ways in which pods end before they are done."""
        self.over = True
        if not self.alive:
            return
        how = chance.choice(["killed", "evicted", "lost", "memory", "passing", "permanent"])
        if how == "killed":
            self._exit(137)
        elif how == "evicted":
            self._cluster.end_pod(self.name, 143, pod=self.pod, disrupted=True, gone=chance.random() < 0.5)
        elif how == "lost":
            self._cluster.end_pod(self.name, 1, pod=self.pod, gone=True)
        elif how == "memory":
            self._cluster.end_pod(self.name, 137, pod=self.pod, container_reason="OOMKilled")
        elif how == "passing":
            self._fail(chance.choice(PASSING))
        else:
            self._fail(Reason.NOT_A_VIDEO)

    def _sit(self) -> None:
        bound = self._tables.bind_pod(self.job_id, self._token, self.pod)
        if bound is None:
            self._lost()
        else:
            self._token = bound

    def _pay(self) -> None:
        # As the real one: held is looked at, what is there is used, else it is paid for and then kept.
        row = self._tables.rows.get(self.job_id)
        if row is None or not row.is_held_by(self._token):
            self._lost()
        elif self.job_id not in self._checkpoints.done:
            self._checkpoints.done.add(self.job_id)

    def _transcript(self) -> None:
        if not self._tables.write_result(self._tables.transcripts, self.job_id, self._token):
            self._lost()

    def _sop(self) -> None:
        if not self._tables.write_result(self._tables.sops, self.job_id, self._token):
            self._lost()

    def _complete(self) -> None:
        row = self._tables.rows.get(self.job_id)
        if row is None or not row.is_held_by(self._token):
            self._lost()
        else:
            self._tables.set(self.job_id, status="completed")

    def _leave(self) -> None:
        self._exit(0)

    def _lost(self) -> None:
        self._fail(Reason.CLAIM_LOST)

    def _fail(self, reason: Reason) -> None:
        self._exit(TABLE[reason].exit_code or 1, Report(reason=reason, message=TABLE[reason].sentence))

    def _exit(self, code: int, report: Report | None = None) -> None:
        self.over = True
        if self.alive:
            self._cluster.end_pod(self.name, code, report, pod=self.pod)
