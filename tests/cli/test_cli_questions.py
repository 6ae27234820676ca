"""Ctrl-C at a question ends every command that asks one, at once, with 130; the end of the input is an answer: no."""

import ast
import json
import os
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

import runops_cli
from runops.job_row import RowStatus
from runops_cli.main import app
from tests.cli.in_terminal import at_a_terminal, read_until
from tests.sop_graphs import edge, node, raw_sop

JOB = UUID("6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11")
QUESTIONS = {
    "init, the address": (["init", "--no-check"], b"reference"),
    "cancel": (["cancel", "--status", "queued"], b"Cancel 1?"),
    "retry": (["retry", "--all-failed"], b"Queue 1 again?"),
    "retry --stale": (["retry", "--stale"], b"must be stopped"),
    "answer": (["answer", str(JOB)], b"leave it open"),
    "check --paid": (["check", "--paid", "--no-cluster"], b"Make them?"),
}


@pytest.fixture
def filled(database: psycopg.Connection) -> psycopg.Connection:
    """One job of each status, and a SOP with a question."""
    for status in RowStatus:
        job_id = JOB if status is RowStatus.COMPLETED else UUID(int=len(status))
        database.execute(
            "insert into jobs (job_id, status, updated_at) values (%s, %s, now() - interval '2 hours')",
            [job_id, status.value],
        )
    nodes = [node("start", "trigger"), node("open", label="Open"), node("end", "end")]
    asked = [{"id": "q1", "question": "Who approves it?", "importance": "high"}]
    sop = raw_sop(nodes, [edge("start", "open"), edge("open", "end")], clarification_requests=asked)
    sop["meta"]["id"] = str(JOB)
    database.execute("insert into sops (job_id, data) values (%s, %s)", [JOB, json.dumps(sop)])
    return database


def statuses(database: psycopg.Connection) -> list[tuple[object, ...]]:
    return database.execute("select job_id, status from jobs order by job_id").fetchall()


@pytest.mark.slow("a process for each command that asks")
@pytest.mark.parametrize("which", QUESTIONS)
def test_ctrl_c_at_a_question_ends_the_command_at_once_and_says_so(
    environment: dict[str, str], filled: psycopg.Connection, which: str
) -> None:
    arguments, question = QUESTIONS[which]
    before = statuses(filled)
    with at_a_terminal(arguments, environment) as (process, keyboard):
        read_until(keyboard, question)
        os.write(keyboard, b"\x03")
        read_until(keyboard, b"Nothing was changed.")
        assert process.wait(timeout=240) == 130
    assert statuses(filled) == before
    assert not Path(".env").exists()


def test_the_end_of_the_input_is_a_no(environment: dict[str, str], filled: psycopg.Connection) -> None:
    arguments, question = QUESTIONS["cancel"]
    before = statuses(filled)
    with at_a_terminal(arguments, environment) as (process, keyboard):
        read_until(keyboard, question)
        os.write(keyboard, b"\x04")
        read_until(keyboard, b"Nothing was changed.")
        assert process.wait(timeout=240) == 1
    assert statuses(filled) == before


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("", "Nobody answered. Without a terminal, add --yes.\nEnded at the question. Nothing was changed.\n"),
        ("n\n", "Ended at the question. Nothing was changed.\n"),
    ],
)
def test_without_a_terminal_the_option_that_answers_is_named_where_nobody_does(
    environment: dict[str, str], filled: psycopg.Connection, answer: str, told: str
) -> None:
    before = statuses(filled)
    result = CliRunner(env=environment).invoke(app, ["cancel", "--status", "queued"], input=answer)
    assert result.exit_code == 1
    assert result.stderr.endswith(told)
    assert ("Nobody answered" in result.stderr) == (not answer)
    assert statuses(filled) == before


def test_no_command_asks_in_another_way() -> None:
    """Each question is inside a function or a lambda that `asked` calls."""
    folder = Path(runops_cli.__file__).parent
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        calls = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"confirm", "prompt"}
        }
        imported = "from runops_cli.terminal.question import asked" in path.read_text("utf-8")
        assert not calls or imported or path.name == "question.py", path
