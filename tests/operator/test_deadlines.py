"""How long each state lasts, what is said when it lasts too long, and what then follows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from runops.failures import TABLE, Reason
from runops.retry_policy import History
from runops.videojob import videojob_name
from runops_operator.kubernetes_api.cluster import ClusterError
from tests.operator.world import CONFIG, World
from tests.simulation.cluster import Manifest


async def _claimed(world: World) -> tuple[UUID, str]:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    return job_id, videojob_name(job_id)


def _condition(world: World, job_id: UUID, kind: str) -> dict[str, Any] | None:
    return next((item for item in world.status(job_id)["conditions"] if item["type"] == kind), None)


def _pod(world: World, name: str, status: dict[str, Any]) -> Manifest:
    pod = world.cluster.run_pod(name)
    pod["status"] = {"phase": "Pending", **status}
    return pod


UNSCHEDULABLE = {
    "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes: too little cpu"}
    ]
}


def _container_waits(reason: str) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "worker", "state": {"waiting": {"reason": reason, "message": "no such"}}}]}


@pytest.mark.parametrize(
    ("pod", "seconds", "reason"),
    [
        (UNSCHEDULABLE, CONFIG.deadlines.unschedulable_seconds, Reason.UNSCHEDULABLE),
        (_container_waits("ImagePullBackOff"), CONFIG.deadlines.image_pull_seconds, Reason.IMAGE_PULL_FAILED),
        (_container_waits("CreateContainerConfigError"), CONFIG.deadlines.starting_seconds, Reason.POD_NOT_STARTING),
        (_container_waits("ContainerCreating"), CONFIG.deadlines.starting_seconds, Reason.POD_NOT_STARTING),
        ({}, CONFIG.deadlines.starting_seconds, Reason.POD_NOT_STARTING),
    ],
)
async def test_a_pod_that_does_not_run_is_said_to_be_stalled_and_is_never_an_attempt(
    world: World, pod: dict[str, Any], seconds: float, reason: Reason
) -> None:
    job_id, name = await _claimed(world)
    _pod(world, name, pod)
    await world.look(name)
    assert _condition(world, job_id, "Stalled") is None
    world.wait(seconds + 1)
    await world.look(name)
    stalled = _condition(world, job_id, "Stalled")
    assert stalled is not None
    assert (stalled["status"], stalled["reason"]) == ("True", reason)
    assert TABLE[reason].remedy in stalled["message"], "a person reads what to do"
    assert world.jobs.rows[job_id].status == "processing"
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.history == History()

    world.cluster.pods.clear()
    world.cluster.run_pod(name)
    await world.look(name)
    stalled = _condition(world, job_id, "Stalled")
    assert stalled is not None
    assert stalled["status"] == "False"


async def test_nothing_waits_for_ever(world: World) -> None:
    job_id, name = await _claimed(world)
    _pod(world, name, UNSCHEDULABLE)
    await world.look(name)
    for _ in range(2):
        world.wait(CONFIG.deadlines.unschedulable_seconds + 1)
        await world.look(name)
    world.wait(CONFIG.deadlines.waiting_seconds + 1)
    await world.look(name)
    assert world.jobs.rows[job_id].status == "error"
    assert (
        world.jobs.rows[job_id].error
        == "No node has room for the worker. Add nodes, or lower worker.resources.requests."
    )
    assert world.cluster.jobs == {}


async def test_a_restart_does_not_unsay_that_a_video_is_stalled(world: World) -> None:
    job_id, name = await _claimed(world)
    _pod(world, name, UNSCHEDULABLE)
    await world.look(name)
    world.wait(CONFIG.deadlines.unschedulable_seconds + 1)
    await world.look(name)
    since = _condition(world, job_id, "Stalled")
    world.start_operator()
    await world.compare()
    await world.settle()
    assert _condition(world, job_id, "Stalled") == since


async def test_a_job_that_kubernetes_refuses_is_shown_with_its_words_and_made_when_it_may_be(world: World) -> None:
    world.cluster.refusal = "jobs.batch is forbidden: exceeded quota: pods=10"
    job_id, name = await _claimed(world)
    assert world.status(job_id)["reason"] == "JobRefused"
    assert "exceeded quota: pods=10" in world.status(job_id)["message"]
    world.wait(CONFIG.deadlines.claimed_seconds + 1)
    await world.look(name)
    stalled = _condition(world, job_id, "Stalled")
    assert stalled is not None
    assert stalled["reason"] == "JobRefused"
    world.cluster.refusal = None
    await world.look(name)
    assert name in world.cluster.jobs
    assert world.jobs.rows[job_id].status == "processing"


def _refused(world: World, name: str, words: str, *, at: str = "2026-11-24T12:00:00Z") -> Manifest:
    return {
        "involvedObject": {"kind": "Job", "uid": world.cluster.jobs[name]["metadata"]["uid"]},
        "reason": "FailedCreate",
        "message": words,
        "lastTimestamp": at,
    }


async def test_a_pod_that_kubernetes_refuses_is_shown_with_its_last_words_and_costs_no_attempt(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.pod_refusals = [
        _refused(world, name, "exceeded quota: used: pods=10", at="2026-11-24T12:00:09Z"),
        _refused(world, name, "older words"),
    ]
    await world.look(name)
    assert world.status(job_id)["reason"] == "Pending", "a pod that is only just to be made is not asked about"
    world.wait(5)
    await world.look(name)
    assert world.status(job_id)["reason"] == "JobRefused"
    assert world.status(job_id)["message"] == "Kubernetes refuses the worker's pod. (exceeded quota: used: pods=10)"
    world.wait(CONFIG.deadlines.claimed_seconds + 1)
    await world.look(name)
    stalled = _condition(world, job_id, "Stalled")
    assert stalled is not None
    assert (stalled["status"], stalled["reason"]) == ("True", "JobRefused")

    world.cluster.run_pod(name)
    await world.look(name)
    assert world.status(job_id)["phase"] == "Running", "what was refused once is not held against a pod that runs"
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.history == History()


async def test_the_events_of_many_jobs_are_read_at_once_and_not_at_every_look(world: World) -> None:
    names = [(await _claimed(world))[1] for _ in range(5)]
    for name in names:
        await world.look(name)
    world.wait(5)
    for name in names * 3:
        await world.look(name)
    assert world.cluster.event_reads == 1
    world.wait(11)
    for name in names:
        await world.look(name)
    assert world.cluster.event_reads == 2


async def test_events_that_may_not_be_read_stop_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forbidden() -> list[Manifest]:
        raise ClusterError("events is forbidden", status=403)

    monkeypatch.setattr(world.cluster, "list_pod_refusals", forbidden)
    job_id, name = await _claimed(world)
    await world.look(name)
    world.wait(5)
    await world.look(name)
    assert world.status(job_id)["reason"] == "Pending"


async def test_a_worker_without_a_sign_of_life_is_stopped_and_followed_by_another(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    token = world.jobs.rows[job_id].claim
    await _watched_for(world, CONFIG.deadlines.no_progress_seconds + 1)
    await world.look(name)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert token is not None
    assert claim.claim != token.claim, "whatever it still does is fenced off"
    assert (claim.reason, claim.failures) == (Reason.NO_PROGRESS, 1)
    assert name not in world.cluster.jobs
    assert world.cluster.pods == {}


async def _watched_for(world: World, seconds: float) -> None:
    """Look at the rows for so long, as often as it is done."""
    until = world.now + timedelta(seconds=seconds)
    await world.rows.once()
    while world.now < until:
        world.wait(CONFIG.rows_seconds)
        await world.rows.once()


async def _running(world: World) -> tuple[UUID, str]:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    return job_id, name


def _attempts_lost(world: World, job_id: UUID) -> int:
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    return claim.failures


async def test_a_row_that_is_touched_is_not_quiet(world: World) -> None:
    job_id, _ = await _running(world)
    await _watched_for(world, 60)
    assert world.rows.quiet_seconds(job_id) == 60
    world.jobs.set(job_id)
    await world.rows.once()
    assert world.rows.quiet_seconds(job_id) == 0


async def test_time_in_which_the_rows_could_not_be_read_is_not_held_against_a_worker(world: World) -> None:
    job_id, name = await _running(world)
    await _watched_for(world, 60)
    world.wait(CONFIG.deadlines.no_progress_seconds * 3)
    await world.look(name)
    # The worker has not had time to tell of itself either.
    await world.rows.once()
    await world.look(name)
    assert _attempts_lost(world, job_id) == 0
    assert world.status(job_id)["phase"] == "Running"
    await _watched_for(world, CONFIG.deadlines.no_progress_seconds)
    await world.look(name)
    assert _attempts_lost(world, job_id) == 1, "it has time again, but not for ever"


async def test_a_row_touched_since_the_last_read_is_not_quiet(world: World) -> None:
    job_id, name = await _running(world)
    await _watched_for(world, CONFIG.deadlines.no_progress_seconds + 1)
    world.jobs.set(job_id)
    await world.look(name)
    assert _attempts_lost(world, job_id) == 0


async def test_the_silence_of_one_attempt_is_not_held_against_the_next(world: World) -> None:
    job_id, name = await _running(world)
    await _watched_for(world, CONFIG.deadlines.no_progress_seconds + 1)
    await world.look(name)
    assert _attempts_lost(world, job_id) == 1
    world.wait(21)
    await world.look(name)
    world.cluster.run_pod(name)
    await world.look(name)
    assert _attempts_lost(world, job_id) == 1


async def test_a_pod_that_does_not_stop_is_removed_by_force(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    forced: list[bool] = []

    async def stubborn(pod: str, *, uid: str, force: bool = False) -> None:
        assert uid == world.cluster.pods[pod]["metadata"]["uid"]
        world.cluster.pods[pod]["metadata"]["deletionTimestamp"] = "now"
        forced.append(force)
        if force:
            del world.cluster.pods[pod]

    monkeypatch.setattr(world.cluster, "delete_pod", stubborn)
    monkeypatch.setattr(world.cluster, "collect_garbage", lambda: None)
    job = world.cluster.jobs[name]
    await world.stopping.begin(name, job["metadata"]["uid"])
    assert forced == [False], "it is asked at once"
    world.stopping._deadline = 0.0
    await world.stopping._check(job["metadata"]["uid"])
    assert forced == [False, True]
    await world.stopping._check(job["metadata"]["uid"])
    assert len(world.stopping) == 0
    assert b'runops_drift_repaired_total{kind="StillStopping"} 1.0' in world.metrics.text()
    stalled = _condition(world, job_id, "Stalled")
    assert stalled is not None
    assert stalled["reason"] == Reason.STILL_STOPPING
    assert world.jobs.rows[job_id].status == "processing"


async def test_a_refusal_that_is_no_answer_is_tried_again_and_not_shown(world: World) -> None:
    job_id, name = await _claimed(world)
    job = world.cluster.jobs.pop(name)
    world.store.drop_job(name, job["metadata"]["uid"])
    world.cluster.broken = 1
    with pytest.raises(ClusterError):
        await world.reconciler.reconcile(name)
    assert world.status(job_id)["reason"] == "Pending"
