"""kopf starts again when it ended, and when one of its watches is silent; readiness and metrics say so meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from runops_operator.heartbeats import Heartbeats
from runops_operator.informer.watches import Watches, patience
from runops_operator.kubernetes_api.kopf_login import Outcome

pytestmark = pytest.mark.virtual_time

VIDEOJOBS, JOBS = "/apis/runops.dev/v1alpha1/namespaces/a/videojobs", "/apis/batch/v1/namespaces/a/jobs"


class Kopf:
    """A kopf that watches what the API server names, every 30 s."""

    def __init__(self) -> None:
        self.runs = 0
        self.named = {VIDEOJOBS, JOBS}
        self.refused: dict[str, str] = {}
        self.ends_with: Exception | None = None
        self.hangs = False
        self.stopped = 0
        self.relistings = 0

    async def run(self, outcome: Outcome, stop: asyncio.Event) -> None:
        self.runs += 1
        named = list(self.named)
        while not stop.is_set():
            for path in named:
                outcome(path, self.refused.get(path))
            outcome("/apis", None)
            try:
                async with asyncio.timeout(1 if self.refused else 30):
                    await stop.wait()
            except TimeoutError:
                if self.ends_with is not None:
                    raise self.ends_with from None
        while self.hangs:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                continue
        self.stopped += 1

    def list_anew(self) -> None:
        self.relistings += 1


class Running:
    def __init__(self, kopf: Kopf) -> None:
        self.loops = Heartbeats(asyncio.get_running_loop().time)
        beats = {name: self.loops.begin(f"watch of {name}") for name in ("videojobs", "jobs")}
        self.watches = Watches(kopf.run, beats=beats, watch_seconds=30, on_new_run=kopf.list_anew)
        self.task = asyncio.create_task(self.watches.run())


@asynccontextmanager
async def _running(kopf: Kopf) -> AsyncIterator[Running]:
    running = Running(kopf)
    yield running
    running.task.cancel()
    await asyncio.wait([running.task])


@pytest.fixture
def kopf() -> Kopf:
    return Kopf()


async def _until(condition: Callable[[], bool], *, within: float) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        await asyncio.sleep(0.5)
        assert loop.time() - began <= within
    return loop.time() - began


async def test_watches_that_are_asked_for_again_and_again_work_in_one_run(kopf: Kopf) -> None:
    async with _running(kopf) as running:
        for _ in range(1000):
            await asyncio.sleep(10)
            assert running.loops.working() == {"watch of videojobs": True, "watch of jobs": True}
    assert (kopf.runs, kopf.stopped, kopf.relistings) == (1, 1, 0)


async def test_kopf_that_ended_begins_anew_in_a_second_and_the_cluster_is_listed(kopf: Kopf) -> None:
    async with _running(kopf) as running:
        kopf.ends_with = RuntimeError("Error in the watch-stream")
        await asyncio.sleep(30.1)
        kopf.ends_with = None
        await asyncio.sleep(1)
        assert (kopf.runs, kopf.relistings) == (2, 1)
        assert running.loops.trouble() is None


async def test_a_definition_that_is_gone_is_told_of_within_a_minute_and_watched_when_it_is_back(kopf: Kopf) -> None:
    async with _running(kopf) as running:
        await asyncio.sleep(60)
        kopf.ends_with, kopf.refused = ValueError("404"), {VIDEOJOBS: "404 the server could not find it"}
        kopf.named = {JOBS}
        await _until(lambda: running.loops.trouble() is not None, within=90)
        assert "The loop 'watch of videojobs' fails:" in str(running.loops.trouble())
        assert running.loops.working()["watch of jobs"]
        await asyncio.sleep(3600)
        assert not running.task.done()
        kopf.ends_with, kopf.refused, kopf.named = None, {}, {VIDEOJOBS, JOBS}
        await _until(lambda: running.loops.trouble() is None, within=120)
        assert kopf.relistings > 1


async def test_a_resource_that_discovery_did_not_name_is_found_by_a_new_run(kopf: Kopf) -> None:
    kopf.named = {JOBS}
    async with _running(kopf) as running:
        await asyncio.sleep(19)
        assert kopf.runs == 1
        kopf.named = {VIDEOJOBS, JOBS}
        await asyncio.sleep(3)
        assert kopf.runs == 2
        assert running.loops.trouble() is None


async def test_a_right_that_was_lost_is_told_of_and_taken_up_again(kopf: Kopf) -> None:
    async with _running(kopf) as running:
        await asyncio.sleep(10)
        kopf.refused = {JOBS: "403 jobs.batch is forbidden"}
        assert await _until(lambda: running.loops.trouble() is not None, within=90)
        assert running.loops.trouble() == f"The loop 'watch of jobs' fails: {JOBS}: 403 jobs.batch is forbidden"
        await asyncio.sleep(3600)
        kopf.refused = {}
        await _until(lambda: running.loops.trouble() is None, within=100)


async def test_a_watch_that_falls_silent_is_told_of_and_begun_anew_within_two_minutes(kopf: Kopf) -> None:
    async with _running(kopf) as running:
        await asyncio.sleep(10)
        kopf.named = set()
        assert kopf.runs == 1

        async def silent(outcome: Outcome, stop: asyncio.Event) -> None:
            kopf.runs += 1
            outcome(VIDEOJOBS, None)
            outcome(JOBS, None)
            await stop.wait()

        running.watches._run = silent
        kopf.ends_with = RuntimeError("so that the silent one begins")
        await _until(lambda: kopf.runs == 2, within=60)
        await _until(lambda: "stands still" in str(running.loops.trouble()), within=76)
        await _until(lambda: kopf.runs == 3, within=120)


async def test_whoever_stops_the_watches_stops_kopf(kopf: Kopf) -> None:
    async with _running(kopf):
        await asyncio.sleep(1)
    assert kopf.stopped == 1


async def test_kopf_that_does_not_end_ends_the_operator(kopf: Kopf) -> None:
    async with _running(kopf) as running:
        kopf.hangs, kopf.named = True, {JOBS}
        await asyncio.sleep(31)
        await _until(running.task.done, within=200)
        assert str(running.task.exception()) == "kopf does not end."
        kopf.hangs = False


def test_patience_grows_with_silent_runs_up_to_less_than_two_minutes() -> None:
    assert [patience(runs) for runs in (0, 1, 2, 3, 10_000)] == [20, 40, 80, 90, 90]
