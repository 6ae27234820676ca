"""What follows an attempt that ended: success, another attempt, or the end."""

from datetime import timedelta
from typing import Any

from runops.failures import TABLE, Reason
from runops.job_row import successor
from runops.report import Output
from runops_operator.planning.actions import (
    AdoptClaim,
    CheckResults,
    CompleteRow,
    DeleteJob,
    FailRow,
    NextAttempt,
    PatchStatus,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.plan import plan
from tests.operator.planning.observations import (
    JOB_UID,
    NAME,
    NOW,
    TOKEN,
    conditions_of,
    ended_pod,
    job,
    kinds,
    pod,
    report,
    row,
    seen,
    spec,
    videojob,
)
from tests.operator.world import CONFIG

FAILED = job(failed_reason="PodFailurePolicy", failed_message="")
NEXT_TOKEN = successor(TOKEN, JOB_UID)
COMPLETE = job(complete=True)


def failed_with(reason: Reason, **given: Any) -> dict[str, Any]:
    return {"job": FAILED, "pods": [ended_pod(TABLE[reason].exit_code or 1, report(reason, **given))]}


def test_a_complete_job_reads_the_row_then_the_results() -> None:
    assert plan(seen(job=COMPLETE), CONFIG, NOW) == [ReadRow()]
    assert plan(seen(job=COMPLETE, row=row()), CONFIG, NOW) == [CheckResults()]


def test_a_complete_job_whose_results_exist_completes_the_row_and_then_the_videojob() -> None:
    outputs = (Output(name="sop", location="sops/1.json"),)
    pods = [ended_pod(1, report(outputs=())), ended_pod(0, report(outputs=outputs), name="pod-2")]
    complete, patch = plan(seen(job=COMPLETE, pods=pods, row=row(failures=1), results=True), CONFIG, NOW)
    assert complete == CompleteRow(TOKEN)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["phase"], patch.status["attempts"]) == ("Succeeded", 2)
    assert patch.status["outputs"] == [{"name": "sop", "location": "sops/1.json"}]


def test_a_complete_job_whose_pod_is_gone_is_success_without_a_report() -> None:
    patch = plan(seen(job=COMPLETE, row=row(), results=True), CONFIG, NOW)[1]
    assert isinstance(patch, PatchStatus)
    assert patch.status["phase"] == "Succeeded"


def test_a_complete_job_without_results_is_followed_by_another_attempt() -> None:
    actions = plan(seen(job=COMPLETE, row=row(), results=False), CONFIG, NOW)
    assert kinds(actions) == ["NextAttempt", "AdoptClaim", "PatchStatus", "DeleteJob", "RequeueAfter"]
    patch = actions[2]
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == Reason.RESULTS_LOST
    assert patch.status["message"].startswith(TABLE[Reason.RESULTS_LOST].sentence)


def test_a_failed_job_reads_the_row_first() -> None:
    assert plan(seen(**failed_with(Reason.MODEL_TIMEOUT)), CONFIG, NOW) == [ReadRow()]


def test_another_attempt_is_prepared_in_the_row_before_anything_else() -> None:
    held = row(failures=1)
    observation = seen(videojob(version=9), row=held, **failed_with(Reason.MODEL_TIMEOUT, message="Slow."))
    prepare, adopt, patch, delete, requeue = plan(observation, CONFIG, NOW)
    assert isinstance(prepare, NextAttempt)
    assert prepare.row is held
    assert (prepare.claim.claim, prepare.claim.reason) == (NEXT_TOKEN, Reason.MODEL_TIMEOUT)
    assert (prepare.claim.failures, prepare.claim.waits) == (2, 0)
    assert adopt == AdoptClaim(NEXT_TOKEN, 9)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"].startswith("Slow. Trying again at 2026-01-02T03:04:")
    assert patch.status["attempts"] == 2
    assert conditions_of(patch.status)["Progressing"] == ("False", "ModelTimeout")
    assert delete == DeleteJob(NAME, JOB_UID)
    assert isinstance(requeue, RequeueAfter)
    assert prepare.claim.not_before == NOW + timedelta(seconds=requeue.seconds)
    assert 20 <= requeue.seconds <= 40, "the second pause, shortened by the jitter of the Job"


def test_pauses_differ_between_jobs_and_are_the_same_for_every_replica() -> None:
    pauses = []
    for uid in ("one", "two", "one"):
        given = failed_with(Reason.MODEL_TIMEOUT) | {"job": job(uid=uid, failed_reason="PodFailurePolicy")}
        requeue = plan(seen(row=row(), **given), CONFIG, NOW)[-1]
        assert isinstance(requeue, RequeueAfter)
        pauses.append(requeue.seconds)
    assert pauses[0] == pauses[2] != pauses[1]


def test_the_pauses_of_many_jobs_are_spread_over_the_upper_half() -> None:
    pauses = []
    for number in range(100):
        given = failed_with(Reason.MODEL_TIMEOUT) | {"job": job(uid=str(number), failed_reason="PodFailurePolicy")}
        requeue = plan(seen(row=row(), **given), CONFIG, NOW)[-1]
        assert isinstance(requeue, RequeueAfter)
        pauses.append(requeue.seconds)
    assert 10 <= min(pauses) < 11
    assert 19 < max(pauses) <= 20


def test_a_service_that_asks_for_a_wait_gets_it_and_a_long_one_is_checked_every_hour() -> None:
    prepare, *_, requeue = plan(
        seen(row=row(), **failed_with(Reason.QUOTA_EXCEEDED, retry_after_seconds=3600)), CONFIG, NOW
    )
    assert isinstance(prepare, NextAttempt)
    assert prepare.claim.not_before is not None
    assert prepare.claim.not_before >= NOW + timedelta(seconds=3600)
    assert requeue == RequeueAfter(3600.0)


def test_the_last_attempt_ends_in_the_row_first_and_counts_all_attempts() -> None:
    observation = seen(row=row(failures=3), **failed_with(Reason.MODEL_TIMEOUT, message="Slow."))
    fail, patch = plan(observation, CONFIG, NOW)
    message = "Slow. Given up after 4 attempts."
    assert fail == FailRow(TOKEN, message, required=True)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("ModelTimeout", message)
    assert patch.status["attempts"] == 4


def test_the_videojobs_own_retry_limit_counts() -> None:
    view = videojob(spec=spec(retry_limit=0))
    assert kinds(plan(seen(view, row=row(), **failed_with(Reason.MODEL_TIMEOUT)), CONFIG, NOW)) == [
        "FailRow",
        "PatchStatus",
    ]


def test_the_row_of_a_bound_pod_is_ended_under_the_attempts_token() -> None:
    held = row(claim=f"{TOKEN}/pod-9")
    fail = plan(seen(row=held, **failed_with(Reason.NOT_A_VIDEO)), CONFIG, NOW)[0]
    assert isinstance(fail, FailRow)
    assert fail.token == TOKEN


def test_a_job_that_is_still_active_is_deleted_when_its_attempt_is_given_up() -> None:
    view = videojob(spec=spec(retry_limit=0))
    quiet = seen(view, job=job(), pods=[pod()], row=row(), quiet_seconds=CONFIG.deadlines.no_progress_seconds + 1)
    assert kinds(plan(quiet, CONFIG, NOW)) == ["FailRow", "DeleteJob", "PatchStatus"]


def test_a_worker_that_lost_its_claim_to_another_pod_counts_as_a_lost_pod() -> None:
    outputs = (Output(name="slim", location="slim/1.mp4"),)
    given = failed_with(Reason.CLAIM_LOST, message="Lost.", outputs=outputs)
    prepare, _, patch, *_ = plan(seen(row=row(), **given), CONFIG, NOW)
    assert isinstance(prepare, NextAttempt)
    assert (prepare.claim.reason, prepare.claim.failures, prepare.claim.waits) == (Reason.POD_LOST, 0, 1)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"].startswith(TABLE[Reason.POD_LOST].sentence)
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]


def test_what_a_failed_worker_reported_stays_in_the_status() -> None:
    outputs = (Output(name="slim", location="slim/1.mp4"),)
    observation = seen(row=row(), **failed_with(Reason.NOT_A_VIDEO, outputs=outputs))
    patch = plan(observation, CONFIG, NOW)[-1]
    assert isinstance(patch, PatchStatus)
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]
    patch = plan(seen(row=row(), **failed_with(Reason.MODEL_TIMEOUT, outputs=outputs)), CONFIG, NOW)[2]
    assert isinstance(patch, PatchStatus)
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]
