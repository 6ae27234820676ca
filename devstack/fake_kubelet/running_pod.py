"""One pod on the stand-in's node, from its start to its last report."""

from __future__ import annotations

import asyncio
import logging

from devstack.fake_kubelet import manifests
from devstack.fake_kubelet.api import STRATEGIC, Api, ApiRefused
from devstack.fake_kubelet.model import Exit, Pod, Program

_LOG = logging.getLogger(__name__)


class RunningPod:
    """A pod and its program.

    Parameters
    ----------
    pod
        What runs.
    api
        Receives its states.
    program
        What runs in it.
    """

    def __init__(self, pod: Pod, *, api: Api, program: Program) -> None:
        self.pod = pod
        self._api = api
        self._program = program
        self._sigterm = asyncio.Event()
        self._deleting = False
        self._evicted = False
        self._vanished = False
        self._work: asyncio.Task[Exit] | None = None
        self._reported = False
        self._life = asyncio.create_task(self._live(), name=f"pod {pod.name}")

    @property
    def working(self) -> bool:
        """Whether its program runs."""
        return self._work is not None and not self._work.done()

    @property
    def deleting(self) -> bool:
        """Whether its deletion was taken note of."""
        return self._deleting

    @property
    def over(self) -> bool:
        """Whether nothing of it is left to be done or said."""
        return self._life.done()

    def kill(self) -> None:
        """SIGKILL: its program does nothing any more."""
        if self._work is not None:
            self._work.cancel()

    def evict(self) -> None:
        """Throw it out as a kubelet does under pressure."""
        if self.working:
            self._evicted = True
            self.kill()

    def delete(self, *, grace_seconds: float) -> None:
        """Take note of its deletion: SIGTERM, after the grace period SIGKILL, then it goes. Once is enough."""
        if self._deleting:
            return
        self._deleting = True
        self._sigterm.set()
        if self.working:
            asyncio.get_running_loop().call_later(grace_seconds, self.kill)
        elif self.over and self._reported:
            self._life = asyncio.create_task(self._remove(), name=f"pod {self.pod.name} goes")

    def vanish(self) -> None:
        """Take note that it is gone from the API server, by force: there is nobody left to report to."""
        self._vanished = True
        self.kill()

    async def end(self) -> None:
        """End it with the node: SIGKILL, and no report."""
        self.kill()
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)

    async def _live(self) -> None:
        started = manifests.timestamp()
        await self._report(manifests.running(self.pod, started=started))
        if not (self._vanished or self._deleting):
            self._work = asyncio.create_task(self._run(), name=f"program of {self.pod.name}")
            try:
                await asyncio.wait({self._work})
            finally:
                self._work.cancel()
        exit_ = manifests.killed() if self._work is None or self._work.cancelled() else self._work.result()
        if self._vanished:
            return
        await self._report(manifests.ended(self.pod, exit_, started=started, evicted=self._evicted))
        self._reported = True
        if self._deleting:
            await self._remove()

    async def _run(self) -> Exit:
        try:
            return await self._program(self.pod, self._sigterm)
        except Exception:  # noqa: BLE001 - a crash of a container is not a fault of its node
            _LOG.exception("the program of the pod %s fell over", self.pod.name)
            return Exit(1)

    async def _report(self, status: dict[str, object]) -> None:
        path = f"/api/v1/namespaces/{self.pod.namespace}/pods/{self.pod.name}/status"
        await self._unless_gone("PATCH", path, status, content_type=STRATEGIC)

    async def _remove(self) -> None:
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.pod.uid}}
        await self._unless_gone("DELETE", f"/api/v1/namespaces/{self.pod.namespace}/pods/{self.pod.name}", body)

    async def _unless_gone(
        self, method: str, path: str, body: dict[str, object], *, content_type: str = "application/json"
    ) -> None:
        try:
            await self._api.patiently(method, path, body, content_type=content_type)
        except ApiRefused as refused:
            # 404 and 409: the pod is gone, or another has its name.
            if refused.status not in {404, 409}:
                _LOG.warning("%s of pod %s was refused: %s", method, self.pod.name, refused)
