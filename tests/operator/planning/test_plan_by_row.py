"""What follows for a VideoJob whose row is no longer held: the whole decision table, and each decision's actions."""

import pytest

from runops.failures import CANCEL_SENTENCE, TABLE, Reason
from runops.job_row import Claim, JobRow
from runops.report import Output
from runops_operator.manifests.observed import JobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.planning.actions import (
    AdoptClaim,
    DeleteJob,
    PatchStatus,
    RemoveObjects,
    RequeueAfter,
    RestampRow,
)
from runops_operator.planning.observation import Observation
from runops_operator.planning.plan import plan
from runops_operator.planning.plan_by_row import RowDecision, decide_by_row, plan_by_row
from runops_operator.planning.row_relation import RowRelation
from tests.operator.planning.observations import (
    INSTALLATION,
    JOB_UID,
    NAME,
    NOW,
    OTHER_TOKEN,
    TOKEN,
    condition,
    conditions_of,
    ended_pod,
    job,
    kinds,
    pod,
    report,
    row,
    seen,
    videojob,
)
from tests.operator.world import CONFIG

ACTIVE, IDLE = True, False
RAN, NEVER_RAN = True, False
OUR_WORDS, ANY_WORDS = True, False


@pytest.mark.parametrize(
    ("relation", "worker_ran", "job_active", "our_sentence", "decision"),
    [
        (RowRelation.HELD, RAN, ACTIVE, ANY_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, RAN, ACTIVE, OUR_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, RAN, IDLE, ANY_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, RAN, IDLE, OUR_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, RAN, ACTIVE, ANY_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, RAN, ACTIVE, OUR_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, RAN, IDLE, ANY_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, RAN, IDLE, OUR_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.UNSTAMPED, RAN, ACTIVE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, RAN, ACTIVE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, RAN, IDLE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, RAN, IDLE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, RAN, ACTIVE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, RAN, ACTIVE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, RAN, IDLE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, RAN, IDLE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.COMPLETED, RAN, ACTIVE, ANY_WORDS, RowDecision.RECORD_SUCCESS),
        (RowRelation.COMPLETED, RAN, ACTIVE, OUR_WORDS, RowDecision.RECORD_SUCCESS),
        (RowRelation.COMPLETED, RAN, IDLE, ANY_WORDS, RowDecision.RECORD_SUCCESS),
        (RowRelation.COMPLETED, RAN, IDLE, OUR_WORDS, RowDecision.RECORD_SUCCESS),
        (RowRelation.COMPLETED, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.COMPLETED, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.COMPLETED, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.COMPLETED, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.FAILED, RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.FAILED, RAN, ACTIVE, OUR_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, RAN, IDLE, ANY_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, RAN, IDLE, OUR_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.FAILED, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.DELETED, RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, RAN, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, RAN, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, RAN, IDLE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, RAN, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, RAN, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, RAN, IDLE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, NEVER_RAN, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, NEVER_RAN, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, NEVER_RAN, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, NEVER_RAN, IDLE, OUR_WORDS, RowDecision.CANCEL),
    ],
)
def test_decision_by_the_row(
    relation: RowRelation, worker_ran: bool, job_active: bool, our_sentence: bool, decision: RowDecision
) -> None:
    known = {"worker_ran": worker_ran, "job_active": job_active, "our_sentence": our_sentence}
    assert decide_by_row(relation, **known) is decision


def test_the_next_attempts_token_is_adopted_with_the_version_that_was_read() -> None:
    observation = seen(videojob(version=42), job=job(), row=row(claim=f"{OTHER_TOKEN}/pod-2"))
    assert plan(observation, CONFIG, NOW) == [AdoptClaim(OTHER_TOKEN, 42)]


@pytest.mark.parametrize(
    "observation",
    [
        pytest.param(
            seen(row=row("completed", claim="aaaaaaaa-0000-4000-8000-000000000000/pod-9")), id="a pod is bound"
        ),
        pytest.param(seen(videojob(condition("Started")), row=row("completed")), id="a worker started"),
        pytest.param(seen(job=job(complete=True), row=row("completed")), id="its Job is complete"),
        pytest.param(seen(job=job(failed_reason="Odd"), row=row("completed")), id="its Job failed after that"),
    ],
)
def test_a_row_completed_after_a_worker_ran_is_success(observation: Observation) -> None:
    patch, *delete = plan(observation, CONFIG, NOW)
    assert kinds(delete) == ([] if observation.job is None else ["DeleteJob"])
    assert isinstance(patch, PatchStatus)
    assert patch.status["phase"] == "Succeeded"


def test_a_row_completed_before_any_worker_ran_is_a_cancel() -> None:
    assert kinds(plan(seen(job=job(), row=row("completed")), CONFIG, NOW)) == ["DeleteJob", "PatchStatus"]


def test_success_takes_the_report_of_the_pod_that_succeeded_and_counts_attempts() -> None:
    outputs = (Output(name="sop", location="sops/1.json"),)
    pods = [ended_pod(1, report(outputs=())), ended_pod(0, report(outputs=outputs), name="pod-2")]
    patch, _ = plan(seen(job=job(complete=True), pods=pods, row=row("completed", failures=2)), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == 3
    assert patch.status["outputs"] == [{"name": "sop", "location": "sops/1.json"}]


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        pytest.param({}, True, id="the worker still runs"),
        pytest.param({"completed_seconds": 29.9}, True, id="for less than 30 s"),
        pytest.param({"completed_seconds": 30.0}, False, id="30 s have passed"),
        pytest.param({"pods": [ended_pod(0)]}, False, id="the worker exited"),
        pytest.param({"pods": []}, False, id="its pod is gone"),
        pytest.param({"job": job(complete=True)}, False, id="the Job is complete"),
        pytest.param({"job": None}, False, id="the Job is gone"),
    ],
)
def test_a_completed_row_waits_for_the_workers_final_report(given: dict[str, object], waits: bool) -> None:
    observation = seen(
        videojob(condition("Started")), **{"job": job(), "pods": [pod()], "row": row("completed"), **given}
    )
    actions = plan(observation, CONFIG, NOW)
    assert actions == [RequeueAfter(1.0)] if waits else kinds(actions)[0] == "PatchStatus"


def test_a_final_report_that_is_there_is_not_waited_for() -> None:
    outputs = (Output(name="sop", location="sops/1.json"),)
    view = videojob(condition("Started"), status={"outputs": list(outputs)})
    assert kinds(plan(seen(view, job=job(), pods=[pod()], row=row("completed")), CONFIG, NOW)) == ["PatchStatus"]


def test_a_failure_recorded_in_the_row_reaches_the_status_in_the_rows_words() -> None:
    observation = seen(row=row("error", failures=3, reason=Reason.MODEL_TIMEOUT, error="It took too long."))
    (patch,) = plan(observation, CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("ModelTimeout", "It took too long.")
    assert patch.status["attempts"] == 4


def test_a_failure_whose_job_is_left_is_named_by_the_job() -> None:
    failed = job(failed_reason="BackoffLimitExceeded", failed_message="")
    outputs = (Output(name="slim", location="slim/1.mp4"),)
    pods = [ended_pod(70, report(Reason.MEDIA_TOO_LONG, message="Too long.", outputs=outputs))]
    (patch,) = plan(seen(job=failed, pods=pods, row=row("error", reason=Reason.MODEL_TIMEOUT)), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "MediaTooLong"
    assert patch.status["message"] == TABLE[Reason.MEDIA_TOO_LONG].sentence, "the row has no sentence"
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]


def test_a_failure_without_any_cause_is_a_deleted_job() -> None:
    (patch,) = plan(seen(row=row("error")), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("JobDeleted", TABLE[Reason.JOB_DELETED].sentence)


@pytest.mark.parametrize("failures", [0, 2])
def test_a_job_that_was_deleted_for_runops_cancel_is_no_deleted_job(failures: int) -> None:
    words = f"{CANCEL_SENTENCE}: Wrong recording."
    earlier = Reason.MODEL_TIMEOUT if failures else None
    (patch,) = plan(seen(row=row("error", failures=failures, reason=earlier, error=words)), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("ClaimLost", words)


NO_PROGRESS = TABLE[Reason.NO_PROGRESS].sentence


def test_a_row_that_the_operator_set_to_error_while_the_job_was_active_ends_for_its_reason() -> None:
    words = f"{NO_PROGRESS} Given up after 2 attempts."
    found = row("error", failures=1, reason=Reason.EVICTED, error=words)
    stop, patch = plan(seen(videojob(condition("Started")), job=job(), pods=[pod()], row=found), CONFIG, NOW)
    assert stop == DeleteJob(NAME, JOB_UID)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("NoProgress", words)
    assert patch.status["attempts"] == 2


@pytest.mark.parametrize("given", [None, job(complete=True), job(failed_reason="Odd", failed_message="")])
def test_the_rows_sentence_counts_more_than_what_is_left_of_its_job(given: JobView | None) -> None:
    found = row("error", reason=Reason.MODEL_TIMEOUT, error=f"{TABLE[Reason.RESULTS_LOST].sentence} Given up.")
    (patch,) = plan(seen(job=given, row=found), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "ResultsLost"


@pytest.mark.parametrize("words", [None, "", "I stopped it.", NO_PROGRESS[:-10]])
def test_a_row_that_a_person_set_to_error_while_the_job_was_active_is_a_cancel(words: str | None) -> None:
    stop, patch = plan(seen(job=job(), row=row("error", error=words)), CONFIG, NOW)
    assert stop == DeleteJob(NAME, JOB_UID)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"] == "Cancelled: the row was set to error while the video was worked on."


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (None, "deleted"),
        (row("cancelled"), "set to cancelled"),
        (row("x" * 60), f"set to {'x' * 50}"),
        (row(claim=OTHER_TOKEN, by="other"), "claimed by somebody else"),
        (row(None), "left without a status"),
    ],
)
def test_a_cancel_says_what_changed_the_row(found: JobRow | None, change: str) -> None:
    (patch,) = plan(seen(row=found), CONFIG, NOW)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == "ClaimLost"
    assert patch.status["message"] == f"Cancelled: the row was {change} while the video was worked on."
    assert conditions_of(patch.status)["Failed"] == ("True", "ClaimLost")


@pytest.mark.parametrize(
    ("given", "attempts"), [({"active": 1}, 1), ({"active": 0, "failed": 1}, 1), ({"active": 0}, 0)]
)
def test_a_cancel_deletes_the_job_and_counts_an_attempt_whose_pod_was_created(
    given: dict[str, int], attempts: int
) -> None:
    stop, patch = plan(seen(job=job(**given), row=row("cancelled")), CONFIG, NOW)
    assert stop == DeleteJob(NAME, JOB_UID)
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == attempts


@pytest.mark.parametrize(
    ("observation", "removed"),
    [
        pytest.param(seen(videojob(condition("Started")), row=None), True, id="row deleted after a worker started"),
        pytest.param(seen(job=job(), row=None), True, id="row deleted after a pod was created"),
        pytest.param(seen(job=job(active=0), row=None), False, id="row deleted, no pod yet"),
        pytest.param(seen(row=None), False, id="there never was a worker"),
        pytest.param(seen(videojob(condition("Started")), row=row("queued")), False, id="the row may run again"),
    ],
)
def test_objects_are_removed_only_after_the_row_of_a_started_video_is_deleted(
    observation: Observation, removed: bool
) -> None:
    actions = plan(observation, CONFIG, NOW)
    assert (RemoveObjects("videos") in actions) is removed


def test_a_held_row_has_no_plan_of_its_own() -> None:
    with pytest.raises(AssertionError, match=r"^the row is held$"):
        plan_by_row(seen(row=row()), CONFIG, NOW)


@pytest.mark.parametrize(
    ("pods", "claim"),
    [([], TOKEN), ([pod()], f"{TOKEN}/{pod().uid}"), ([pod(phase="Pending")], TOKEN)],
    ids=["no pod", "a worker runs", "its pod starts"],
)
def test_a_row_whose_claim_the_app_wrote_over_gets_it_again(pods: list[PodView], claim: str) -> None:
    found = row(claim=None)
    view = videojob(status={"attempts": 3}, version=9)
    restamp, adopt = plan(seen(view, row=found, job=job(), pods=pods), CONFIG, NOW)
    assert restamp == RestampRow(found, Claim(claim=claim, by=INSTALLATION, failures=2))
    assert adopt == AdoptClaim(TOKEN, 9)


def test_a_row_of_a_former_name_keeps_its_history_and_gets_the_present_name() -> None:
    config = CONFIG.model_copy(update={"former_installations": ("former/name",)})
    found = row(claim=f"{TOKEN}/pod-9", by="former/name", failures=2)
    restamp, adopt = plan(seen(row=found, job=job()), config, NOW)
    assert restamp == RestampRow(found, Claim(claim=f"{TOKEN}/pod-9", by=INSTALLATION, failures=2))
    assert adopt == AdoptClaim(TOKEN, 7)
    assert "RestampRow" not in kinds(plan(seen(row=found, job=job()), CONFIG, NOW)), "the name is nobody's here"
