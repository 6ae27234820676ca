"""What follows an attempt that failed, class by class."""

from datetime import timedelta
from uuid import UUID

import pytest

from runops.failures import TABLE, FailureClass, Reason
from runops.report import Report
from runops.retry_policy import History
from runops.videojob import videojob_name
from tests.operator.world import CONFIG, World


async def _running(world: World) -> tuple[UUID, str]:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    await world.settle()
    return job_id, name


async def _end(world: World, name: str, reason: Reason, **report: float) -> None:
    world.cluster.end_pod(name, TABLE[reason].exit_code or 1, Report(reason=reason, message="It failed.", **report))
    await world.settle()


async def _next_pod(world: World, name: str, *, after: float) -> None:
    world.wait(after)
    await world.look(name)
    world.cluster.run_pod(name)
    await world.settle()


async def test_attempts_that_count_end_in_the_last_ones_sentence(world: World) -> None:
    job_id, name = await _running(world)
    for _ in range(CONFIG.retry_limit):
        await _end(world, name, Reason.MODEL_FILE_REJECTED)
        await _next_pod(world, name, after=700)
    assert world.status(job_id)["attempts"] == 4
    await _end(world, name, Reason.MODEL_FILE_REJECTED)
    assert world.jobs.rows[job_id].status == "error"
    assert world.jobs.rows[job_id].error == "It failed. Given up after 4 attempts."
    assert world.status(job_id)["attempts"] == 4
    assert world.cluster.created_jobs.count(name) == 4


async def test_a_pause_outlives_the_operator(world: World) -> None:
    job_id, name = await _running(world)
    await _end(world, name, Reason.MODEL_FILE_REJECTED)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.not_before is not None
    assert timedelta(seconds=10) <= claim.not_before - world.now <= timedelta(seconds=20)
    world.start_operator()
    await world.compare()
    await world.settle()
    assert name not in world.cluster.jobs, "the next attempt does not begin before its time"
    world.wait(21)
    await world.look(name)
    assert name in world.cluster.jobs


@pytest.mark.parametrize("how", ["disrupted", "lost", "terminated"])
async def test_what_the_cluster_takes_away_is_no_attempt(world: World, how: str) -> None:
    job_id, name = await _running(world)
    for _ in range(CONFIG.retry_limit + 3):
        if how == "disrupted":
            world.cluster.end_pod(name, 143, disrupted=True)
        elif how == "lost":
            world.cluster.end_pod(name, 1, gone=True)
            status = world.cluster.jobs[name]["status"]["conditions"]
            status[0]["message"] = "Job has reached the specified backoff limit"
        else:
            world.cluster.end_pod(name, 143, Report(reason=Reason.TERMINATED))
        await world.settle()
        await _next_pod(world, name, after=100)
    assert world.jobs.rows[job_id].status == "processing"
    assert world.status(job_id)["attempts"] == 1
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.history == History(waits={FailureClass.INFRASTRUCTURE: CONFIG.retry_limit + 3})
    reasons = {"disrupted": Reason.EVICTED, "lost": Reason.POD_LOST, "terminated": Reason.TERMINATED}
    assert claim.reason is reasons[how]


async def test_a_quota_is_waited_for_as_long_as_it_asks_and_keeps_new_videos_out(world: World) -> None:
    job_id, name = await _running(world)
    await _end(world, name, Reason.QUOTA_EXCEEDED, retry_after_seconds=120)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.not_before is not None
    assert timedelta(seconds=120) <= claim.not_before - world.now <= timedelta(seconds=150)
    assert claim.failures == 0
    world.jobs.add()
    assert await world.take_in() == 0
    assert "quota" in (world.intake.status.trouble or "")
    assert b'runops_intake_paused{reason="QuotaExceeded"} 1.0' in world.metrics.text()
    await _next_pod(world, name, after=160)
    assert await world.take_in() == 0, "that it runs says nothing about the quota"
    await world.cluster.patch_videojob_status(name, {"stage": "parsing_sop"})
    await world.settle()
    assert await world.take_in() == 1, "one of them has got through"
    assert b"runops_intake_paused{" not in world.metrics.text()


@pytest.mark.parametrize("reason", [r for r, f in TABLE.items() if f.failure_class is FailureClass.KEY])
async def test_a_bad_key_is_said_and_waited_for_and_costs_nothing(world: World, reason: Reason) -> None:
    job_id, name = await _running(world)
    world.jobs.add()
    for _ in range(10):
        await _end(world, name, reason)
        assert world.status(job_id)["reason"] == reason
        assert TABLE[reason].remedy in world.status(job_id)["message"]
        blocked = next(item for item in world.status(job_id)["conditions"] if item["type"] == "Blocked")
        assert (blocked["status"], blocked["reason"]) == ("True", reason)
        assert await world.take_in() == 0, "nothing new is claimed"
        assert world.intake.status.needs_a_key, "the operator is not ready, and says why"
        await _next_pod(world, name, after=61)
    assert world.jobs.rows[job_id].status == "processing", "nothing is lost"
    await world.cluster.patch_videojob_status(name, {"stage": "finalizing"})
    await world.settle()
    assert await world.take_in() == 1, "the key works again"


async def test_a_paused_video_with_a_bad_key_keeps_nobody_out(world: World) -> None:
    _, name = await _running(world)
    await _end(world, name, Reason.MODEL_KEY_REJECTED)
    world.cluster.edit_videojob(name, suspend=True)
    await world.settle()
    world.jobs.add()
    assert await world.take_in() == 1


async def test_running_out_of_memory_once_gives_more_and_twice_is_the_end(world: World) -> None:
    resources = {"limits": {"memory": "1Gi"}}
    worker = CONFIG.worker.model_validate({**CONFIG.worker.model_dump(by_alias=True), "resources": resources})
    world.config = CONFIG.model_copy(update={"worker": worker})
    world.start_operator()
    job_id, name = await _running(world)
    world.cluster.end_pod(name, 137, container_reason="OOMKilled")
    await world.settle()
    assert world.status(job_id)["reason"] == "OutOfMemory"
    await _next_pod(world, name, after=5)
    container = world.cluster.jobs[name]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"]["memory"] == "2Gi"
    assert world.status(job_id)["attempts"] == 1, "the first was no attempt"
    world.cluster.end_pod(name, 137, container_reason="OOMKilled")
    await world.settle()
    assert world.jobs.rows[job_id].status == "error"
    assert "twice the memory" in (world.jobs.rows[job_id].error or "")


@pytest.mark.parametrize(
    "reason", [r for r, f in TABLE.items() if f.failure_class is FailureClass.PERMANENT and f.exit_code]
)
async def test_what_cannot_end_differently_is_not_tried_again(world: World, reason: Reason) -> None:
    job_id, name = await _running(world)
    await _end(world, name, reason)
    assert world.jobs.rows[job_id].status == "error"
    assert world.jobs.rows[job_id].error == "It failed."
    assert world.status(job_id)["reason"] == reason
    assert world.cluster.created_jobs.count(name) == 1


async def test_a_pod_that_lost_its_seat_to_another_is_followed_by_an_attempt(world: World) -> None:
    job_id, name = await _running(world)
    await _end(world, name, Reason.CLAIM_LOST)
    assert world.jobs.rows[job_id].status == "processing"
    await _next_pod(world, name, after=5)
    assert world.status(job_id)["phase"] == "Running"


async def test_a_worker_that_is_done_and_whose_results_are_not_there_runs_again(world: World) -> None:
    job_id, name = await _running(world)
    world.cluster.end_pod(name, 0)
    await world.settle()
    assert world.jobs.rows[job_id].status == "processing"
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert (claim.reason, claim.failures) == (Reason.RESULTS_LOST, 0)
    await _next_pod(world, name, after=5)
    assert world.status(job_id)["phase"] == "Running"


async def test_a_worker_that_is_done_and_whose_row_was_not_told_completes_it(world: World) -> None:
    job_id, name = await _running(world)
    world.jobs.transcripts[job_id] = world.jobs.sops[job_id] = 1
    world.cluster.end_pod(name, 0)
    await world.settle()
    assert world.jobs.rows[job_id].status == "completed"
    assert world.status(job_id)["phase"] == "Succeeded"
    assert b'runops_drift_repaired_total{kind="RowNotCompleted"} 1.0' in world.metrics.text()


async def test_a_deadline_of_the_pod_is_final_and_says_so(world: World) -> None:
    job_id, name = await _running(world)
    world.wait(CONFIG.active_deadline_seconds)
    world.cluster.end_pod(name, 143, Report(reason=Reason.TERMINATED), reason="DeadlineExceeded")
    await world.settle()
    assert world.status(job_id)["reason"] == "DeadlineExceeded"
    assert world.jobs.rows[job_id].error == TABLE[Reason.DEADLINE_EXCEEDED].sentence


async def test_a_full_disk_is_told_from_an_eviction(world: World) -> None:
    job_id, name = await _running(world)
    world.cluster.end_pod(name, 137, reason="Evicted")
    world.cluster.pods[next(iter(world.cluster.pods))]["status"]["message"] = (
        "exceeds its local ephemeral storage limit"
    )
    await world.settle()
    assert world.status(job_id)["reason"] == "DiskFull"


async def test_a_later_attempt_mounts_the_prompts_that_the_video_was_begun_with(world: World) -> None:
    _, name = await _running(world)
    prompts = CONFIG.prompts.model_copy(update={"config_map": "prompts-2"})
    world.config = CONFIG.model_copy(update={"prompts": prompts})
    world.start_operator()
    await world.compare()
    await world.settle()
    await _end(world, name, Reason.MODEL_FILE_REJECTED)
    await _next_pod(world, name, after=30)
    volumes = world.cluster.jobs[name]["spec"]["template"]["spec"]["volumes"]
    assert next(volume for volume in volumes if volume["name"] == "prompts")["configMap"]["name"] == "prompts-1"
