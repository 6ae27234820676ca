"""A fallback model answers where the first one is retired, overloaded or refuses, and only there."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed, Reason
from runops.report import Report
from tests.worker.job import Job

pytestmark = pytest.mark.slow("the whole pipeline with real ffmpeg runs once for each trouble of the first model")

FIRST, OTHER = "gemini-3.8-flash", "gemini-4-hydrogen"
GONE = "gemini-99-helium"


@pytest.fixture
def job(job: Job) -> Job:
    """Give the job a fallback model."""
    job.task = replace(job.task, fallback_models=(OTHER,))
    return job


def of_first(outcome: str, **fields: Any) -> Turn:
    return Turn(outcome=Outcome(outcome), model=FIRST, times=None, **fields)


def asked(control: GeminiControl) -> list[str]:
    return [f"{call.kind[0]} {'first' if call.model == FIRST else 'other'}" for call in control.calls()]


def fallbacks(report: Report) -> tuple[tuple[str, ...], str | None]:
    assert report.quality is not None
    assert report.quality.transcript is not None
    assert report.quality.sop is not None
    return report.quality.transcript.fallback_models, report.quality.sop.fallback_model


async def test_a_first_model_that_is_retired_is_found_out_before_any_call(
    job: Job, control: GeminiControl, caplog: pytest.LogCaptureFixture
) -> None:
    job.task = replace(job.task, transcribe_model=GONE, sop_model=GONE)
    with caplog.at_level(logging.WARNING):
        report = await job.run()
    assert asked(control) == ["t other", "s other"]
    assert fallbacks(report) == ((OTHER,), OTHER)
    assert report.usage is not None
    assert report.usage.transcribing is not None
    assert report.usage.transcribing.model == OTHER
    assert [record.__dict__["model"] for record in caplog.records if "is out" in record.message] == [GONE, GONE]
    assert job.row()["status"] == "completed"


async def test_a_model_that_is_retired_during_the_run_is_asked_once(job: Job, control: GeminiControl) -> None:
    control.behave(Behaviour(turns=[of_first("status", status=404)]))
    report = await job.run()
    assert asked(control) == ["t first", "t other", "s other"]
    assert fallbacks(report) == ((OTHER,), OTHER)
    assert job.waits == []


@pytest.mark.parametrize(("status", "reason"), [(503, "HTTP 503"), (504, "HTTP 504")])
async def test_a_model_that_stays_overloaded_is_waited_for_once(
    *, job: Job, control: GeminiControl, status: int, reason: str
) -> None:
    control.behave(Behaviour(turns=[of_first("status", status=status)]))
    report = await job.run()
    assert asked(control) == ["t first"] * 5 + ["t other", "s other"], reason
    assert len(job.waits) == 4
    assert fallbacks(report) == ((OTHER,), OTHER)


@pytest.mark.parametrize(
    ("refusal", "calls"),
    [
        # The recording of 48 s is asked about as a whole, then the fallback model gets its halves.
        (of_first("prompt_blocked", kind="transcribe"), 3),
        (of_first("no_content", kind="transcribe", finish_reason="RECITATION"), 6),
        (of_first("empty_text", kind="transcribe"), 9),
        (of_first("loop_text", kind="transcribe", keep_share=0), 3),
    ],
    ids=lambda value: str(value.outcome) if isinstance(value, Turn) else "",
)
async def test_what_the_first_model_refuses_the_fallback_model_transcribes(
    *, job: Job, control: GeminiControl, refusal: Turn, calls: int
) -> None:
    control.behave(Behaviour(turns=[refusal]))
    report = await job.run()
    assert asked(control).count("t first") == calls
    assert asked(control).count("t other") == 2
    assert asked(control)[-1] == "s first", "the SOP is asked of the first model"
    assert fallbacks(report) == ((OTHER,), None)
    assert report.quality is not None
    assert report.quality.transcript is not None
    assert report.quality.transcript.gaps == ()
    assert report.usage is not None
    assert report.usage.transcribing is not None
    assert set((report.usage.transcribing.model or "").split(", ")) == {FIRST, OTHER}


@pytest.mark.parametrize(
    ("scripted", "reason"),
    [
        (of_first("status", status=429, quota="perDay"), Reason.QUOTA_EXCEEDED),
        (of_first("status", status=429, quota="perMinute"), Reason.QUOTA_EXCEEDED),
        (of_first("status", status=400), Reason.MODEL_REFUSED_REQUEST),
        (of_first("status", status=401), Reason.MODEL_KEY_REJECTED),
        (of_first("no_finish_reason", kind="transcribe"), Reason.MODEL_UNAVAILABLE),
        (Turn(outcome=Outcome.FILE_FAILED, times=None), Reason.MODEL_FILE_REJECTED),
    ],
    ids=lambda value: f"{value.outcome}-{value.status}-{value.quota}" if isinstance(value, Turn) else "",
)
async def test_a_fault_of_the_key_the_quota_or_the_recording_is_no_matter_of_the_model(
    *, job: Job, control: GeminiControl, scripted: Turn, reason: Reason
) -> None:
    control.behave(Behaviour(turns=[scripted]))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is reason
    assert {call.model for call in control.calls()} <= {FIRST}


async def test_a_fallback_model_that_does_not_exist_harms_nothing(
    job: Job, control: GeminiControl, caplog: pytest.LogCaptureFixture
) -> None:
    job.task = replace(job.task, fallback_models=(GONE,))
    control.behave(Behaviour(turns=[of_first("prompt_blocked", kind="transcribe", skip=1)]))
    with caplog.at_level(logging.WARNING):
        report = await job.run()
    assert fallbacks(report) == ((), None)
    assert GONE in {record.__dict__.get("model") for record in caplog.records}


async def test_a_retry_asks_only_what_was_not_answered(job: Job, control: GeminiControl) -> None:
    control.behave(
        Behaviour(
            turns=[
                of_first("prompt_blocked"),
                Turn(outcome=Outcome.STATUS, status=503, kind="sop", model=OTHER, times=None),
            ]
        )
    )
    with pytest.raises(Failed, match="HTTP 503") as failed:
        await job.run()
    assert failed.value.reason is Reason.MODEL_UNAVAILABLE
    assert asked(control)[-6:] == ["s first", *["s other"] * 5]
    control.reset()
    await job.next_attempt()
    report = await job.run()
    assert asked(control) == ["s other"]
    assert fallbacks(report) == ((OTHER,), OTHER)


async def test_a_video_that_every_model_refuses_is_refused_and_both_are_named(
    new_job: Callable[..., Awaitable[Job]], control: GeminiControl
) -> None:
    job = await new_job()
    job.task = replace(job.task, fallback_models=(OTHER,))
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.PROMPT_BLOCKED, times=None)]))
    with pytest.raises(Failed, match=f"{FIRST} and {OTHER} refused the recording") as failed:
        await job.run()
    assert failed.value.reason is Reason.BLOCKED
