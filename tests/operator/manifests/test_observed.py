"""Views of VideoJobs and Jobs: every field, and what malformed objects become."""

from typing import Any

import pytest

from runops.failures import Reason
from runops.job_row import Lane
from runops.report import DayUsage, Report, Usage, parse_report
from runops.videojob import VideoJobStatus
from runops_operator.manifests.observed import parse_job, parse_videojob

JOB_ID = "00000000-0000-4000-8000-000000000001"
TOKEN = "aaaaaaaa-0000-4000-8000-000000000000"
AT = "2026-01-01T00:00:00Z"


def condition(kind: str, status: str = "True", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "R", "lastTransitionTime": AT} | fields


def videojob(**parts: Any) -> dict[str, Any]:
    metadata = {
        "name": "vj-1",
        "uid": "uid-1",
        "generation": 4,
        "resourceVersion": "17",
        "creationTimestamp": AT,
        "annotations": {
            "runops.dev/claim": TOKEN,
            "runops.dev/prompts": "prompts-1",
            "runops.dev/queued-at": "2025-12-31T23:59:00Z",
            "runops.dev/source-bytes": "1048576",
        },
    } | parts.pop("metadata", {})
    return {"metadata": metadata, "spec": {"jobId": JOB_ID}} | parts


def test_every_field_of_a_videojob() -> None:
    view = parse_videojob(videojob(status={"phase": "Running", "workerPod": {"name": "pod-1", "uid": "pod-uid"}}))
    assert (view.name, view.uid, view.generation, view.version) == ("vj-1", "uid-1", 4, 17)
    assert (view.claim, view.prompts, view.created) == (TOKEN, "prompts-1", AT)
    assert (view.queued_at, view.source_bytes) == ("2025-12-31T23:59:00Z", 1_048_576)
    assert view.spec is not None
    assert (view.spec.job_id, view.spec_fault, view.deleting) == (JOB_ID, None, False)
    assert view.status.phase == "Running"
    assert view.status.worker_pod is not None
    assert (view.status.worker_pod.name, view.status.worker_pod.uid) == ("pod-1", "pod-uid")


def test_no_record_of_given_fields_is_kept() -> None:
    view = parse_videojob(videojob(status={"workerPod": {"name": "pod-1", "uid": "pod-uid"}}))
    assert view.spec is not None
    assert view.status.worker_pod is not None
    assert [part.model_fields_set for part in (view.spec, view.status, view.status.worker_pod)] == [set()] * 3


def test_of_what_a_video_cost_all_is_kept_but_the_attempts() -> None:
    attempt = {"calls": 1, "costUsd": "0.25"}
    view = parse_videojob(videojob(status={"usage": {"costUsd": "0.5", "ledger": "l", "attempts": [attempt]}}))
    assert view.status.usage == Usage(cost_usd="0.5", ledger="l")


def test_a_field_of_a_later_version_does_not_hide_what_a_video_cost() -> None:
    later = {"underWay": [{"day": "2026-11-30", "costUsd": "1", "of": "a later version"}], "later": 1}
    usage = parse_videojob(videojob(status={"usage": {"costUsd": "0.5", **later}})).status.usage
    assert usage == Usage(cost_usd="0.5", under_way=(DayUsage(day="2026-11-30", cost_usd="1"),))
    report = parse_report('{"reason": "ModelTimeout", "later": 1, "usage": {"costUsd": "0.5", "later": 1}}')
    assert report == Report(reason=Reason.MODEL_TIMEOUT, usage=Usage(cost_usd="0.5"))


def test_a_videojob_with_nothing_but_a_name() -> None:
    view = parse_videojob({"metadata": {"name": "vj-1"}})
    assert (view.uid, view.generation, view.version, view.claim, view.prompts) == ("", 1, 0, None, None)
    assert (view.created, view.queued_at, view.source_bytes, view.deleting) == (None, None, None, False)
    assert (view.spec, view.spec_fault) == (None, "spec.jobId: Field required")
    assert view.status == VideoJobStatus()


@pytest.mark.parametrize(("given", "generation"), [(1, 1), (2, 2), (0, 1), (-1, 1), ("2", 1), (None, 1)])
def test_the_generation_is_at_least_one(given: Any, generation: int) -> None:
    assert parse_videojob(videojob(metadata={"generation": given})).generation == generation


def test_a_videojob_that_kubernetes_deletes() -> None:
    assert parse_videojob(videojob(metadata={"deletionTimestamp": AT})).deleting


def test_a_malformed_spec_is_named_and_cut() -> None:
    view = parse_videojob(videojob(spec={"jobId": JOB_ID, "transcode": {"fps": 99}}))
    assert view.spec is None
    assert view.spec_fault == "spec.transcode.fps: Input should be less than or equal to 30"
    long = parse_videojob(videojob(spec={"jobId": JOB_ID, "worker": {"nodeSelector": {"x" * 600: 1}}}))
    assert long.spec_fault is not None
    assert len(long.spec_fault) == 500


@pytest.mark.parametrize("name", ["Prompts", "-x", "a/b", "", 1, None])
def test_a_config_map_of_an_impossible_name_is_none(name: Any) -> None:
    assert parse_videojob(videojob(metadata={"annotations": {"runops.dev/prompts": name}})).prompts is None


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        ({"conditions": [condition("Finished")], "attempts": "many"}, True),
        ({"conditions": [condition("Finished"), {"type": "Odd"}]}, True),
        ({"conditions": [condition("Finished", "False"), {"type": "Odd"}]}, False),
        ({"conditions": "none"}, False),
        ({"conditions": [condition("Finished")], "phase": "Odd", "stages": 3}, True),
        ("odd", False),
        (["odd"], False),
        (None, False),
    ],
)
def test_malformed_fields_do_not_hide_that_a_videojob_has_finished(status: Any, finished: bool) -> None:
    view = parse_videojob(videojob(status=status))
    assert view.finished is finished
    assert view.status.attempts is None


def test_well_formed_fields_beside_malformed_ones_are_kept() -> None:
    status = parse_videojob(videojob(status={"attempts": "many", "message": "Text.", "stage": "finalizing"})).status
    assert (status.attempts, status.message, status.stage) == (None, "Text.", "finalizing")


@pytest.mark.parametrize(("holds", "is_true"), [("True", True), ("False", False), ("Unknown", False)])
def test_a_condition_holds_only_where_it_is_true(holds: str, is_true: bool) -> None:
    view = parse_videojob(videojob(status={"conditions": [condition("Other"), condition("Started", holds)]}))
    assert (view.holds("Started"), view.started) == (is_true, is_true)
    assert view.condition("Started") is not None
    assert (view.holds("Absent"), view.condition("Absent"), view.finished) == (False, None, False)


@pytest.mark.parametrize(
    ("status", "stands_still"),
    [
        ({"conditions": [condition("Stalled")]}, True),
        ({"conditions": [condition("Stalled", "False")], "phase": "Running"}, False),
        ({"conditions": [condition("Blocked")], "phase": "Pending"}, False),
        ({"phase": "Suspended"}, True),
        ({}, False),
    ],
)
def test_whether_a_videojob_stands_still(status: dict[str, Any], stands_still: bool) -> None:
    assert parse_videojob(videojob(status=status)).stands_still is stands_still


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([condition("Blocked", reason="QuotaExceeded")], "QuotaExceeded"),
        ([condition("Blocked", "False", reason="QuotaExceeded")], None),
        ([condition("Stalled", reason="QuotaExceeded")], None),
        ([], None),
    ],
)
def test_what_blocks_a_videojob(conditions: list[dict[str, Any]], reason: str | None) -> None:
    assert parse_videojob(videojob(status={"conditions": conditions})).blocked_by == reason


def test_what_the_worker_reports_while_it_runs_is_no_change() -> None:
    reported = {
        "progress": "42%",
        "usage": {"totalTokens": 1},
        "quality": {"transcript": {"dropped": 1}},
        "stages": [{"stage": "transcribing", "startTime": AT, "seconds": 1}],
        "outputs": [{"name": "sop", "location": "sops/1"}],
    }
    quiet = parse_videojob(videojob(status={"phase": "Running"}))
    busy = parse_videojob(videojob(status={"phase": "Running"} | reported))
    assert busy != quiet
    assert busy.without_worker_progress() == quiet.without_worker_progress()
    moved = parse_videojob(videojob(status={"phase": "Running", "stage": "finalizing"}))
    assert moved.without_worker_progress() != quiet.without_worker_progress()
    assert busy.status.progress == "42%", "the view itself stays as it is"


def test_views_are_compared_without_their_versions() -> None:
    assert parse_videojob(videojob()) == parse_videojob(videojob(metadata={"resourceVersion": "18"}))
    assert parse_job(job()) == parse_job(job(metadata={"resourceVersion": "18"}))


def job(**parts: Any) -> dict[str, Any]:
    metadata = {
        "name": "vj-1",
        "uid": "job-1",
        "resourceVersion": "17",
        "labels": {},
        "annotations": {"runops.dev/claim": TOKEN},
        "ownerReferences": [{"uid": "other"}, {"uid": "uid-1", "controller": True}],
    } | parts.pop("metadata", {})
    containers = [{"name": "sidecar", "image": "other:1"}, {"name": "worker", "image": "worker:1"}]
    spec = {"suspend": False, "template": {"spec": {"containers": containers}}} | parts.pop("spec", {})
    return {"metadata": metadata, "spec": spec} | parts


def test_every_field_of_a_job() -> None:
    view = parse_job(job(status={"active": 1, "ready": 2, "failed": 3, "startTime": AT, "completionTime": AT}))
    assert (view.name, view.uid, view.owner_uid, view.claim, view.version) == ("vj-1", "job-1", "uid-1", TOKEN, 17)
    assert (view.active, view.ready, view.failed) == (1, 2, 3)
    assert (view.start_time, view.completion_time, view.image) == (AT, AT, "worker:1")
    assert (view.suspended, view.queued, view.complete, view.over, view.deleting) == (False,) * 5
    assert (view.failed_reason, view.failed_message) == (None, None)


def test_a_job_with_nothing_but_a_name() -> None:
    view = parse_job({"metadata": {"name": "vj-1"}})
    assert (view.uid, view.owner_uid, view.claim, view.image, view.version) == ("", None, None, None, 0)
    assert (view.active, view.ready, view.failed, view.ran, view.suspended) == (0, 0, 0, False, False)
    assert (view.start_time, view.completion_time) == (None, None)


def test_a_suspended_a_queued_and_a_deleted_job() -> None:
    assert parse_job(job(spec={"suspend": True})).suspended
    assert parse_job(job(metadata={"labels": {"kueue.x-k8s.io/queue-name": "videos"}})).queued
    assert parse_job(job(metadata={"deletionTimestamp": AT})).deleting


@pytest.mark.parametrize("owners", [[], [{"uid": "uid-1"}], [{"uid": "uid-1", "controller": False}], None])
def test_only_the_controller_owns_a_job(owners: Any) -> None:
    assert parse_job(job(metadata={"ownerReferences": owners})).owner_uid is None


@pytest.mark.parametrize(
    ("conditions", "complete", "failed", "over"),
    [
        ([], False, None, False),
        ([{"type": "Complete", "status": "True"}], True, None, True),
        ([{"type": "Complete", "status": "False"}], False, None, False),
        ([{"type": "Suspended", "status": "True"}], False, None, False),
        ([{"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}], False, "PodFailurePolicy", True),
        ([{"type": "Failed", "status": "True"}], False, "Failed", True),
        ([{"type": "Failed", "status": "False", "reason": "R"}], False, None, False),
        ([{"type": "FailureTarget", "status": "True", "reason": "R"}], False, None, False),
    ],
)
def test_how_a_job_ended(conditions: list[dict[str, str]], complete: bool, failed: str | None, over: bool) -> None:
    view = parse_job(job(status={"conditions": conditions}))
    assert (view.complete, view.failed_reason, view.over) == (complete, failed, over)


def test_the_message_of_a_failed_job() -> None:
    failed = {"type": "Failed", "status": "True", "reason": "R", "message": "exit code 66"}
    assert parse_job(job(status={"conditions": [failed]})).failed_message == "exit code 66"


@pytest.mark.parametrize(
    ("status", "ran"),
    [
        ({}, False),
        ({"active": 1}, True),
        ({"failed": 1}, True),
        ({"ready": 1}, False),
        ({"conditions": [{"type": "Complete", "status": "True"}]}, True),
    ],
)
def test_whether_a_pod_was_created_for_a_job(status: dict[str, Any], ran: bool) -> None:
    assert parse_job(job(status=status)).ran is ran


def test_a_videojob_says_who_claimed_it_and_in_which_lane() -> None:
    ours = videojob(
        metadata={"annotations": {"runops.dev/by": "ours"}, "labels": {"runops.dev/lane": Lane.BACKFILL.value}}
    )
    view, bare = parse_videojob(ours), parse_videojob(videojob())
    assert (view.by, view.lane) == ("ours", Lane.BACKFILL)
    assert (bare.by, bare.lane) == (None, Lane.FRESH)
    assert parse_videojob(videojob(metadata={"labels": {"runops.dev/lane": "other"}})).lane is Lane.FRESH


@pytest.mark.parametrize(("annotation", "only_sop"), [("true", True), ("True", False), ("", False), (True, False)])
def test_only_the_word_true_has_the_sop_alone_made_again(annotation: Any, only_sop: bool) -> None:
    view = parse_videojob(videojob(metadata={"annotations": {"runops.dev/only-sop": annotation}}))
    assert view.only_sop is only_sop
    assert not parse_videojob(videojob()).only_sop


def test_no_record_of_given_fields_is_kept_of_the_time_left() -> None:
    view = parse_videojob(videojob(status={"timeLeft": {"earliest": AT, "likely": AT, "latest": AT}}))
    assert view.status.time_left is not None
    assert view.status.time_left.model_fields_set == set()
