"""The Job controller and the kubelets of a simulated world: pods start, start twice, wait, end, hang, or lose touch."""

import random
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from runops.failures import Reason
from runops.job_row import RowStatus
from tests.simulation.network import Network
from tests.simulation.operator_process import Site, table_of
from tests.simulation.table import MemoryDatabase
from tests.simulation.worker import Nature, Worker

__all__ = ["Pods"]


class Pods:
    """The pods of all sites.

    Parameters
    ----------
    chance
        Decides what happens to them.
    database, network
        What their processes reach, and how.
    natures
        What is special about each video.
    tally
        Counts what happened.
    fault
        Returns what every video meets just now; None for nothing.

    Attributes
    ----------
    may_start_twice
        Whether a Job may start a second pod beside the first, as Kubernetes allows.
    """

    def __init__(
        self,
        chance: random.Random,
        database: MemoryDatabase,
        network: Network,
        natures: dict[UUID, Nature],
        tally: Counter[str],
        *,
        fault: Callable[[], Reason | None],
    ) -> None:
        self._chance, self._database, self._network = chance, database, network
        self._natures, self._tally, self._fault = natures, tally, fault
        self.may_start_twice = True

    def _note_claim_back(self) -> None:
        self._tally["a worker went on after its claim came back"] += 1

    def tick(self, site: Site) -> None:
        """Let the Job controller, the garbage collector and the kubelet of a site do their work."""
        site.cluster.collect_garbage()
        while self.start_due(site):
            pass
        for worker in site.workers:
            if not worker.over and not worker.alive and not worker.cut_off:
                worker.stop()
        for job_id, nature in self._natures.items():
            if nature is Nature.WRITE_REFUSED and self._database.rows[job_id].status == RowStatus.PROCESSING:
                self._database.refusing.add(job_id)

    def start_due(self, site: Site) -> bool:
        """Make the next pod that is due."""
        cluster = site.cluster
        for name, job in cluster.jobs.items():
            pods = [
                pod
                for pod in cluster.pods.values()
                if pod["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
            ]
            over = (job.get("status") or {}).get("conditions")
            if over or job["spec"].get("suspend") or "annotations" not in job["metadata"]:
                continue
            twice = len(pods) == 1 and self.may_start_twice and self._draw(0.05)
            self._tally["a pod was started twice"] += twice
            if not pods or twice:
                self._start_pod(site, name)
                return True
        return False

    def _start_pod(self, site: Site, name: str) -> None:
        cluster = site.cluster
        nature = self._natures[UUID(name.removeprefix("vj-"))]
        if not cluster.jobs[name]["metadata"]["annotations"]:
            # What somebody else's Job runs is nothing of ours.
            nature = Nature.NEVER_STARTS
        pod = cluster.run_pod(name)["metadata"]["name"]
        if nature is Nature.NEVER_STARTS:
            cluster.wait_pod(pod, "CreateContainerConfigError")
            return
        worker = Worker(cluster, self._database, self._network, pod, self._fault)
        worker.went_on = self._note_claim_back
        site.workers.append(worker)
        if nature is Nature.HANGS and self._draw(0.5):
            cluster.stubborn.add(pod)
        jobs = table_of(self._database, self._network, worker, by=worker.label)
        work = worker.work(jobs, nature, self._chance)
        worker.go(work, name=worker.label)

    def end_worker(self, site: Site) -> None:
        """End a pod in one of the ways in which pods end before they are done."""
        working = [worker for worker in site.workers if not worker.over and worker.alive]
        if working:
            worker = self._chance.choice(working)
            if worker.pod not in site.cluster.stubborn:
                worker.end(self._chance)

    def cut_off(self, site: Site) -> None:
        """Remove a pod whose process goes on, as on a node that lost its connection."""
        working = [worker for worker in site.workers if not worker.over and worker.alive]
        if working:
            worker = self._chance.choice(working)
            self._tally["a worker was cut off"] += 1
            worker.cut_off = True
            site.cluster.end_pod(worker.name, 1, pod=worker.pod, gone=True)

    def _draw(self, likelihood: float) -> bool:
        return self._chance.random() < likelihood
