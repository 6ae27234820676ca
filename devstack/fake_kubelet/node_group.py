"""Many nodes that others register and keep fresh, as an autoscaler makes them: here only their pods are run."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from devstack.fake_kubelet.api import Api, ApiRefused
from devstack.fake_kubelet.model import Pod, Program
from devstack.fake_kubelet.pods_of_nodes import PodsOfNodes

__all__ = ["FakeNodeGroup"]


class FakeNodeGroup:
    """Plays the pods' side of the kubelet for every node with a label. Use it as `async with`.

    Parameters
    ----------
    api
        The API server, with full rights.
    program
        What each pod runs.
    label, value
        Of the nodes.
    """

    def __init__(self, api: Api, program: Program, *, label: str, value: str) -> None:
        self._api = api
        self._label, self._value = label, value
        self._known: dict[str, bool] = {}
        self._pods = PodsOfNodes(
            api,
            program,
            name=f"nodes with {label}={value}",
            selector="fieldSelector=spec.nodeName%21%3D",
            mine=self._mine,
        )
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._following = asyncio.create_task(self._pods.follow(), name=f"pods of {self._label}={self._value}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._pods.end()

    def working(self) -> list[Pod]:
        """Return the pods whose programs run now, oldest first."""
        return self._pods.working()

    @property
    def stopped_at_work(self) -> list[Pod]:
        """Pods that somebody deleted, by an eviction or otherwise, while their program ran; in this order."""
        return list(self._pods.stopped_at_work)

    async def _mine(self, node: str) -> bool:
        """Tell whether a node has the label. Asked once: a name is never given to another node."""
        if node not in self._known:
            try:
                body = await self._api.patiently("GET", f"/api/v1/nodes/{node}")
            except ApiRefused as refused:
                if refused.status != 404:
                    raise
                # It was deleted before it was seen: its pods are removed with the node.
                return False
            self._known[node] = (body["metadata"].get("labels") or {}).get(self._label) == self._value
        return self._known[node]
