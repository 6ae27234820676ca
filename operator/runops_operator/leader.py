"""Leader election by a Lease: one of several replicas works, the others wait.

A replica uses only its own clock: a Lease has expired when it was seen unchanged for its whole duration, so a skew
between the replicas' clocks cannot make two leaders. Two leaders would still be safe, since every write is fenced by
claims, uids and versions.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runops.logs import error_text
from runops_operator.config import LeaderElection
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, Conflict, NotFound

__all__ = ["Elector", "Seen", "identity", "may_take"]

_log = logging.getLogger(__name__)


def identity() -> str:
    """Return this replica's name: the pod's, so that a restarted container leads again at once, or its host's."""
    return os.environ.get("RUNOPS_POD_NAME") or f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A Lease in one version, and since when this version was seen.

    Attributes
    ----------
    holder
        The replica that holds it; None where none does.
    version
        Its resource version.
    since
        When this version was first seen, in seconds of a monotonic clock.
    transitions
        How often its holder changed.
    """

    holder: str | None
    version: str
    since: float
    transitions: int = 0


def may_take(seen: Seen, *, me: str, now: float, lease_seconds: float) -> bool:
    """Return whether a replica may take or renew a Lease. Pure.

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
    """Acquires the Lease and renews it.

    Parameters
    ----------
    cluster
        Holds the Lease.
    settings
        Its name and times.
    me
        This replica.
    clock
        A monotonic clock, in seconds.
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
        """Whether this replica holds the Lease."""

    async def lead(self) -> None:
        """Return when this replica holds the Lease. While the API server does not answer, try again."""
        leader = None
        while not await self._tried():
            if self._seen is not None and leader != self._seen.holder:
                leader = self._seen.holder
                _log.info("standing by", extra={"leader": leader})
            await asyncio.sleep(self._settings.retry_seconds)
        self.leads = True
        _log.info("leading", extra={"identity": self._me})

    async def keep(self) -> None:
        """Renew the Lease until it is lost to another replica, or could not be renewed for too long."""
        renewed = self._clock()
        try:
            while True:
                await asyncio.sleep(self._settings.retry_seconds)
                if await self._tried():
                    renewed = self._clock()
                elif self._seen is not None and self._seen.holder not in {None, "", self._me}:
                    _log.warning("another replica leads now", extra={"leader": self._seen.holder})
                    return
                # The last third of the time is left to finish requests before another replica takes over.
                elif self._clock() - renewed > self._settings.lease_seconds * 2 / 3:
                    _log.warning("the Lease could not be renewed in time")
                    return
        finally:
            self.leads = False

    async def give_back(self) -> None:
        """Release the Lease so that another replica leads at once. If that fails, it waits until the Lease expires."""
        if self._seen is None or self._seen.holder != self._me:
            return
        try:
            async with asyncio.timeout(self._settings.retry_seconds):
                await self._write(self._seen, holder="")
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease could not be released", extra={"error": error_text(error)[:200]})

    async def _tried(self) -> bool:
        """Try once to take or renew the Lease; True where this replica holds it now."""
        try:
            async with asyncio.timeout(self._settings.lease_seconds / 3):
                return await self._try()
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease could not be taken or renewed", extra={"error": error_text(error)[:200]})
            return False

    async def _try(self) -> bool:
        try:
            self._note(await self._cluster.get_lease(self._settings.lease))
        except NotFound:
            spec = self._spec(self._me, 0, acquired=True)
            try:
                self._note(await self._cluster.create_lease(self._settings.lease, spec))
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
        acquired = seen.holder != holder
        spec = self._spec(holder, seen.transitions + acquired, acquired=acquired)
        self._note(await self._cluster.replace_lease(self._settings.lease, spec, version=seen.version))

    def _note(self, lease: Mapping[str, Any]) -> None:
        spec, version = lease.get("spec") or {}, str(lease["metadata"]["resourceVersion"])
        if self._seen is None or self._seen.version != version:
            self._seen = Seen(
                spec.get("holderIdentity"), version, self._clock(), transitions=int(spec.get("leaseTransitions") or 0)
            )

    def _spec(self, holder: str, transitions: int, *, acquired: bool) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, round(self._settings.lease_seconds)),
            "leaseTransitions": transitions,
            "renewTime": now,
        } | ({"acquireTime": now} if acquired else {})
