"""One recording goes the whole way, against real PostgreSQL and PostgREST and the stand-ins."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

from devstack.gemini.control import GeminiControl
from runops.progress import Stage
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.time_left.took import finished_video
from runops.transcript import TRANSCRIPT, AudioItem
from tests.worker.job import Job


async def test_a_recording_becomes_a_transcript_a_sop_and_a_completed_row(
    new_job: Callable[..., Awaitable[Job]], control: GeminiControl
) -> None:
    user = uuid4()
    job = await new_job(user=user)
    report = await job.run()
    row = job.row()
    assert (row["status"], row["error"]) == ("completed", None)
    assert row["completed_at"] is not None
    assert (row["progress_stage"], row["progress_percent"]) == ("completed", 100)
    said = row["metadata"]["runops"]
    assert (said["recording"]["seconds"], said["took"]["recording"]) == (48.0, 48.0)
    assert said["recording"]["models"] == said["took"]["models"]
    assert set(said["took"]["stages"]) == set(list(Stage)[:4])
    assert finished_video(said["took"], ended=datetime.now(UTC)) is not None
    assert datetime.fromisoformat(said["started"]) < datetime.now(UTC)
    items = TRANSCRIPT.validate_python(job.transcript())
    assert [item.start for item in items] == sorted(item.start for item in items)
    assert sum(isinstance(item, AudioItem) for item in items) == 2
    assert graph_faults(Sop.model_validate(job.sop())) == []
    owner = job.database.execute("select user_id from sops where job_id = %s", [job.task.job_id]).fetchone()
    assert owner == (user,)
    for name in (job.task.slim_object, job.task.transcript_object, job.task.sop_object):
        assert await job.supabase.storage.stat("videos", name) is not None
    assert await job.supabase.storage.read_json("videos", job.task.transcript_object) == job.transcript()
    assert control.files() == []
    assert [call.kind for call in control.calls()] == ["transcribe", "sop"]
    assert report.usage is not None
    assert report.usage.transcribing is not None
    calls = control.calls()
    assert report.usage.transcribing.input_tokens == calls[0].prompt_tokens
    assert report.usage.total_tokens == sum(c.prompt_tokens + c.output_tokens + c.thoughts_tokens for c in calls)
    assert report.usage.media_seconds == 48
    assert float(report.usage.cost_usd or 0) > 0
    assert job.reports[0] == (Stage.PREPARING_VIDEO, 10)
    percents = [percent for _, percent in job.reports]
    assert percents == sorted(percents)
    assert list(dict.fromkeys(stage for stage, _ in job.reports)) == list(Stage)[:4]
