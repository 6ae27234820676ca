"""Reads the pods of Jobs, for all who ask at the same time with one request.

For each listing by label the API server goes through all pods of the namespace, however few it returns. Where thousands
of VideoJobs start, a listing for each would take most of its time.
"""

import asyncio
from collections import defaultdict
from itertools import islice

from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, Manifest
from runops_operator.manifests.labels import JOB_NAME_LABEL

__all__ = ["PodReads"]

_AT_ONCE = 2
_MOST_JOBS = 50
"""In one request: their names have to fit into its address."""


class PodReads:
    """The reader. Who asks alone is answered at once; while requests are under way, those who ask gather.

    Parameters
    ----------
    cluster
        What is read.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._asked: dict[asyncio.Future[list[Manifest]], str] = {}

    async def of(self, job: str) -> list[Manifest]:
        """Return the pods of a Job as they are after this call. ClusterError where they cannot be read."""
        answer: asyncio.Future[list[Manifest]] = asyncio.get_running_loop().create_future()
        self._asked[answer] = job
        try:
            async with self._gate:
                # Whoever came through the gate before may be reading them already, or have read them.
                while answer in self._asked:
                    await self._read()
            return await answer
        finally:
            self._asked.pop(answer, None)

    async def _read(self) -> None:
        """Read what is asked, the oldest first, and answer it."""
        batch = dict(islice(self._asked.items(), _MOST_JOBS))
        for answer in batch:
            del self._asked[answer]
        failure = ClusterError("The listing of pods was broken off.")
        found: defaultdict[str, list[Manifest]] = defaultdict(list)
        try:
            for pod in await self._cluster.list_pods(set(batch.values())):
                found[pod["metadata"]["labels"][JOB_NAME_LABEL]].append(pod)
        except ClusterError as error:
            failure = error
        else:
            for answer, job in batch.items():
                if not answer.done():
                    answer.set_result(found[job])
        finally:
            for answer in batch:
                if not answer.done():
                    answer.set_exception(failure)
                    # One who has given up does not look.
                    answer.exception()
