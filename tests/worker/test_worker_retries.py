"""A second attempt repeats nothing that is done, and whoever lost the row changes nothing."""

import asyncio
import contextlib
import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed, Reason
from runops.progress import Stage, percent
from runops.transcript import timestamp
from runops_worker.checkpoint.format import read_checkpoint
from runops_worker.model.ledger import Ledger
from tests.worker.film import film
from tests.worker.job import Job

pytestmark = pytest.mark.slow("whole worker runs, with every failed attempt in front of the good one")

NewJob = Callable[..., Awaitable[Job]]


def kinds(control: GeminiControl) -> str:
    return " ".join(call.kind[0] for call in control.calls())


def uploads_of_slim(faults: FaultControl, job: Job) -> int:
    return sum(
        request.method == "POST" and request.path.split("?")[0].endswith(job.task.slim_object)
        for request in faults.requests()
    )


def padded(video: Path, target: Path, *, size: int) -> Path:
    """Add a box of nothing, which an MP4 may have anywhere."""
    target.write_bytes(video.read_bytes() + struct.pack(">I4s", size, b"free") + bytes(size - 8))
    return target


async def until(holds: Callable[[], bool], *, seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - another process changes what is looked at
            await asyncio.sleep(0.02)


async def killed_while_the_sop_is_written(job: Job, control: GeminiControl) -> None:
    run = asyncio.ensure_future(job.run())
    control.behave(Behaviour(latency_seconds=0.5))
    await until(lambda: kinds(control) == "t s")
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run
    control.behave(Behaviour())


async def test_a_second_attempt_repeats_neither_the_transcode_nor_a_paid_call(
    job: Job, control: GeminiControl, faults: FaultControl
) -> None:
    await killed_while_the_sop_is_written(job, control)
    assert (job.transcript(), job.sop()) == (None, None)
    job.task = replace(job.task, claim=await job.claim())
    report = await job.run()
    assert kinds(control) == "t s s"
    assert uploads_of_slim(faults, job) == 1
    assert not (job.workdir / "slim.mp4").exists()
    assert job.row()["status"] == "completed"
    assert report.usage is not None
    assert report.usage.transcribing is not None
    assert report.usage.transcribing.calls == 1


QUOTA_IS_USED_UP = Turn(outcome=Outcome.STATUS, status=429, quota="perDay", kind="transcribe")


async def test_the_chunks_of_a_long_recording_are_not_asked_about_twice(
    new_job: NewJob, control: GeminiControl, tmp_path: Path
) -> None:
    picture = "drawbox=x=40:y=40:w=80:h=40:color=white:t=fill:enable='gte(mod(t,40),20)'"
    recording = film(tmp_path / "long.mp4", seconds=400, picture=picture, sound="anullsrc=r=16000:cl=mono:d=400")
    job = await new_job(recording)
    control.behave(Behaviour(turns=[QUOTA_IS_USED_UP.model_copy(update={"skip": 1})]))
    with pytest.raises(Failed):
        await job.run()
    tried = len(control.calls())
    report = await job.run()
    changes = [item["timestamp_start_visual"] for item in job.transcript()]
    assert len(set(changes)) == len(changes)
    assert {timestamp(at) for at in range(20, 400, 20)} <= set(changes)
    calls = control.calls()
    assert [call.kind for call in calls[tried:]].count("transcribe") in {1, 2}
    assert report.usage is not None
    assert report.usage.transcribing is not None
    assert report.usage.transcribing.calls == sum(call.kind == "transcribe" and call.status == 200 for call in calls)


async def bill(job: Job) -> Ledger:
    stored = await job.supabase.storage.read_json("videos", job.task.checkpoint_object)
    return read_checkpoint(stored).ledger


async def test_a_call_that_was_paid_for_is_billed_though_the_run_was_asked_to_stop(
    job: Job, control: GeminiControl
) -> None:
    control.behave(Behaviour(latency_seconds=0.5, turns=[Turn(outcome=Outcome.WRONG_SHAPE)]))
    run = asyncio.ensure_future(job.run())
    await until(lambda: kinds(control) == "t t")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    billed = (await bill(job)).transcribing
    assert (billed.calls, billed.estimated_calls) == (2, 1), "the second was under way"


async def test_a_call_that_was_paid_for_is_billed_though_storage_refused_what_it_gave(
    job: Job, faults: FaultControl
) -> None:
    faults.set(Fault(method="POST", path=job.task.sop_object, kind="status", status=403, body="{}"))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.STORAGE_REFUSED
    assert (await bill(job)).parsing_sop.calls == 1


async def test_a_completed_job_that_is_run_again_gets_a_new_sop_of_the_same_transcript(
    job: Job, control: GeminiControl
) -> None:
    await job.run()
    first = job.sop()
    job.task = replace(job.task, claim=await job.claim())
    await job.run()
    assert kinds(control) == "t s s"
    assert job.sop()["meta"]["id"] == first["meta"]["id"]


async def test_a_claim_that_was_replaced_stops_the_run_before_it_writes(job: Job, control: GeminiControl) -> None:
    control.behave(Behaviour(latency_seconds=0.5))
    run = asyncio.ensure_future(job.run())
    await until(lambda: kinds(control) == "t s")
    other = await job.claim()
    with pytest.raises(Failed) as failed:
        await run
    assert failed.value.reason is Reason.CLAIM_LOST
    assert (job.transcript(), job.sop()) == (None, None)
    row = job.row()
    assert (row["status"], row["metadata"]["runops"]["claim"]) == ("processing", other)
    assert await job.supabase.storage.stat("videos", job.task.sop_object) is None


async def test_a_run_without_the_claim_costs_nothing(job: Job, control: GeminiControl, faults: FaultControl) -> None:
    job.task = replace(job.task, claim=str(uuid4()))
    faults.forget()
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.CLAIM_LOST
    assert kinds(control) == ""
    assert not any("/storage/" in request.path for request in faults.requests())


@pytest.mark.parametrize(
    ("spoil", "reason", "says"),
    [
        ("delete from jobs", Reason.ROW_MISSING, "no row"),
        ('update jobs set metadata = metadata || \'{"user_id": "bob"}\'', Reason.INVALID_USER, "'bob'"),
        (
            "update jobs set metadata = metadata || jsonb_build_object('user_id', gen_random_uuid())",
            Reason.INVALID_USER,
            "no user",
        ),
        (
            "insert into transcripts (job_id, transcript) select job_id, '[]' from jobs, generate_series(1, 2)",
            Reason.DUPLICATE_RESULTS,
            "2 rows",
        ),
    ],
)
async def test_what_makes_all_work_futile_is_found_before_any_cost(
    *, job: Job, control: GeminiControl, spoil: str, reason: Reason, says: str
) -> None:
    job.database.execute(spoil.encode())
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is reason
    assert says in failed.value.detail
    assert kinds(control) == ""


def name_user(job: Job) -> UUID:
    """Have the row name a user that does not exist."""
    stranger = uuid4()
    job.database.execute(
        "update jobs set metadata = metadata || jsonb_build_object('user_id', %s::text)", [str(stranger)]
    )
    job.task = replace(job.task, user_id=stranger)
    return stranger


async def test_an_unknown_user_is_found_before_any_cost(job: Job, control: GeminiControl, faults: FaultControl) -> None:
    stranger = name_user(job)
    faults.forget()
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.INVALID_USER
    assert f"is {stranger}, and there is no such user" in failed.value.detail
    assert (kinds(control), job.transcript(), job.sop()) == ("", None, None)
    assert not any("/storage/" in request.path for request in faults.requests())


async def test_where_the_auth_service_cannot_tell_nothing_is_paid(
    job: Job, control: GeminiControl, faults: FaultControl
) -> None:
    name_user(job)
    faults.set(Fault(path="/auth/v1/", kind="status", status=403, times=None, body='{"code": "not_admin"}'))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.KEY_REJECTED
    assert kinds(control) == ""


async def test_without_an_auth_service_the_table_refuses_an_unknown_user_and_the_sop_is_never_public(
    job: Job, faults: FaultControl
) -> None:
    name_user(job)
    faults.set(Fault(path="/auth/v1/", kind="status", status=404, times=None, body="<html>no such page</html>"))
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.INVALID_USER
    assert job.transcript() is not None
    assert job.sop() is None


async def test_a_missing_recording_is_reported(job: Job) -> None:
    job.task = replace(job.task, source_object="raw/none.mp4")
    with pytest.raises(Failed, match=r"raw/none\.mp4") as failed:
        await job.run()
    assert failed.value.reason is Reason.SOURCE_MISSING


@pytest.mark.parametrize("slim_is_there", [True, False])
async def test_a_recording_that_was_deleted_after_it_was_transcribed_is_not_missed(
    *, slim_is_there: bool, job: Job, control: GeminiControl, faults: FaultControl
) -> None:
    await killed_while_the_sop_is_written(job, control)
    deleted = [job.task.source_object] + ([] if slim_is_there else [job.task.slim_object])
    await job.supabase.storage.remove("videos", deleted)
    job.task = replace(job.task, claim=await job.claim())
    await job.run()
    assert kinds(control) == "t s s"
    assert uploads_of_slim(faults, job) == 1
    assert job.row()["status"] == "completed"


async def test_a_recording_that_was_deleted_after_its_slim_video_was_made_is_not_missed(
    job: Job, control: GeminiControl
) -> None:
    control.behave(Behaviour(turns=[QUOTA_IS_USED_UP]))
    with pytest.raises(Failed):
        await job.run()
    await job.supabase.storage.remove("videos", [job.task.source_object])
    job.task = replace(job.task, claim=await job.claim())
    await job.run()
    assert job.row()["status"] == "completed"


async def test_a_recording_that_was_cleaned_up_before_its_turn_is_told_as_such(job: Job) -> None:
    await job.supabase.storage.remove("videos", [job.task.source_object])
    job.database.execute("update jobs set created_at = now() - interval '30.5 hours'")
    with pytest.raises(
        Failed, match="first queued 30 hours ago, and apps often delete recordings after a day"
    ) as failed:
        await job.run()
    assert failed.value.reason is Reason.SOURCE_MISSING


async def test_a_recording_that_is_still_uploaded_is_waited_for(job: Job, faults: FaultControl) -> None:
    missing = json.dumps({"statusCode": "404", "error": "not_found", "message": "Not found", "code": "NoSuchKey"})
    where = f"/object/info/videos/{job.task.source_object}"
    faults.set(Fault(method="GET", path=where, kind="status", status=400, body=missing, times=2))
    await job.run()
    assert job.row()["status"] == "completed"


async def test_a_file_that_is_not_a_video_is_reported(new_job: NewJob, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 50)
    job = await new_job(tmp_path / "letter.txt")
    with pytest.raises(Failed) as failed:
        await job.run()
    assert failed.value.reason is Reason.NOT_A_VIDEO


async def test_the_row_shows_each_stage_while_it_lasts(job: Job, control: GeminiControl) -> None:
    control.behave(Behaviour(latency_seconds=0.4))
    seen: list[tuple[str | None, int | None]] = []
    run = asyncio.ensure_future(job.run())
    while not run.done():
        row = job.row()
        seen.append((row["progress_stage"], row["progress_percent"]))
        await asyncio.sleep(0.02)
    await run
    row = job.row()
    seen.append((row["progress_stage"], row["progress_percent"]))
    stages = [stage for stage in dict.fromkeys(stage for stage, _ in seen) if stage]
    # finalizing lasts as long as two writes; it may fall between two looks.
    assert [stage for stage in stages if stage != "finalizing"] == [
        "preparing_video",
        "transcribing",
        "parsing_sop",
        "completed",
    ]
    for stage, shown in seen:
        if stage is not None:
            assert percent(Stage(stage)) <= (shown or 0) <= percent(Stage(stage), 1.0)
    percents = [shown for _, shown in seen if shown is not None]
    assert percents == sorted(percents)


async def test_an_outage_of_the_database_at_the_end_is_waited_out(job: Job, faults: FaultControl) -> None:
    faults.set(Fault(method="POST", path="/rest/v1/(transcripts|sops)", kind="status", status=503, times=6))
    await job.run()
    assert job.row()["status"] == "completed"


async def test_a_page_of_what_stands_in_front_is_waited_out(job: Job, faults: FaultControl) -> None:
    page = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"
    where = ("/rest/v1/", "/storage/v1/object/info/", "/storage/v1/object/authenticated/", "/storage/v1/object/videos/")
    faults.set(
        *(
            Fault(path=path, kind="status", status=403, times=6, headers={"content-type": "text/html"}, body=page)
            for path in where
        )
    )
    await job.run()
    assert job.row()["status"] == "completed"
    assert faults.pending() == []


async def test_a_chunk_that_gemini_skipped_is_noticed_and_the_video_uploaded_again(
    job: Job, screencast: Path, gemini_faults: FaultControl, tmp_path: Path
) -> None:
    large = padded(screencast, tmp_path / "large.mp4", size=17 * 1024 * 1024)
    # Answered with an error and the status "active", a chunk counts as sent for the SDK.
    skipped = {"X-Goog-Upload-Status": "active"}
    gemini_faults.set(Fault(method="POST", path="upload_id=", kind="status", status=503, headers=skipped, body="{}"))
    async with job.model.uploaded(large, job_id=job.task.job_id, seconds=48, fps=1) as video:
        assert video.path == large
    starts = [request for request in gemini_faults.requests() if request.path == "/upload/v1beta/files"]
    assert len(starts) == 2


@pytest.mark.parametrize("kind", ["reset", "drop_before", "drop_after", "truncate", "hang", "drip"])
@pytest.mark.parametrize("patience", [1.0])
async def test_a_broken_network_on_the_way_to_the_model_is_overcome(
    job: Job, gemini_faults: FaultControl, kind: Any
) -> None:
    gemini_faults.set(
        Fault(path="streamGenerateContent", kind=kind, seconds=2),
        Fault(method="GET", path="/v1beta/files/", kind=kind, seconds=2),
    )
    await job.run()
    assert job.row()["status"] == "completed"


async def test_no_key_is_ever_logged(
    job: Job, control: GeminiControl, gemini_faults: FaultControl, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.STATUS, status=500), Turn(outcome=Outcome.DANGLING_EDGE)]))
    gemini_faults.set(Fault(path="upload_id=", kind="reset"))
    await job.run()
    assert "trying again" in caplog.text
    for secret in (job.stack.secret_key, job.stack.gemini_api_key, "upload_id="):
        assert secret not in "\n".join(
            record.getMessage() for record in caplog.records if record.name.startswith("runops")
        )
    logged = json.dumps([vars(r) for r in caplog.records if r.name.startswith("runops")], default=str)
    assert job.task.sop_prompt.text[:40] not in logged
