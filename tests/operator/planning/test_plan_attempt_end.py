"""What follows an attempt that ended: success, another attempt, or the end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from runops.breakers.shared_faults import ALONE, SharedFaults
from runops.failures import TABLE, FailureClass, Reason
from runops.job_row import successor
from runops.progress import Stage
from runops.report import Output
from runops.retry_policy import History
from runops.videojob import ModelChoice, PromptChoice
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    CheckResults,
    CompleteRow,
    DeleteJob,
    FailRow,
    NextAttempt,
    NoteFailure,
    PatchStatus,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.plan import plan
from runops_operator.times import moment
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
    complete, patch, delete = plan(seen(job=COMPLETE, pods=pods, row=row(failures=1), results=True), CONFIG, NOW)
    assert complete == CompleteRow(TOKEN)
    assert delete == DeleteJob(NAME, JOB_UID, pods_ended=True)
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
    assert plan(seen(**failed_with(Reason.MODEL_FILE_TIMEOUT)), CONFIG, NOW) == [ReadRow()]


def test_another_attempt_is_prepared_in_the_row_before_anything_else() -> None:
    held = row(failures=1)
    observation = seen(videojob(version=9), row=held, **failed_with(Reason.MODEL_FILE_TIMEOUT, message="Slow."))
    prepare, adopt, patch, delete, requeue = plan(observation, CONFIG, NOW)
    assert isinstance(prepare, NextAttempt)
    assert prepare.row is held
    assert (prepare.claim.claim, prepare.claim.reason) == (NEXT_TOKEN, Reason.MODEL_FILE_TIMEOUT)
    assert prepare.claim.history == History(failures=2)
    assert adopt == AdoptClaim(NEXT_TOKEN, 9)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"].startswith("Slow. Trying again at 2026-01-02T03:04:")
    assert patch.status["attempts"] == 2
    assert conditions_of(patch.status)["Progressing"] == ("False", "ModelFileTimeout")
    assert delete == DeleteJob(NAME, JOB_UID)
    assert isinstance(requeue, RequeueAfter)
    assert prepare.claim.not_before == NOW + timedelta(seconds=requeue.seconds)
    assert 20 <= requeue.seconds <= 40, "the second pause, shortened by the jitter of the Job"


def test_pauses_differ_between_jobs_and_are_the_same_for_every_replica() -> None:
    pauses = []
    for uid in ("one", "two", "one"):
        given = failed_with(Reason.MODEL_FILE_TIMEOUT) | {"job": job(uid=uid, failed_reason="PodFailurePolicy")}
        requeue = plan(seen(row=row(), **given), CONFIG, NOW)[-1]
        assert isinstance(requeue, RequeueAfter)
        pauses.append(requeue.seconds)
    assert pauses[0] == pauses[2] != pauses[1]


def test_the_pauses_of_many_jobs_are_spread_over_the_upper_half() -> None:
    pauses = []
    for number in range(100):
        given = failed_with(Reason.MODEL_FILE_TIMEOUT) | {"job": job(uid=str(number), failed_reason="PodFailurePolicy")}
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
    observation = seen(row=row(failures=3), **failed_with(Reason.MODEL_FILE_TIMEOUT, message="Slow."))
    fail, patch = plan(observation, CONFIG, NOW)
    message = "Slow. Given up after 4 attempts."
    assert fail == FailRow(TOKEN, message, required=True)
    assert isinstance(patch, PatchStatus)
    assert (patch.status["reason"], patch.status["message"]) == ("ModelFileTimeout", message)
    assert patch.status["attempts"] == 4


def test_the_videojobs_own_retry_limit_counts() -> None:
    view = videojob(spec=spec(retry_limit=0))
    assert kinds(plan(seen(view, row=row(), **failed_with(Reason.MODEL_FILE_TIMEOUT)), CONFIG, NOW)) == [
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
    lost = History(waits={FailureClass.INFRASTRUCTURE: 1})
    assert (prepare.claim.reason, prepare.claim.history) == (Reason.POD_LOST, lost)
    assert isinstance(patch, PatchStatus)
    assert patch.status["message"].startswith(TABLE[Reason.POD_LOST].sentence)
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]


def test_what_a_failed_worker_reported_stays_in_the_status() -> None:
    outputs = (Output(name="slim", location="slim/1.mp4"),)
    observation = seen(row=row(), **failed_with(Reason.NOT_A_VIDEO, outputs=outputs))
    patch = plan(observation, CONFIG, NOW)[-1]
    assert isinstance(patch, PatchStatus)
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]
    patch = plan(seen(row=row(), **failed_with(Reason.MODEL_FILE_TIMEOUT, outputs=outputs)), CONFIG, NOW)[2]
    assert isinstance(patch, PatchStatus)
    assert patch.status["outputs"] == [{"name": "slim", "location": "slim/1.mp4"}]


OUTAGE = "2026-01-02T03:00:00Z"
"""When the attempt began that ends in these tests."""


def _after_outage(reason: Reason, faults: SharedFaults, **given: Any) -> list[Action]:
    ended = failed_with(reason, message="HTTP 503.") | {"job": job(failed_reason="PodFailurePolicy", start_time=OUTAGE)}
    return plan(seen(row=row(), faults=faults, **ended, **given), CONFIG, NOW)


def _history(actions: list[Action]) -> History | None:
    prepare = actions[0]
    return prepare.claim.history if isinstance(prepare, NextAttempt) else None


@pytest.mark.parametrize("reason", sorted(ALONE))
@pytest.mark.parametrize(
    ("passed", "counts"),
    [
        pytest.param(None, False, id="no other video got past it"),
        pytest.param("2026-01-02T02:59:59Z", False, id="one did before this attempt"),
        pytest.param("2026-01-02T03:00:01Z", True, id="one did while this attempt failed"),
    ],
)
def test_an_outage_uses_up_no_attempt_until_another_video_gets_past_it(
    reason: Reason, passed: str | None, counts: bool
) -> None:
    faults = SharedFaults(passed={} if passed is None else {reason: moment(passed) or NOW})
    wait = History(waits={FailureClass.TRANSIENT: 1})
    assert _history(_after_outage(reason, faults)) == (History(failures=1) if counts else wait)


@pytest.mark.parametrize("reason", [Reason.STORAGE_REFUSED, Reason.WORKER_CRASHED, Reason.MODEL_UNAVAILABLE])
def test_while_a_breaker_is_open_no_attempt_is_used_up_and_the_video_is_shown_as_blocked(reason: Reason) -> None:
    actions = _after_outage(reason, SharedFaults(open=frozenset({reason}), passed={reason: NOW}))
    assert _history(actions) == History(waits={FailureClass.TRANSIENT: 1})
    (patch,) = [action for action in actions if isinstance(action, PatchStatus)]
    assert conditions_of(patch.status)["Blocked"] == ("True", reason)
    counted = _after_outage(reason, SharedFaults(open=frozenset({Reason.KEY_REJECTED}), passed={reason: NOW}))
    assert _history(counted) == History(failures=1)


def test_a_failure_that_others_may_meet_is_noted_after_the_row_was_written() -> None:
    actions = _after_outage(Reason.MODEL_UNAVAILABLE, SharedFaults())
    assert kinds(actions)[:2] == ["NextAttempt", "NoteFailure"]
    assert actions[1] == NoteFailure(Reason.MODEL_UNAVAILABLE, "HTTP 503.", None, 0.0)
    view = videojob(status={"stage": "parsing_sop"}, spec=spec(retry_limit=0))
    ended = failed_with(Reason.INTERNAL, message="A bug.")
    actions = plan(seen(view, row=row(), **ended), CONFIG, NOW)
    assert kinds(actions) == ["FailRow", "NoteFailure", "PatchStatus"]
    assert actions[1] == NoteFailure(Reason.INTERNAL, "A bug.", Stage.PARSING_SOP, 0.0)


def test_how_long_a_service_asked_to_wait_is_noted_up_to_an_hour() -> None:
    ended = failed_with(Reason.QUOTA_EXCEEDED, message="Used up.", retry_after_seconds=604_800)
    assert plan(seen(row=row(), **ended), CONFIG, NOW)[1] == NoteFailure(
        Reason.QUOTA_EXCEEDED, "Used up.", None, 3600.0
    )


@pytest.mark.parametrize(
    ("transcribe", "sop", "words", "ends"),
    [
        ("gemini-typo", "gemini-typo", "Gemini has no model 'gemini-typo'.", True),
        ("gemini-typo", None, "Gemini has no model 'gemini-typo'.", True),
        ("gemini-typo", None, "Gemini has no model 'OURS'.", False),
        ("gemini-typo", None, "It failed.", False),
        (None, None, "Gemini has no model 'OURS'.", False),
    ],
)
def test_a_model_of_one_videojob_that_is_refused_concerns_it_alone(
    transcribe: str | None, sop: str | None, words: str, ends: bool
) -> None:
    ours = CONFIG.models
    choice = ModelChoice(transcribe=transcribe or ours.transcribe, sop=sop or ours.sop)
    ended = failed_with(Reason.MODEL_NOT_FOUND, message=words.replace("OURS", ours.sop))
    actions = plan(seen(videojob(spec=spec(model=choice)), row=row(), **ended), CONFIG, NOW)
    assert kinds(actions)[0] == ("FailRow" if ends else "NextAttempt")
    assert ("NoteFailure" in kinds(actions)) is not ends


def test_a_videojob_whose_own_model_is_overloaded_tries_again() -> None:
    own = ModelChoice(transcribe="gemini-own", sop="gemini-own")
    ended = failed_with(Reason.MODEL_UNAVAILABLE, message="The model gemini-own is overloaded.")
    actions = plan(seen(videojob(spec=spec(model=own)), row=row(), **ended), CONFIG, NOW)
    assert kinds(actions)[0] == "NextAttempt"


def test_the_job_of_a_video_that_failed_is_deleted_at_once_where_a_setting_says_so() -> None:
    worker = CONFIG.worker.model_copy(update={"failed_job_ttl_seconds": 0})
    ended = failed_with(Reason.NOT_A_VIDEO)
    actions = plan(seen(row=row(), **ended), CONFIG.model_copy(update={"worker": worker}), NOW)
    assert kinds(actions) == ["FailRow", "PatchStatus", "DeleteJob"]
    assert kinds(plan(seen(row=row(), **ended), CONFIG, NOW)) == ["FailRow", "PatchStatus"]


def test_a_prompt_of_one_videojob_that_is_missing_concerns_it_alone() -> None:
    own = PromptChoice(transcription="mine.md", sop=CONFIG.prompts.sop)
    ended = failed_with(Reason.PROMPT_MISSING, message="The prompt mine.md is not installed.")
    assert kinds(plan(seen(videojob(spec=spec(prompts=own)), row=row(), **ended), CONFIG, NOW))[0] == "FailRow"
    prompts = PromptChoice(transcription=CONFIG.prompts.transcription, sop=CONFIG.prompts.sop)
    view = videojob(spec=spec(prompts=prompts))
    assert kinds(plan(seen(view, row=row(), **ended), CONFIG, NOW))[0] == "NextAttempt"


def test_prompts_of_an_earlier_version_that_are_gone_concern_that_video_alone() -> None:
    own = PromptChoice(transcription=CONFIG.prompts.transcription, sop=CONFIG.prompts.sop)
    ended = failed_with(Reason.PROMPT_MISSING, message="The prompts of this video are gone.")
    ours = CONFIG.prompts.config_map
    for config_map, first in (("of-before", "FailRow"), (ours, "NextAttempt"), (None, "NextAttempt")):
        view = replace(videojob(spec=spec(prompts=own)), prompts=config_map)
        actions = kinds(plan(seen(view, row=row(), **ended), CONFIG, NOW))
        assert actions[0] == first
        assert ("NoteFailure" in actions) is (first == "NextAttempt")
