"""Ten thousand malformed or hostile rows and VideoJobs: each gets its reason, and none of them stops another."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from runops.job_row import JobRow, stamped_metadata
from runops.videojob import videojob_name
from runops_operator.manifests.observed import parse_videojob
from tests.operator import hostile
from tests.operator.world import CONFIG, World

pytestmark = pytest.mark.slow("ten thousand bad rows and VideoJobs go through the whole operator in memory")

_BAD_ROWS = 5000
_BAD_VIDEOJOBS = 5000
_GOOD_ROWS = 120
_ODD_ROWS = 60
_USERS = 8
_MOST_ROUNDS = 500


class Crowd:
    """Good rows, and among them as many others as there are said to be, from one seed."""

    def __init__(self, seed: int, *, bad_rows: int, bad_videojobs: int) -> None:
        self.world = World()
        chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
        users = [str(hostile.uuid(chance)) for _ in range(_USERS)]
        good = [("good", {"user_id": users[number % _USERS]}) for number in range(_GOOD_ROWS)]
        odd = [("odd", hostile.odd_metadata(chance)) for _ in range(_ODD_ROWS)]
        kept = [*good, *odd]
        chance.shuffle(kept)
        bad = [("bad", hostile.bad_metadata(chance)) for _ in range(bad_rows)]
        # Where the bad rows lie is drawn, but good and odd ones keep their order in every crowd of a seed.
        places = sorted(chance.sample(range(len(kept) + len(bad)), len(kept)))
        self.good: list[UUID] = []
        self.odd: list[UUID] = []
        self.bad: list[UUID] = []
        of_kind = {"good": self.good, "odd": self.odd, "bad": self.bad}
        rows = _merged(kept, bad, set(places))
        for kind, metadata in rows:
            of_kind[kind].append(self.world.jobs.add(metadata=metadata, job_id=hostile.uuid(chance)))
        self.videojobs = [hostile.videojob(chance) for _ in range(bad_videojobs)]
        self.started: dict[UUID, int] = {}
        self.rounds = 0

    async def appear(self) -> None:
        """Put the VideoJobs there, as kubectl would if no schema kept them out."""
        for body in self.videojobs:
            await self.world.cluster.create_videojob(body)
        await self.world.resync.once()
        await self.world.settle()

    async def work_off(self) -> float:
        """Work until every good and odd row has run; return the seconds that took."""
        begun = time.monotonic()
        wanted = {*self.good, *self.odd}
        while not wanted <= self.started.keys():
            assert self.rounds < _MOST_ROUNDS, f"{len(wanted - self.started.keys())} rows never started"
            await self._round()
        return time.monotonic() - begun

    async def _round(self) -> None:
        world = self.world
        self.rounds += 1
        await world.take_in()
        await world.settle()
        ran = {pod["metadata"]["ownerReferences"][0]["uid"] for pod in world.cluster.pods.values()}
        for name in [name for name, job in world.cluster.jobs.items() if job["metadata"]["uid"] not in ran]:
            job_id = UUID(name.removeprefix("vj-"))
            self.started.setdefault(job_id, self.rounds)
            pod = world.cluster.run_pod(name)["metadata"]["name"]
            row = world.jobs.rows.get(job_id)
            if row is not None and row.claim is not None:
                await world.jobs.complete(job_id, row.claim.claim)
            world.cluster.end_pod(name, 0, pod=pod)
        await world.settle()

    def latency(self) -> float:
        """Mean number of the round in which a good row's Job was made."""
        return sum(self.started[job_id] for job_id in self.good) / len(self.good)


def _merged(kept: list[Any], others: list[Any], places: set[int]) -> Iterator[Any]:
    one, other = iter(kept), iter(others)
    return (next(one) if place in places else next(other) for place in range(len(kept) + len(others)))


async def test_ten_thousand_bad_ones_each_get_a_reason_and_delay_no_good_row(
    record_property: Callable[[str, object], None], caplog: pytest.LogCaptureFixture
) -> None:
    # Ten thousand warnings would hide what failed.
    caplog.set_level(logging.ERROR, "runops_operator")
    alone = Crowd(7, bad_rows=0, bad_videojobs=0)
    await alone.work_off()
    crowd = Crowd(7, bad_rows=_BAD_ROWS, bad_videojobs=_BAD_VIDEOJOBS)
    await crowd.appear()
    seconds = await crowd.work_off()
    ratio = crowd.latency() / alone.latency()
    print(  # noqa: T201 - the figures of the report
        f"rounds until a good row's Job: {alone.latency():.2f} alone, {crowd.latency():.2f} among "
        f"{_BAD_ROWS + _BAD_VIDEOJOBS} bad ones (ratio {ratio:.3f}); {crowd.rounds} rounds in {seconds:.1f} s"
    )
    record_property("latency_ratio", ratio)
    assert crowd.latency() - alone.latency() <= 1, "good rows wait for bad ones, longer than a round"
    rows = crowd.world.jobs.rows
    silent = [job_id for job_id in crowd.bad if rows[job_id].status != "error" or not rows[job_id].error]
    assert silent == [], f"{len(silent)} bad rows were not told why"
    assert {rows[job_id].status for job_id in (*crowd.good, *crowd.odd)} == {"completed"}
    unsaid = [body["metadata"]["name"] for body in crowd.videojobs if not _has_its_reason(crowd.world, body)]
    assert unsaid == [], f"{len(unsaid)} bad VideoJobs neither ended nor were anybody's work"
    longest = max(len(str(rows[job_id].error)) for job_id in crowd.bad)
    assert longest < 400, "a sentence for a person does not repeat a megabyte"


def _has_its_reason(world: World, body: dict[str, Any]) -> bool:
    there = world.cluster.videojobs.get(body["metadata"]["name"])
    if there is None:
        return True
    view = parse_videojob(there)
    # One that came ended, as its status says, with whatever for a message, is nobody's to explain.
    return view.finished and (bool(view.status.message) or parse_videojob(body).finished)


async def test_hostile_claims_are_nobodys_and_run_when_they_are_stale(world: World) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable, no secret
    ids = [
        world.jobs.add(status="processing", metadata={"runops": hostile.claim(chance)}, job_id=hostile.uuid(chance))
        for _ in range(300)
    ]
    ours = {job_id for job_id in ids if (row := world.jobs.rows[job_id]).claim and row.claim.by == CONFIG.installation}
    await world.rows.once()
    await world.settle()
    for job_id in ids:
        made = videojob_name(job_id) in world.cluster.videojobs
        assert made == (job_id in ours), "a row whose claim is readable and ours is adopted, and no other"
    alive = [job_id for job_id in ids if job_id not in ours]
    world.config = CONFIG.model_copy(update={"max_concurrent": 1000})
    world.start_operator()
    await world.compare()
    assert await world.take_in() == 0, "they are alive, whoever holds them"
    world.wait(CONFIG.stale_after_seconds + 120)
    assert await world.take_in() == len(alive)
    await world.settle()
    for job_id in alive:
        claim = world.jobs.rows[job_id].claim
        assert claim is not None
        assert claim.by == CONFIG.installation
        assert JobRow(job_id=job_id, metadata=stamped_metadata(None, claim)).claim == claim, "it can be read again"


async def test_watch_events_with_missing_parts_change_nothing_and_raise_nothing(world: World) -> None:
    chance = random.Random(13)  # noqa: S311 - repeatable, no secret
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    for number in range(3000):
        body = hostile.mangled_event(chance)
        see = world.store.see_job if number % 3 == 0 else world.store.see_videojob
        if see(body, deleted=number % 5 == 0):
            await world.queue.add(body["metadata"]["name"])
    await world.settle()
    await world.resync.once()
    await world.settle()
    assert world.jobs.rows[job_id].status == "processing"
    assert videojob_name(job_id) in world.cluster.jobs


@pytest.mark.parametrize("token", ["", "%", "*", "_" * 36, "x" * 200_000, "a/b/c", "\x00", 5, None, ["a"]])
async def test_a_claim_that_is_no_token_gives_no_power_over_a_row(world: World, token: Any) -> None:
    theirs = stamped_metadata(None, JobRow.model_validate(_held_row()).claim)  # type: ignore[arg-type]
    job_id = world.jobs.add(status="processing", metadata=theirs)
    name = videojob_name(job_id)
    await world.cluster.create_videojob(
        {"metadata": {"name": name, "annotations": {"runops.dev/claim": token}}, "spec": {"jobId": str(job_id)}}
    )
    await world.settle()
    await world.cluster.delete_videojob(name, uid=world.cluster.videojobs[name]["metadata"]["uid"])
    await world.settle()
    assert world.jobs.rows[job_id].status == "processing", "it is another installation's"


def _held_row() -> dict[str, Any]:
    stamp = {"claim": "5f6e1d1c-0000-4000-8000-000000000001", "by": "somebody/else"}
    return {"job_id": UUID(int=1), "metadata": {"runops": stamp}}
