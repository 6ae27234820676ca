"""What `kubectl describe videojob` tells, in order: each thing once."""

from runops.failures import Reason
from runops.progress import Stage
from runops.quality import Gap, Quality, RecordingLoss, RecordingQuality, SopQuality, TranscriptQuality
from runops.report import Report
from runops_operator.observability.happenings import Happening, happenings
from tests.operator import journey
from tests.operator.world import World


def _told(world: World) -> list[Happening]:
    return [one for before, after in world.looks for one in happenings(before, after)]


async def test_a_smooth_run_tells_each_step_once_and_its_cost_at_the_end(world: World) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    for stage in (Stage.PREPARING_VIDEO, Stage.TRANSCRIBING, Stage.TRANSCRIBING, Stage.PARSING_SOP):
        await journey.reached(world, name, stage)
    await journey.completed(world, job_id, name)

    told = _told(world)

    assert [one.reason for one in told] == [
        *("Claimed", "Pending", "Started", "PreparingVideo", "Transcribing", "ParsingSop", "Completed")
    ]
    assert told[-1].message == (
        "Transcript and SOP are in their tables after 190 s; 107000 tokens, about 0.260000 USD."
    )
    assert not any(one.warning for one in told)
    assert "attempt 1" in next(one.message for one in told if one.reason == "Started").lower()


async def test_parts_without_a_transcript_and_fallback_models_are_named_at_the_end(world: World) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    gap = Gap(start=60, end=90, reason="refused")

    transcript = TranscriptQuality(gaps=(gap,), fallback_models=("gemini-4-hydrogen",))
    recording = RecordingQuality(losses=(RecordingLoss(kind="cut_off", detail="The end is missing."),))
    await journey.completed(world, job_id, name, quality=Quality(recording=recording, transcript=transcript))

    assert _told(world)[-1].message.endswith(
        " USD. The end is missing. 1 part of the recording (00:00:30) could not be transcribed; the SOP asks about it."
        " In place of the first model, gemini-4-hydrogen transcribed at least a part of the recording."
    )


async def test_a_conflict_with_edits_is_named_at_the_end(world: World) -> None:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.completed(world, job_id, name, quality=Quality(sop=SopQuality(edits="conflict")))
    assert "The SOP in the table was edited and stays" in _told(world)[-1].message


async def test_a_failed_attempt_is_a_warning_with_the_time_of_the_next_one(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    world.looks.clear()

    await journey.failed(world, name, Report(reason=Reason.MODEL_FILE_REJECTED, message="The model is away."), code=108)

    warnings = [one for one in _told(world) if one.warning]
    assert [one.reason for one in warnings] == ["ModelFileRejected"]
    assert warnings[0].message.startswith("The model is away. Trying again at 2026-11-24T12:01:")


async def test_the_next_attempt_is_told_as_such(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.failed(world, name, Report(reason=Reason.MODEL_FILE_REJECTED), code=108)
    world.wait(60)
    await world.look(name)
    world.looks.clear()

    await journey.started(world, name)

    assert [one.message.split(" runs")[0] for one in _told(world) if one.reason == "Started"] == ["Attempt 2"]


async def test_an_end_without_a_sop_is_one_warning_with_its_sentence(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    world.looks.clear()

    await journey.failed(world, name, Report(reason=Reason.MEDIA_TOO_LONG, message="It is 3 h long."), code=70)

    assert _told(world) == [Happening("MediaTooLong", "It is 3 h long.", warning=True)]


async def test_a_wait_that_lasts_too_long_is_told_as_stalled(world: World) -> None:
    _, name = await journey.claimed(world)
    world.wait(world.config.deadlines.image_pull_seconds + world.config.deadlines.unschedulable_seconds)
    world.looks.clear()

    await world.look(name)

    assert [(one.reason, one.warning) for one in _told(world) if one.reason == "Stalled"] == [("Stalled", True)]


async def test_suspending_and_resuming_are_told_once_each(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    world.looks.clear()

    world.cluster.edit_videojob(name, suspend=True)
    await world.settle()
    world.cluster.edit_videojob(name, suspend=False)
    await world.settle()

    reasons = [one.reason for one in _told(world)]
    assert reasons.count("Suspended") == 1
    assert reasons.count("Resumed") == 1


async def test_after_a_restart_nothing_is_told_again(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)

    world.start_operator()
    await world.compare()
    await world.settle()

    assert _told(world) == []
