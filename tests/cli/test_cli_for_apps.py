"""docs/for-apps.md: every block of the page runs, against the stack and with `runops work` beside it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import uuid4

import jsonschema
import psycopg
import pytest

from devstack.stack import StackInfo
from tests.code_blocks import DOCS, code_blocks
from tests.schemas.compiler import compiled
from tests.schemas.json_schemas import json_schemas
from tests.supabase_js.program import node_of_tests

PAGE = DOCS / "for-apps.md"
SECONDS = 800
"""It only catches a hang: the machine may be busy."""
SET_UP = [one.text for one in code_blocks(PAGE, "sql") if one.text.startswith("create ")]
IN_USE = [one.text for one in code_blocks(PAGE, "sql") if not one.text.startswith("create ")]
JOB = "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11"

_NODE_BEFORE = """
import WebSocket from 'ws'
// Node.js before 22 has none of its own.
globalThis.WebSocket ??= WebSocket
"""
_NODE_AFTER = """
import { readFile } from 'node:fs/promises'

const tell = (what, told) => console.log(JSON.stringify({ what, told }))
async function signedIn(email) {
  const password = 'correct horse battery'
  const made = await server.auth.admin.createUser({ email, password, email_confirm: true })
  if (made.error) throw made.error
  const client = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY)
  const { error } = await client.auth.signInWithPassword({ email, password })
  if (error) throw error
  return { client, id: made.data.user.id }
}
const [owner, stranger] = [await signedIn('owner@example.com'), await signedIn('stranger@example.com')]
async function submitted() {
  const permit = await permitUpload()
  await upload(permit, new Blob([await readFile(process.env.RECORDING)], { type: 'video/mp4' }))
  await queue(permit.jobId, owner.id, { priority: 5 })
  return permit.jobId
}

const jobId = await submitted()
const states = []
const ended = await follow(owner.client, jobId, (row) => states.push(row))
tell('ended', { jobId, ownerId: owner.id, status: ended.status })
tell('states', states.map((row) => [row.status, words(row), row.updated_at]))
tell('foreign', await follow(stranger.client, jobId, () => {}).catch((error) => error.message))
tell('results', await results(owner.client, jobId))
tell('foreign results', await results(stranger.client, jobId))
const { slimUrl, evidence } = await files(jobId)
tell('evidence', evidence)
tell('slim', (await (await fetch(slimUrl)).arrayBuffer()).byteLength)
tell('late cancel', await cancel(owner.client, jobId))
tell('foreign re-run', await runAgain(stranger.client, jobId))
tell('re-run', await runAgain(owner.client, jobId))
tell('after', (await follow(owner.client, jobId, () => {})).status)

const said = { position: 3, earliest: '2026-11-30T14:05:00Z', latest: '2026-11-30T14:11:40Z' }
const at = new Date('2026-11-30T14:02:00Z')
const left = (status, told) => timeLeft({ status, metadata: { runops_time_left: told } }, at)
const cases = [left('queued', said), left('completed', said), left('queued', { unknown: 'Paused' })]
tell('time left', [...cases, timeLeft({ status: 'queued' })])

const second = await submitted()
tell('foreign cancel', await cancel(stranger.client, second))
tell('cancel', await cancel(owner.client, second))
const cancelled = await follow(owner.client, second, () => {})
tell('cancelled', [cancelled.status, words(cancelled)])
tell('anonymous', (await browser.rpc('cancel_own_job', { job: second })).error !== null)
process.exit(0)
"""
_PYTHON_AFTER = """
import json, sys

def tell(what, told):
    print(json.dumps({"what": what, "told": told}), flush=True)

job_id = queue(os.environ["RECORDING"], None)
states = list(follow(server, job_id, every=0.2))
tell("states", [[row["status"], row["updated_at"]] for row in states])
tell("results", results(server, job_id))
tell("late cancel", cancel(job_id, "Too late."))
tell("re-run", run_again(job_id))
tell("cancel", cancel(job_id, "Wrong recording."))
tell("row", server.table("jobs").select("status, error").eq("job_id", job_id).single().execute().data)
tell("re-run of cancelled", run_again(job_id))
tell("end", [row["status"] for row in follow(server, job_id, every=0.2)][-1])
"""


@pytest.fixture
def project(told: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The project after the page's chapter about what users may see."""
    for text in SET_UP:
        told.execute(text.encode())
    yield told
    told.execute(
        'drop policy "users see their own jobs" on jobs; drop policy "users see their own transcripts" on transcripts;'
        "drop function public.cancel_own_job(uuid); drop function public.run_own_job_again(uuid);"
        "notify pgrst, 'reload schema'"
    )


def run_beside_a_worker(
    program: list[str],
    text: str,
    environment: dict[str, str],
    folder: Path,
    started: Callable[..., AbstractContextManager[Popen[str]]],
) -> dict[str, Any]:
    """Run a program that prints JSON lines while `runops work` does the jobs; what it tells, by its name."""
    with started("work"):
        done = subprocess.run(
            program,
            input=text,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"what"')]
    return {line["what"]: line["told"] for line in lines}


@pytest.fixture
def app_environment(stack: StackInfo, recording: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "RECORDING": str(recording),
        "NO_PROXY": "127.0.0.1",
    }


def in_order(statuses: list[str]) -> bool:
    """Whether a followed job never went back: what is newer is never followed by what is older."""
    order = ["queued", "processing", "completed"]
    places = [order.index(status) for status in statuses]
    return places == sorted(places)


@pytest.mark.slow("a program of the page, with real videos by `runops work` beside it")
@pytest.mark.usefixtures("project")
def test_the_javascript_of_the_page(
    app_environment: dict[str, str], started: Callable[..., AbstractContextManager[Popen[str]]]
) -> None:
    node, packages = node_of_tests()
    program = _NODE_BEFORE + "\n".join(one.text for one in code_blocks(PAGE, "js")) + _NODE_AFTER

    told = run_beside_a_worker([node, "--input-type=module"], program, app_environment, packages, started)

    assert told["ended"]["status"] == "completed"
    states = told["states"]
    assert in_order([status for status, _, _ in states])
    assert [at for _, _, at in states] == sorted(at for _, _, at in states)
    assert {"In the queue", "completed"} <= {shown for _, shown, _ in states}
    assert any("%" in shown for _, shown, _ in states)
    assert told["foreign"] == "The job was deleted, or belongs to somebody else."
    assert told["foreign results"] == {"sop": None, "transcript": None}
    assert told["slim"] > 1000
    assert (told["late cancel"], told["foreign re-run"], told["re-run"], told["after"]) == (
        False,
        False,
        True,
        "completed",
    )
    assert told["time left"] == [{"least": 3, "most": 10, "position": 3}, None, None, None]
    assert (told["foreign cancel"], told["cancel"]) == (False, True)
    assert told["cancelled"] == ["error", "Cancelled by the user."]
    assert told["anonymous"] is True
    made = {"Sop": told["results"]["sop"], "Transcript": told["results"]["transcript"], "Evidence": told["evidence"]}
    for title, value in made.items():
        jsonschema.Draft202012Validator(json_schemas()[title]).validate(value)


@pytest.mark.slow("a program of the page, with real videos by `runops work` beside it")
@pytest.mark.usefixtures("project")
def test_the_python_of_the_page(
    app_environment: dict[str, str], started: Callable[..., AbstractContextManager[Popen[str]]], tmp_path: Path
) -> None:
    program = "\n".join(one.text for one in code_blocks(PAGE, "python")) + _PYTHON_AFTER

    told = run_beside_a_worker([sys.executable, "-"], program, app_environment, tmp_path, started)

    assert in_order([status for status, _ in told["states"]])
    assert told["states"][-1][0] == "completed"
    for title, value in (("Sop", told["results"]["sop"]), ("Transcript", told["results"]["transcript"])):
        jsonschema.Draft202012Validator(json_schemas()[title]).validate(value)
    assert (told["late cancel"], told["re-run"], told["cancel"]) == (False, True, True)
    assert told["row"] == {"status": "error", "error": "Wrong recording."}
    assert (told["re-run of cancelled"], told["end"]) == (True, "completed")


_OUT_OF_ORDER = """
let heard, reads = []
const channel = { on: (kind, _, take) => ((heard = kind === 'postgres_changes' ? take : heard), channel) }
channel.subscribe = () => channel
const table = { select: () => table, eq: () => table }
table.maybeSingle = async () => ({ data: reads.shift() ?? null, error: null })
const client = { channel: () => channel, removeChannel: () => {}, from: () => table }
const at = (second, status) => ({ status, updated_at: `2026-11-30T10:00:${second}+00:00` })
reads = [at('05.2', 'processing')]
const shown = []
const done = follow(client, 'job', (row) => shown.push(row.status + row.updated_at.slice(17, -6)), { everyMs: 60_000 })
await new Promise((resolve) => setTimeout(resolve, 50))
heard({ new: at('05.19', 'queued') })
heard({ new: at('05', 'error') })
heard({ new: at('05.2', 'processing') })
heard({ new: at('05.21', 'processing') })
heard({ new: at('06', 'completed') })
heard({ new: at('07', 'queued') })
await done
console.log(JSON.stringify(shown))
"""


def test_an_older_state_that_comes_later_is_not_shown() -> None:
    node, packages = node_of_tests()
    (follow,) = [one.text for one in code_blocks(PAGE, "js") if "function follow" in one.text]
    done = subprocess.run(
        [node, "--input-type=module"],
        input=follow + _OUT_OF_ORDER,
        cwd=packages,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["processing05.2", "processing05.2", "processing05.21", "completed06"]


def test_the_sql_of_the_page(project: psycopg.Connection) -> None:
    project.execute(
        "insert into jobs (job_id, status, created_at, completed_at) select gen_random_uuid(), 'completed', "
        "now() - interval '1 hour', now() - interval '1 hour' + n * interval '1 minute' from generate_series(1, 40) n"
    )
    project.execute(
        "insert into jobs (job_id, created_at) "
        "select gen_random_uuid(), now() - interval '1 day' from generate_series(1, 3)"
    )
    found: list[Any] = []
    statuses: list[Any] = []
    for text in IN_USE:
        for statement in text.split(";\n"):
            if statement.strip():
                cursor = project.execute(statement.encode())
                found.append(cursor.fetchall() if cursor.description else cursor.rowcount)
                statuses.append(project.execute("select status, error from jobs where job_id = %s", [JOB]).fetchone())

    inserted, seconds, before, cancelled, rerun, titles = found
    assert (inserted, cancelled, rerun) == (1, 1, 1)
    ((quartiles,),) = seconds
    assert [round(one / 60) for one in quartiles] == [11, 30]
    assert before == [(3,)]
    assert len(titles) == 20
    assert statuses[0] == statuses[2] == ("queued", None)
    assert statuses[3] == ("error", "Wrong recording.")
    assert statuses[4] == ("queued", None)


def test_a_range_is_not_given_where_too_little_is_known(project: psycopg.Connection) -> None:
    (query,) = [text for text in IN_USE if "percentile_cont" in text]
    assert project.execute(query.encode()).fetchall() == [(None,)]


def test_users_may_not_write_to_jobs_themselves(project: psycopg.Connection) -> None:
    user = uuid4()
    project.execute("insert into auth.users (id) values (%s)", [user])
    project.execute("insert into jobs (job_id, metadata) values (%s, %s)", [JOB, json.dumps({"user_id": str(user)})])
    with project.transaction():
        project.execute("set local role authenticated")
        project.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(user)})])
        assert project.execute("select status from jobs").fetchall() == [("queued",)]
        assert project.execute("update jobs set status = 'completed'").rowcount == 0
        assert project.execute("select public.cancel_own_job(%s)", [JOB]).fetchone() == (True,)
    assert project.execute("select status from jobs").fetchone() == ("error",)


def test_the_typescript_of_the_page(tmp_path: Path) -> None:
    (block,) = code_blocks(PAGE, "ts")
    assert compiled(tmp_path, ("page.ts", block.text)) == ""


def test_every_block_of_the_page_is_in_a_language_that_is_run() -> None:
    assert {one.language for one in code_blocks(PAGE)} == {"sql", "js", "python", "ts"}
    assert len(SET_UP) == 2
