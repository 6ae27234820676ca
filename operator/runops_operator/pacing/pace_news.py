"""What the watch says about calls: it is kept until the pace loop takes it in."""

import asyncio

from runops_operator.manifests.observed import VideoJobView
from runops_operator.pacing.call_status import RefusedCall, calls_change, new_refusals

__all__ = ["PaceNews"]

_MOST_KEPT = 10_000


class PaceNews:
    """Sees every newer view of a VideoJob."""

    def __init__(self) -> None:
        self._refused: list[RefusedCall] = []
        self._changed = asyncio.Event()

    def see(self, before: VideoJobView | None, view: VideoJobView) -> None:
        """Take in a view."""
        if view.status.pace is None or not calls_change(before, view):
            return
        # Of more refusals than these, which are all about the same minute, the rest says nothing new.
        self._refused += new_refusals(before, view)[: _MOST_KEPT - len(self._refused)]
        self._changed.set()

    def take(self) -> list[RefusedCall]:
        """Return the refusals since the last time."""
        refused, self._refused = self._refused, []
        self._changed.clear()
        return refused

    async def wait(self, seconds: float) -> None:
        """Return when something changed, or after some seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
