"""A SOP is corrected and made again by `runops work`: answers, edits, a conflict, from the recording to the end."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from typer.testing import Result

from devstack.gemini.control import GeminiControl

Runops = Callable[..., Result]
PAGE = (Path(__file__).parents[2] / "docs" / "corrections.md").read_text("utf-8")


def sop_of(database: psycopg.Connection, job_id: str) -> dict[str, Any]:
    row = database.execute("select data from sops where job_id = %s", [job_id]).fetchone()
    assert row is not None
    return dict(row[0])


def store(database: psycopg.Connection, job_id: str, sop: dict[str, Any]) -> None:
    """Write a SOP as the app does after an edit."""
    database.execute("update sops set data = %s where job_id = %s", [json.dumps(sop), job_id])


def of(sop: dict[str, Any], node_id: str) -> dict[str, Any]:
    return next(node for node in sop["public"]["nodes"] if node["id"] == node_id)


def test_answers_and_edits_are_in_the_next_sop_and_a_conflict_waits_for_a_person(
    runops: Runops, database: psycopg.Connection, gemini: GeminiControl, recording: Path
) -> None:
    job_id = runops("submit", recording).stdout.strip()
    assert runops("work", "--once").exit_code == 0
    sop = sop_of(database, job_id)
    of(sop, "end-1")["label"] = "Mine"
    sop["public"]["clarification_requests"] = [{"id": "q1", "question": "Who is told?", "importance": "high"}]
    store(database, job_id, sop)

    assert runops("answer", job_id, "--answer", "q1=Tell the team lead.").exit_code == 0
    done = runops("work", "--once")
    assert done.exit_code == 0, done.stderr
    assert "What was edited in the SOP before is in the new one, too." in done.stderr
    assert [call.kind for call in gemini.calls()] == ["transcribe", "sop", "sop"], "nothing is transcribed again"
    after = sop_of(database, job_id)
    assert of(after, "end-1")["label"] == "Mine"
    assert of(after, "answer-1")["label"] == "Tell the team lead."
    assert "Mine" in runops("sop", job_id, "--diff", "edited").stdout

    # Another answer changes the step that somebody has edited meanwhile.
    of(after, "answer-1")["label"] = "Tell everybody."
    after["public"]["clarification_requests"] = [{"id": "q2", "question": "Who is told?", "importance": "high"}]
    store(database, job_id, after)
    assert runops("answer", job_id, "--answer", "q2=Call the team lead.").exit_code == 0
    done = runops("work", "--once")
    assert done.exit_code == 0
    assert "The SOP in the table was edited and stays" in done.stderr
    assert sop_of(database, job_id) == after
    shown = runops("sop", job_id)
    assert "cannot be merged" in shown.stderr
    assert "- Tell everybody.\n         + Call the team lead." in runops("sop", job_id, "--diff", "generated").stdout

    assert runops("sop", job_id, "--take", "edited").exit_code == 0
    assert "merged" not in runops("sop", job_id).stderr
    assert runops("retry", job_id, "--from", "sop").exit_code == 0
    assert runops("work", "--once").exit_code == 0
    last = sop_of(database, job_id)
    assert of(last, "answer-1")["label"] == "Tell everybody.", "what was chosen once is an edit like any other"
    assert of(last, "end-1")["label"] == "Mine"


def test_the_statement_of_the_page_runs_only_the_sop_again(
    runops: Runops, database: psycopg.Connection, gemini: GeminiControl, recording: Path
) -> None:
    job_id = runops("submit", recording).stdout.strip()
    assert runops("work", "--once").exit_code == 0
    (statement,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    changed = database.execute(statement.replace("6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11", job_id).encode())
    assert changed.rowcount == 1
    # Another model would make another transcript.
    assert runops("work", "--once", "--model", "gemini-3.5-flash-lite").exit_code == 0
    assert [call.kind for call in gemini.calls()] == ["transcribe", "sop", "sop"]
