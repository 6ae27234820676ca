"""The operator in front of a cluster and a table in memory: what becomes of rows."""

from uuid import UUID, uuid4

import pytest

from runops.failures import TABLE, Reason
from runops.report import Output, Report
from runops.videojob import videojob_name
from tests.operator.world import CONFIG, World

USER = "11111111-2222-4333-8444-55555555abcd"


async def _claimed(world: World, user: str | None = None) -> tuple[UUID, str]:
    job_id = world.jobs.add(user=user)
    await world.take_in()
    await world.settle()
    return job_id, videojob_name(job_id)


async def test_a_queued_row_becomes_one_videojob_and_one_job(world: World) -> None:
    job_id, name = await _claimed(world, user=USER)
    row = world.jobs.rows[job_id]
    assert row.status == "processing"
    assert row.claim is not None
    assert world.cluster.videojobs[name]["spec"]["userId"] == USER
    assert world.cluster.jobs[name]["metadata"]["annotations"]["runops.dev/claim"] == row.claim.claim
    assert world.status(job_id)["phase"] == "Pending"


async def test_a_running_pod_shows_as_running_with_its_pod_and_node(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name, node="node-7")
    await world.settle()
    status = world.status(job_id)
    assert status["phase"] == "Running"
    assert status["workerPod"]["node"] == "node-7"
    assert status["attempts"] == 1
    assert {item["type"]: item["status"] for item in status["conditions"]}["Finished"] == "False"


async def test_success_ends_the_videojob_with_what_the_worker_reported(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    token = world.jobs.rows[job_id].claim
    assert token is not None
    await world.jobs.complete(job_id, token.claim)
    report = Report(outputs=(Output(name="sop", location=f"sops/{job_id}"),))
    world.cluster.end_pod(name, 0, report)
    await world.settle()
    status = world.status(job_id)
    conditions = {item["type"]: item["status"] for item in status["conditions"]}
    assert conditions == {"Started": "True", "Progressing": "False", "Complete": "True", "Finished": "True"}
    assert status["phase"] == "Succeeded"
    assert status["progress"] == "100%"
    assert status["outputs"][0]["location"] == f"sops/{job_id}"
    assert "completionTime" in status


async def test_a_permanent_failure_reaches_row_and_videojob_with_the_same_sentence(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    sentence = "The recording is 2 h 10 min long; the limit is 2 h."
    world.cluster.end_pod(name, 70, Report(reason=Reason.MEDIA_TOO_LONG, message=sentence))
    await world.settle()
    assert world.jobs.rows[job_id].status == "error"
    assert world.jobs.rows[job_id].error == sentence
    status = world.status(job_id)
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "MediaTooLong", sentence)


async def test_a_retried_attempt_is_counted_and_ends_nothing(world: World) -> None:
    job_id, name = await _claimed(world)
    first = world.jobs.rows[job_id].claim
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 108, Report(reason=Reason.MODEL_FILE_REJECTED))
    await world.settle()
    row = world.jobs.rows[job_id]
    assert row.status == "processing"
    assert first is not None
    assert row.claim is not None
    assert row.claim.claim != first.claim, "what the first attempt still writes is fenced off"
    assert (row.claim.failures, row.claim.reason) == (1, Reason.MODEL_FILE_REJECTED)
    assert name not in world.cluster.jobs, "the next attempt waits"
    assert world.status(job_id)["reason"] == "ModelFileRejected"
    world.wait(21)
    await world.look(name)
    assert world.cluster.jobs[name]["metadata"]["annotations"]["runops.dev/claim"] == row.claim.claim
    world.cluster.run_pod(name)
    await world.settle()
    assert world.status(job_id)["attempts"] == 2
    assert world.status(job_id)["phase"] == "Running"


async def test_a_worker_that_leaves_no_word_is_named_by_its_exit_code(world: World) -> None:
    world.config = CONFIG.model_copy(update={"retry_limit": 0})
    world.start_operator()
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 139)
    await world.settle()
    assert world.status(job_id)["reason"] == "WorkerCrashed"
    sentence = "The worker exited without reporting a result (exit code 139). Given up after 1 attempt."
    assert world.jobs.rows[job_id].error == sentence


async def test_deleting_a_running_videojob_cancels_it_and_tells_the_row(world: World) -> None:
    job_id, name = await _claimed(world)
    await world.cluster.delete_videojob(name, uid=world.cluster.videojobs[name]["metadata"]["uid"])
    await world.settle()
    assert world.jobs.rows[job_id].status == "error"
    assert world.jobs.rows[job_id].error == TABLE[Reason.CANCELLED].sentence
    assert world.cluster.jobs == {}


async def test_a_row_set_back_to_queued_runs_again_under_a_new_claim(world: World) -> None:
    job_id, name = await _claimed(world)
    first = world.cluster.jobs[name]["metadata"]["uid"]
    world.jobs.set(job_id, status="queued")
    await world.take_in()
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    assert claim.attempt == 2
    assert world.cluster.jobs[name]["metadata"]["uid"] != first
    assert world.cluster.jobs[name]["metadata"]["annotations"]["runops.dev/claim"] == claim.claim
    assert world.jobs.rows[job_id].status == "processing"


async def test_a_row_moved_away_cancels_its_video_and_is_left_as_it_is(world: World) -> None:
    job_id, _ = await _claimed(world)
    world.jobs.set(job_id, status="cancelled")
    await world.compare()
    await world.settle()
    assert world.cluster.jobs == {}
    assert world.jobs.rows[job_id].status == "cancelled"
    assert world.status(job_id)["reason"] == "ClaimLost"
    assert "set to cancelled" in world.status(job_id)["message"]
    assert world.jobs.removed == [], "it may be run again"


async def test_a_deleted_row_cancels_its_video(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    del world.jobs.rows[job_id]
    await world.compare()
    await world.settle()
    assert world.cluster.jobs == {}
    assert "deleted" in world.status(job_id)["message"]
    assert f"videos/transcripts/{job_id}.checkpoint.json" in world.jobs.removed
    assert f"videos/slim/{job_id}.mp4" in world.jobs.removed
    assert not any("/raw/" in key for key in world.jobs.removed), "the recording is its owner's"


async def test_a_videojob_that_was_never_worked_on_has_nothing_deleted(world: World) -> None:
    job_id = uuid4()
    annotations = {"runops.dev/claim": str(uuid4()), "runops.dev/by": CONFIG.installation}
    body = {"metadata": {"name": videojob_name(job_id), "annotations": annotations}, "spec": {"jobId": str(job_id)}}
    await world.cluster.create_videojob(body)
    await world.rows.once()
    await world.settle()
    await world.compare()
    await world.settle()
    assert world.status(job_id)["phase"] == "Failed"
    assert world.jobs.removed == []


async def test_a_malformed_user_is_an_error_of_the_row_and_never_a_videojob(world: World) -> None:
    job_id, _ = await _claimed(world, user="somebody")
    assert world.cluster.videojobs == {}
    assert world.jobs.rows[job_id].status == "error"
    assert "'somebody', which is not a UUID" in (world.jobs.rows[job_id].error or "")


async def test_a_videojob_made_by_hand_runs_its_row_anew(world: World) -> None:
    job_id = world.jobs.add(status="completed", user=USER)
    await _apply(world, job_id, {"userId": USER})
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    assert world.jobs.rows[job_id].status == "processing"
    assert claim is not None
    assert world.cluster.jobs[videojob_name(job_id)]["metadata"]["annotations"]["runops.dev/claim"] == claim.claim


async def test_a_videojob_without_row_fails_with_a_sentence(world: World) -> None:
    job_id = uuid4()
    await _apply(world, job_id, {})
    await world.settle()
    assert world.status(job_id)["reason"] == "RowMissing"
    assert str(job_id) in world.status(job_id)["message"]


async def test_a_videojob_that_would_show_a_users_sop_to_all_is_refused(world: World) -> None:
    job_id = world.jobs.add(status="completed", user=USER)
    await _apply(world, job_id, {})
    await world.settle()
    assert world.status(job_id)["reason"] == "InvalidSpec"
    assert world.jobs.rows[job_id].status == "completed"


async def test_a_malformed_videojob_fails_and_the_others_go_on(world: World) -> None:
    job_id = uuid4()
    await _apply(world, job_id, {"retryLimit": "many"})
    other, _ = await _claimed(world)
    assert world.status(job_id)["reason"] == "InvalidSpec"
    assert "retryLimit" in world.status(job_id)["message"]
    assert videojob_name(other) in world.cluster.jobs


async def test_suspend_stops_the_job_and_resuming_lets_it_go_on(world: World) -> None:
    job_id, name = await _claimed(world)
    for suspend, phase in ((True, "Suspended"), (False, "Pending")):
        world.cluster.edit_videojob(name, suspend=suspend)
        await world.settle()
        assert world.cluster.jobs[name]["spec"]["suspend"] is suspend
        assert world.status(job_id)["phase"] == phase


async def test_suspend_takes_the_job_away_from_kueue_and_resuming_gives_it_another(world: World) -> None:
    world.config = CONFIG.model_copy(update={"queue_name": "videos"})
    world.start_operator()
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    claim = world.jobs.rows[job_id].claim
    world.cluster.edit_videojob(name, suspend=True)
    await world.settle()
    for _ in range(2):
        assert (world.cluster.jobs, world.cluster.pods) == ({}, {})
        assert world.status(job_id)["phase"] == "Suspended"
        assert world.jobs.rows[job_id].status == "processing"
        await world.look(name)
    world.cluster.edit_videojob(name, suspend=False)
    await world.settle()
    assert world.cluster.jobs[name]["spec"]["suspend"] is False, "Kueue suspends it when it sees it"
    assert world.status(job_id)["phase"] == "Pending"
    assert world.jobs.rows[job_id].claim == claim, "a pause is no attempt"


async def test_a_crash_between_claim_and_videojob_is_taken_up_after_the_start(world: World) -> None:
    job_id = world.jobs.add()
    world.cluster.broken = 1
    try:
        await world.take_in()
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator dies here
        assert "away" in str(error)  # noqa: PT017 - the crash is the set-up, not the claim
    assert world.jobs.rows[job_id].status == "processing"
    assert world.cluster.videojobs == {}
    world.start_operator()
    await world.compare()
    await world.settle()
    assert videojob_name(job_id) in world.cluster.jobs


async def test_a_job_that_vanished_is_made_again_while_its_row_is_held(world: World) -> None:
    _, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    await world.cluster.delete_job(name, uid=world.cluster.jobs[name]["metadata"]["uid"])
    await world.settle()
    assert name in world.cluster.jobs


async def test_a_finished_videojob_goes_after_its_time(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 66, Report(reason=Reason.NOT_A_VIDEO))
    await world.settle()
    world.cluster.edit_videojob(name, ttlSecondsAfterFinished=0)
    await world.settle()
    assert world.cluster.videojobs == {}
    assert world.jobs.rows[job_id].status == "error"


async def test_a_refused_videojob_gives_way_when_its_row_is_queued(world: World) -> None:
    job_id = uuid4()
    await _apply(world, job_id, {})
    await world.settle()
    assert world.status(job_id)["reason"] == "RowMissing"
    world.jobs.add(job_id=job_id)
    await world.take_in()
    await world.settle()
    assert videojob_name(job_id) in world.cluster.jobs
    assert world.status(job_id)["phase"] == "Pending"


@pytest.mark.parametrize(("ended", "reason"), [("error", "ClaimLost"), ("completed", "DoneElsewhere")])
async def test_a_row_ended_by_somebody_else_before_a_worker_ran_ends_its_videojob(
    world: World, ended: str, reason: str
) -> None:
    job_id, _ = await _claimed(world)
    world.jobs.set(job_id, status=ended)
    await world.compare()
    await world.settle()
    assert world.cluster.jobs == {}
    assert (world.status(job_id)["phase"], world.status(job_id)["reason"]) == ("Failed", reason)
    assert world.jobs.rows[job_id].status == ended


async def test_what_was_on_its_way_does_not_bring_a_deleted_videojob_back(world: World) -> None:
    job_id, name = await _claimed(world)
    late = await world.cluster.get_videojob(name)
    await world.cluster.delete_videojob(name, uid=late["metadata"]["uid"])
    await world.settle()
    assert not world.store.see_videojob(late)
    assert list(world.store.unfinished()) == []
    assert world.jobs.rows[job_id].status == "error"


async def test_a_view_of_an_earlier_videojob_never_replaces_the_later_one(world: World) -> None:
    job_id, name = await _claimed(world)
    world.jobs.set(job_id, status="cancelled")
    await world.compare()
    await world.settle()
    early = await world.cluster.get_videojob(name)
    world.jobs.set(job_id, status="queued")
    await world.take_in()
    assert not world.store.see_videojob(early)
    view = world.store.videojob(name)
    assert view is not None
    assert view.uid != early["metadata"]["uid"]


async def test_a_claimed_videojob_that_turns_out_malformed_tells_its_row_and_stops(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.edit_videojob(name, retryLimit="many")
    await world.settle()
    assert world.jobs.rows[job_id].status == "error"
    assert world.cluster.jobs == {}
    assert world.status(job_id)["reason"] == "InvalidSpec"


async def test_a_new_image_is_not_shown_on_a_video_that_runs_with_the_old_one(world: World) -> None:
    job_id, name = await _claimed(world)
    newer = CONFIG.worker.model_copy(update={"image": "worker:2"})
    world.config = CONFIG.model_copy(update={"worker": newer})
    world.start_operator()
    await world.compare()
    world.cluster.run_pod(name)
    await world.settle()
    assert world.status(job_id)["resolved"]["image"] == "worker:1"


async def _apply(world: World, job_id: UUID, spec: dict[str, str]) -> None:
    name = videojob_name(job_id)
    await world.cluster.create_videojob({"metadata": {"name": name}, "spec": {"jobId": str(job_id), **spec}})


async def test_an_end_is_seen_though_the_watch_is_silent(world: World) -> None:
    job_id, name = await _claimed(world)
    world.cluster.run_pod(name)
    await world.settle()
    world.cluster.end_pod(name, 66, Report(reason=Reason.NOT_A_VIDEO))
    world.events.clear()
    await world.reconciler.reconcile(name)
    await world.settle()
    assert world.status(job_id)["reason"] == "NotAVideo"
    assert world.jobs.rows[job_id].status == "error"
