"""When the Job of a video that has ended is deleted: never before its outcome is in the row and in the VideoJob."""

from typing import Any

import pytest

from runops.failures import Reason
from runops.job_row import JobRow
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.planning.actions import Action, DeleteJob, DeleteVideoJob, FailRow, ReadRow, RequeueAfter
from runops_operator.planning.plan import plan
from tests.operator.planning.observations import (
    JOB_UID,
    NAME,
    NOW,
    OTHER_TOKEN,
    TOKEN,
    UID,
    ago,
    condition,
    ended_pod,
    job,
    kinds,
    row,
    seen,
    spec,
    videojob,
)
from tests.operator.world import CONFIG

COMPLETE, FAILED = job(complete=True), job(failed_reason="PodFailurePolicy")


def kept(succeeded: int = 0, failed: int = 86_400) -> OperatorConfig:
    ttls = {"succeeded_job_ttl_seconds": succeeded, "failed_job_ttl_seconds": failed}
    return CONFIG.model_copy(update={"worker": CONFIG.worker.model_copy(update=ttls)})


def ended(outcome: str, seconds_ago: float, *, ttl: int = 604_800) -> VideoJobView:
    status = {"completion_time": ago(seconds_ago), "message": "It is damaged."}
    return videojob(condition("Finished"), condition(outcome), spec=spec(ttl_seconds_after_finished=ttl), status=status)


@pytest.mark.parametrize(
    ("view", "there", "config", "actions"),
    [
        pytest.param(ended("Complete", 0), COMPLETE, kept(), [ReadRow()], id="succeeded: at once"),
        pytest.param(ended("Failed", 86_400), FAILED, kept(), [ReadRow()], id="failed: after a day"),
        pytest.param(ended("Failed", 86_390), FAILED, kept(), [RequeueAfter(10.0)], id="failed: not before"),
        pytest.param(ended("Failed", 0), FAILED, kept(), [RequeueAfter(3600.0)], id="it is looked at every hour"),
        pytest.param(ended("Complete", 5), COMPLETE, kept(succeeded=60), [RequeueAfter(55.0)], id="kept by settings"),
        pytest.param(ended("Failed", 5), COMPLETE, kept(failed=0), [ReadRow()], id="by the outcome, not by the Job"),
        pytest.param(ended("Complete", 1), job(active=1), kept(), [RequeueAfter(14.0)], id="its pod still stops"),
        pytest.param(ended("Complete", 14), job(active=1), kept(), [RequeueAfter(1.0)], id="it may for a second more"),
        pytest.param(ended("Complete", 15), job(active=1), kept(), [ReadRow()], id="a sidecar keeps its pod"),
        pytest.param(
            ended("Failed", 15), job(active=1), kept(failed=60), [ReadRow()], id="a pod that runs on is not kept"
        ),
        pytest.param(
            ended("Complete", 99), job(active=1, deleting=True), kept(), [RequeueAfter(3600.0)], id="it goes slowly"
        ),
        pytest.param(ended("Complete", 0), None, kept(), [RequeueAfter(3600.0)], id="it is gone"),
        pytest.param(
            ended("Complete", 0), job(complete=True, deleting=True), kept(), [RequeueAfter(3600.0)], id="it goes"
        ),
        pytest.param(
            ended("Complete", 0),
            job(complete=True, owner_uid="earlier"),
            kept(),
            [RequeueAfter(3600.0)],
            id="it is another VideoJob's",
        ),
        pytest.param(
            ended("Failed", 100, ttl=50),
            FAILED,
            kept(),
            [ReadRow()],
            id="the VideoJob expires first, and takes it along",
        ),
    ],
)
def test_when_it_is_due(
    *, view: VideoJobView, there: JobView | None, config: OperatorConfig, actions: list[Action]
) -> None:
    assert plan(seen(view, job=there), config, NOW) == actions


@pytest.mark.parametrize(
    ("found", "deletes"),
    [
        pytest.param(row("completed"), True, id="the row has its end"),
        pytest.param(None, True, id="the row was deleted"),
        pytest.param(row(claim=OTHER_TOKEN), True, id="the row is worked on under a later claim"),
        pytest.param(row("queued", claim=None), True, id="the row is to run again"),
        pytest.param(row(), False, id="the row is still held: its end comes first"),
    ],
)
def test_the_row_must_have_its_end_before(found: JobRow | None, *, deletes: bool) -> None:
    actions = plan(seen(ended("Failed", 90_000), job=FAILED, row=found), kept(), NOW)
    if deletes:
        assert actions == [DeleteJob(NAME, JOB_UID), RequeueAfter(3600.0)]
    else:
        assert actions == [FailRow(TOKEN, "It is damaged.", required=False)]


def test_a_pod_that_a_sidecar_keeps_running_is_stopped_with_its_job() -> None:
    actions = plan(seen(ended("Complete", 15), job=job(active=1), row=row("completed")), kept(), NOW)
    assert actions == [DeleteJob(NAME, JOB_UID, pods_ended=False), RequeueAfter(3600.0)]


def test_an_expired_videojob_and_its_job_go_together() -> None:
    actions = plan(seen(ended("Complete", 61, ttl=60), job=COMPLETE, row=row("completed")), kept(), NOW)
    assert actions == [DeleteJob(NAME, JOB_UID, pods_ended=True), DeleteVideoJob(UID)]


@pytest.mark.parametrize(
    ("given", "config", "planned"),
    [
        pytest.param(
            {"job": COMPLETE, "row": row(), "results": True},
            kept(),
            ["CompleteRow", "PatchStatus", "DeleteJob"],
            id="the Job is complete",
        ),
        pytest.param(
            {"job": COMPLETE, "row": row(), "results": True},
            kept(succeeded=60),
            ["CompleteRow", "PatchStatus"],
            id="and is kept",
        ),
        pytest.param(
            {"job": COMPLETE, "row": row("completed")},
            kept(),
            ["PatchStatus", "DeleteJob"],
            id="the worker ended the row",
        ),
        pytest.param(
            {"job": job(active=1), "pods": [ended_pod(0)], "row": row("completed")},
            kept(),
            ["PatchStatus"],
            id="its Job is about to end",
        ),
        pytest.param(
            {"job": FAILED, "row": row("error", reason=Reason.MODEL_TIMEOUT)},
            kept(failed=0),
            ["PatchStatus", "DeleteJob"],
            id="the row is in error",
        ),
        pytest.param(
            {"job": FAILED, "row": row("error", reason=Reason.MODEL_TIMEOUT)},
            kept(),
            ["PatchStatus"],
            id="and the log is kept",
        ),
    ],
)
def test_it_follows_the_outcome_in_the_same_plan(
    given: dict[str, Any], config: OperatorConfig, planned: list[str]
) -> None:
    assert kinds(plan(seen(videojob(condition("Started")), **given), config, NOW)) == planned
