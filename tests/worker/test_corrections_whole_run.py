"""A completed job is corrected and run again, against real PostgreSQL and PostgREST and the stand-ins."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from devstack.gemini.control import GeminiControl
from runops.job_row import RowStatus
from runops.object_names import answers_object
from runops.sop import Sop
from runops.sop_answers import Answer, Answers
from runops.sop_graph import graph_faults
from runops.supabase.row_commands import Outcome, run_again
from tests.schema_cache import read_anew
from tests.worker.job import Job

NewJob = Callable[..., Awaitable[Job]]
ASKED = "Who is told?"


async def again(job: Job, *, only_sop: bool) -> None:
    """Queue the job as a person does, and claim it."""
    outcome = await run_again(
        job.supabase, job.task.job_id, from_statuses=[RowStatus.COMPLETED, RowStatus.ERROR], only_sop=only_sop
    )
    assert outcome.outcome is Outcome.DONE
    job.task = replace(job.task, claim=await job.claim())


def edit(job: Job, node_id: str, **fields: Any) -> None:
    """Change a node as the app does: the whole object, and nothing else of the row."""
    sop = job.sop()
    next(node for node in sop["public"]["nodes"] if node["id"] == node_id).update(fields)
    job.database.execute("update sops set data = %s where job_id = %s", [json.dumps(sop), job.task.job_id])


def label(sop: dict[str, Any], node_id: str) -> str:
    return str(next(node["label"] for node in sop["public"]["nodes"] if node["id"] == node_id))


def first_task(sop: dict[str, Any]) -> str:
    return str(next(node["id"] for node in sop["public"]["nodes"] if node["type"] == "task"))


async def stored(job: Job, name: str) -> dict[str, Any]:
    value = await job.supabase.storage.read_json("videos", name)
    assert isinstance(value, dict)
    return value


async def answered(job: Job, said: str) -> None:
    answers = Answers(answers=(Answer(question=ASKED, answer=said),))
    await job.supabase.storage.upload_json("videos", answers_object(job.task.job_id), answers.model_dump())


async def test_only_the_sop_is_made_again_with_the_answers_and_without_recording_or_slim_video(
    new_job: NewJob, control: GeminiControl
) -> None:
    job = await new_job()
    await job.run()
    transcript = job.transcript()
    await job.supabase.storage.remove("videos", [job.task.source_object, job.task.slim_object])
    await answered(job, "Tell the team lead.")
    await again(job, only_sop=True)
    assert job.row()["metadata"]["runops"]["from"] == "sop"
    # Another model would make another transcript: this run needs none.
    report = await job.run(task=replace(job.task, transcribe_model="gemini-that-is-gone"))
    assert [call.kind for call in control.calls()] == ["transcribe", "sop", "sop"]
    assert report.usage is not None
    assert report.usage.transcribing is None, "nothing is paid for again"
    assert report.quality is not None
    assert report.quality.sop is not None
    assert report.quality.sop.edits is None, "what the table gives back is no edit"
    assert job.transcript() == transcript
    assert label(job.sop(), "answer-1") == "Tell the team lead."
    assert graph_faults(Sop.model_validate(job.sop())) == []
    evidence = await stored(job, job.task.evidence_object)
    assert evidence["nodes"]["answer-1"] == [{"id": "a0001", "kind": "answer", "question": ASKED}]
    assert job.row()["status"] == "completed"


async def test_the_order_is_over_once_an_app_queues_the_row_again(new_job: NewJob, control: GeminiControl) -> None:
    job = await new_job()
    await job.run()
    await again(job, only_sop=True)
    await job.next_attempt()
    assert job.row()["metadata"]["runops"]["from"] == "sop", "each attempt keeps it"
    await job.run()
    job.task = replace(job.task, claim=await job.claim())
    assert "from" not in job.row()["metadata"]["runops"]
    await job.run(task=replace(job.task, height=240))
    assert [call.kind for call in control.calls()].count("transcribe") == 2


async def test_a_row_that_is_put_back_still_begins_with_the_sop(new_job: NewJob) -> None:
    job = await new_job()
    await job.run()
    await again(job, only_sop=True)
    assert await job.supabase.jobs.release(job.task.job_id, job.task.claim)
    assert job.row()["metadata"]["runops"] == {"from": "sop"}


async def test_edits_survive_a_run_with_answers_and_the_base_follows(new_job: NewJob) -> None:
    job = await new_job()
    await job.run()
    generated = job.sop()
    name = first_task(generated)
    edit(job, name, label="Mine")
    await answered(job, "Tell the team lead.")
    await again(job, only_sop=True)
    report = await job.run()
    assert report.quality is not None
    assert report.quality.sop is not None
    assert report.quality.sop.edits == "kept"
    assert label(job.sop(), name) == "Mine"
    assert label(job.sop(), "answer-1") == "Tell the team lead."
    kept = await stored(job, job.task.merged_sop_object)
    assert kept == await stored(job, job.task.sop_object)
    assert label(kept, name) == label(generated, name)


async def test_a_conflict_leaves_the_edited_sop_and_row_and_report_say_so(new_job: NewJob) -> None:
    job = await new_job()
    await job.run()
    edit(job, "end-1", label="Mine")
    edited = job.sop()
    # What was generated before had another label there, as after a change of the model.
    before = json.loads(json.dumps(edited))
    next(node for node in before["public"]["nodes"] if node["id"] == "end-1")["label"] = "Over"
    await job.supabase.storage.upload_json("videos", job.task.merged_sop_object, before)
    await again(job, only_sop=False)
    report = await job.run()
    assert job.sop() == edited
    row = job.row()
    assert row["status"] == "completed"
    (note,) = row["metadata"]["runops"]["notes"]
    assert note["kind"] == "sop_conflict"
    assert note["conflicts"] == [
        {"place": 'label of the step "end-1"', "why": "edited in the app, and different in the new SOP"}
    ]
    assert report.quality is not None
    assert report.quality.sop is not None
    assert report.quality.sop.edits == "conflict"
    assert "stays" in report.message
    new = await stored(job, job.task.sop_object)
    assert label(new, "end-1") == "Done"


async def test_a_sop_of_another_prompt_is_not_touched(new_job: NewJob) -> None:
    job = await new_job()
    await job.run()
    job.database.execute(
        b"alter table sops drop constraint if exists sops_job_id_key; alter table sops add column prompt_type text"
    )
    try:
        read_anew(job.database, job.stack)
        job.database.execute(b"update sops set prompt_type = 'atomic'")
        job.database.execute(
            "insert into sops (job_id, data, prompt_type) values (%s, '{\"for\": \"agents\"}', 'stagehand')",
            [job.task.job_id],
        )
        await again(job, only_sop=True)
        await job.run()
        rows = dict(job.database.execute(b"select prompt_type, data from sops").fetchall())
        assert rows["stagehand"] == {"for": "agents"}
        assert graph_faults(Sop.model_validate(rows["atomic"])) == []
    finally:
        job.database.execute(
            b"truncate sops; alter table sops drop column prompt_type;"
            b"alter table sops add constraint sops_job_id_key unique (job_id)"
        )
        read_anew(job.database, job.stack)
