"""One bad object ends or waits alone; all others go on, also after a restart."""

from typing import Any
from uuid import UUID

import pytest

from runops.failures import TABLE, Reason
from runops.supabase.errors import ErrorKind, Service, SupabaseError
from runops.videojob import videojob_name
from runops_operator.kubernetes_api.cluster import ClusterError
from tests.operator.world import CONFIG, World


class Refusing:
    """The API server refuses VideoJobs of some names."""

    def __init__(self, world: World, *bad: UUID, words: str = "denied by the policy team-labels") -> None:
        self.bad = {videojob_name(job_id) for job_id in bad}
        create = world.cluster.create_videojob

        async def refusing(manifest: Any) -> Any:
            if manifest["metadata"]["name"] in self.bad:
                raise ClusterError(f"POST videojobs: 403 {words}", status=403)
            return await create(manifest)

        world.cluster.create_videojob = refusing  # type: ignore[method-assign]


async def _pass_time(world: World, seconds: float, *, step: float = 10.0) -> None:
    for _ in range(round(seconds / step)):
        world.wait(step)
        await world.confirmation.settle()
        await world.intake.claim_what_fits()
        await world.confirmation.settle()
        await world.settle()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_refused_videojob_ends_alone_with_the_api_servers_words(restarted: bool) -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 50}))
    bad = world.jobs.add()
    Refusing(world, bad)
    await world.take_in()
    if restarted:
        world.start_operator()
    others = [world.jobs.add() for _ in range(5)]
    await _pass_time(world, 120)
    assert {world.jobs.rows[job_id].status for job_id in others} == {"processing"}
    assert all(videojob_name(job_id) in world.cluster.videojobs for job_id in others)
    await _pass_time(world, 60)
    world.jobs.add()
    await _pass_time(world, 600)
    ended = world.jobs.rows[bad]
    assert ended.status == "error"
    assert "denied by the policy team-labels" in (ended.error or "")
    assert TABLE[Reason.VIDEOJOB_REFUSED].remedy in (ended.error or "")


async def test_while_every_videojob_is_refused_few_rows_are_claimed_and_none_is_lost() -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 50}))
    rows = [world.jobs.add() for _ in range(2)]
    refusing = Refusing(world, *rows)
    await _pass_time(world, 60)
    more = [world.jobs.add() for _ in range(40)]
    refusing.bad |= {videojob_name(job_id) for job_id in more}
    await _pass_time(world, 3600)
    claimed = sum(row.status == "processing" for row in world.jobs.rows.values())
    assert claimed <= 2 + 3600 / 300, "one row now and then tries"
    assert sum(row.status == "error" for row in world.jobs.rows.values()) == 0
    assert "denied by the policy" in (world.intake.status.trouble or "")
    refusing.bad.clear()
    await _pass_time(world, 600)
    assert {row.status for row in world.jobs.rows.values()} == {"processing"}
    assert len(world.cluster.videojobs) == 42
    assert world.intake.status.trouble is None


async def test_a_storage_that_refuses_a_delete_holds_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    ids = [world.jobs.add() for _ in range(CONFIG.max_concurrent)]
    await world.take_in()
    await world.settle()
    for job_id in ids:
        world.cluster.run_pod(videojob_name(job_id))
    await world.settle()

    async def refuse(*_: Any) -> None:
        raise SupabaseError(ErrorKind.FORBIDDEN, "Storage refused the delete", service=Service.STORAGE)

    monkeypatch.setattr(world.jobs, "remove", refuse)
    for job_id in ids:
        del world.jobs.rows[job_id]
    new = world.jobs.add()
    await world.compare()
    await world.settle()
    assert {world.status(job_id)["phase"] for job_id in ids} == {"Failed"}
    await world.take_in()
    assert world.jobs.rows[new].status == "processing"


async def test_videojobs_made_by_hand_keep_to_the_limits_and_come_one_after_the_other() -> None:
    world = World()
    for _ in range(40):
        job_id = world.jobs.add(status="completed")
        manifest = {"metadata": {"name": videojob_name(job_id)}, "spec": {"jobId": str(job_id)}}
        await world.cluster.create_videojob(manifest)
    await world.settle(rounds=500)
    assert len(world.cluster.jobs) == CONFIG.max_concurrent
    waiting = [body for body in world.cluster.videojobs.values() if body.get("status", {}).get("reason") == "NoSlot"]
    assert len(waiting) == 40 - CONFIG.max_concurrent


async def test_a_stalled_video_gets_a_real_try_after_the_operator_was_away() -> None:
    world = World()
    world.cluster.refusal = "exceeded quota"
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.wait(CONFIG.deadlines.claimed_seconds + 1)
    await world.look(name)
    assert any(item["type"] == "Stalled" and item["status"] == "True" for item in world.status(job_id)["conditions"])
    world.cluster.refusal = None
    world.wait(CONFIG.deadlines.waiting_seconds + 60)
    world.start_operator()
    await world.compare()
    await world.settle()
    assert world.jobs.rows[job_id].status == "processing"
    assert name in world.cluster.jobs


async def test_a_registry_that_is_away_ends_no_video_however_long() -> None:
    world = World()
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    waiting = {"name": "worker", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "registry is away"}}}
    pod = world.cluster.run_pod(name)
    pod["status"] = {"phase": "Pending", "containerStatuses": [waiting]}
    for _ in range(10):
        world.wait(86_400)
        await world.look(name)
    assert (world.jobs.rows[job_id].status, world.status(job_id)["reason"]) == ("processing", "ImagePullFailed")
    pod["status"] = {"phase": "Failed", "reason": "DeadlineExceeded", "containerStatuses": [waiting]}
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    world.cluster.write("job", world.cluster.jobs, name, {"status": {"active": 0, "failed": 1, "conditions": [failed]}})
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert (claim.failures, claim.reason) == (0, Reason.IMAGE_PULL_FAILED)


async def test_a_dead_node_is_an_interruption_and_no_attempt() -> None:
    world = World(CONFIG.model_copy(update={"retry_limit": 0}))
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    pod = world.cluster.run_pod(name)
    await world.settle()
    pod["metadata"]["deletionTimestamp"] = "2026-11-24T12:05:45Z"
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
    pod["status"] = {**pod["status"], "conditions": [disrupted]}
    await world.rows.once()
    for _ in range(120):
        world.wait(5)
        await world.rows.once()
    await world.look(name)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert (world.jobs.rows[job_id].status, claim.failures, claim.reason) == ("processing", 0, Reason.EVICTED)
