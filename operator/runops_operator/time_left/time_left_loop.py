"""Shows in the status of each VideoJob when it is expected to end.

Estimates take processor time and writes take the API server's, so both have a rate: with thousands of VideoJobs each is
looked at more seldom.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from runops.logs import error_text
from runops.time_left import Pace, expected_end
from runops.videojob_time_left import TimeLeftStatus
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, Conflict, NotFound
from runops_operator.manifests.observed import VideoJobView
from runops_operator.time_left.history import History
from runops_operator.time_left.shown_time import TOO_FEW, is_worth_a_write, shown
from runops_operator.time_left.videojob_times import unfinished_video, why_unknown

__all__ = ["TimeLeftLoop"]

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 5.0
_LOOKS = 60
"""In one pass: 0.2 % of a core, since one takes about 0.2 ms. 10,000 VideoJobs take a quarter of an hour."""
_WRITES = 10
"""In one pass: two a second."""
_AGAIN_SECONDS = 30.0
"""Before a VideoJob is written to again, except where its range appears or disappears."""
_AT_A_TIME = 20
_DROPPED_AGAIN = timedelta(minutes=10)
"""Before it is tried again whether the API server keeps what is written."""


class TimeLeftLoop:
    """The loop.

    Parameters
    ----------
    cluster
        Holds the VideoJobs.
    store
        The VideoJobs.
    history
        What was seen of them.
    paused
        Whether a fault that every video meets lets them wait.
    now
        The time, with its zone.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        store: Store,
        history: History,
        paused: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._history = history
        self._paused = paused
        self._now = now
        self._turns: list[str] = []
        """VideoJobs that are still to be looked at in this round; the next one last."""
        self._written: dict[str, datetime] = {}
        self._again: datetime | None = None
        """Where the API server dropped what was written: when to try again."""

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Show what is expected until cancelled. A failure only delays it."""
        while True:
            trouble: str | None = None
            beat.moves()
            try:
                await self.once()
            except ClusterError as error:
                trouble = str(error)
                _log.warning("an expected end could not be written: %s", error)
            except Exception as error:  # noqa: BLE001 - one unexpected VideoJob must not end the loop
                trouble = error_text(error)
                _log.exception("Unexpected error while the ends of videos were estimated.")
            beat.ended(trouble, next_within=_EVERY_SECONDS)
            await asyncio.sleep(_EVERY_SECONDS)

    async def once(self) -> int:
        """Look at the VideoJobs whose turn it is, and return how many were written to.

        Raises
        ------
        ClusterError
            One could not be written.
        """
        if self._again is not None and self._now() < self._again:
            return 0
        self._again = None
        if not self._turns:
            self._turns = sorted((view.name for view in self._store.unfinished()), reverse=True)
            unfinished = {view.uid for view in self._store.unfinished()}
            self._written = {uid: at for uid, at in self._written.items() if uid in unfinished}
        pace, paused, places = self._history.pace(), self._paused(), self._places()
        written = 0
        for number in range(1, min(_LOOKS, len(self._turns)) + 1):
            view = self._store.videojob(self._turns.pop())
            if view is not None and not view.finished:
                written += await self._show(view, pace, paused=paused, position=places.get(view.uid))
            if self._again is not None:
                break
            if written >= _WRITES:
                break
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
        return written

    def _places(self) -> dict[str, int]:
        waiting = sorted(
            (view.created or "", view.name, view.uid)
            for view in self._store.unfinished()
            if not view.started and not view.deleting
        )
        return {uid: place for place, (_, _, uid) in enumerate(waiting, 1)}

    async def _show(self, view: VideoJobView, pace: Pace, *, paused: bool, position: int | None) -> bool:
        now, before = self._now(), view.status.time_left
        after = _expected(view, pace, self._history, now, paused=paused, position=position)
        if not is_worth_a_write(before, after, now):
            return False
        last = self._written.get(view.uid)
        same_kind = before is not None and before.unknown == after.unknown
        if last is not None and same_kind and (now - last).total_seconds() < _AGAIN_SECONDS:
            return False
        status = {"timeLeft": after.model_dump(mode="json", by_alias=True)}
        try:
            stored = await self._cluster.patch_videojob_status(view.name, status, version=view.version)
        except (Conflict, NotFound):
            # Somebody else wrote meanwhile; the next round looks again.
            return True
        self._store.see_videojob(stored)
        self._written[view.uid] = now
        if not (stored.get("status") or {}).get("timeLeft"):
            # Each round would write the same again, for each VideoJob and for ever.
            self._again = now + _DROPPED_AGAIN
            _log.error(
                "VideoJobs do not say when they are expected to end: the CustomResourceDefinition is of an earlier "
                "version and has no status.timeLeft. Apply the one of this version."
            )
        return True


def _expected(
    view: VideoJobView, pace: Pace, history: History, now: datetime, *, paused: bool, position: int | None
) -> TimeLeftStatus:
    """Return what to show about a VideoJob."""
    unknown = why_unknown(view, paused=paused)
    video = unfinished_video(view, stage_began=history.stage_began(view))
    time_left = expected_end(pace, video, now) if unknown is None else None
    if unknown is None and time_left is None:
        unknown = TOO_FEW if pace.of(video.model) is None else "LongerThanOthers"
    return shown(time_left, position=position, unknown=unknown)
