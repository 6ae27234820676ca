"""Leader election by a Lease: one of several replicas works, the others wait.

A replica believes no clock but its own: a Lease is over when it has been seen unchanged for its whole duration, so that
a skew between the replicas' clocks cannot make two leaders. What two leaders would do is safe all the same; every write
is fenced by claims, uids and versions.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runops_operator.config import LeaderElection
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, Conflict, NotFound

__all__ = ["Elector", "Seen", "identity", "may_take"]

_log = logging.getLogger(__name__)


def identity() -> str:
    """Return this replica's name: the pod's, whose restarted container may go on at once, or a process of this host."""
    return os.environ.get("RUNOPS_POD_NAME") or f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A Lease as it was first seen in this state.

    Attributes
    ----------
    holder
        Who has it; None where nobody does.
    version
        Its resource version.
    since
        When it was first seen so, in seconds on a clock that only goes forward.
    transitions
        How often it changed hands.
    """

    holder: str | None
    version: str
    since: float
    transitions: int = 0


def may_take(seen: Seen, *, me: str, now: float, lease_seconds: float) -> bool:
    """Tell whether a replica may take or renew a Lease. Pure.

    Parameters
    ----------
    seen
        The Lease.
    me
        The replica.
    now
        On the clock of `seen.since`.
    lease_seconds
        For how long an unchanged Lease is respected.
    """
    return seen.holder in {None, "", me} or now - seen.since > lease_seconds


class Elector:
    """Gets the Lease and keeps it.

    Parameters
    ----------
    cluster
        Where the Lease is.
    settings
        Its name and times.
    me
        This replica.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self, cluster: Cluster, settings: LeaderElection, me: str, *, clock: Callable[[], float] | None = None
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._me = me
        self._clock = clock or asyncio.get_running_loop().time
        self._seen: Seen | None = None
        self.leads = False
        """Whether this replica has the Lease."""

    async def lead(self) -> None:
        """Return when this replica has the Lease. An API server that is away is waited for."""
        trouble = None
        while not await self._tried():
            if self._seen is not None and trouble != self._seen.holder:
                trouble = self._seen.holder
                _log.info("standing by", extra={"leader": trouble})
            await asyncio.sleep(self._settings.retry_seconds)
        self.leads = True
        _log.info("leading", extra={"identity": self._me})

    async def keep(self) -> None:
        """Renew the Lease until it is lost: to somebody else, or because it could not be renewed for too long."""
        renewed = self._clock()
        try:
            while True:
                await asyncio.sleep(self._settings.retry_seconds)
                if await self._tried():
                    renewed = self._clock()
                elif self._seen is not None and self._seen.holder not in {None, "", self._me}:
                    _log.warning("another replica leads now", extra={"leader": self._seen.holder})
                    return
                # A third is left for what is under way to end before another replica begins.
                elif self._clock() - renewed > self._settings.lease_seconds * 2 / 3:
                    _log.warning("the Lease could not be renewed in time")
                    return
        finally:
            self.leads = False

    async def give_back(self) -> None:
        """Let another replica lead at once. Failing to only means that it waits for the Lease to run out."""
        if self._seen is None or self._seen.holder != self._me:
            return
        try:
            async with asyncio.timeout(self._settings.retry_seconds):
                await self._write(self._seen, holder="")
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease could not be given back", extra={"error": type(error).__name__})

    async def _tried(self) -> bool:
        """Try once to take or renew; True where this replica has the Lease now."""
        try:
            async with asyncio.timeout(self._settings.lease_seconds / 3):
                return await self._try()
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease could not be reached", extra={"error": str(error)[:200]})
            return False

    async def _try(self) -> bool:
        try:
            self._note(await self._cluster.get_lease(self._settings.lease))
        except NotFound:
            try:
                self._note(await self._cluster.create_lease(self._settings.lease, self._spec(self._me, 0, anew=True)))
            except Conflict:
                return False
            return True
        assert self._seen is not None
        if not may_take(self._seen, me=self._me, now=self._clock(), lease_seconds=self._settings.lease_seconds):
            return False
        try:
            await self._write(self._seen, holder=self._me)
        except Conflict:
            return False
        return True

    async def _write(self, seen: Seen, *, holder: str) -> None:
        anew = seen.holder != holder
        spec = self._spec(holder, seen.transitions + anew, anew=anew)
        self._note(await self._cluster.replace_lease(self._settings.lease, spec, version=seen.version))

    def _note(self, lease: Mapping[str, Any]) -> None:
        spec, version = lease.get("spec") or {}, str(lease["metadata"]["resourceVersion"])
        if self._seen is None or self._seen.version != version:
            self._seen = Seen(
                spec.get("holderIdentity"), version, self._clock(), transitions=int(spec.get("leaseTransitions") or 0)
            )

    def _spec(self, holder: str, transitions: int, *, anew: bool) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, round(self._settings.lease_seconds)),
            "leaseTransitions": transitions,
            "renewTime": now,
        } | ({"acquireTime": now} if anew else {})
