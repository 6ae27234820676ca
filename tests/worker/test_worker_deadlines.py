"""What takes too long ends with its own reason, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from devstack.supabase.gateway.switches import Switches, set_switches
from runops.failures import Failed, Reason
from runops_worker.pod.settings import read_settings
from tests.worker.job import Job


@pytest.mark.parametrize("piece_bytes", [8192, 6 * 2**20])
async def test_an_upload_that_does_not_end_in_time(
    job: Job, faults: FaultControl, monkeypatch: pytest.MonkeyPatch, piece_bytes: int
) -> None:
    set_switches(job.stack.url, Switches(tus_chunk_rule=False))
    monkeypatch.setattr("runops.supabase.upload.SMALL", piece_bytes)
    faults.forget()
    faults.set(
        Fault(method="PATCH", path="/upload/resumable/", skip=1, kind="hang", seconds=30),
        Fault(method="POST", path=job.task.slim_object, kind="hang", seconds=30),
    )
    with pytest.raises(Failed, match="not in storage after 1 s") as failed:
        await job.run(upload_seconds=1.0)
    set_switches(job.stack.url, Switches())
    assert failed.value.reason is Reason.UPLOAD_TIMEOUT
    assert await job.supabase.storage.stat("videos", job.task.slim_object) is None
    ended = [one.status for one in faults.requests() if one.method == "DELETE" and "/upload/resumable/" in one.path]
    assert ended == ([204] if piece_bytes == 8192 else [])


async def test_a_video_that_gemini_never_finishes_processing(job: Job, control: GeminiControl) -> None:
    job.model.files = replace(job.model.files, processing_seconds=0.5)
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.FILE_STUCK, times=None)]))
    with pytest.raises(Failed, match="did not finish processing") as failed:
        await job.run()
    assert failed.value.reason is Reason.MODEL_FILE_TIMEOUT
    assert (control.files(), control.calls(), job.waits) == ([], [], [])


def test_both_deadlines_are_settings() -> None:
    environ = {"RUNOPS_JOB_ID": "8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11", "RUNOPS_CLAIM": "token"}
    usual = read_settings(environ)
    assert (usual.upload_seconds, usual.gemini_file_seconds) == (1800, 600)
    settings = read_settings(environ | {"RUNOPS_UPLOAD_SECONDS": "7", "RUNOPS_GEMINI_FILE_SECONDS": "8"})
    assert (settings.upload_seconds, settings.gemini_file_seconds) == (7, 8)
    with pytest.raises(Failed, match="RUNOPS_UPLOAD_SECONDS"):
        read_settings(environ | {"RUNOPS_UPLOAD_SECONDS": "soon"})


async def test_a_run_that_fails_or_stops_while_gemini_has_its_video_leaves_no_file(
    job: Job, control: GeminiControl, gemini_faults: FaultControl
) -> None:
    gemini_faults.set(Fault(path="streamGenerateContent", kind="hang", seconds=30))
    run = asyncio.ensure_future(job.run())
    async with asyncio.timeout(120):
        while gemini_faults.pending():  # noqa: ASYNC110 - another process changes what is looked at
            await asyncio.sleep(0.02)
    assert len(control.files()) == 1
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert control.files() == []
