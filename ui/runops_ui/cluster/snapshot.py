"""What of a namespace the page shows, read at most every few seconds however many people look."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from runops.logs import error_text
from runops.spending_record import KEY_IN_RECORD
from runops.standstill import Told, told_by
from runops.videojob_view import VideoJobView, parse_videojob
from runops_ui.cluster.access import ClusterAccess, ClusterUnavailable, core_path, videojobs_path
from runops_ui.cluster.spending import Spending, spending_by_records, spending_by_videos

__all__ = ["NOTHING_KNOWN", "ClusterReader", "Snapshot"]

_log = logging.getLogger(__name__)
_OLDEST_SECONDS = 5.0
_PATIENCE_SECONDS = 3.0
_READ_SECONDS = 60.0
_SHARE_OF_TIME = 10
"""A read that takes 2 s is made every 20 s at most."""
_AT_ONCE = 500
_MOST_VIDEOS = 20_000
_OPERATORS = "app.kubernetes.io/component=operator,app.kubernetes.io/part-of=runops"
_MADE_BY_OPERATOR = "app.kubernetes.io/managed-by=runops-operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A namespace at one time.

    Attributes
    ----------
    read_at
        When; None where it was never read.
    videojobs
        The VideoJobs, by job.
    spending
        What was spent; None where that is not known.
    standstill
        Why no rows are claimed; None where they are, or where that is not known.
    trouble
        Why the last read failed, in one sentence.
    """

    read_at: datetime | None = None
    videojobs: Mapping[UUID, VideoJobView] = field(default_factory=dict)
    spending: Spending | None = None
    standstill: Told | None = None
    trouble: str | None = None


NOTHING_KNOWN = Snapshot()


class ClusterReader:
    """Reads a namespace when somebody looks.

    Parameters
    ----------
    access
        The namespace; None where the page works from the tables alone.
    record
        Name of the ConfigMap that counts spending; where None, those with the operator's label are looked through.
    now
        The clock.
    """

    def __init__(
        self,
        access: ClusterAccess | None,
        *,
        record: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.access = access
        self._record = record
        self._now = now
        self._last = NOTHING_KNOWN
        self._reading: asyncio.Task[None] | None = None
        self._next_at = 0.0
        self._parsed: dict[tuple[str, str], VideoJobView] = {}

    @property
    def last(self) -> Snapshot:
        """What was read last."""
        return self._last

    async def snapshot(self) -> Snapshot:
        """Return what is known, read again once it is some seconds old; a slow cluster is waited for 3 s at most."""
        if self.access is None:
            return NOTHING_KNOWN
        loop = asyncio.get_running_loop()
        if self._reading is None and loop.time() >= self._next_at:
            self._reading = loop.create_task(self._read(self.access))
        if self._reading is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await asyncio.shield(self._reading)
        return self._last

    async def aclose(self) -> None:
        """End a read that is under way."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _read(self, access: ClusterAccess) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(_READ_SECONDS):
                self._last = await self._read_all(access)
        except ClusterUnavailable as error:
            self._last = replace(self._last, trouble=str(error))
        except TimeoutError:
            self._last = replace(self._last, trouble=f"The cluster did not answer within {_READ_SECONDS:.0f} s.")
        except Exception as error:  # noqa: BLE001 - what a cluster adds must not take the tables' page away
            _log.exception("Unexpected error while the cluster was read.")
            self._last = replace(self._last, trouble=f"The cluster could not be read ({error_text(error)}).")
        finally:
            self._next_at = loop.time() + max(_OLDEST_SECONDS, _SHARE_OF_TIME * (loop.time() - began))
            self._reading = None

    async def _read_all(self, access: ClusterAccess) -> Snapshot:
        now, namespace = self._now(), await access.namespace()
        today = now.astimezone(UTC).date()
        manifests = await self._manifests(access, namespace)
        videojobs = await asyncio.to_thread(self._parsed_all, manifests)
        # Who may read VideoJobs may perhaps not read these: what they add is left out then.
        standstill, spent = None, None
        with contextlib.suppress(ClusterUnavailable):
            pods = await _listed(access, core_path(namespace, "pods"), labelSelector=_OPERATORS)
            standstill = told_by(
                one for pod in pods.get("items") or [] for one in (pod.get("status") or {}).get("conditions") or []
            )
        with contextlib.suppress(ClusterUnavailable):
            spent = spending_by_records(await self._records(access, namespace), today=today)
        return Snapshot(
            read_at=now,
            videojobs=MappingProxyType(videojobs),
            spending=spent or spending_by_videos(manifests, today=today),
            standstill=standstill,
        )

    async def _manifests(self, access: ClusterAccess, namespace: str) -> list[Mapping[str, Any]]:
        manifests: list[Mapping[str, Any]] = []
        token = ""
        while len(manifests) < _MOST_VIDEOS:
            page = await _listed(access, videojobs_path(namespace), limit=str(_AT_ONCE), **_continued(token))
            manifests += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                break
        return manifests

    def _parsed_all(self, manifests: list[Mapping[str, Any]]) -> dict[UUID, VideoJobView]:
        """Return the VideoJobs by job; one that is as it was is not parsed again, one that cannot be is left out."""
        known, parsed = self._parsed, {}
        found: dict[UUID, VideoJobView] = {}
        for manifest in manifests:
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                meta = manifest["metadata"]
                version = (str(meta["uid"]), str(meta["resourceVersion"]))
                view = parsed[version] = known.get(version) or parse_videojob(manifest)
                found[UUID(manifest["spec"]["jobId"])] = view
        self._parsed = parsed
        return found

    async def _records(self, access: ClusterAccess, namespace: str) -> list[Mapping[str, Any]]:
        if self._record is not None:
            found = await access.get(core_path(namespace, "configmaps", self._record))
            return [] if found is None else [found]
        listed = await _listed(access, core_path(namespace, "configmaps"), labelSelector=_MADE_BY_OPERATOR)
        return [item for item in listed.get("items") or [] if KEY_IN_RECORD in (item.get("data") or {})]


async def _listed(access: ClusterAccess, path: str, **query: str) -> Mapping[str, Any]:
    found = await access.get(f"{path}?{urlencode(query)}")
    if found is None:
        raise ClusterUnavailable("The cluster has no VideoJobs. Install the chart: helm install runops-operator.")
    return found


def _continued(token: str) -> dict[str, str]:
    return {"continue": token} if token else {}
