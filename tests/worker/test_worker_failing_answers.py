"""Whatever is wrong with the model's answer, the run mends it or ends with its reason and a sentence."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from devstack.faults import FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed, Reason
from runops_worker.task import Task
from tests.worker.job import Job

pytestmark = pytest.mark.slow(
    "the whole pipeline with real ffmpeg runs once for each way in which a model answers wrongly"
)

NewJob = Callable[..., Awaitable[Job]]


def turn(outcome: str, **fields: Any) -> Turn:
    return Turn(outcome=Outcome(outcome), **fields)


ALWAYS: dict[str, Any] = {"times": None}


@pytest.mark.parametrize(
    ("scripted", "reason", "says", "calls"),
    [
        (turn("max_tokens", kind="transcribe", keep_share=0, **ALWAYS), Reason.OUTPUT_CUT_OFF, "cut off", 3),
        (turn("empty_text", kind="transcribe", **ALWAYS), Reason.MODEL_EMPTY_ANSWER, "empty", 9),
        (turn("empty_candidates", kind="transcribe", **ALWAYS), Reason.MODEL_EMPTY_ANSWER, "empty", 9),
        (turn("prompt_blocked", kind="transcribe", **ALWAYS), Reason.BLOCKED, "PROHIBITED_CONTENT", 3),
        (turn("no_content", kind="transcribe", **ALWAYS), Reason.BLOCKED, "SAFETY", 6),
        (turn("prose", kind="transcribe", **ALWAYS), Reason.INVALID_OUTPUT, "could not be used", 4),
        (turn("wrong_shape", kind="transcribe", **ALWAYS), Reason.INVALID_OUTPUT, "could not be used", 4),
        (turn("text", kind="transcribe", text="[]", **ALWAYS), Reason.MODEL_EMPTY_ANSWER, "an empty answer", 4),
        (turn("no_finish_reason", kind="transcribe", **ALWAYS), Reason.MODEL_UNAVAILABLE, "in the middle", 3),
        (turn("status", kind="transcribe", status=503, **ALWAYS), Reason.MODEL_UNAVAILABLE, "HTTP 503", 5),
        (turn("status", kind="transcribe", status=429, quota="perDay", **ALWAYS), Reason.QUOTA_EXCEEDED, "PerDay", 1),
        (turn("status", kind="transcribe", status=429, **ALWAYS), Reason.QUOTA_EXCEEDED, "used up", 3),
        (turn("max_tokens", kind="sop", **ALWAYS), Reason.OUTPUT_CUT_OFF, "2 times", 3),
        (turn("prose", kind="sop", **ALWAYS), Reason.INVALID_OUTPUT, "not JSON", 3),
        (turn("wrong_shape", kind="sop", **ALWAYS), Reason.INVALID_OUTPUT, "must be one JSON object", 3),
        (turn("file_failed", **ALWAYS), Reason.MODEL_FILE_REJECTED, "could not process", 0),
        (turn("busy_finalize", **ALWAYS), Reason.UPLOAD_INCOMPLETE, "did not take the end", 0),
        (turn("truncated_finalize", **ALWAYS), Reason.UPLOAD_INCOMPLETE, "bytes of the video", 0),
    ],
    ids=lambda value: f"{value.kind}-{value.outcome}-{value.status}" if isinstance(value, Turn) else "",
)
async def test_an_answer_that_stays_invalid_ends_the_run_with_its_reason(
    *, job: Job, control: GeminiControl, scripted: Turn, reason: Reason, says: str, calls: int
) -> None:
    control.behave(Behaviour(turns=[scripted]))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is reason
    assert says in failed.value.detail
    assert len(control.calls()) == calls
    assert job.row()["status"] == "processing"
    assert (job.transcript(), job.sop()) == (None, None)
    assert control.files() == []


@pytest.mark.parametrize(
    ("scripted", "kinds"),
    [
        (turn("max_tokens", kind="transcribe"), "t t s"),
        (turn("loop_text", kind="transcribe", keep_share=0.1), "t t t s"),
        (turn("empty_text", kind="transcribe"), "t t s"),
        (turn("no_content", kind="transcribe", finish_reason="RECITATION"), "t t s"),
        (turn("prose", kind="transcribe"), "t t s"),
        (turn("text", kind="transcribe", text='[{"action_type_observed": "DANCE"}]'), "t t s"),
        (turn("no_finish_reason", kind="transcribe"), "t t s"),
        (turn("error_event", kind="transcribe", status=503), "t t s"),
        (turn("html_502", kind="transcribe"), "t t s"),
        (turn("continuation", kind="sop"), "t s s"),
        (turn("status", kind="sop", status=500, times=2), "t s s s"),
        (turn("code_fence", kind="transcribe"), "t s"),
        (turn("code_fence", kind="sop"), "t s"),
        (turn("dangling_edge", kind="sop", **ALWAYS), "t s"),
        (turn("two_ends", kind="sop", **ALWAYS), "t s"),
        (turn("unreachable_node", kind="sop", **ALWAYS), "t s s"),
        # After a cut-off SOP the model takes notes first: one call more.
        (turn("max_tokens", kind="sop"), "t s s s"),
        (turn("file_failed"), "t s"),
        (turn("busy_finalize"), "t s"),
        (turn("truncated_finalize"), "t s"),
    ],
    ids=lambda value: f"{value.kind}-{value.outcome}" if isinstance(value, Turn) else "",
)
async def test_a_transient_fault_is_retried(job: Job, control: GeminiControl, scripted: Turn, kinds: str) -> None:
    control.behave(Behaviour(turns=[scripted]))
    await job.run()
    assert " ".join(call.kind[0] for call in control.calls()) == kinds
    assert job.row()["status"] == "completed"
    assert control.files() == []


async def test_the_wait_that_a_used_up_quota_asks_for_is_kept(job: Job, control: GeminiControl) -> None:
    control.behave(
        Behaviour(turns=[turn("status", status=429, quota="perMinute", retry_after_seconds=53, kind="transcribe")])
    )
    await job.run()
    assert len(job.waits) == 1
    assert 53 <= job.waits[0] <= 54


@pytest.mark.parametrize("seconds", [121, 7200])
async def test_a_longer_wait_is_left_to_the_queue(job: Job, control: GeminiControl, seconds: int) -> None:
    control.behave(Behaviour(turns=[turn("status", status=429, retry_after_seconds=seconds, **ALWAYS)]))
    with pytest.raises(Failed, match=re.escape(f"asks to wait {seconds} s")) as failed:
        await job.run()
    assert failed.value.reason is Reason.QUOTA_EXCEEDED
    assert failed.value.retry_after == seconds
    assert job.waits == []


async def test_a_quota_is_waited_for_twice_in_a_call_and_the_next_wait_is_left_to_the_queue(
    job: Job, control: GeminiControl
) -> None:
    control.behave(Behaviour(turns=[turn("status", status=429, retry_after_seconds=13, **ALWAYS)]))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert (failed.value.reason, failed.value.retry_after) == (Reason.QUOTA_EXCEEDED, 13)
    assert len(control.calls()) == 3
    assert len(job.waits) == 2


@pytest.mark.parametrize(
    "without",
    [
        lambda task: replace(task, transcribe_model="gemini-99-helium"),
        lambda task: replace(task, sop_model="gemini-99-helium"),
    ],
    ids=["transcribe", "sop"],
)
async def test_a_model_that_does_not_exist_is_named_before_anything_is_downloaded(
    *, job: Job, faults: FaultControl, gemini_faults: FaultControl, without: Callable[[Task], Task]
) -> None:
    job.task = without(job.task)
    faults.forget()
    with pytest.raises(Failed, match="'gemini-99-helium'") as failed:
        await job.run()
    assert failed.value.reason is Reason.MODEL_NOT_FOUND
    assert not any("raw/" in request.path for request in faults.requests())
    assert {request.method for request in gemini_faults.requests()} == {"GET"}


async def test_a_wrong_key_ends_the_run_at_once_and_is_not_shown(job: Job, control: GeminiControl) -> None:
    job.model.key = "AIza-canary-of-a-key"
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.MODEL_KEY_REJECTED
    assert "canary" not in str(failed.value)
    assert job.waits == []
    assert control.calls() == []
