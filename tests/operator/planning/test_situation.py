"""Which situation a VideoJob is in: each by itself, and before all that come after it."""

import pytest

from runops_operator.planning.observation import Observation
from runops_operator.planning.situation import Situation, situation_of
from tests.operator.planning.observations import OTHER_TOKEN, condition, ended_pod, job, pod, row, seen, videojob
from tests.operator.world import CONFIG

FINISHED = condition("Finished")
BESIDE_FAILED, BESIDE_DONE = (pod(exit_code=code, beside=("proxy",)) for code in (104, 0))


@pytest.mark.parametrize(
    ("observation", "situation"),
    [
        pytest.param(seen(), Situation.NO_JOB, id="claimed, no Job"),
        pytest.param(seen(row=row()), Situation.NO_JOB, id="claimed, row held, no Job"),
        pytest.param(seen(job=job()), Situation.JOB_ACTIVE, id="Job under way"),
        pytest.param(seen(job=job(), row=row()), Situation.JOB_ACTIVE, id="Job under way, row held"),
        pytest.param(seen(job=job(failed_reason="BackoffLimitExceeded")), Situation.FAILED, id="Job failed"),
        pytest.param(seen(job=job(complete=True)), Situation.SUCCEEDED, id="Job complete"),
        pytest.param(
            seen(job=job(complete=True, failed_reason="Odd")),
            Situation.SUCCEEDED,
            id="success counts before failure",
        ),
        pytest.param(seen(job=job(), pods=(ended_pod(1),)), Situation.JOB_ACTIVE, id="Kubernetes is ending the Job"),
        pytest.param(
            seen(job=job(), pods=(ended_pod(1),), waited_seconds=30.0), Situation.JOB_ACTIVE, id="for half a minute"
        ),
        pytest.param(
            seen(job=job(), pods=(ended_pod(1),), waited_seconds=30.1), Situation.FAILED, id="for longer, it failed"
        ),
        pytest.param(
            seen(job=job(), pods=(ended_pod(0),), waited_seconds=30.1), Situation.SUCCEEDED, id="for longer, it is done"
        ),
        pytest.param(seen(job=job(), pods=(BESIDE_FAILED,)), Situation.FAILED, id="a sidecar outlives a failed worker"),
        pytest.param(seen(job=job(), pods=(BESIDE_DONE,)), Situation.SUCCEEDED, id="a sidecar outlives its worker"),
        pytest.param(
            seen(job=job(), pods=(BESIDE_FAILED, pod(name="pod-0", beside=("proxy",)))),
            Situation.JOB_ACTIVE,
            id="another pod of the Job works",
        ),
        pytest.param(
            seen(job=job(failed_reason="BackoffLimitExceeded"), pods=(ended_pod(0),)),
            Situation.SUCCEEDED,
            id="the worker counts, not a sidecar that failed",
        ),
        pytest.param(
            seen(job=job(claim=OTHER_TOKEN), pods=(BESIDE_DONE,)), Situation.OLD_JOB, id="a worker of another attempt"
        ),
        pytest.param(seen(job=job(claim=OTHER_TOKEN, complete=True)), Situation.OLD_JOB, id="Job of another attempt"),
        pytest.param(seen(job=job(claim=None)), Situation.OLD_JOB, id="Job without a token"),
        pytest.param(
            seen(job=job(claim=OTHER_TOKEN), row=row("queued")),
            Situation.ROW_NOT_HELD,
            id="the row counts before the Job",
        ),
        pytest.param(seen(row=None), Situation.ROW_NOT_HELD, id="row deleted"),
        pytest.param(seen(videojob(claim=None), row=None), Situation.UNCLAIMED, id="made by hand, no row"),
        pytest.param(seen(videojob(claim=None), job=job()), Situation.UNCLAIMED, id="made by hand, with a Job"),
        pytest.param(
            seen(videojob(claim=None), job=job(owner_uid="earlier")), Situation.FOREIGN_JOB, id="an earlier one's Job"
        ),
        pytest.param(seen(job=job(owner_uid=None), row=None), Situation.FOREIGN_JOB, id="a Job that nobody owns"),
        pytest.param(
            seen(videojob(spec=None), job=job(owner_uid="earlier")), Situation.MALFORMED, id="malformed before all else"
        ),
        pytest.param(
            seen(videojob(FINISHED, spec=None)), Situation.FINISHED, id="an end counts before a malformed spec"
        ),
        pytest.param(
            seen(videojob(condition("Finished", status="False"), spec=None)), Situation.MALFORMED, id="not finished"
        ),
        pytest.param(seen(videojob(FINISHED, deleting=True)), Situation.DELETING, id="deletion counts first"),
    ],
)
def test_situation(observation: Observation, situation: Situation) -> None:
    assert situation_of(observation, config=CONFIG) is situation
