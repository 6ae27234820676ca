"""The pods of one node or of many: taken up as the scheduler binds them, run, and let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from devstack.fake_kubelet.api import Api, ApiAway, ApiRefused
from devstack.fake_kubelet.model import Pod, Program, parse_pod
from devstack.fake_kubelet.running_pod import RunningPod

__all__ = ["PodsOfNodes"]

_LOG = logging.getLogger(__name__)
_PODS = "/api/v1/pods"
_LONGEST_PAUSE = 3.0

Mine = Callable[[str], Awaitable[bool]]
"""Tells of a node's name whether its pods are to be run here."""


async def _every(_node: str) -> bool:
    return True


class PodsOfNodes:
    """Runs a coroutine for each pod that is bound to the nodes of a selection.

    Parameters
    ----------
    api
        The API server, with full rights.
    program
        What each pod runs.
    name
        Of who runs them, for the log.
    selector
        Query that picks the pods, encoded, such as `fieldSelector=spec.nodeName%3Done`.
    mine
        Picks among their nodes, where the query cannot.
    """

    def __init__(self, api: Api, program: Program, *, name: str, selector: str, mine: Mine = _every) -> None:
        self._api = api
        self._program = program
        self._name = name
        self._selector = selector
        self._mine = mine
        self._pods: dict[str, RunningPod] = {}
        self.stopped_at_work: list[Pod] = []
        """Pods that somebody deleted, by an eviction or otherwise, while their program ran; in this order."""

    def working(self) -> list[Pod]:
        """Return the pods whose programs run now, oldest first."""
        return [entry.pod for entry in self._pods.values() if entry.working]

    def find(self, uid: str) -> RunningPod | None:
        """Return a pod whose program runs; None where it does not."""
        entry = self._pods.get(uid)
        return entry if entry is not None and entry.working else None

    async def end(self) -> None:
        """End every pod with its node: SIGKILL, and no report."""
        await asyncio.gather(*(entry.end() for entry in self._pods.values()))

    async def follow(self) -> None:
        """Take up pods as they come and go until cancelled, however often the API server goes away."""
        pause = 0.1
        while True:
            try:
                listing = await self._api.call("GET", f"{_PODS}?{self._selector}")
                await self._compare(listing["items"])
                pause = 0.1
                version = listing["metadata"]["resourceVersion"]
                async for event in self._api.watch(_PODS, selector=self._selector, version=version):
                    await self._see(event["object"], gone=event["type"] == "DELETED")
            except (ApiAway, ApiRefused) as error:
                _LOG.info("%s: %s", self._name, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _compare(self, bodies: list[Mapping[str, Any]]) -> None:
        there = {body["metadata"]["uid"] for body in bodies}
        for uid in [uid for uid in self._pods if uid not in there]:
            self._pods.pop(uid).vanish()
        for body in bodies:
            await self._see(body, gone=False)

    async def _see(self, body: Mapping[str, Any], *, gone: bool) -> None:
        metadata = body["metadata"]
        uid = metadata["uid"]
        entry = self._pods.get(uid)
        if gone:
            if entry is not None:
                self._pods.pop(uid).vanish()
            return
        if entry is None:
            over = (body.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
            if over or not await self._mine(body["spec"]["nodeName"]):
                return
            self._pods[uid] = entry = RunningPod(parse_pod(body), api=self._api, program=self._program)
        if metadata.get("deletionTimestamp"):
            if entry.working and not entry.deleting:
                self.stopped_at_work.append(entry.pod)
            entry.delete(grace_seconds=float(metadata.get("deletionGracePeriodSeconds") or 0))
