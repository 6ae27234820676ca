"""Videos at Gemini: each upload has a new name, and none stays, not even those of a worker that was killed."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed, Reason
from runops_worker.gemini.client import open_client
from runops_worker.gemini.file_names import name_prefix
from runops_worker.gemini.files import delete_left_behind, upload
from runops_worker.model.protocol import UploadedVideo
from tests.worker.job import Job

OTHER = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")


def shown(job: Job, video: Path) -> AbstractAsyncContextManager[UploadedVideo]:
    return job.model.uploaded(video, job_id=job.task.job_id, seconds=48, fps=1)


async def left_behind(job: Job, video: Path, *, job_id: UUID | None = None) -> None:
    """Upload a video and leave it there, as a killed worker does."""
    client, transport = open_client(job.model.key, base_url=job.model.base_url)
    await upload(
        client,
        video,
        job_id=job_id or job.task.job_id,
        base_url=job.model.base_url,
        deadlines=job.model.files,
    )
    await transport.aclose()


async def test_what_a_killed_worker_left_is_deleted_before_the_first_upload_of_its_job(
    job: Job, control: GeminiControl, screencast: Path
) -> None:
    await left_behind(job, screencast)
    await left_behind(job, screencast, job_id=OTHER)
    left, of_other_job = control.files()
    async with shown(job, screencast), shown(job, screencast):
        names = control.files()
        assert len(names) == 3
        assert of_other_job in names
        assert left not in names
    assert control.files() == [of_other_job]
    async with job.model.uploaded(screencast, job_id=OTHER, seconds=48, fps=1):
        assert of_other_job not in control.files()
    assert control.files() == []


async def test_files_that_cannot_be_listed_or_deleted_do_not_keep_a_job_from_running(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    await left_behind(job, screencast)
    gemini_faults.set(Fault(method="GET", path=r"/v1beta/files\?", kind="status", status=503))
    async with shown(job, screencast):
        assert len(control.files()) == 2
    gemini_faults.set(Fault(method="DELETE", path="/files/", kind="status", status=503, times=None))
    async with shown(job, screencast):
        pass
    gemini_faults.clear()
    assert len(control.files()) == 2
    client, transport = open_client(job.model.key, base_url=job.model.base_url)
    await delete_left_behind(client, job.task.job_id, deadlines=job.model.files)
    await transport.aclose()
    assert control.files() == []


async def test_a_file_that_could_not_be_deleted_is_deleted_when_the_model_is_closed(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    gemini_faults.set(Fault(method="DELETE", path="/files/", kind="reset", times=None))
    async with shown(job, screencast):
        pass
    assert len(control.files()) == 1, "Gemini was away"
    gemini_faults.clear()
    await job.model.aclose()
    assert control.files() == []


async def test_a_file_that_could_not_be_deleted_is_deleted_after_the_next_chunk_and_not_while_one_is_in_use(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    async with shown(job, screencast):
        gemini_faults.set(Fault(method="DELETE", path="/files/", kind="reset", times=None))
        async with shown(job, screencast):
            pass
        gemini_faults.clear()
        assert len(control.files()) == 2
    assert control.files() == []


@pytest.mark.parametrize("kind", ["drop_after", "truncate", "reset", "drop_before"])
async def test_an_upload_whose_last_answer_got_lost_is_replaced(
    *, job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path, kind: Any
) -> None:
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind=kind))
    async with shown(job, screencast):
        (name,) = control.files()
        assert name.startswith(name_prefix(job.task.job_id))
    assert control.files() == []


async def test_a_name_that_gemini_refuses_is_not_used_again(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    conflict = '{"error": {"code": 409, "message": "Requested entity already exists", "status": "ALREADY_EXISTS"}}'
    fault = Fault(method="POST", path=r"/upload/v1beta/files$", kind="status", status=409, body=conflict)
    gemini_faults.set(fault)
    async with shown(job, screencast):
        assert len(control.files()) == 1
    assert uploads(gemini_faults) == 2
    deleted = [one.path for one in gemini_faults.requests() if one.method == "DELETE"]
    assert len(set(deleted)) == 2


@pytest.mark.parametrize("outcome", [Outcome.FILE_FAILED, Outcome.TRUNCATED_FINALIZE, Outcome.BUSY_FINALIZE])
async def test_an_upload_that_fails_to_its_end_leaves_nothing(
    job: Job, control: GeminiControl, screencast: Path, outcome: Outcome
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=outcome, times=None)]))
    with pytest.raises(Failed):
        async with shown(job, screencast):
            pass
    assert control.files() == []


def uploads(gemini_faults: FaultControl) -> int:
    return sum(one.path == "/upload/v1beta/files" for one in gemini_faults.requests())


async def test_an_upload_that_gemini_lost_begins_again(job: Job, gemini_faults: FaultControl, screencast: Path) -> None:
    over = {"X-Goog-Upload-Status": "final"}
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind="status", status=404, headers=over, times=2))
    async with shown(job, screencast):
        assert uploads(gemini_faults) == 3
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind="status", status=404, headers=over, times=3))
    with pytest.raises(Failed, match="Gemini lost the upload") as failed:
        async with shown(job, screencast):
            pass
    assert failed.value.reason is Reason.UPLOAD_INCOMPLETE


@pytest.mark.parametrize("status", [403, 404])
async def test_a_video_that_is_gone_before_it_is_ready_is_uploaded_once_more(
    job: Job, gemini_faults: FaultControl, screencast: Path, status: int
) -> None:
    gone = '{"error": {"message": "You do not have permission to access the File x or it may not exist."}}'
    fault = Fault(method="GET", path="/v1beta/files/", kind="status", status=status, body=gone)
    gemini_faults.set(fault)
    async with shown(job, screencast):
        assert uploads(gemini_faults) == 2
    gemini_faults.set(fault, fault)
    with pytest.raises(Failed, match="no longer has the uploaded video") as failed:
        async with shown(job, screencast):
            pass
    assert failed.value.reason is Reason.MODEL_FILE_REJECTED
    assert uploads(gemini_faults) == 4


async def test_a_cancelled_upload_leaves_nothing(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, screencast: Path
) -> None:
    gemini_faults.set(Fault(method="GET", path="/v1beta/files/", kind="hang", seconds=30))

    async def show() -> None:
        async with shown(job, screencast):
            raise AssertionError("it is never ready")

    uploading = asyncio.ensure_future(show())
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
