"""Where calls are paced: the operator's grant loop, and each worker's way to the status of its VideoJob.

The loop, the store and the waits are the operator's and the worker's own. In place of an API server there is a table in
memory with versions and merge patches, which takes a while for each request: fifty workers at a minute that is three
times as fast would measure the API server of a busy machine. `tests/apiserver/test_operator_grants.py` has a real one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from benchmarks.site import operator_settings
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import Conflict, Manifest
from runops_operator.observability.metrics import Metrics
from runops_operator.pacing.kept_pace import KeptPace
from runops_operator.pacing.pace_loop import PaceLoop
from runops_operator.pacing.pace_news import PaceNews

__all__ = ["PacedSite", "WorkersStatus"]

_REQUEST_SECONDS = 0.02
_KEPT = "pace"


class PacedSite:
    """VideoJobs at work, one for each entry of `users`.

    Parameters
    ----------
    users
        Whose they are.
    """

    def __init__(self, users: Sequence[str]) -> None:
        self._news = PaceNews()
        self._store = Store(self._news.see)
        self._version = 0
        self._videojobs: dict[str, Manifest] = {}
        self._kept: Manifest = {"data": {}}
        for number, user in enumerate(users, 1):
            job_id = str(UUID(int=number))
            name = videojob_name(job_id)
            spec = {"jobId": job_id, "userId": user}
            status = {"phase": "Running", "workerPod": {"name": name, "uid": name}}
            self._videojobs[name] = {"metadata": {"name": name, "uid": name}, "spec": spec, "status": {}}
            self._change(name, status)
        self.statuses = [WorkersStatus(self, name) for name in self._videojobs]

    @asynccontextmanager
    async def granting(self, *, minute: float) -> AsyncIterator[None]:
        """Run the operator's grant loop for the time of the block."""
        loop = PaceLoop(
            cluster=self,
            store=self._store,
            news=self._news,
            kept=KeptPace(self, _KEPT),
            config=OperatorConfig.model_validate(operator_settings("bench")),
            metrics=Metrics(),
            now=lambda: datetime.now(UTC),
            minute=minute,
        )
        running = asyncio.ensure_future(loop.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def get_videojob(self, name: str) -> Manifest:
        """Return a VideoJob."""
        await asyncio.sleep(_REQUEST_SECONDS)
        return self._videojobs[name]

    async def patch_videojob_status(
        self, name: str, status: Mapping[str, Any], *, version: int | None = None
    ) -> Manifest:
        """Merge into a VideoJob's status and return it."""
        await asyncio.sleep(_REQUEST_SECONDS)
        if version is not None and self._videojobs[name]["metadata"]["resourceVersion"] != str(version):
            raise Conflict(name, status=409)
        return self._change(name, status)

    async def get_configmap(self, name: str) -> Manifest:
        """Return the only ConfigMap."""
        await asyncio.sleep(_REQUEST_SECONDS)
        assert name == _KEPT
        return self._kept

    async def patch_configmap(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Merge into its data and return it."""
        self._kept = {"data": {**(await self.get_configmap(name))["data"], **data}}
        return self._kept

    def _change(self, name: str, status: Mapping[str, Any]) -> Manifest:
        """Merge into a status as a merge patch does; what changes nothing makes no new version."""
        before = self._videojobs[name]
        after = {**before["status"], **status}
        if "pace" in status:
            after["pace"] = {**before["status"].get("pace", {}), **status["pace"]}
        if after != before["status"]:
            self._version += 1
            metadata = {**before["metadata"], "resourceVersion": str(self._version)}
            self._videojobs[name] = {**before, "metadata": metadata, "status": after}
            self._store.see_videojob(self._videojobs[name])
        return self._videojobs[name]


@dataclass(frozen=True)
class WorkersStatus:
    """A worker's way to `status.pace` of its VideoJob."""

    site: PacedSite
    name: str

    async def exchange_pace(self, pace: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Merge into it and return it."""
        videojob = await self.site.patch_videojob_status(self.name, {"pace": pace} if pace else {})
        found: Mapping[str, Any] = videojob["status"].get("pace", {})
        return found
