"""What the operator writes into a VideoJob's status."""

from datetime import timedelta
from typing import Any

import pytest

from runops.failures import TABLE, FailureClass, Reason
from runops.quality import Gap, Quality, RecordingLoss, RecordingQuality, TranscriptQuality
from runops.report import Output, Report, StageTime, Usage
from runops.timestamps import rfc3339
from runops.videojob import Condition
from runops_operator.planning import status
from runops_operator.planning.waiting import PENDING, SUSPENDED
from tests.operator.planning.observations import (
    EARLIER,
    NOW,
    ago,
    condition,
    conditions_of,
    ended_pod,
    job,
    pod,
    report,
    spec,
    videojob,
)

AT = "2026-01-02T03:04:05Z"
TRUE, FALSE = "True", "False"
LONG = "x" * 2000
MODELS = {"transcribe": "gemini-3.8-flash", "sop": "gemini-3.8-flash", "fallback": []}


def messages(patch: dict[str, Any]) -> dict[str, str]:
    return {item["type"]: item["message"] for item in patch["conditions"]}


def times(patch: dict[str, Any]) -> dict[str, str]:
    return {item["type"]: item["lastTransitionTime"] for item in patch["conditions"]}


@pytest.mark.parametrize(
    ("true", "suspended", "phase"),
    [
        ([], False, "Pending"),
        (["Started"], False, "Pending"),
        (["Progressing"], False, "Running"),
        (["Progressing"], True, "Suspended"),
        ([], True, "Suspended"),
        (["Complete"], False, "Succeeded"),
        (["Complete", "Progressing"], True, "Succeeded"),
        (["Failed"], False, "Failed"),
        (["Failed", "Progressing"], True, "Failed"),
    ],
)
def test_the_phase_follows_from_the_conditions(true: list[str], suspended: bool, phase: str) -> None:
    kinds = ("Started", "Progressing", "Complete", "Failed")
    conditions = [condition(kind, status="True" if kind in true else "False") for kind in kinds]
    assert status.derive_phase(conditions, suspended=suspended) == phase


def test_what_a_limit_range_added_to_a_worker_is_told() -> None:
    added = "LimitRanger plugin set: cpu limit for container worker"
    shown = status.running(videojob(), job(), [pod(limit_range=added + "x" * 300)], NOW)
    assert (
        _written("Progressing", TRUE, "Running", f"The worker is running. {(added + 'x' * 300)[:200]}")
        in (shown["conditions"])
    )


def test_a_running_videojob() -> None:
    assert status.running(videojob(), job(), [pod()], NOW) == {
        "observedGeneration": 3,
        "conditions": [
            _written("Started", TRUE, "WorkerStarted", "A worker has started."),
            _written("Progressing", TRUE, "Running", "The worker is running."),
            _written("Finished", FALSE, "Running", "The worker is running."),
        ],
        "phase": "Running",
        "startTime": AT,
        "attempts": 1,
        "resolved": {"image": "worker:1", "models": MODELS},
        "workerPod": {"name": "pod-1", "uid": "pod-uid", "node": "node-1"},
        "reason": None,
        "message": None,
    }


def _written(kind: str, holds: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": holds,
        "reason": reason,
        "message": message,
        "lastTransitionTime": AT,
        "observedGeneration": 3,
    }


def test_a_transition_time_changes_only_with_the_status_of_its_condition() -> None:
    view = videojob(condition("Started"), condition("Progressing", status=FALSE), condition("Finished", status=FALSE))
    patch = status.running(view, job(), [pod()], NOW)
    assert times(patch) == {"Started": EARLIER, "Progressing": AT, "Finished": EARLIER}
    assert patch["startTime"] == AT


def test_other_conditions_stay_as_they_are() -> None:
    mine = condition("Mine", reason="Other")
    patch = status.running(videojob(mine), job(), [pod()], NOW)
    assert mine.model_dump(by_alias=True, exclude_none=True) in patch["conditions"]


def test_the_first_start_time_and_the_higher_number_of_attempts_stay() -> None:
    patch = status.running(videojob(status={"start_time": EARLIER, "attempts": 3}), job(), [pod()], NOW)
    assert (patch["startTime"], patch["attempts"]) == (EARLIER, 3)


def test_a_running_videojob_is_no_longer_stalled() -> None:
    view = videojob(condition("Stalled", reason="Unschedulable"))
    assert conditions_of(status.running(view, job(), [pod()], NOW))["Stalled"] == (FALSE, "Running")


@pytest.mark.parametrize(
    ("reason", "stage", "blocked"),
    [
        ("QuotaExceeded", None, True),
        ("QuotaExceeded", "preparing_video", True),
        ("QuotaExceeded", "transcribing", True),
        ("QuotaExceeded", "parsing_sop", False),
        ("QuotaExceeded", "finalizing", False),
        ("QuotaExceeded", "completed", False),
        ("ModelKeyRejected", "parsing_sop", True),
        ("ModelKeyRejected", "finalizing", False),
        ("ModelKeyRejected", "completed", False),
        ("ModelTimeout", None, False),
        ("SomebodyElses", None, False),
    ],
)
def test_a_videojob_stays_blocked_until_it_gets_past_what_blocked_it(
    reason: str, stage: str | None, blocked: bool
) -> None:
    view = videojob(condition("Blocked", reason=reason), status={"stage": stage})
    patch = status.running(view, job(), [pod()], NOW)
    assert conditions_of(patch)["Blocked"] == ((TRUE, reason) if blocked else (FALSE, "Running"))
    if not blocked:
        assert messages(patch)["Blocked"] == "The video makes progress again."


def test_a_waiting_videojob() -> None:
    assert status.waiting(videojob(), None, (), PENDING, NOW, attempts=2) == {
        "observedGeneration": 3,
        "conditions": [
            _written("Progressing", FALSE, "Pending", PENDING.message),
            _written("Finished", FALSE, "Pending", PENDING.message),
        ],
        "phase": "Pending",
        "attempts": 2,
        "resolved": {"models": MODELS},
        "reason": "Pending",
        "message": PENDING.message,
    }


@pytest.mark.parametrize(
    ("given", "attempts"),
    [
        ({}, 0),
        ({"shown": 2}, 2),
        ({"active": 1}, 1),
        ({"active": 0}, 0),
        ({"active": 1, "shown": 2}, 2),
        ({"started": True}, 1),
    ],
)
def test_a_waiting_videojob_counts_the_attempts_that_are_known(given: dict[str, Any], attempts: int) -> None:
    conditions = [condition("Started")] if given.get("started") else []
    view = videojob(*conditions, status={"attempts": given.get("shown")})
    its_job = job(active=given["active"]) if "active" in given else None
    assert status.waiting(view, its_job, (), PENDING, NOW)["attempts"] == attempts


def test_a_stalled_videojob_says_why_and_what_to_do() -> None:
    patch = status.waiting(videojob(), job(), (), PENDING, NOW, stalled=(Reason.JOB_REFUSED, LONG))
    shown = (TRUE, "JobRefused")
    assert conditions_of(patch) == {
        "Progressing": (FALSE, "JobRefused"),
        "Stalled": shown,
        "Finished": (FALSE, "JobRefused"),
    }
    assert (patch["reason"], patch["message"]) == ("JobRefused", "x" * 1024)
    assert messages(patch)["Stalled"] == "x" * 1024


def test_a_wait_that_is_not_too_long_ends_a_stall_and_adds_no_condition() -> None:
    view = videojob(condition("Stalled", reason="Unschedulable"))
    assert conditions_of(status.waiting(view, job(), (), PENDING, NOW))["Stalled"] == (FALSE, "Pending")
    assert "Stalled" not in conditions_of(status.waiting(videojob(), job(), (), PENDING, NOW))


@pytest.mark.parametrize(
    ("pods", "progressing", "shown"),
    [
        ([ended_pod(0)], (TRUE, "Pending"), (None, None)),
        ([ended_pod(1)], (FALSE, "Pending"), ("Pending", PENDING.message)),
    ],
)
def test_a_worker_that_exited_has_started_and_succeeded_by_its_exit_code(
    pods: list[Any], progressing: tuple[str, str], shown: tuple[str | None, str | None]
) -> None:
    patch = status.waiting(videojob(), job(), pods, PENDING, NOW)
    assert conditions_of(patch)["Started"] == (TRUE, "WorkerStarted")
    assert messages(patch)["Started"] == "A worker has started."
    assert conditions_of(patch)["Progressing"] == progressing
    assert (patch["reason"], patch["message"]) == shown
    assert (patch["startTime"], patch["attempts"]) == (AT, 1)
    assert patch["workerPod"]["name"] == "pod-1"


def test_a_pod_that_has_not_run_has_not_started() -> None:
    patch = status.waiting(videojob(), job(), [pod(phase="Pending")], PENDING, NOW)
    assert "Started" not in conditions_of(patch)
    assert "startTime" not in patch


def test_a_videojob_that_started_before_stays_started() -> None:
    patch = status.waiting(videojob(condition("Started")), None, (), PENDING, NOW)
    assert conditions_of(patch)["Started"] == (TRUE, "WorkerStarted")
    assert messages(patch)["Started"] == "A worker has started."


@pytest.mark.parametrize(
    ("view", "its_job", "phase"),
    [
        (videojob(spec=spec(suspend=True)), None, "Suspended"),
        (videojob(), job(suspended=True), "Suspended"),
        (videojob(), job(), "Pending"),
        (videojob(spec=None), None, "Pending"),
    ],
)
def test_a_suspended_videojob_shows_it(view: Any, its_job: Any, phase: str) -> None:
    patch = status.waiting(view, its_job, (), SUSPENDED, NOW)
    assert patch["phase"] == phase
    assert ("models" in patch["resolved"]) is (view.spec is not None)


def _again(reason: Reason, *conditions: Condition, attempts: int = 1, **given: Any) -> dict[str, Any]:
    return status.trying_again(
        videojob(*conditions),
        TABLE[reason],
        "Sentence.",
        attempts=attempts,
        not_before=NOW + timedelta(seconds=60),
        now=NOW,
        **given,
    )


def test_an_attempt_that_is_followed_by_another() -> None:
    message = "Sentence. Trying again at 2026-01-02T03:05:05Z."
    assert _again(Reason.MODEL_TIMEOUT) == {
        "observedGeneration": 3,
        "conditions": [
            _written("Started", TRUE, "WorkerStarted", "A worker has started."),
            _written("Progressing", FALSE, "ModelTimeout", message),
            _written("Finished", FALSE, "ModelTimeout", message),
        ],
        "phase": "Pending",
        "startTime": AT,
        "attempts": 1,
        "resolved": {"models": MODELS},
        "reason": "ModelTimeout",
        "message": message,
        "stage": None,
        "progress": None,
    }


def test_where_others_try_first_no_time_of_the_next_try_is_told() -> None:
    patch = status.trying_again(
        *(videojob(), TABLE[Reason.MODEL_TIMEOUT], "Sentence."), attempts=1, not_before=NOW, now=NOW, blocked=True
    )
    assert patch["message"] == f"Sentence. {status.ONE_TRIES}"


def test_a_long_sentence_is_cut() -> None:
    patch = status.trying_again(
        videojob(), TABLE[Reason.MODEL_TIMEOUT], LONG, attempts=2, not_before=NOW, now=NOW, report=report()
    )
    assert patch["message"] == "x" * 1024
    assert patch["attempts"] == 2


def test_an_interruption_before_any_counted_attempt_shows_the_first() -> None:
    assert _again(Reason.EVICTED, attempts=0)["attempts"] == 1


def test_an_attempt_that_failed_is_not_stalled() -> None:
    assert conditions_of(_again(Reason.MODEL_TIMEOUT, condition("Stalled")))["Stalled"] == (FALSE, "ModelTimeout")


@pytest.mark.parametrize(
    ("reason", "blocked"),
    [
        pytest.param(Reason.QUOTA_EXCEEDED, (TRUE, "QuotaExceeded"), id="a quota blocks"),
        pytest.param(Reason.MODEL_KEY_REJECTED, (TRUE, "ModelKeyRejected"), id="a key blocks"),
        pytest.param(Reason.MODEL_TIMEOUT, (FALSE, "ModelTimeout"), id="a counted failure shows that nothing blocks"),
        pytest.param(Reason.EVICTED, (TRUE, "QuotaExceeded"), id="an interruption shows nothing"),
    ],
)
def test_what_blocks_a_videojob(reason: Reason, blocked: tuple[str, str]) -> None:
    patch = _again(reason, condition("Blocked", reason="QuotaExceeded"))
    assert conditions_of(patch)["Blocked"] == blocked
    if blocked[0] == FALSE:
        assert messages(patch)["Blocked"] == "The last attempt failed for another reason."
    if reason is not Reason.EVICTED and blocked[0] == TRUE:
        assert messages(patch)["Blocked"] == patch["message"]


@pytest.mark.parametrize("reason", [Reason.QUOTA_EXCEEDED, Reason.MODEL_KEY_REJECTED])
def test_only_a_key_needs_a_remedy_beside_the_next_try(reason: Reason) -> None:
    remedy = TABLE[reason].remedy
    is_key = TABLE[reason].failure_class is FailureClass.KEY
    expected = f"Sentence. Trying again at 2026-01-02T03:05:05Z.{f' {remedy}' if is_key else ''}"
    assert _again(reason)["message"] == expected


def test_what_the_worker_reported_is_shown() -> None:
    usage, stages = Usage(total_tokens=5), (StageTime(stage="transcribing", start_time=AT, seconds=1.5),)
    outputs = (Output(name="sop", location="sops/1.json"),)
    quality = Quality(transcript=TranscriptQuality(gaps=(Gap(start=1, end=2.5, reason="refused"),)))
    said = report(usage=usage, quality=quality, stages=stages, outputs=outputs, message="no")
    patch = _again(Reason.MODEL_TIMEOUT, report=said)
    assert patch["usage"]["totalTokens"] == 5
    assert patch["quality"]["transcript"]["askedAgain"] == 0
    assert patch["quality"]["transcript"]["gaps"] == [{"start": 1.0, "end": 2.5, "reason": "refused"}]
    assert patch["stages"] == [{"stage": "transcribing", "startTime": AT, "seconds": 1.5}]
    assert patch["outputs"] == [{"name": "sop", "location": "sops/1.json"}]
    assert patch["message"].startswith("Sentence.")


def test_an_empty_report_changes_nothing() -> None:
    assert _again(Reason.MODEL_TIMEOUT, report=report()) == _again(Reason.MODEL_TIMEOUT)


def test_a_pod_that_does_not_stop_is_shown_beside_all_other_conditions() -> None:
    view = videojob(condition("Progressing"))
    patch = status.still_stopping(view, NOW)
    failure = TABLE[Reason.STILL_STOPPING]
    assert list(patch) == ["conditions"]
    assert conditions_of(patch) == {"Progressing": (TRUE, "Reason"), "Stalled": (TRUE, "StillStopping")}
    assert messages(patch)["Stalled"] == f"{failure.sentence} {failure.remedy}"
    assert times(patch) == {"Progressing": EARLIER, "Stalled": AT}
    assert all(None not in item.values() for item in patch["conditions"])


def test_a_videojob_that_succeeded() -> None:
    message = "The transcript and the SOP are in their tables."
    assert status.succeeded(videojob(condition("Started")), None, attempts=2, now=NOW) == {
        "observedGeneration": 3,
        "conditions": [
            condition("Started").model_dump(by_alias=True, exclude_none=True),
            _written("Progressing", FALSE, "Completed", message),
            _written("Complete", TRUE, "Completed", message),
            _written("Finished", TRUE, "Completed", message),
        ],
        "phase": "Succeeded",
        "startTime": AT,
        "completionTime": AT,
        "timeLeft": None,
        "attempts": 2,
        "reason": None,
        "message": None,
        "stage": "completed",
        "progress": "100%",
    }


def test_a_videojob_that_succeeded_shows_what_the_worker_reported() -> None:
    patch = status.succeeded(videojob(), report(usage=Usage(total_tokens=5)), attempts=1, now=NOW)
    assert patch["usage"]["totalTokens"] == 5


CUT_OFF = RecordingLoss(kind="cut_off", detail="The end is missing.")
DAMAGED = RecordingLoss(kind="pictures_damaged", detail="The picture is damaged.")


def _lost(*losses: RecordingLoss) -> Quality:
    return Quality(recording=RecordingQuality(losses=losses))


@pytest.mark.parametrize(
    ("losses", "reason", "message"),
    [
        ((CUT_OFF,), "CutOff", "The end is missing."),
        ((DAMAGED, DAMAGED), "PicturesDamaged", "The picture is damaged. The picture is damaged."),
        ((CUT_OFF, DAMAGED), "SeveralLosses", "The end is missing. The picture is damaged."),
    ],
)
@pytest.mark.parametrize("ended", ["succeeded", "failed"])
def test_a_condition_names_what_is_lost_of_the_recording(
    losses: tuple[RecordingLoss, ...], reason: str, message: str, ended: str
) -> None:
    given = report(quality=_lost(*losses))
    if ended == "succeeded":
        patch = status.succeeded(videojob(), given, attempts=1, now=NOW)
    else:
        patch = status.failed(videojob(), Reason.MODEL_TIMEOUT, "No.", attempts=1, report=given, now=NOW)
    assert conditions_of(patch)["RecordingPartlyLost"] == (TRUE, reason)
    assert messages(patch)["RecordingPartlyLost"] == message
    assert patch["quality"]["recording"]["losses"] == [
        loss.model_dump(by_alias=True, exclude_none=True) for loss in losses
    ]


@pytest.mark.parametrize("given", [None, report()])
def test_the_condition_is_told_by_what_the_worker_wrote_where_its_report_lacks_it(given: Report | None) -> None:
    view = videojob(status={"quality": _lost(CUT_OFF)})
    patch = status.succeeded(view, given, attempts=1, now=NOW)
    assert conditions_of(patch)["RecordingPartlyLost"] == (TRUE, "CutOff")


def test_the_condition_of_an_earlier_run_is_taken_back_where_nothing_is_lost() -> None:
    view = videojob(condition("RecordingPartlyLost"))
    patch = status.succeeded(view, report(), attempts=1, now=NOW)
    assert conditions_of(patch)["RecordingPartlyLost"] == (FALSE, "AllUsed")


def test_a_videojob_that_failed() -> None:
    patch = status.failed(videojob(), Reason.NOT_A_VIDEO, "No video.", attempts=1, report=None, now=NOW)
    assert patch == {
        "observedGeneration": 3,
        "conditions": [
            _written("Started", TRUE, "NotAVideo", "No video."),
            _written("Progressing", FALSE, "NotAVideo", "No video."),
            _written("Failed", TRUE, "NotAVideo", "No video."),
            _written("Finished", TRUE, "NotAVideo", "No video."),
        ],
        "phase": "Failed",
        "startTime": AT,
        "completionTime": AT,
        "timeLeft": None,
        "attempts": 1,
        "reason": "NotAVideo",
        "message": "No video.",
    }


def test_a_videojob_that_failed_before_any_attempt_never_started() -> None:
    patch = status.failed(videojob(), Reason.ROW_MISSING, LONG, attempts=0, report=None, now=NOW)
    assert "Started" not in conditions_of(patch)
    assert "startTime" not in patch
    assert (patch["attempts"], patch["message"]) == (0, "x" * 1024)


def test_an_end_keeps_the_start_time_and_the_higher_number_of_attempts_and_clears_what_held_it_up() -> None:
    view = videojob(condition("Stalled"), condition("Blocked"), status={"start_time": EARLIER, "attempts": 3})
    patch = status.failed(view, Reason.CLAIM_LOST, "Lost.", attempts=1, report=None, now=NOW)
    assert (patch["startTime"], patch["attempts"]) == (EARLIER, 3)
    assert conditions_of(patch)["Stalled"] == conditions_of(patch)["Blocked"] == (FALSE, "ClaimLost")
    assert messages(patch)["Stalled"] == messages(patch)["Blocked"] == "Lost."


def test_a_failure_shows_what_the_worker_reported() -> None:
    given = report(usage=Usage(total_tokens=5))
    patch = status.failed(videojob(), Reason.NOT_A_VIDEO, "No.", attempts=1, report=given, now=NOW)
    assert patch["usage"]["totalTokens"] == 5


def test_times_are_written_in_whole_seconds() -> None:
    assert rfc3339(NOW.replace(microsecond=999_999)) == AT
    assert ago(5) == "2026-01-02T03:04:00Z"


@pytest.mark.parametrize("reason", [Reason.MODEL_UNAVAILABLE, Reason.MODEL_KEY_REJECTED, Reason.QUOTA_EXCEEDED])
@pytest.mark.parametrize("blocked", [True, False], ids=["others try", "it tries itself"])
def test_what_a_worker_said_of_a_block_is_read_back_without_what_is_told_beside_it(
    reason: Reason, *, blocked: bool
) -> None:
    failure = TABLE[reason]
    patch = status.trying_again(
        videojob(), failure, "Gemini says: no.", attempts=1, not_before=NOW, now=NOW, blocked=blocked
    )
    found = [Condition.model_validate(item) for item in patch["conditions"] if item["type"] == "Blocked"]
    said = status.said_of_block(videojob(*found), reason)
    assert said == ("Gemini says: no." if found else "")
    assert status.said_of_block(videojob(), reason) == ""
