"""A sidecar outlives the worker: the worker's end counts, and the Job does not stay."""

from typing import Any
from uuid import UUID

import pytest

from runops.failures import TABLE, Reason
from runops.report import Report
from runops.videojob import videojob_name
from tests.operator.world import World


@pytest.fixture
def world() -> World:
    return World()


async def _running(world: World) -> tuple[UUID, str]:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    await world.settle()
    return job_id, name


async def _worker_ends_beside_a_sidecar(world: World, name: str, code: int, report: Report | None = None) -> None:
    """End the worker as the kubelet reports it while a sidecar runs: the pod runs on, and is ready no more."""
    pod = max(key for key in world.cluster.pods if key.startswith(f"{name}-"))
    message = report.encode().decode() if report is not None else None
    statuses: list[dict[str, Any]] = [
        {"name": "istio-proxy", "ready": True, "state": {"running": {}}},
        {"name": "worker", "ready": False, "state": {"terminated": {"exitCode": code, "message": message}}},
    ]
    status = {"phase": "Running", "containerStatuses": statuses}
    world.cluster.pods[pod] = {**world.cluster.pods[pod], "status": status}
    world.cluster.write("job", world.cluster.jobs, name, {"status": {"active": 1, "ready": 0}})
    await world.settle()


async def test_the_job_goes_soon_after_its_video_is_done(world: World) -> None:
    job_id, name = await _running(world)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    await world.jobs.complete(job_id, claim.claim)
    await _worker_ends_beside_a_sidecar(world, name, 0, Report())
    assert world.status(job_id)["phase"] == "Succeeded"
    assert name in world.cluster.jobs, "a Job without a sidecar ends by itself"
    world.wait(15)
    await world.look(name)
    assert name not in world.cluster.jobs
    assert world.status(job_id)["phase"] == "Succeeded"


async def test_the_exit_code_of_the_worker_counts_and_another_attempt_follows(world: World) -> None:
    job_id, name = await _running(world)
    uid = world.cluster.jobs[name]["metadata"]["uid"]
    await _worker_ends_beside_a_sidecar(world, name, 100, Report(reason=Reason.STORAGE_UNAVAILABLE))
    status = world.status(job_id)
    assert status["reason"] == "StorageUnavailable"
    assert name not in world.cluster.jobs, "the pod of the first attempt must not keep its CPU"
    world.wait(40)
    await world.look(name)
    assert world.cluster.jobs[name]["metadata"]["uid"] != uid


async def test_a_final_failure_takes_the_job_away(world: World) -> None:
    job_id, name = await _running(world)
    await _worker_ends_beside_a_sidecar(world, name, 70, Report(reason=Reason.MEDIA_TOO_LONG))
    row = world.jobs.rows[job_id]
    assert (row.status, row.error) == ("error", TABLE[Reason.MEDIA_TOO_LONG].sentence)
    assert name not in world.cluster.jobs


async def test_a_sidecar_that_fails_after_the_worker_fails_no_video(world: World) -> None:
    job_id, name = await _running(world)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    await world.jobs.complete(job_id, claim.claim)
    pod = max(key for key in world.cluster.pods if key.startswith(f"{name}-"))
    statuses: list[dict[str, Any]] = [
        {"name": "proxy", "state": {"terminated": {"exitCode": 1}}},
        {"name": "worker", "state": {"terminated": {"exitCode": 0}}},
    ]
    world.cluster.pods[pod] = {
        **world.cluster.pods[pod],
        "status": {"phase": "Failed", "containerStatuses": statuses},
    }
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    world.cluster.write("job", world.cluster.jobs, name, {"status": {"active": 0, "failed": 1, "conditions": [failed]}})
    await world.settle()
    assert world.status(job_id)["phase"] == "Succeeded"


async def test_an_init_container_that_fails_is_told_by_its_name_and_uses_no_attempt(world: World) -> None:
    job_id, name = await _running(world)
    pod = max(key for key in world.cluster.pods if key.startswith(f"{name}-"))
    status = {
        "phase": "Failed",
        "initContainerStatuses": [
            {"name": "vault-agent-init", "state": {"terminated": {"exitCode": 1, "message": "permission denied"}}}
        ],
        "containerStatuses": [{"name": "worker", "state": {"waiting": {"reason": "PodInitializing"}}}],
    }
    world.cluster.pods[pod] = {**world.cluster.pods[pod], "status": status}
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    world.cluster.write("job", world.cluster.jobs, name, {"status": {"active": 0, "failed": 1, "conditions": [failed]}})
    await world.settle()
    shown = world.status(job_id)
    assert shown["reason"] == "SidecarFailed"
    assert (
        "vault-agent-init, which starts before the worker, ended with exit code 1 (permission denied)"
        in (shown["message"])
    )
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.history.failures == 0


async def test_a_sidecar_that_is_not_ready_is_told_by_its_name(world: World) -> None:
    job_id, name = await _running(world)
    pod = max(key for key in world.cluster.pods if key.startswith(f"{name}-"))
    statuses = [
        {"name": "istio-proxy", "ready": False, "state": {"running": {}}},
        {"name": "worker", "state": {"waiting": {"reason": "ContainerCreating"}}},
    ]
    world.cluster.pods[pod] = {
        **world.cluster.pods[pod],
        "status": {"phase": "Pending", "containerStatuses": statuses},
    }
    await world.look(name)
    world.wait(301)
    await world.look(name)
    (stalled,) = (item for item in world.status(job_id)["conditions"] if item["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "SidecarFailed")
    assert "istio-proxy" in stalled["message"]
    assert "Secret" not in stalled["message"]
