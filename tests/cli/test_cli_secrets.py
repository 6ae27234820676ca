"""`runops work` has its keys in its environment: they show nowhere, and no child of it has them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo
from tests.process_watch import Process, processes_seen

_SIGNED = "a-signed-url-that-opens-the-recording"


def _marks(stack: StackInfo) -> list[str]:
    return [stack.secret_key, stack.gemini_api_key, _SIGNED]


def _repeat_secrets(stack: StackInfo, gemini_faults: FaultControl) -> None:
    address = f"https://storage.example.com/raw.mp4?token={_SIGNED}"
    words = f"refused: {stack.secret_key}, {stack.gemini_api_key}, {address}"
    body = json.dumps({"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": words}})
    gemini_faults.set(Fault(kind="status", status=400, path="enerateContent", body=body, times=None))


@pytest.mark.parametrize("troubled", [False, True], ids=["smooth", "troubled"])
def test_keys_are_in_no_output_no_row_and_no_child_process(
    *,
    troubled: bool,
    started: Callable[..., Any],
    runops: Callable[..., Any],
    recording: Path,
    stack: StackInfo,
    gemini_faults: FaultControl,
    database: psycopg.Connection,
) -> None:
    job_id = runops("submit", recording).stdout.strip()
    if troubled:
        _repeat_secrets(stack, gemini_faults)
    work: list[int] = []
    with (
        processes_seen(work) as seen,
        started("work", "--once", "--verbose") as process,
    ):
        work.append(process.pid)
        said = process.communicate(timeout=120)[0]

    rows = str(database.execute("select to_json(jobs)::text from public.jobs").fetchall())
    assert f'"status":"{"error" if troubled else "completed"}"' in rows
    assert job_id in said
    for place, text in {"the output": said, "the rows": rows}.items():
        assert [mark for mark in _marks(stack) if mark in text] == [], place
    assert not troubled or "[redacted]" in rows, "what Gemini said is shown without the secrets"
    _check_children(seen, process.pid, _marks(stack))


def _check_children(seen: list[Process], work: int, marks: list[str]) -> None:
    own = next(process.arguments for process in seen if process.pid == work)
    # One that has just been forked is still its parent, and becomes another program in a moment.
    children = [process for process in seen if process.arguments != own]
    assert any(process.name.startswith("ffmpeg") for process in children), "ffmpeg was seen at work"
    for process in seen:
        assert not any(mark in process.arguments for mark in marks), process.name
    for process in children:
        assert not any(mark in process.environment for mark in marks), f"{process.name} {process.arguments}"
