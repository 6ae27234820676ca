"""The page of a procedure in storage: what a whole run writes, and that nothing depends on it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from runops.failures import Failed, Reason
from runops.report import Output, Report
from runops_worker.media.stills.take_pictures import pictures_for_page
from runops_worker.stages import store_page
from tests.worker.job import Job


def page_of(report: Report) -> Output | None:
    return next((output for output in report.outputs if output.name == "page"), None)


def stored(job: Job) -> httpx.Response:
    address = f"{job.stack.url}/storage/v1/object/authenticated/videos/sops/{job.task.job_id}.html"
    return httpx.get(address, headers={"Authorization": f"Bearer {job.stack.secret_key}"})


async def test_no_page_is_written_unless_it_is_wanted(job: Job) -> None:
    assert page_of(await job.run()) is None
    assert stored(job).status_code == 400


async def test_the_page_is_beside_the_sop_before_the_row_is_completed(job: Job) -> None:
    report = await job.run(task=replace(job.task, page=True))
    page = page_of(report)
    assert page is not None
    found = stored(job)
    assert (page.location, page.problem) == (f"videos/sops/{job.task.job_id}.html", None)
    assert page.size_bytes == len(found.content)
    assert "<h1" in found.text
    assert "data:image/webp;base64," in found.text
    assert f'href="../slim/{job.task.job_id}.mp4#t=' in found.text
    assert job.row()["status"] == "completed"
    assert [path.name for path in job.workdir.iterdir() if path.name.startswith("page")] == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(5, "Input/output error"),
        Failed(Reason.MEDIA_TOOL_FAILED, "ffmpeg was killed by signal 9."),
        RuntimeError("sb_secret_abc"),
    ],
)
async def test_a_page_that_cannot_be_made_is_told_and_the_earlier_one_goes(
    job: Job, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await job.run(task=replace(job.task, page=True))
    assert stored(job).status_code == 200

    async def broken(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(store_page, "pictures_for_page", broken)
    again = replace(job.task, page=True, claim=await job.claim())
    page = page_of(await job.run(task=again))
    assert page is not None
    assert page.problem
    assert "sb_secret" not in page.problem
    assert job.row()["status"] == "completed"
    assert stored(job).status_code == 400


async def test_a_bucket_that_takes_no_html_does_not_fail_the_video(job: Job, faults: FaultControl) -> None:
    # As storage answers where the bucket's list of types does not have this one.
    body = '{"statusCode":"415","error":"invalid_mime_type","message":"mime type text/html is not supported"}'
    faults.set(Fault(method="POST", path=job.task.page_object, kind="status", status=400, body=body))
    page = page_of(await job.run(task=replace(job.task, page=True)))
    assert page is not None
    assert page.problem
    assert job.row()["status"] == "completed"


async def test_a_page_that_hangs_is_given_up(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(store_page, "_SECONDS", 0.05)
    monkeypatch.setattr(store_page, "pictures_for_page", hangs)
    page = page_of(await job.run(task=replace(job.task, page=True)))
    assert page is not None
    assert page.problem == "The page was not written within 0 s."
    assert job.row()["status"] == "completed"


async def test_a_claim_that_is_lost_meanwhile_ends_the_run(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancelled(path: Path, *rest: Any, **named: Any) -> Any:
        job.database.execute("update jobs set metadata = '{}' where job_id = %s", [job.task.job_id])
        job.database.execute("update jobs set status = 'error' where job_id = %s", [job.task.job_id])
        return await pictures_for_page(path, *rest, **named)

    monkeypatch.setattr(store_page, "pictures_for_page", cancelled)
    with pytest.raises(Failed) as lost:
        await job.run(task=replace(job.task, page=True))
    assert lost.value.reason is Reason.CLAIM_LOST
    assert stored(job).status_code == 400
