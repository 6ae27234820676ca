"""What was seen of VideoJobs: how long finished ones took, and since when each is in its stage."""

from collections.abc import Callable
from datetime import datetime

from runops.time_left import FinishedVideo, Pace
from runops_operator.manifests.observed import VideoJobView
from runops_operator.time_left.videojob_times import finished_video

__all__ = ["History"]

_MOST = 400
"""Finished videos that are kept, of all models; half as many after each time that there are more."""


class History:
    """Sees every newer view of a VideoJob.

    Nothing of it is stored: after a start the list of all VideoJobs shows those that ended and were not deleted yet.

    Parameters
    ----------
    now
        The time, with its zone.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._finished: dict[str, FinishedVideo] = {}
        self._stages: dict[str, tuple[str, datetime]] = {}
        self._pace: Pace | None = None

    def see(self, before: VideoJobView | None, view: VideoJobView) -> None:
        """Take in a view."""
        if view.finished:
            self._stages.pop(view.uid, None)
            if (before is None or not before.finished) and (video := finished_video(view)) is not None:
                self._finished[view.uid] = video
                self._keep_newest()
                self._pace = None
            return
        stage = view.status.stage
        if before is not None and stage is not None and stage != before.status.stage:
            self._stages[view.uid] = (stage, self._now())

    def see_deleted(self, last: VideoJobView) -> None:
        """Forget the stage of a VideoJob that is gone; how long it took stays known."""
        self._stages.pop(last.uid, None)

    def stage_began(self, view: VideoJobView) -> datetime | None:
        """Return when the present stage of a VideoJob began; None where that was not seen."""
        stage, began = self._stages.get(view.uid, (None, None))
        return began if stage == view.status.stage else None

    def pace(self) -> Pace:
        """Return what the finished videos show."""
        if self._pace is None:
            self._pace = Pace.learned(self._finished.values())
        return self._pace

    def _keep_newest(self) -> None:
        if len(self._finished) <= _MOST:
            return
        newest = sorted(self._finished.items(), key=lambda item: item[1].ended, reverse=True)
        self._finished = dict(newest[: _MOST // 2])
