"""Keeps the record of what videos cost in a ConfigMap, and says what may be claimed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from runops.logs import error_text
from runops.spending_record import KEY_IN_RECORD, Record, RecordUnreadable, read_record, write_record
from runops_operator.config import Cost
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, Conflict, NotFound
from runops_operator.manifests.fields import object_of
from runops_operator.manifests.observed import VideoJobView
from runops_operator.spending.caps import NO_SPENDING_CAP, AtWork, SpendingVerdict, spending_verdict
from runops_operator.spending.record import counted, may_be_counted
from runops_operator.spending.video_spending import VideoSpending, spending_of

__all__ = ["SpendingWatch"]

_log = logging.getLogger(__name__)
_LEAST_SECONDS = 1.0
_MOST_SECONDS = 60.0
"""Between two passes. A pass also notices a new day, and what a person changed in the ConfigMap."""
_BYTES_PER_SECOND = 50_000
"""Of writes on average: a large record is written seldom."""
_TRIES = 5
_MICRO = 1_000_000


class Show(Protocol):
    """Shows what was spent."""

    def __call__(self, *, month: float, day: float, capped_users: int) -> None:
        """Take US dollars of the present month and day, and how many users have reached their cap."""
        ...


@dataclass(frozen=True, slots=True)
class _Stored:
    record: Record
    version: str
    size: int


class SpendingWatch:
    """What all videos of this installation cost.

    The record is derived from what VideoJobs report, so a crash loses nothing: the next process adds what is missing.
    Each write names the version that it changes, so two operators never add the same twice.

    Parameters
    ----------
    cluster
        Holds the ConfigMap.
    store
        The VideoJobs.
    caps
        Settings of this installation.
    show
        Called after each pass with what was spent.
    now
        The time, with its zone.
    """

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        caps: Cost,
        *,
        show: Show,
        now: Callable[[], datetime],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._caps = caps
        self._shown = show
        self._now = now
        self._stored: _Stored | None = None
        self._known_version: str | None = None
        """Of the record, as this process read or wrote it last."""
        self._unreadable: str | None = None
        self._videos: dict[str, VideoSpending] = {}
        self._gone: dict[str, VideoSpending] = {}
        """Last reports of VideoJobs that were deleted or replaced, until the record has them."""
        self._counted: tuple[Record, str, Record] | None = None
        """What was stored, the day, and what follows with all reports. 10,000 of them take 40 ms."""
        self._some = asyncio.Event()

    def see(self, _before: VideoJobView | None, after: VideoJobView) -> None:
        """Take in what a VideoJob reports."""
        if not self._caps.has_caps_over_videos:
            return
        spending, former = spending_of(after), self._videos.get(after.name)
        if spending == former:
            return
        if former is not None and (spending is None or spending.ledger != former.ledger):
            self._keep(self._videos.pop(after.name))
        if spending is not None:
            self._videos[after.name] = spending
        self._note_change()

    def see_deleted(self, last: VideoJobView) -> None:
        """Take in the last report of a VideoJob that was deleted."""
        if not self._caps.has_caps_over_videos:
            return
        reports = [spending_of(last)]
        if self._store.videojob(last.name) is None:
            # Otherwise another VideoJob of this name exists already, and the report is that one's.
            reports.insert(0, self._videos.pop(last.name, None))
        for report in reports:
            self._keep(report)
        self._note_change()

    def _note_change(self) -> None:
        self._counted = None
        self._some.set()

    def _keep(self, last: VideoSpending | None) -> None:
        if last is not None and last.ledger:
            self._gone[last.ledger] = last.settled()

    def verdict(self, claimed: Mapping[str, int]) -> SpendingVerdict:
        """Return what may be claimed.

        Parameters
        ----------
        claimed
            Rows by user that are claimed and have no VideoJob yet.

        Raises
        ------
        ClusterError
            There is a cap, and it is not known what was spent.
        """
        if not self._caps.has_caps_over_videos:
            return NO_SPENDING_CAP
        if self._stored is None:
            raise ClusterError(self._unreadable or f"The ConfigMap {self._caps.record} was not read yet.")
        return spending_verdict(self._count(self._stored.record), self._caps, self._at_work(claimed))

    def _count(self, stored: Record) -> Record:
        """Return the record with all reports; the next reads of the table need the same one."""
        now = self._now()
        day = now.astimezone(UTC).date().isoformat()
        if self._counted is None or self._counted[0] is not stored or self._counted[1] != day:
            self._counted = (stored, day, counted(stored, self._reports(), now=now))
        return self._counted[2]

    def _at_work(self, claimed: Mapping[str, int]) -> AtWork:
        expected, unknown, still = Counter[str](), Counter(claimed), Counter[str]()
        for view in self._store.unfinished():
            video = self._videos.get(view.name)
            is_suspended = view.spec is not None and view.spec.suspend
            if video is not None:
                # A suspended video spends nothing more, perhaps never. Its last calls were perhaps billed.
                expected[video.user] += sum(video.under_way.values()) if is_suspended else video.expected
            elif not is_suspended and view.claim is not None:
                # One made by hand that waits for its turn spends nothing, perhaps until tomorrow.
                unknown[view.user] += 1
                still[view.user] += view.stands_still
        largest = max((video.estimate for video in self._videos.values()), default=None)
        if self._caps.max_per_video_usd is not None:
            most = int(self._caps.max_per_video_usd * _MICRO)
            largest = most if largest is None else min(largest, most)
        return AtWork(expected, unknown, still, largest)

    def _reports(self) -> list[VideoSpending]:
        return [*self._gone.values(), *self._videos.values()]

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Keep the record until cancelled. An error only delays it: claims wait until it was read once."""
        if not self._caps.has_caps_over_videos:
            beat.waits()
            await asyncio.Event().wait()
        while True:
            self._some.clear()
            trouble: str | None = None
            beat.moves()
            try:
                await self.once()
            except (ClusterError, RecordUnreadable) as error:
                trouble = str(error)
                _log.warning("the record of spending could not be kept: %s", error_text(error))
            except Exception as error:  # noqa: BLE001 - what videos cost must not end the operator
                trouble = error_text(error)
                _log.exception("Unexpected error while spending was counted.")
            size = 0 if self._stored is None else self._stored.size
            pause = _LEAST_SECONDS + size / _BYTES_PER_SECOND
            beat.ended(trouble, next_within=pause + _MOST_SECONDS)
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(_MOST_SECONDS):
                    await self._some.wait()
            except TimeoutError:
                continue

    async def once(self) -> None:
        """Add what VideoJobs report to the record, and show the result.

        Raises
        ------
        ClusterError
            The ConfigMap cannot be read or written.
        RecordUnreadable
            Something else is in it.
        """
        for _ in range(_TRIES):
            try:
                await self._add()
                break
            except (Conflict, NotFound):
                # Another operator, or a person, has changed or deleted it.
                self._stored = None
        else:
            raise ClusterError(f"The ConfigMap {self._caps.record} changes faster than it can be written.")
        self._show(self.verdict({}))

    async def _add(self) -> None:
        stored = self._stored or await self._read()
        self._forget_counted(stored)
        gone = dict(self._gone)
        record = counted(stored.record, self._reports(), now=self._now())
        if record == stored.record and stored is self._stored:
            # A write would notice what somebody else did. Without one, only a look does.
            stored = await self._read()
            self._forget_counted(stored)
            record = counted(stored.record, self._reports(), now=self._now())
        if record != stored.record or not stored.version:
            text = write_record(record)
            data = {KEY_IN_RECORD: text}
            if stored.version:
                answer = await self._cluster.replace_configmap(self._caps.record, data, version=stored.version)
            else:
                answer = await self._cluster.create_configmap(self._caps.record, data)
            stored = _Stored(record, str(answer["metadata"]["resourceVersion"]), len(text))
        self._stored, self._unreadable, self._known_version = stored, None, stored.version
        for name, video in gone.items():
            if self._gone.get(name) is video:
                del self._gone[name]

    def _forget_counted(self, stored: _Stored) -> None:
        """Drop old last reports that somebody else, who wrote the record, may have counted and forgotten.

        Only an operator that could not write for a day has such reports.
        """
        if stored.version == self._known_version:
            return
        self._known_version = stored.version
        for name, video in list(self._gone.items()):
            if may_be_counted(video, stored.record, now=self._now()):
                _log.warning("a deleted VideoJob's last report is too old to be counted: another operator may have")
                del self._gone[name]
                self._counted = None

    async def _read(self) -> _Stored:
        """Return the record as it is stored; an empty one without a version where there is none."""
        try:
            found = await self._cluster.get_configmap(self._caps.record)
        except NotFound:
            return _Stored(Record(), "", 0)
        text = object_of(found.get("data")).get(KEY_IN_RECORD)
        version = str(found["metadata"]["resourceVersion"])
        if text is None:
            return _Stored(Record(), version, 0)
        try:
            return _Stored(read_record(str(text)), version, len(str(text)))
        except RecordUnreadable as error:
            self._unreadable = (
                f"The ConfigMap {self._caps.record} cannot be read: {error}. Delete it to count from 0 again."
            )
            raise RecordUnreadable(self._unreadable) from error

    def _show(self, verdict: SpendingVerdict) -> None:
        assert self._stored is not None
        record = self._stored.record
        self._shown(month=record.of_month / _MICRO, day=record.of_day / _MICRO, capped_users=len(verdict.capped_users))
