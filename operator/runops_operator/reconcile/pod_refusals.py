"""Why Kubernetes creates no pod for a Job: the Job controller reports that in events only."""

import logging
from collections.abc import Callable
from datetime import datetime

from runops.logs import error_text
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError
from runops_operator.manifests.observed import JobView
from runops_operator.manifests.observed_pod import parse_pod_refusal

__all__ = ["PodRefusals"]

_log = logging.getLogger(__name__)
_FRESH_SECONDS = 10.0


class PodRefusals:
    """Reads the events of all Jobs at once, at most every ten seconds: the API server has no index by Job.

    Parameters
    ----------
    cluster
        What is read.
    now
        The clock; it gives times with their zone.
    """

    def __init__(self, cluster: Cluster, now: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._now = now
        self._read_at: datetime | None = None
        self._words: dict[str, str] = {}

    async def words(self, job: JobView) -> str | None:
        """Return the API server's last message about a pod of this Job that it refused; None where there is none.

        Events that cannot be read stop nothing: they only explain a wait.
        """
        now = self._now()
        if self._read_at is None or (now - self._read_at).total_seconds() >= _FRESH_SECONDS:
            # Set before the read, so that concurrent callers do not read as well.
            self._read_at = now
            try:
                refusals = [parse_pod_refusal(body) for body in await self._cluster.list_pod_refusals()]
            except ClusterError as error:
                _log.warning("the events that explain missing pods cannot be read: %s", error_text(error))
                return None
            refusals.sort(key=lambda refusal: refusal.at)
            self._words = {refusal.job_uid: refusal.words for refusal in refusals}
        return self._words.get(job.uid)
