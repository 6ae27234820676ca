"""What follows for a VideoJob whose row is no longer held: the whole decision table, and each decision's actions."""

from typing import Any

import pytest

from runops.failures import CANCEL_SENTENCE, TABLE, Reason
from runops.job_row import Claim, JobRow, successor
from runops.report import Output
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import JobView, VideoJobView
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
from runops_operator.planning.who_completed import Completer, who_completed
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
OUR_WORDS, ANY_WORDS = True, False


@pytest.mark.parametrize(
    ("relation", "job_active", "our_sentence", "decision"),
    [
        (RowRelation.HELD, ACTIVE, ANY_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, ACTIVE, OUR_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, IDLE, ANY_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD, IDLE, OUR_WORDS, RowDecision.CONTINUE),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, ACTIVE, ANY_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, ACTIVE, OUR_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, IDLE, ANY_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.HELD_BY_NEXT_ATTEMPT, IDLE, OUR_WORDS, RowDecision.ADOPT_TOKEN),
        (RowRelation.UNSTAMPED, ACTIVE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, ACTIVE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, IDLE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.UNSTAMPED, IDLE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, ACTIVE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, ACTIVE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, IDLE, ANY_WORDS, RowDecision.RESTAMP),
        (RowRelation.HELD_UNDER_FORMER_NAME, IDLE, OUR_WORDS, RowDecision.RESTAMP),
        (RowRelation.COMPLETED, ACTIVE, ANY_WORDS, RowDecision.RECORD_COMPLETION),
        (RowRelation.COMPLETED, ACTIVE, OUR_WORDS, RowDecision.RECORD_COMPLETION),
        (RowRelation.COMPLETED, IDLE, ANY_WORDS, RowDecision.RECORD_COMPLETION),
        (RowRelation.COMPLETED, IDLE, OUR_WORDS, RowDecision.RECORD_COMPLETION),
        (RowRelation.FAILED, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.FAILED, ACTIVE, OUR_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, IDLE, ANY_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.FAILED, IDLE, OUR_WORDS, RowDecision.RECORD_FAILURE),
        (RowRelation.DELETED, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.DELETED, IDLE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, ACTIVE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, ACTIVE, OUR_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, IDLE, ANY_WORDS, RowDecision.CANCEL),
        (RowRelation.TAKEN_AWAY, IDLE, OUR_WORDS, RowDecision.CANCEL),
    ],
)
def test_decision_by_the_row(
    relation: RowRelation, job_active: bool, our_sentence: bool, decision: RowDecision
) -> None:
    assert decide_by_row(relation, job_active=job_active, our_sentence=our_sentence) is decision


@pytest.mark.parametrize("job_active", [ACTIVE, IDLE])
@pytest.mark.parametrize("relation", RowRelation)
def test_only_a_row_without_a_claim_depends_on_whether_the_worker_has_completed_it(
    relation: RowRelation, job_active: bool
) -> None:
    decided = decide_by_row(relation, job_active=job_active, our_sentence=False, ended_well=True)
    without = decide_by_row(relation, job_active=job_active, our_sentence=False, ended_well=False)
    if relation is RowRelation.UNSTAMPED:
        # It was queued again since then, and another consumer has set it to processing.
        assert (decided, without) == (RowDecision.CANCEL, RowDecision.RESTAMP)
    else:
        assert decided is without


def test_a_row_that_the_worker_has_completed_and_another_consumer_works_on_is_left_to_it() -> None:
    found = row(claim=None)
    assert "RestampRow" in kinds(plan(seen(row=found, job=job()), CONFIG, NOW))
    assert "RestampRow" not in kinds(plan(seen(row=found, job=job(complete=True)), CONFIG, NOW))


def test_the_next_attempts_token_is_adopted_with_the_version_that_was_read() -> None:
    observation = seen(videojob(version=42), job=job(), row=row(claim=f"{OTHER_TOKEN}/pod-2"))
    assert plan(observation, CONFIG, NOW) == [AdoptClaim(OTHER_TOKEN, 42)]


def test_under_a_name_that_clusters_shared_the_token_after_our_job_is_adopted_and_any_other_ends_the_work() -> None:
    config = OperatorConfig.model_validate({**CONFIG.model_dump(), "installation": "", "release": "videos"})
    config, shared = config.named("uid-1"), f"{CONFIG.namespace}/videos"
    token = successor(TOKEN, JOB_UID)
    ours = seen(videojob(version=42), job=job(), row=row(claim=token, by=shared))
    assert plan(ours, config, NOW) == [AdoptClaim(token, 42)]
    for given in (job(), None):
        other = seen(job=given, row=row(claim=OTHER_TOKEN, by=shared))
        patch = plan(other, config, NOW)[-1]
        assert isinstance(patch, PatchStatus)
        assert patch.status["reason"] == Reason.CLAIM_LOST


BOUND = f"{TOKEN}/pod-uid"
DONE = row("completed", claim=BOUND)


def at(stage: str | None) -> VideoJobView:
    return videojob(condition("Started"), status={"stage": stage})


def lost_claim(**changes: Any) -> PodView:
    return ended_pod(90, report(Reason.CLAIM_LOST), **changes)


@pytest.mark.parametrize(
    ("observation", "completer"),
    [
        pytest.param(seen(job=job(complete=True), row=row("completed")), Completer.WORKER, id="its Job is complete"),
        pytest.param(seen(job=job(), pods=[ended_pod(0)], row=DONE), Completer.WORKER, id="its pod ended well"),
        pytest.param(
            seen(job=job(), pods=[lost_claim(uid="twin"), ended_pod(0)], row=DONE),
            Completer.WORKER,
            id="a pod that was not bound lost the claim",
        ),
        pytest.param(seen(at("finalizing"), job=None, row=DONE), Completer.WORKER, id="it was at its last stage"),
        pytest.param(
            seen(at("finalizing"), job=job(failed_reason="Odd"), pods=[ended_pod(137)], row=DONE),
            Completer.WORKER,
            id="it was killed at its last stage",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(), pods=[pod()], row=DONE, completed_seconds=30.0),
            Completer.WORKER,
            id="it hangs after its last stage",
        ),
        pytest.param(
            seen(at(None), job=None, row=DONE, completed_seconds=29.9),
            Completer.NOT_KNOWN_YET,
            id="its stages may not be seen yet",
        ),
        pytest.param(
            seen(at(None), job=None, row=DONE, completed_seconds=30.0), Completer.WORKER, id="it could show no stage"
        ),
        pytest.param(
            seen(at(None), job=job(failed_reason="Odd"), pods=[ended_pod(137)], row=DONE, completed_seconds=30.0),
            Completer.WORKER,
            id="it was killed and could show no stage",
        ),
        pytest.param(
            seen(
                at(None),
                job=job(failed_reason="Odd"),
                pods=[ended_pod(101, uid="new")],
                row=DONE,
                completed_seconds=30.0,
            ),
            Completer.SOMEBODY_ELSE,
            id="the pod that is bound is of a run before",
        ),
        pytest.param(
            seen(at("transcribing"), job=job(), pods=[pod()], row=DONE, completed_seconds=29.9),
            Completer.NOT_KNOWN_YET,
            id="it still runs",
        ),
        pytest.param(
            seen(at("parsing_sop"), job=None, row=DONE, completed_seconds=29.9),
            Completer.NOT_KNOWN_YET,
            id="its last stage may not be seen yet",
        ),
        pytest.param(
            seen(at("transcribing"), job=job(), pods=[pod()], row=DONE, completed_seconds=30.0),
            Completer.SOMEBODY_ELSE,
            id="it works on",
        ),
        pytest.param(
            seen(at(None), job=job(), pods=[pod()], row=DONE, completed_seconds=30.0),
            Completer.SOMEBODY_ELSE,
            id="it works on and shows no stage",
        ),
        pytest.param(
            seen(at("parsing_sop"), job=None, row=DONE, completed_seconds=30.0),
            Completer.SOMEBODY_ELSE,
            id="it never got to its last stage",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(failed_reason="Odd"), pods=[lost_claim()], row=DONE),
            Completer.SOMEBODY_ELSE,
            id="its pod lost the claim",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(), pods=[pod()], row=row("completed")),
            Completer.SOMEBODY_ELSE,
            id="no pod was bound to this attempt",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(complete=True), row=row("completed", claim=None)),
            Completer.WORKER,
            id="an app wrote over the claim after its Job was complete",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(), pods=[ended_pod(0)], row=row("completed", claim=None)),
            Completer.WORKER,
            id="an app wrote over the claim after its pod ended well",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(), pods=[pod()], row=row("completed", claim=None), completed_seconds=29.9),
            Completer.NOT_KNOWN_YET,
            id="an app wrote over the claim while it ended",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(), pods=[pod()], row=row("completed", claim=None), completed_seconds=30.0),
            Completer.SOMEBODY_ELSE,
            id="without a claim it hangs at its last stage",
        ),
        pytest.param(
            seen(at("finalizing"), job=job(), pods=[lost_claim()], row=row("completed", claim=None)),
            Completer.SOMEBODY_ELSE,
            id="it ended since there was no claim",
        ),
        pytest.param(
            seen(at("transcribing"), job=job(), pods=[pod()], row=row("completed", claim=None)),
            Completer.SOMEBODY_ELSE,
            id="without a claim it works on",
        ),
    ],
)
def test_who_completed_a_row(observation: Observation, completer: Completer) -> None:
    assert who_completed(observation) is completer
    actions = plan(observation, CONFIG, NOW)
    if completer is Completer.NOT_KNOWN_YET:
        assert actions == [RequeueAfter(1.0)]
        return
    patch = next(action for action in actions if isinstance(action, PatchStatus))
    assert isinstance(patch, PatchStatus)
    ours = completer is Completer.WORKER
    assert patch.status["phase"] == ("Succeeded" if ours else "Failed")
    assert patch.status["reason"] == (None if ours else Reason.DONE_ELSEWHERE)


def test_what_somebody_else_did_stops_the_worker_and_says_so() -> None:
    observation = seen(at("transcribing"), job=job(), pods=[pod()], row=DONE, completed_seconds=30.0)
    stop, patch = plan(observation, CONFIG, NOW)
    assert isinstance(stop, DeleteJob)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"].startswith("The video was done by somebody else")
    assert {"Failed", "Finished"} <= {
        kind for kind, (holds, _) in conditions_of(patch.status).items() if holds == "True"
    }


@pytest.mark.parametrize("claim", [None, OTHER_TOKEN], ids=["the claim is gone", "the claim of another"])
def test_a_row_completed_without_our_claim_was_done_by_somebody_else(claim: str | None) -> None:
    stop, patch = plan(seen(job=job(), pods=[pod()], row=row("completed", claim=claim)), CONFIG, NOW)
    assert isinstance(stop, DeleteJob)
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == Reason.DONE_ELSEWHERE


@pytest.mark.parametrize(
    ("given", "attempts"),
    [
        pytest.param(None, 0, id="no Job"),
        pytest.param(job(active=0), 0, id="no pod was created"),
        pytest.param(job(), 1, id="a pod runs"),
    ],
)
def test_what_somebody_else_did_counts_an_attempt_whose_pod_was_created(given: JobView | None, attempts: int) -> None:
    patch = plan(seen(job=given, row=row("completed", claim=OTHER_TOKEN)), CONFIG, NOW)[-1]
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == attempts


def test_a_row_completed_under_another_claim_is_not_ours_though_our_worker_ended_well() -> None:
    observation = seen(job=job(complete=True), pods=[ended_pod(0)], row=row("completed", claim=OTHER_TOKEN))
    patch = plan(observation, CONFIG, NOW)[-1]
    assert isinstance(patch, PatchStatus)
    assert patch.status["reason"] == Reason.DONE_ELSEWHERE


@pytest.mark.parametrize(("shown", "attempts"), [({"attempts": 4}, 4), ({}, 1)])
def test_success_without_a_claim_in_the_row_counts_the_attempts_that_are_shown(
    shown: dict[str, int], attempts: int
) -> None:
    view = videojob(condition("Started"), status=shown)
    patch = plan(seen(view, job=job(), pods=[ended_pod(0)], row=row("completed", claim=None)), CONFIG, NOW)[0]
    assert isinstance(patch, PatchStatus)
    assert patch.status["attempts"] == attempts


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
    observation = seen(at("finalizing"), **{"job": job(), "pods": [pod()], "row": DONE, **given})
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


def test_a_claim_that_is_written_again_before_any_attempt_was_shown_has_used_none() -> None:
    found = row(claim=None)
    restamp, _ = plan(seen(row=found, job=job()), CONFIG, NOW)
    assert restamp == RestampRow(found, Claim(claim=TOKEN, by=INSTALLATION, failures=0))


def test_a_row_of_a_former_name_keeps_its_history_and_gets_the_present_name() -> None:
    config = CONFIG.model_copy(update={"former_installations": ("former/name",)})
    found = row(claim=f"{TOKEN}/pod-9", by="former/name", failures=2)
    restamp, adopt = plan(seen(row=found, job=job()), config, NOW)
    assert restamp == RestampRow(found, Claim(claim=f"{TOKEN}/pod-9", by=INSTALLATION, failures=2))
    assert adopt == AdoptClaim(TOKEN, 7)
    assert "RestampRow" not in kinds(plan(seen(row=found, job=job()), CONFIG, NOW)), "the name is nobody's here"
