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

NAME = "runops-a-chunk"


async def left_behind(job: Job, video: Path) -> None:
    """Upload a video and leave it there, as a killed worker does."""
    client, transport = open_client(job.model.key, base_url=job.model.base_url)
    await upload(client, video, name=NAME, base_url=job.model.base_url, deadlines=job.model.files)
    await transport.aclose()


async def test_what_a_killed_worker_left_is_replaced(job: Job, control: GeminiControl, screencast: Path) -> None:
    await left_behind(job, screencast)
    assert control.files() == [f"files/{NAME}"]
    async with job.model.uploaded(screencast, name=NAME):
        assert control.files() == [f"files/{NAME}"]
    assert control.files() == []


@pytest.mark.parametrize("kind", ["drop_after", "truncate", "reset", "drop_before"])
async def test_an_upload_whose_last_answer_got_lost_is_replaced(
    *, job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path, kind: Any
) -> None:
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind=kind))
    async with job.model.uploaded(screencast, name=NAME):
        assert control.files() == [f"files/{NAME}"]
    assert control.files() == []


async def test_a_name_that_is_in_use_is_freed_by_the_next_try(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    await left_behind(job, screencast)
    gemini_faults.set(Fault(method="DELETE", path=f"/files/{NAME}", kind="status", status=503))
    async with job.model.uploaded(screencast, name=NAME):
        pass
    refused = [one for one in gemini_faults.requests() if one.status == 409]
    assert len(refused) == 1
    assert control.files() == []


@pytest.mark.parametrize("outcome", [Outcome.FILE_FAILED, Outcome.TRUNCATED_FINALIZE, Outcome.BUSY_FINALIZE])
async def test_an_upload_that_fails_to_its_end_leaves_nothing(
    job: Job, control: GeminiControl, screencast: Path, outcome: Outcome
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=outcome, times=None)]))
    with pytest.raises(Failed):
        async with job.model.uploaded(screencast, name=NAME):
            pass
    assert control.files() == []


def uploads(gemini_faults: FaultControl) -> int:
    return sum(one.path == "/upload/v1beta/files" for one in gemini_faults.requests())


async def test_an_upload_that_gemini_lost_begins_again(job: Job, gemini_faults: FaultControl, screencast: Path) -> None:
    over = {"X-Goog-Upload-Status": "final"}
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind="status", status=404, headers=over, times=2))
    async with job.model.uploaded(screencast, name=NAME):
        assert uploads(gemini_faults) == 3
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind="status", status=404, headers=over, times=3))
    with pytest.raises(Failed, match="Gemini lost the upload") as failed:
        async with job.model.uploaded(screencast, name=NAME):
            pass
    assert failed.value.reason is Reason.UPLOAD_INCOMPLETE


@pytest.mark.parametrize("status", [403, 404])
async def test_a_video_that_is_gone_before_it_is_ready_is_uploaded_once_more(
    job: Job, gemini_faults: FaultControl, screencast: Path, status: int
) -> None:
    gone = '{"error": {"message": "You do not have permission to access the File x or it may not exist."}}'
    fault = Fault(method="GET", path="/v1beta/files/", kind="status", status=status, body=gone)
    gemini_faults.set(fault)
    async with job.model.uploaded(screencast, name=NAME):
        assert uploads(gemini_faults) == 2
    gemini_faults.set(fault, fault)
    with pytest.raises(Failed, match="no longer has the uploaded video") as failed:
        async with job.model.uploaded(screencast, name=NAME):
            pass
    assert failed.value.reason is Reason.MODEL_FILE_REJECTED
    assert uploads(gemini_faults) == 4


async def test_a_cancelled_upload_leaves_nothing(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    gemini_faults.set(Fault(method="GET", path="/v1beta/files/", kind="hang", seconds=30))

    async def shown() -> None:
        async with job.model.uploaded(screencast, name=NAME):
            raise AssertionError("it is never ready")

    uploading = asyncio.ensure_future(shown())
    async with asyncio.timeout(120):
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
    assert (len(asked), uploads(gemini_faults)) == (2, 2)
    assert control.files() == []
