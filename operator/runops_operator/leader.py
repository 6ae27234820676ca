"""Leader election by a Lease: one of several replicas works, the others wait.

A replica uses only its own clock: a Lease has expired when it was seen unchanged for its whole duration, so a skew
between the replicas' clocks cannot make two leaders. Two leaders would still be safe, since every write is fenced by
claims, uids and versions.

What to do next is decided by `next_step`, a pure function of what was seen and when. `Elector` does it.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from runops.logs import error_text
from runops_operator.config import LeaderElection
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, Conflict, NotFound

__all__ = ["Elector", "Seen", "Standing", "Stop", "Try", "Wait", "identity", "may_take", "next_step"]

_log = logging.getLogger(__name__)
_RENEWED_WITHIN = 0.8
"""Share of the Lease's time after which a leader that could not renew it stops; it ends its work in the rest."""
_TRY = 0.4
"""Share of that time which one try may take: after a request that hangs there is time for another one."""
_MOMENT = 0.05
"""Share of that time after a try's end: a process that got no processor time finds its time-out over and the answer
waiting, and reads the answer first."""
_MOST_SHOWN = 200


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

    def is_of_another(self, me: str) -> bool:
        """Return whether another replica holds it."""
        return self.holder not in {None, "", me}


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
    return not seen.is_of_another(me) or now >= seen.since + lease_seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """What a replica knows of its own standing; times are those of its monotonic clock.

    Attributes
    ----------
    seen
        The Lease as it was seen last; None before that.
    renewed
        When the last request began that took or renewed the Lease; None while this replica does not lead. Nobody else
        can have seen the Lease unchanged for longer than since then.
    tried
        When the last try began; None before the first.
    """

    seen: Seen | None = None
    renewed: float | None = None
    tried: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Try:
    """Try to take or renew the Lease, for so many seconds at most."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop leading at once."""

    why: str


def next_step(standing: Standing, *, me: str, now: float, settings: LeaderElection) -> Wait | Try | Stop:
    """Return what a replica does next about the Lease. Pure.

    Parameters
    ----------
    standing
        What it knows.
    me
        Its name.
    now
        On its monotonic clock.
    settings
        Of the election.
    """
    next_try = 0.0 if standing.tried is None else max(0.0, standing.tried + settings.retry_seconds - now)
    longest = settings.lease_seconds * _TRY
    if standing.renewed is None:
        if standing.seen is not None and standing.tried is not None:
            over = standing.seen.since + settings.lease_seconds
            # As soon as the Lease is over; but a try that fails then is not followed by the next one at once.
            if standing.tried < over:
                next_try = min(next_try, max(0.0, over - now))
        return Wait(next_try) if next_try else Try(longest)
    if standing.seen is not None and standing.seen.is_of_another(me):
        return Stop(f"{standing.seen.holder} leads now.")
    left = standing.renewed + settings.lease_seconds * _RENEWED_WITHIN - now
    if left <= 0:
        return Stop("The Lease could not be renewed in time.")
    return Wait(min(next_try, left)) if next_try else Try(min(longest, left))


class Elector:
    """Acquires the Lease, renews it and gives it back, as often as this replica leads.

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
    beat
        Hears of every try.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: LeaderElection,
        me: str,
        *,
        clock: Callable[[], float] | None = None,
        beat: Heartbeat = UNHEARD,
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._me = me
        self._clock = clock or asyncio.get_running_loop().time
        self._beat = beat
        self._standing = Standing()
        self._trouble: str | None = None

    @property
    def leads(self) -> bool:
        """Whether this replica holds the Lease, as far as it knows."""
        return self._standing.renewed is not None

    async def lead(self) -> None:
        """Return when this replica holds the Lease. While the API server does not answer, try again."""
        leader = None
        while True:
            await self._step()
            if self.leads:
                _log.info("leading", extra={"identity": self._me})
                return
            seen = self._standing.seen
            if seen is not None and seen.holder != leader:
                leader = seen.holder
                _log.info("standing by", extra={"leader": leader})

    async def keep(self) -> None:
        """Renew the Lease until it is lost to another replica, or could not be renewed for too long."""
        try:
            while (why := await self._step()) is None:
                continue
            _log.warning("the Lease is lost; this replica stops its work and stands by", extra={"why": why})
        finally:
            self._standing = replace(self._standing, renewed=None)

    async def give_back(self) -> None:
        """Release the Lease so that another replica leads at once. If that fails, it waits until the Lease expires."""
        self._standing = replace(self._standing, renewed=None)
        seen = self._standing.seen
        if seen is None or seen.holder != self._me:
            return
        try:
            async with asyncio.timeout(self._settings.retry_seconds):
                await self._write(seen, holder="")
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease could not be released", extra={"error": error_text(error)[:_MOST_SHOWN]})
        # The others come first now.
        self._standing = replace(self._standing, tried=self._clock())

    async def _step(self) -> str | None:
        """Do what is next; return why this replica must stop leading."""
        match next_step(self._standing, me=self._me, now=self._clock(), settings=self._settings):
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Try(seconds):
                await self._try(seconds)
            case Stop(why):
                return why
        return None

    async def _try(self, seconds: float) -> None:
        """Try once to take or renew the Lease."""
        began = self._clock()
        self._standing = replace(self._standing, tried=began)
        asking = asyncio.create_task(self._ask(), name="lease")
        try:
            for patience in (seconds, self._settings.lease_seconds * _MOMENT):
                await asyncio.wait({asking}, timeout=patience)
            if not asking.done():
                self._note_trouble(f"no answer within {seconds:.1f} s")
            elif asking.result():
                self._standing = replace(self._standing, renewed=began)
                self._note_success()
            else:
                self._note_success()
        except ClusterError as error:
            self._note_trouble(str(error))
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    def _note_success(self) -> None:
        self._trouble = None
        self._beat.turned(next_within=self._settings.retry_seconds)

    def _note_trouble(self, trouble: str) -> None:
        self._beat.failed(trouble, next_within=self._settings.retry_seconds)
        if trouble != self._trouble:
            _log.warning("the Lease could not be taken or renewed", extra={"error": trouble[:_MOST_SHOWN]})
        self._trouble = trouble

    async def _ask(self) -> bool:
        """Take or renew the Lease; return whether this replica holds it now."""
        seen = self._standing.seen
        if self.leads and seen is not None and seen.holder == self._me:
            try:
                # Mostly nobody else has written, and one request is enough.
                await self._write(seen, holder=self._me)
            except (Conflict, NotFound):
                """Somebody has, or deleted it: look."""
            else:
                return True
        try:
            seen = self._note(await self._cluster.get_lease(self._settings.lease))
            if not may_take(seen, me=self._me, now=self._clock(), lease_seconds=self._settings.lease_seconds):
                return False
            await self._write(seen, holder=self._me)
        except NotFound:
            try:
                spec = self._spec(self._me, 0, acquired=True)
                self._note(await self._cluster.create_lease(self._settings.lease, spec))
            except Conflict:
                return False
        except Conflict:
            return False
        return True

    async def _write(self, seen: Seen, *, holder: str) -> None:
        acquired = seen.holder != holder
        spec = self._spec(holder, seen.transitions + acquired, acquired=acquired)
        self._note(await self._cluster.replace_lease(self._settings.lease, spec, version=seen.version))

    def _note(self, lease: Mapping[str, Any]) -> Seen:
        try:
            spec, version = lease.get("spec") or {}, str(lease["metadata"]["resourceVersion"])
            holder, transitions = spec.get("holderIdentity"), int(spec.get("leaseTransitions") or 0)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ClusterError(f"The answer about the Lease {self._settings.lease} is not a Lease.") from error
        seen = self._standing.seen
        if seen is None or seen.version != version:
            seen = Seen(holder, version, self._clock(), transitions=transitions)
            self._standing = replace(self._standing, seen=seen)
        return seen

    def _spec(self, holder: str, transitions: int, *, acquired: bool) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, round(self._settings.lease_seconds)),
            "leaseTransitions": transitions,
            "renewTime": now,
        } | ({"acquireTime": now} if acquired else {})
