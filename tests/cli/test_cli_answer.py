"""`runops answer`, and the versions of a SOP in `runops sop`, against a real table and storage."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from typer.testing import CliRunner, Result

from devstack.stack import StackInfo
from runops.object_names import answers_folder, merged_sop_object, sop_object
from runops_cli.main import app
from tests.sop_graphs import edge, node, raw_sop

Runops = Callable[..., Result]
ASKED = [
    {"id": "q1", "question": "When is it done?", "importance": "low"},
    {"id": "q2", "question": "Who approves it?", "importance": "high"},
]


def sop(label: str = "Open the list", **public: Any) -> dict[str, Any]:
    nodes = [node("start", "trigger"), node("open", label=label), node("end", "end")]
    made = raw_sop(nodes, [edge("start", "open"), edge("open", "end")], **public)
    made["meta"]["id"] = "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11"
    return made


def a_job(database: psycopg.Connection, data: Any = None, *, status: str = "completed") -> str:
    job_id = str(uuid4())
    database.execute("insert into jobs (job_id, status) values (%s, %s)", [job_id, status])
    if data is not None:
        database.execute("insert into sops (job_id, data) values (%s, %s)", [job_id, json.dumps(data)])
    return job_id


@pytest.fixture
def storage(stack: StackInfo) -> Any:
    """Read and write JSON objects."""
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}", "x-upsert": "true"}

    class Storage:
        def put(self, name: str, value: Any) -> None:
            httpx.post(f"{stack.url}/storage/v1/object/videos/{name}", json=value, headers=headers).raise_for_status()

        def get(self, name: str) -> Any:
            answer = httpx.get(f"{stack.url}/storage/v1/object/authenticated/videos/{name}", headers=headers)
            return answer.json() if answer.status_code == 200 else None

        def names(self, folder: str) -> list[str]:
            wanted = {"prefix": folder, "sortBy": {"column": "created_at", "order": "asc"}}
            listed = httpx.post(f"{stack.url}/storage/v1/object/list/videos", json=wanted, headers=headers)
            return [f"{folder}/{row['name']}" for row in listed.json()]

    return Storage()


def row_of(database: psycopg.Connection, job_id: str) -> tuple[str, Any]:
    row = database.execute("select status, metadata from jobs where job_id = %s", [job_id]).fetchone()
    assert row is not None
    return row[0], row[1]


def said(storage: Any, job_id: str) -> dict[str, str]:
    values = [storage.get(name) for name in storage.names(answers_folder(UUID(job_id)))]
    return {one["question"]: one["answer"] for value in values for one in value["answers"]}


def test_who_answers_what_somebody_else_answered_is_told_what(runops: Runops, database: psycopg.Connection) -> None:
    job_id = a_job(database, sop(clarification_requests=ASKED))
    assert "another answer" not in runops("answer", job_id, "--answer", "q2=The team lead.", "--no-run").output
    result = runops("answer", job_id, "--answer", "q2=Nobody.\nNever.", "--answer", "q1=Monthly.", "--no-run")
    (line,) = [line for line in result.output.splitlines() if "another answer" in line]
    assert line == 'q2 has another answer too, and yours counts: "The team lead."'
    assert "No question is left." in result.output


def test_an_answer_is_kept_the_job_queued_for_its_sop_and_what_is_left_is_said(
    runops: Runops, database: psycopg.Connection, storage: Any
) -> None:
    job_id = a_job(database, sop(clarification_requests=ASKED))
    result = runops("answer", job_id, "--answer", "q2=The team lead = me.")
    assert result.exit_code == 0, result.output
    assert said(storage, job_id) == {"Who approves it?": "The team lead = me."}
    assert row_of(database, job_id) == ("queued", {"runops": {"from": "sop"}})
    assert "1 question is left open." in result.output
    assert "q1  [low] When is it done?" in result.output
    assert f"`runops watch {job_id}`" in result.output
    again = runops("answer", job_id, "--answer", "q1=Monthly.")
    assert "is queued already; its run uses the answers" in again.output
    assert "No question is left." in again.output


def test_answers_of_a_file_and_of_the_input(
    runops: Runops, environment: dict[str, str], database: psycopg.Connection, storage: Any, tmp_path: Path
) -> None:
    job_id = a_job(database, sop(clarification_requests=ASKED))
    (tmp_path / "answers.json").write_text(json.dumps({"q1": "Monthly."}), "utf-8")
    result = runops("answer", job_id, "--file", tmp_path / "answers.json", "--no-run")
    assert result.exit_code == 0
    assert row_of(database, job_id) == ("completed", None)
    assert f"`runops retry {job_id} --from sop`" in result.output
    CliRunner().invoke(app, ["answer", job_id, "--file", "-"], env=environment, input='{"q2": "Nobody."}')
    assert said(storage, job_id) == {"When is it done?": "Monthly.", "Who approves it?": "Nobody."}


def test_without_a_terminal_the_questions_are_printed(runops: Runops, database: psycopg.Connection) -> None:
    job_id = a_job(database, sop(clarification_requests=ASKED))
    result = runops("answer", job_id)
    assert result.exit_code == 0
    assert result.stdout == "q2  [high] Who approves it?\nq1  [low] When is it done?\n"
    assert row_of(database, job_id)[0] == "completed"


def test_in_a_terminal_each_question_is_asked_and_an_empty_line_leaves_it_open(
    environment: dict[str, str], database: psycopg.Connection, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [*ASKED, {"id": "q3", "question": "Where is it filed?", "importance": "medium"}]
    job_id = a_job(database, sop(clarification_requests=more))
    monkeypatch.setattr("runops_cli.commands.answer.has_terminal", lambda: True)
    lines = "\nMonthly.\n"
    result = CliRunner().invoke(app, ["answer", job_id, "--skip", "q3"], env=environment, input=lines)
    assert result.exit_code == 0, result.output
    assert "1 of 2  [high] Who approves it?" in result.output
    assert said(storage, job_id) == {"When is it done?": "Monthly."}
    assert "2 questions are left open." in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--answer", "q1"], "ID=TEXT"),
        (["--answer", "q7=x"], "The SOP has no question 'q7'. Open: q2, q1. `runops answer"),
        (["--file", "number.json"], "The answer to 'x' is no text. Put it into quotes"),
        (["--answer", "q1= "], "is empty"),
        (["--file", "missing.json"], "cannot be read"),
        (["--file", "list.json"], "no JSON object of texts"),
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_is_kept(
    *, arguments: list[str], words: str, runops: Runops, database: psycopg.Connection, storage: Any
) -> None:
    Path("list.json").write_text("[1]", "utf-8")
    Path("number.json").write_text('{"x": 1}', "utf-8")
    job_id = a_job(database, sop(clarification_requests=ASKED))
    result = runops("answer", job_id, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())
    assert said(storage, job_id) == {}
    assert row_of(database, job_id)[0] == "completed"


def test_a_job_without_sop_or_questions_and_one_that_is_worked_on(runops: Runops, database: psycopg.Connection) -> None:
    without = runops("answer", a_job(database, status="queued"))
    assert without.exit_code == 3
    assert "has no SOP; its status is queued" in without.output
    assert "has no open question" in runops("answer", a_job(database, sop())).output
    busy = a_job(database, sop(clarification_requests=ASKED), status="processing")
    result = runops("answer", busy, "--answer", "q1=Monthly.")
    assert result.exit_code == 0
    assert "is worked on" in result.output
    assert row_of(database, busy)[0] == "processing"


def test_a_conflict_is_told_below_the_sop_and_settled(
    runops: Runops, database: psycopg.Connection, storage: Any
) -> None:
    job_id = a_job(database, sop("Mine"))
    storage.put(merged_sop_object(UUID(job_id)), sop("Before"))
    storage.put(sop_object(UUID(job_id)), sop("New"))
    shown = runops("sop", job_id)
    assert shown.exit_code == 0
    assert "Mine" in shown.stdout
    assert "differs in 1 place that cannot be merged" in shown.stderr
    assert 'label of the step "open"' in shown.stderr
    assert f"`runops sop {job_id} --take edited`" in " ".join(shown.stderr.split())
    assert runops("sop", job_id, "--diff", "generated").stdout == (
        "Changed steps\n  2. New\n       label:\n         - Mine\n         + New\n"
    )
    assert "- Before\n         + Mine" in runops("sop", job_id, "--diff", "edited").stdout
    taken = runops("sop", job_id, "--take", "generated")
    assert taken.exit_code == 0
    assert "has the generated SOP now" in taken.output
    after = runops("sop", job_id)
    assert "New" in after.stdout
    assert "merged" not in after.stderr
    assert "nothing was changed" in runops("sop", job_id, "--take", "edited").output


def test_two_sops_are_compared_as_text_and_as_json(
    runops: Runops, database: psycopg.Connection, tmp_path: Path
) -> None:
    one, other = a_job(database, sop("Open the list")), a_job(database, sop("Close the list"))
    (tmp_path / "other.json").write_text(json.dumps(sop("Close the list")), "utf-8")
    for name in (other, str(tmp_path / "other.json")):
        found = json.loads(runops("sop", one, "--diff", name, "-o", "json").stdout)
        (change,) = found["changed"]
        assert change["changes"] == [{"name": "label", "before": "Open the list", "after": "Close the list"}]
    assert runops("sop", one, "--diff", one).stdout == "There is no difference.\n"
    nothing = runops("sop", one, "--diff", "generated")
    assert (nothing.exit_code, f"`runops sop {one}` prints the SOP." in nothing.stderr) == (3, True)
    without = a_job(database)
    assert f"`runops why {without}` says why." in runops("sop", without, "--diff", "generated").stderr
    assert "`runops list --status completed`" in runops("sop", one, "--diff", without).stderr
    missing = runops("sop", one, "--diff", "nothing.json")
    assert missing.exit_code == 2
    assert runops("sop", one, "--diff", other, "--take", "edited").exit_code == 2
    assert runops("sop", str(uuid4()), "--take", "edited").exit_code == 3


def test_retry_from_sop_needs_a_transcript(runops: Runops, database: psycopg.Connection, storage: Any) -> None:
    job_id = a_job(database, sop())
    refused = runops("retry", job_id, "--from", "sop")
    assert refused.exit_code == 1
    assert f"`runops retry {job_id}` runs all stages" in refused.output
    assert row_of(database, job_id) == ("completed", None)
    database.execute("insert into transcripts (job_id, transcript) values (%s, '[{}]')", [job_id])
    assert runops("retry", job_id, "--from", "sop").exit_code == 0
    assert row_of(database, job_id) == ("queued", {"runops": {"from": "sop"}})
    failed = a_job(database, status="error")
    storage.put(f"transcripts/{failed}.json", [])
    assert runops("retry", failed, "--from", "sop").exit_code == 0
    assert runops("retry", str(uuid4()), "--from", "sop").exit_code == 3
    assert runops("retry", "--stale", "--from", "sop", "--yes").exit_code == 2
    # Many rows at once keep what an app has in their metadata, each its own.
    many = [a_job(database, status="completed") for _ in range(3)]
    for number, one in enumerate(many):
        database.execute("update jobs set metadata = %s where job_id = %s", [json.dumps({"n": number}), one])
    assert runops("retry", "--status", "completed", "--from", "sop", "--yes").exit_code == 0
    assert [row_of(database, one) for one in many] == [
        ("queued", {"n": number, "runops": {"from": "sop"}}) for number in range(3)
    ]
    # A plain retry runs all stages again.
    database.execute("update jobs set status = 'error' where job_id = %s", [job_id])
    assert runops("retry", job_id).exit_code == 0
    assert row_of(database, job_id) == ("queued", {})
