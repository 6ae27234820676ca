"""A video at Gemini has one name in all attempts, so that none stays of a worker that was killed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed, Reason
from runops_worker.gemini.client import open_client
from runops_worker.gemini.files import upload
from tests.worker.job import Job

NAME = "runops-a-stretch"


async def left_behind(job: Job, video: Path) -> None:
    """Upload a video and leave it there, as a killed worker does."""
    client, transport = open_client(job.model.key, base_url=job.model.base_url)
    await upload(client, video, name=NAME, base_url=job.model.base_url, patience=job.model.files)
    await transport.aclose()


async def test_what_a_killed_worker_left_is_replaced(job: Job, control: GeminiControl, screencast: Path) -> None:
    await left_behind(job, screencast)
    assert control.files() == [f"files/{NAME}"]
    async with job.model.showing(screencast, name=NAME):
        assert control.files() == [f"files/{NAME}"]
    assert control.files() == []


@pytest.mark.parametrize("kind", ["drop_after", "truncate", "reset", "drop_before"])
async def test_an_upload_whose_last_answer_got_lost_is_replaced(
    *, job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path, kind: Any
) -> None:
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind=kind))
    async with job.model.showing(screencast, name=NAME):
        assert control.files() == [f"files/{NAME}"]
    assert control.files() == []


async def test_a_name_that_is_taken_all_the_same_is_freed_by_the_next_try(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    await left_behind(job, screencast)
    gemini_faults.set(Fault(method="DELETE", path=f"/files/{NAME}", kind="status", status=503))
    async with job.model.showing(screencast, name=NAME):
        pass
    refused = [one for one in gemini_faults.requests() if one.status == 409]
    assert len(refused) == 1
    assert control.files() == []


@pytest.mark.parametrize("outcome", [Outcome.FILE_FAILED, Outcome.TRUNCATED_FINALIZE])
async def test_an_upload_that_fails_to_its_end_leaves_nothing(
    job: Job, control: GeminiControl, screencast: Path, outcome: Outcome
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=outcome, times=None)]))
    with pytest.raises(Failed):
        async with job.model.showing(screencast, name=NAME):
            pass
    assert control.files() == []


async def test_a_cancelled_upload_leaves_nothing(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    gemini_faults.set(Fault(method="GET", path="/v1beta/files/", kind="hang", seconds=30))

    async def shown() -> None:
        async with job.model.showing(screencast, name=NAME):
            raise AssertionError("it is never ready")

    uploading = asyncio.ensure_future(shown())
    async with asyncio.timeout(20):
        while gemini_faults.pending():  # noqa: ASYNC110 - another process changes what is looked at
            await asyncio.sleep(0.02)
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert control.files() == []


async def test_a_video_that_is_gone_is_uploaded_once_more_and_a_call_is_still_made_three_times_at_most(
    job: Job, control: GeminiControl, gemini_faults: FaultControl
) -> None:
    gone = '{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "You may not access the File x."}}'
    gemini_faults.set(Fault(path="streamGenerateContent", kind="status", status=403, body=gone, times=None))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.MODEL_FILE_REJECTED
    asked = [one for one in gemini_faults.requests() if "streamGenerateContent" in one.path]
    uploaded = [one for one in gemini_faults.requests() if one.path == "/upload/v1beta/files"]
    assert (len(asked), len(uploaded)) == (2, 2)
    assert control.files() == []
