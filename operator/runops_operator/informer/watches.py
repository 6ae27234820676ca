"""Keeps kopf's watches alive: one that ended, or that saw nothing for too long, starts again.

kopf ends when a watch meets what it does not understand, such as 404 after the definition was deleted. And where the
API server did not name a resource at its start, as just after the definition was made, it never watches it and says
nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from runops.logs import error_text
from runops.polling import backoff
from runops_operator.heartbeats import Heartbeat
from runops_operator.kubernetes_api.kopf_login import Outcome

__all__ = ["WATCHED", "Run", "Watches", "patience"]

_log = logging.getLogger(__name__)
WATCHED: Final = ("videojobs", "jobs")
_LEAST_PATIENCE = 20.0
_MOST_PATIENCE = 90.0
_LONGEST_PAUSE = 10.0
_END_SECONDS = 60.0
_NOT_BEGUN = "it has not begun; does the API server know this resource?"
Run = Callable[[Outcome, asyncio.Event], Awaitable[None]]
"""Runs kopf until the event is set, and reports how its requests end."""


def patience(runs: int) -> float:
    """Return for how many seconds a watch may show no sign before kopf starts again. Pure.

    It grows with the runs in which there was none: a busy machine may need long for the first requests.

    Parameters
    ----------
    runs
        How many runs in a row ended without a sign of every watch.
    """
    return min(_LEAST_PATIENCE * 2.0 ** min(runs, 10), _MOST_PATIENCE)


class Watches:
    """The watches over VideoJobs and Jobs.

    Parameters
    ----------
    run
        Runs kopf.
    beats
        The heartbeat of each watch, by the plural of its resource.
    watch_seconds
        How long a watch lasts. Then it is asked for again, which is its sign of life.
    on_new_run
        Called when kopf starts again: what changed in between must be listed.
    """

    def __init__(
        self,
        run: Run,
        *,
        beats: Mapping[str, Heartbeat],
        watch_seconds: float,
        on_new_run: Callable[[], None],
    ) -> None:
        self._run = run
        self._beats = beats
        self._watch_seconds = watch_seconds
        self._on_new_run = on_new_run
        self._deadlines: dict[str, float] = {}
        """Until when each watch must show a sign."""
        self._unseen = set(beats)
        """Watches that showed no sign in this run."""
        self._failing: dict[str, str] = {}

    async def run(self) -> None:
        """Keep kopf running until cancelled.

        Raises
        ------
        RuntimeError
            A run of kopf does not end, so that no other one can begin.
        """
        silent_runs, ended_runs = 0, 0
        while True:
            why = await self._one_run(patience(silent_runs))
            silent_runs = silent_runs + 1 if self._unseen else 0
            ended_runs = ended_runs + 1 if self._unseen else 1
            _log.warning("kopf starts again: %s", why)
            for name in self._unseen:
                self._beats[name].failed(self._failing.get(name, why))
            await asyncio.sleep(backoff(ended_runs, base=1.0, longest=_LONGEST_PAUSE))
            self._on_new_run()

    async def _one_run(self, first_sign_within: float) -> str:
        """Run kopf until it ends, or a watch shows no sign; return why."""
        now = asyncio.get_running_loop().time()
        self._unseen, self._failing = set(self._beats), {}
        self._deadlines = dict.fromkeys(self._beats, now + first_sign_within)
        stop = asyncio.Event()
        running = asyncio.ensure_future(self._run(self._note, stop))
        try:
            while not running.done():
                late = min(self._deadlines, key=self._deadlines.__getitem__)
                left = self._deadlines[late] - asyncio.get_running_loop().time()
                if left <= 0:
                    return f"no sign of the watch of {late}: {self._failing.get(late, _NOT_BEGUN)}"
                await asyncio.wait({running}, timeout=left)
            error = _error_of(running)
            return "it ended." if error is None else error_text(error)
        finally:
            stop.set()
            await _ended(running)

    def _note(self, path: str, trouble: str | None) -> None:
        name = path.rpartition("/")[2]
        beat = self._beats.get(name)
        if beat is None:
            return
        if trouble is not None:
            self._failing[name] = trouble
            beat.failed(f"{path}: {trouble}", next_within=self._watch_seconds)
            return
        self._unseen.discard(name)
        self._failing.pop(name, None)
        beat.turned(next_within=self._watch_seconds)
        self._deadlines[name] = asyncio.get_running_loop().time() + self._watch_seconds + _MOST_PATIENCE


async def _ended(running: "asyncio.Future[None]") -> None:
    """Wait for the end of a run that was told to end; cancel it after a while."""
    for _ in range(2):
        await asyncio.wait({running}, timeout=_END_SECONDS / 2)
        if running.done():
            _error_of(running)
            return
        running.cancel()
    raise RuntimeError("kopf does not end.")


def _error_of(ended: "asyncio.Future[None]") -> BaseException | None:
    return None if ended.cancelled() else ended.exception()
