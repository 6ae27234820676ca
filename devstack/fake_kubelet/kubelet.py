"""The node: registered, kept fresh, and given pods by the scheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from devstack.fake_kubelet import manifests
from devstack.fake_kubelet.api import MERGE, STRATEGIC, Api, ApiAway, ApiRefused
from devstack.fake_kubelet.model import Pod, Program
from devstack.fake_kubelet.pods_of_nodes import PodsOfNodes

_LOG = logging.getLogger(__name__)
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_RENEW_SECONDS = manifests.LEASE_SECONDS / 4
_FAREWELL_SECONDS = 10.0


class FakeKubelet:
    """A node that runs a coroutine for each pod. Use it as `async with`.

    Parameters
    ----------
    api
        The API server, with full rights.
    program
        What each pod runs.
    """

    def __init__(self, api: Api, program: Program) -> None:
        self.name = f"fake-kubelet-{uuid4().hex[:8]}"
        self._api = api
        self._pods = PodsOfNodes(api, program, name=self.name, selector=f"fieldSelector=spec.nodeName%3D{self.name}")
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def node_selector(self) -> dict[str, str]:
        """What a pod must select to land here."""
        return {manifests.LABEL: self.name}

    @property
    def toleration(self) -> dict[str, str]:
        """What a pod must tolerate to land here."""
        return {"key": manifests.LABEL, "operator": "Equal", "value": self.name, "effect": "NoSchedule"}

    async def __aenter__(self) -> Self:
        await self._api.patiently("POST", "/api/v1/nodes", manifests.node(self.name))
        await self._api.patiently("POST", _LEASES, manifests.lease(self.name))
        await self._show_status()
        self._tasks = [self._endless(self._keep_fresh(), "node lease"), self._endless(self._pods.follow(), "pods")]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pods.end()
        for path in (f"{_LEASES}/{self.name}", f"/api/v1/nodes/{self.name}"):
            with suppress(ApiAway, ApiRefused):
                await self._api.patiently("DELETE", path, seconds=_FAREWELL_SECONDS)

    def working(self) -> list[Pod]:
        """Return the pods whose programs run now, oldest first."""
        return self._pods.working()

    def kill(self, uid: str) -> bool:
        """End a pod's program by SIGKILL (exit code 137); False where it does not run."""
        entry = self._pods.find(uid)
        if entry is None:
            return False
        entry.kill()
        return True

    def evict(self, uid: str) -> bool:
        """Throw a pod out, as under pressure (condition DisruptionTarget); False where it does not run."""
        entry = self._pods.find(uid)
        if entry is None:
            return False
        entry.evict()
        return True

    def _endless(self, loop: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return asyncio.create_task(loop, name=f"{self.name}: {name}")

    async def _show_status(self) -> None:
        path = f"/api/v1/nodes/{self.name}/status"
        await self._api.patiently("PATCH", path, manifests.node_status(), content_type=STRATEGIC)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                await self._api.patiently(
                    "PATCH", f"{_LEASES}/{self.name}", manifests.lease(self.name), content_type=MERGE
                )
                await self._show_status()
            except (ApiAway, ApiRefused) as error:
                _LOG.warning("%s: its lease could not be renewed: %s", self.name, error)
