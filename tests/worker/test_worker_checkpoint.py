"""What a later attempt does again: exactly what depends on what changed, and what does not lie there whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.failures import Failed
from runops_worker.media.transcode.transcode import transcode
from runops_worker.task import Prompt, Task
from tests.worker.job import Job

pytestmark = pytest.mark.slow("whole worker runs, interrupted after each stage")

OTHER = Prompt.of("another.md", "Watch closely, and be brief.")


ANOTHER_TRANSCRIPT = json.dumps(
    [
        {
            "timestamp_start_audio": "00:00:02",
            "timestamp_end_audio": "00:00:03",
            "verbatim_transcript_segment": "Now open the file.",
        }
    ]
)


@pytest.fixture
def transcodes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Count the transcodes by what each was made of."""
    made: list[Path] = []
    real = transcode

    async def counted(recording: Path, *rest: Any, **settings: Any) -> Any:
        made.append(recording)
        return await real(recording, *rest, **settings)

    monkeypatch.setattr("runops_worker.stages.prepare.transcode", counted)
    return made


@pytest.fixture
async def unfinished(job: Job, faults: FaultControl, control: GeminiControl, transcodes: list[Path]) -> Job:
    """Give a job of which everything is done but the tables; what it did so far is forgotten."""
    faults.set(Fault(method="POST", path="/rest/v1/sops", kind="status", status=403, body="{}"))
    with pytest.raises(Failed):
        await job.run()
    assert (kinds(control), len(transcodes)) == ("t s", 1)
    control.reset()
    transcodes.clear()
    return job


def kinds(control: GeminiControl) -> str:
    return " ".join(call.kind[0] for call in control.calls())


@pytest.mark.parametrize(
    ("change", "asked", "transcoded"),
    [
        (lambda task: task, "", 0),
        (lambda task: replace(task, sop_prompt=OTHER), "s", 0),
        (lambda task: replace(task, sop_model="gemini-4-hydrogen"), "s", 0),
        (lambda task: replace(task, transcription_prompt=OTHER), "t s", 0),
        (lambda task: replace(task, transcribe_model="gemini-4-hydrogen"), "t s", 0),
        (lambda task: replace(task, fps=2), "t s", 1),
        (lambda task: replace(task, height=240), "t s", 1),
        (lambda task: replace(task, crf=40), "t s", 1),
    ],
    ids=["nothing", "SOP prompt", "SOP model", "transcription prompt", "transcription model", "fps", "height", "crf"],
)
async def test_a_change_repeats_what_depends_on_it_and_nothing_else(
    *,
    unfinished: Job,
    control: GeminiControl,
    transcodes: list[Path],
    change: Callable[[Task], Task],
    asked: str,
    transcoded: int,
) -> None:
    # Another prompt or model says something else, as the stand-in by itself does not.
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.TEXT, kind="transcribe", text=ANOTHER_TRANSCRIPT)]))
    await unfinished.run(task=change(unfinished.task))
    assert kinds(control) == asked
    assert len(transcodes) == transcoded
    assert unfinished.row()["status"] == "completed"
    # Nothing is learned from stages of which an earlier attempt had done some of the work.
    assert list(unfinished.row()["metadata"]["runops"]["took"]["stages"]) == ["finalizing"]


@pytest.mark.parametrize(
    ("which", "cut", "asked", "transcoded"),
    [
        ("slim_object", lambda content: content[: len(content) // 2], "", 1),
        ("transcript_object", lambda content: content[: len(content) // 2], "t", 0),
        ("transcript_object", lambda content: content[: content.rindex(b", {")] + b"]", "t", 0),
        ("sop_object", lambda content: content[: len(content) // 2], "s", 0),
        ("sop_object", lambda _: b"", "s", 0),
        ("checkpoint_object", lambda content: content[: len(content) // 2], "t s", 1),
    ],
    ids=["slim", "transcript", "transcript with an item less", "SOP", "empty SOP", "checkpoint"],
)
async def test_an_object_that_is_damaged_in_storage_is_made_again(
    *,
    unfinished: Job,
    control: GeminiControl,
    transcodes: list[Path],
    which: str,
    cut: Callable[[bytes], bytes],
    asked: str,
    transcoded: int,
) -> None:
    stack, name = unfinished.stack, getattr(unfinished.task, which)
    url = f"{stack.url}/storage/v1/object/videos/{name}"
    headers = {"Authorization": f"Bearer {stack.secret_key}", "x-upsert": "true"}
    async with httpx.AsyncClient(headers=headers) as http:
        whole = await http.get(url)
        kind = {"Content-Type": whole.headers["Content-Type"]}
        sent = await http.post(url, headers=kind, content=cut(whole.content))
    assert sent.status_code == 200
    await unfinished.run()
    assert kinds(control) == asked
    assert len(transcodes) == transcoded
    assert unfinished.row()["status"] == "completed"
    for key in (unfinished.task.transcript_object, unfinished.task.sop_object):
        assert await unfinished.supabase.storage.read_json("videos", key)


async def test_a_slim_video_that_was_replaced_in_storage_is_made_again(
    job: Job, control: GeminiControl, tmp_path: Path
) -> None:
    used_up = Turn(outcome=Outcome.STATUS, status=429, quota="perDay", kind="transcribe")
    control.behave(Behaviour(turns=[used_up]))
    with pytest.raises(Failed):
        await job.run()
    size = (await job.supabase.storage.stat("videos", job.task.slim_object)).size  # type: ignore[union-attr]
    (tmp_path / "other.mp4").write_bytes(b"\x00" * size)
    await job.supabase.storage.upload("videos", job.task.slim_object, tmp_path / "other.mp4", content_type="video/mp4")
    job.reports.clear()
    await job.run()
    assert job.row()["status"] == "completed"
    percents = [percent for _, percent in job.reports]
    assert percents == sorted(percents)
