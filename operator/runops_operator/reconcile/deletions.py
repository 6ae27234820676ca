"""Ends the rows of deleted VideoJobs, unless the definition of VideoJobs was deleted: then nobody cancelled a video."""

import asyncio
import logging
from uuid import UUID

from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import Cluster
from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.actions import Action, DeleteJob
from runops_operator.planning.plan import plan_gone
from runops_operator.reconcile.execute import Executor

__all__ = ["Deletions"]

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2
"""Between two looks at the definition, however many VideoJobs are deleted."""


class Deletions:
    """What is done about deleted VideoJobs.

    Kubernetes deletes the VideoJobs before their definition is gone, and for a moment it still takes new ones. So the
    row of a deleted VideoJob is ended only when the definition has outlived it for a while.

    Parameters
    ----------
    cluster
        Asked whether VideoJobs are served.
    store
        Knows the deleted VideoJobs.
    executor
        Ends rows and Jobs.

    Attributes
    ----------
    grace_seconds
        How long the definition must outlive a VideoJob.
    """

    def __init__(self, cluster: Cluster, store: Store, executor: Executor) -> None:
        self.grace_seconds = 1.0
        self._cluster = cluster
        self._store = store
        self._executor = executor
        self._since: dict[str, float] = {}
        """When each deletion was noted first, by uid. All of a burst are noted by the first: they wait together."""
        self._actions: dict[str, list[Action]] = {}
        """What each deletion asks for, by uid. The Job, which names the token of the next attempt, goes before the row
        has ended."""
        self._served_at = float("-inf")

    async def end(self, name: str, job_id: UUID | None) -> None:
        """End the row and the Job of a VideoJob, where it was deleted.

        Raises
        ------
        ClusterError, SupabaseError
            A service did not answer; the deletion is remembered.
        """
        last = self._store.deleted(name)
        if last is None:
            return
        actions = self._actions.setdefault(last.uid, [])
        actions += [action for action in plan_gone(last, self._store.job(name)) if action not in actions]
        planned = [] if job_id is None else [(job_id, action) for action in actions]
        # A worker is stopped at once, as Kubernetes would stop it too.
        for job, action in planned:
            if isinstance(action, DeleteJob):
                await self._executor.run(name, job, action)
        if not last.finished and not await self._definition_outlives(last):
            return
        for job, action in planned:
            if not isinstance(action, DeleteJob):
                await self._executor.run(name, job, action)
        self._store.forget_deleted(last)
        self._since.pop(last.uid, None)
        self._actions.pop(last.uid, None)

    async def _definition_outlives(self, last: VideoJobView) -> bool:
        clock = asyncio.get_running_loop().time
        for uid in self._store.deleted_uids():
            self._since.setdefault(uid, clock())
        since = self._since.get(last.uid, clock())
        while True:
            if self._store.deleted(last.name) is not last:
                # Another one was found to have gone with the definition, and this one with it.
                return False
            served_at = await self._served(last.name)
            if served_at is None:
                self._forget_all()
                return False
            if served_at >= since + self.grace_seconds:
                return True
            await asyncio.sleep(_LOOK_SECONDS)

    async def _served(self, name: str) -> float | None:
        """Tell when the definition was there: an answer may be slow, and holds for when it was asked for."""
        clock = asyncio.get_running_loop().time
        if clock() - self._served_at >= _LOOK_SECONDS / 2:
            asked_at = clock()
            if not await self._cluster.serves_videojobs(name):
                return None
            self._served_at = max(self._served_at, asked_at)
        return self._served_at

    def _forget_all(self) -> None:
        # The rows stay claimed, and the row watch makes their VideoJobs again. The definition may be back before the
        # turn of those comes whose deletion was not looked at yet: they went with it, too.
        _log.error(
            "The definition of VideoJobs was deleted, and every VideoJob with it. No video is cancelled for that: "
            "each gets a VideoJob again when the definition is back. Apply crds/videojob.yaml of this version."
        )
        self._store.forget_all_deleted()
        self._since.clear()
        self._actions.clear()
