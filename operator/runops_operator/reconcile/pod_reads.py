"""Reads the pods of Jobs, with one request for all Jobs asked for at the same time.

For each listing by label the API server scans all pods of the namespace. While 10,000 VideoJobs start, a listing for
each would keep the operator from acting on a change within 1 s.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from runops_operator.kubernetes_api.cluster import Cluster, Manifest
from runops_operator.manifests.labels import JOB_NAME_LABEL

__all__ = ["PodReads"]

_CONCURRENT_REQUESTS = 2
_MOST_JOBS = 50
"""In one request: their names must fit into its URL."""

_PodsByJob = Mapping[str, list[Manifest]]


class PodReads:
    """The reader. A single call is answered at once; calls made while the requests are under way share the next one.

    Parameters
    ----------
    cluster
        What is read.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._requests = asyncio.Semaphore(_CONCURRENT_REQUESTS)
        self._jobs: set[str] = set()
        """Jobs of the next request. It is replaced, not cleared, when that request starts."""
        self._next: asyncio.Task[_PodsByJob] | None = None

    async def of(self, job: str) -> list[Manifest]:
        """Return the pods of a Job, read after this call.

        Raises
        ------
        ClusterError
            They cannot be read.
        """
        if self._next is None or len(self._jobs) >= _MOST_JOBS:
            self._jobs = set()
            self._next = asyncio.create_task(self._read(self._jobs))
        self._jobs.add(job)
        # Other callers wait for the same request: a caller that is cancelled must not cancel it.
        return (await asyncio.shield(self._next))[job]

    async def _read(self, jobs: set[str]) -> _PodsByJob:
        async with self._requests:
            if self._jobs is jobs:
                self._next = None
            found: defaultdict[str, list[Manifest]] = defaultdict(list)
            for pod in await self._cluster.list_pods(jobs):
                found[pod["metadata"]["labels"][JOB_NAME_LABEL]].append(pod)
            return found
