"""Why Kubernetes makes no pod for a Job: its controller tells that in events only."""

import logging
from collections.abc import Callable
from datetime import datetime

from runops_operator.kubernetes_api.cluster import Cluster, ClusterError
from runops_operator.manifests.observed import JobView
from runops_operator.manifests.observed_pod import parse_pod_refusal

__all__ = ["PodRefusals"]

_log = logging.getLogger(__name__)
_FRESH_SECONDS = 10.0


class PodRefusals:
    """Reads the events of all Jobs at once, and not more often than every ten seconds: the API server keeps no index.

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
        """Return what the API server said last when a pod was to be made for this Job; None where nothing is known.

        Events that cannot be read are no trouble: they only say more of what is waited for anyway.
        """
        now = self._now()
        if self._read_at is None or (now - self._read_at).total_seconds() >= _FRESH_SECONDS:
            # Before the reading: whoever comes meanwhile does not read too.
            self._read_at = now
            try:
                told = [parse_pod_refusal(body) for body in await self._cluster.list_pod_refusals()]
            except ClusterError as error:
                _log.warning("Why pods are not made cannot be read: %s", error)
                return None
            self._words = {refusal.job_uid: refusal.words for refusal in sorted(told, key=lambda refusal: refusal.at)}
        return self._words.get(job.uid)
