"""A fault that all videos share pauses the whole installation, and closes by itself; the backlog is not burnt."""

from datetime import timedelta
from uuid import UUID

import pytest

from runops.failures import TABLE, FailureClass, Reason
from runops.report import Report
from runops.retry_policy import History
from runops.videojob import videojob_name
from tests.operator.world import CONFIG, World

_SLOTS = 10
_ATTEMPT_SECONDS = 30


class Installation:
    """Ten slots and a backlog; each attempt lasts half a minute and meets the fault that there is."""

    def __init__(self, rows: int) -> None:
        self.world = World(CONFIG.model_copy(update={"max_concurrent": _SLOTS}))
        self.fault: Reason | None = None
        self.jobs = [self._add() for _ in range(rows)]

    def _add(self) -> UUID:
        self.world.wait(0.001)
        return self.world.jobs.add()

    def count(self, status: str) -> int:
        return sum(row.status == status for row in self.world.jobs.rows.values())

    def attempts(self) -> int:
        return len(self.world.cluster.created_jobs)

    async def pass_time(self, minutes: float) -> None:
        until = self.world.now + timedelta(minutes=minutes)
        while self.world.now < until:
            await self.world.take_in()
            await self.world.settle()
            for name in list(self.world.cluster.jobs):
                if not any(pod.startswith(name) for pod in self.world.cluster.pods):
                    self.world.cluster.run_pod(name)
            await self.world.settle()
            self.world.wait(_ATTEMPT_SECONDS)
            for name in list(self.world.cluster.jobs):
                if any(pod.startswith(f"{name}-") for pod in self.world.cluster.pods):
                    await self._end(name)
            for name in list(self.world.cluster.videojobs):
                await self.world.queue.add(name)
            await self.world.settle()

    async def _end(self, name: str) -> None:
        world, job_id = self.world, UUID(name.removeprefix("vj-"))
        if self.fault is not None:
            report = Report(reason=self.fault, message="The API says why.")
            world.cluster.end_pod(name, TABLE[self.fault].exit_code or 1, report)
        else:
            await world.cluster.patch_videojob_status(name, {"stage": "finalizing"})
            await world.settle()
            claim = world.jobs.rows[job_id].claim
            assert claim is not None
            await world.jobs.complete(job_id, claim.claim)
            world.cluster.end_pod(name, 0, Report())
        await world.settle()


@pytest.mark.parametrize(
    "fault",
    [
        Reason.MODEL_UNAVAILABLE,
        Reason.MODEL_TIMEOUT,
        Reason.STORAGE_UNAVAILABLE,
        Reason.DATABASE_UNAVAILABLE,
        Reason.MODEL_NOT_FOUND,
        Reason.PROMPT_MISSING,
        Reason.MODEL_REGION_REFUSED,
        Reason.MODEL_NOT_IN_PLAN,
        Reason.MODEL_KEY_REJECTED,
    ],
)
async def test_an_hour_of_it_costs_no_row_and_hardly_an_attempt_and_then_all_is_worked_off(fault: Reason) -> None:
    here = Installation(rows=60)
    here.fault = fault
    await here.pass_time(60)
    assert (here.count("error"), here.count("completed")) == (0, 0)
    assert here.count("processing") <= _SLOTS + 1, "nothing new is claimed, but for a row that tries"
    assert here.attempts() <= 80, "one video at a time tries: 60 min of 10 slots are 1,200 attempts"
    assert here.world.intake.status.trouble is not None
    assert "The API says why." in here.world.intake.status.trouble
    assert TABLE[fault].remedy in here.world.intake.status.trouble
    assert f'runops_intake_paused{{reason="{fault}"}} 1.0'.encode() in here.world.metrics.text()
    here.fault = None
    await here.pass_time(20)
    assert here.count("completed") == 60
    assert here.world.intake.status.trouble is None
    assert b"runops_intake_paused{" not in here.world.metrics.text()


async def test_a_program_that_crashes_for_every_video_costs_a_few_rows_and_not_the_backlog() -> None:
    here = Installation(rows=300)
    here.fault = Reason.WORKER_CRASHED
    await here.pass_time(60)
    assert here.count("error") == 0
    assert here.count("processing") <= _SLOTS + 1
    here.fault = Reason.MODEL_REFUSED_REQUEST
    refused = Installation(rows=300)
    refused.fault = Reason.MODEL_REFUSED_REQUEST
    await refused.pass_time(60)
    assert refused.count("error") <= _SLOTS + 10, "such a failure ends its video; the others stay in the queue"


async def test_a_video_that_the_model_never_answers_uses_up_its_attempts_while_others_get_through() -> None:
    world = World()
    poison, name = await _running(world)
    for _ in range(CONFIG.retry_limit + 1):
        await _other_gets_through(world)
        assert world.jobs.rows[poison].status == "processing"
        await _fail(world, name, Reason.MODEL_UNAVAILABLE)
        world.wait(700)
        await world.look(name)
        if name in world.cluster.jobs:
            world.cluster.run_pod(name)
            await world.settle()
    assert world.jobs.rows[poison].status == "error"
    assert world.intake.status.trouble is None, "nobody else waited for it"


async def test_alone_it_waits_and_the_next_rows_are_claimed_all_the_same() -> None:
    world = World()
    poison, name = await _running(world)
    for number in range(6):
        await _fail(world, name, Reason.MODEL_UNAVAILABLE)
        world.wait(700)
        await world.look(name)
        world.cluster.run_pod(name)
        await world.settle()
        claim = world.jobs.rows[poison].claim
        assert claim is not None
        assert claim.history == History(waits={FailureClass.TRANSIENT: number + 1})
    world.jobs.add()
    assert await world.take_in() == 1


async def test_a_video_that_tries_and_finds_no_node_keeps_nobody_out_for_long() -> None:
    world = World()
    (_, stuck), (other, fine) = await _running(world), await _running(world)
    await _fail(world, stuck, Reason.MODEL_KEY_REJECTED)
    await _get_through(world, other, fine)
    world.wait(61)
    await world.look(stuck)
    pod = world.cluster.run_pod(stuck)
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}
    pod["status"] = {"phase": "Pending", "conditions": [condition]}
    for _ in range(5):
        world.jobs.add()
    assert await world.take_in() > 0, "another video got through with the same key"


async def test_a_key_that_is_mended_lets_all_go_on_as_soon_as_a_call_was_answered() -> None:
    world = World()
    _, name = await _running(world)
    await _fail(world, name, Reason.MODEL_KEY_REJECTED)
    world.jobs.add()
    assert await world.take_in() == 0
    world.wait(61)
    await world.look(name)
    world.cluster.run_pod(name)
    await world.settle()
    await world.cluster.patch_videojob_status(name, {"stage": "transcribing"})
    await world.settle()
    assert await world.take_in() == 0
    await world.cluster.patch_videojob_status(name, {"usage": {"totalTokens": 1200}})
    await world.settle()
    assert await world.take_in() == 1, "a two-hour video need not be transcribed to its end"


async def test_a_restart_knows_what_blocks_and_lets_one_video_try() -> None:
    world = World()
    videos = [await _running(world) for _ in range(2)]
    for _, name in videos:
        await _fail(world, name, Reason.MODEL_UNAVAILABLE)
    world.start_operator()
    await world.compare()
    await world.settle()
    world.jobs.add()
    assert await world.take_in() == 0
    world.wait(61)
    for _, name in videos:
        await world.look(name)
    assert len(world.cluster.jobs) == 1


@pytest.mark.parametrize(
    ("kinds", "last"),
    [
        pytest.param([Reason.MODEL_KEY_REJECTED] * 120, "evicted", id="a hundred waits for a key, then a spot loss"),
        pytest.param([Reason.MODEL_KEY_REJECTED] * 320, Reason.QUOTA_EXCEEDED, id="then a quota"),
    ],
)
async def test_waits_of_one_class_never_exhaust_the_bound_of_another(kinds: list[Reason], last: Reason | str) -> None:
    world = World()
    job_id, name = await _running(world)
    for reason in kinds:
        await _fail(world, name, reason)
        world.wait(61)
        await world.look(name)
        world.cluster.run_pod(name)
        await world.settle()
    if isinstance(last, Reason):
        await _fail(world, name, last)
    else:
        world.cluster.end_pod(name, 143, disrupted=True)
        await world.settle()
    assert world.jobs.rows[job_id].status == "processing"


async def _running(world: World) -> tuple[UUID, str]:
    job_id = world.jobs.add()
    assert await world.take_in() == 1
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    await world.settle()
    return job_id, name


async def _fail(world: World, name: str, reason: Reason) -> None:
    world.cluster.end_pod(name, TABLE[reason].exit_code or 1, Report(reason=reason, message="It failed."))
    await world.settle()


async def _get_through(world: World, job_id: UUID, name: str) -> None:
    await world.cluster.patch_videojob_status(name, {"stage": "finalizing"})
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    await world.jobs.complete(job_id, claim.claim)
    world.cluster.end_pod(name, 0, Report())
    await world.settle()


async def _other_gets_through(world: World) -> None:
    world.wait(1)
    await _get_through(world, *await _running(world))
