"""A loss that the transcode found reaches the report, the row and the SOP, whichever attempt made the slim video."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed
from runops.quality import LossKind
from runops.report import Report
from runops_worker.media.recording import loss
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.media.transcode.transcode import transcode
from runops_worker.sop.loss_questions import loss_questions
from runops_worker.sop.wording.sentences import ENGLISH
from runops_worker.stages import prepare
from tests.worker.job import Job

KINDS = get_args(LossKind)
NewJob = Callable[..., Awaitable[Job]]


@pytest.fixture
def transcodes(monkeypatch: pytest.MonkeyPatch) -> list[SlimVideo]:
    """Let each transcode find a loss of each kind, and keep its results."""
    made: list[SlimVideo] = []

    async def lossy(*arguments: Any, **named: Any) -> SlimVideo:
        slim = await transcode(*arguments, **named)
        losses = tuple(
            loss.Loss(loss.LossKind(kind), f"Lost: {kind}.", start=10.0 + number) for number, kind in enumerate(KINDS)
        )
        made.append(replace(slim, losses=losses))
        return made[-1]

    monkeypatch.setattr(prepare, "transcode", lossy)
    return made


def told(report: Report) -> dict[str, str]:
    assert report.quality is not None
    assert report.quality.recording is not None
    return {one.kind: one.detail for one in report.quality.recording.losses}


def check_it_is_told(job: Job, report: Report) -> None:
    expected = {kind: f"Lost: {kind}." for kind in KINDS}
    assert told(report) == expected
    (note,) = job.row()["metadata"]["runops"]["notes"]
    assert note["kind"] == "losses"
    assert note["sentence"] == " ".join(expected.values())
    assert {one["kind"]: one["detail"] for one in note["losses"]} == expected
    questions = [one["question"] for one in job.sop()["public"]["clarification_requests"]]
    assert report.quality is not None
    assert report.quality.recording is not None
    assert report.usage is not None
    asked = loss_questions(report.quality.recording.losses, ENGLISH, seconds=report.usage.media_seconds)
    assert len(asked) == len(KINDS)
    assert questions[: len(asked)] == list(asked)


async def test_each_kind_of_loss_is_told(new_job: NewJob, transcodes: list[SlimVideo]) -> None:
    job = await new_job()
    check_it_is_told(job, await job.run())
    assert len(transcodes) == 1


async def test_the_next_attempt_tells_the_losses_of_the_slim_video_that_it_takes_over(
    new_job: NewJob, control: GeminiControl, transcodes: list[SlimVideo]
) -> None:
    job = await new_job()
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.STATUS, status=429, quota="perDay", kind="sop")]))
    with pytest.raises(Failed):
        await job.run()
    control.reset()
    job.task = replace(job.task, claim=await job.claim())
    check_it_is_told(job, await job.run())
    assert len(transcodes) == 1


async def test_a_rerun_of_a_completed_row_tells_them_again(new_job: NewJob, transcodes: list[SlimVideo]) -> None:
    job = await new_job()
    await job.run()
    job.task = replace(job.task, claim=await job.claim())
    check_it_is_told(job, await job.run())
    assert len(transcodes) == 1
