"""Whole runs on real pods: rows go in, transcripts and SOPs come out."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation
from devstack.sample import RECORDING
from devstack.stack import StackInfo, create_user
from runops.progress import Stage
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.transcript import parse_item
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("real pods with the whole worker; the first test also builds both images and installs the chart"),
]

Tables = psycopg.Connection[tuple[Any, ...]]
State = tuple[str, str | None, int | None]
_LONGEST_SECONDS = 900
_ALLOWED = {
    Stage.PREPARING_VIDEO: range(10, 41),
    Stage.TRANSCRIBING: range(50, 71),
    Stage.PARSING_SOP: range(70, 91),
    Stage.FINALIZING: range(90, 91),
    Stage.COMPLETED: range(100, 101),
}


@pytest.fixture
def not_a_video(tmp_path: Path) -> Path:
    path = tmp_path / "notes.mp4"
    path.write_bytes(b"\0These are my notes of the meeting.\n" * 100)
    return path


def _submitted(runops: Any, recording: Path, user: str | None = None) -> str:
    done = runops("submit", str(recording), *(["--user", user] if user else []))
    assert done.returncode == 0, done.stderr
    job_id: str = done.stdout.strip().splitlines()[-1]
    return job_id


def _watch(tables: Tables, ids: list[str]) -> Iterator[dict[str, State]]:
    """Look at the rows as an app would, until all have ended."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        rows = tables.execute(
            "select job_id::text, status, progress_stage, progress_percent from public.jobs "
            "where job_id = any(%s::uuid[])",
            (ids,),
        ).fetchall()
        now = {row[0]: (row[1], row[2], row[3]) for row in rows}
        yield now
        if all(status in {"completed", "error"} for status, _, _ in now.values()):
            return
        time.sleep(0.1)
    raise AssertionError(f"not all rows ended within {_LONGEST_SECONDS} s: {now}")


@contextmanager
def _looking_on(outside: StackInfo) -> Iterator[dict[str, list[State]]]:
    """Note every state of every row, from before the first is queued, ten times a second and more."""
    seen: dict[str, list[State]] = {}
    ended = threading.Event()

    def look() -> None:
        with psycopg.connect(outside.database_url, autocommit=True) as connection:
            last_round = False
            while not last_round:
                last_round = ended.wait(0.05)
                for job_id, *state in connection.execute(
                    "select job_id::text, status, progress_stage, progress_percent from public.jobs"
                ):
                    states = seen.setdefault(job_id, [])
                    if not states or states[-1] != tuple(state):
                        states.append((state[0], state[1], state[2]))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _results(tables: Tables, job_id: str) -> tuple[Any, Any]:
    transcripts = tables.execute("select transcript from public.transcripts where job_id = %s", (job_id,)).fetchall()
    sops = tables.execute("select data, user_id::text from public.sops where job_id = %s", (job_id,)).fetchall()
    assert len(transcripts) == 1, "one transcript, not more and not less"
    assert len(sops) == 1, "one SOP, not more and not less"
    return transcripts[0][0], sops[0]


def _timeless(sop: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is made anew for each run."""
    meta = {key: value for key, value in sop["meta"].items() if key not in {"id", "created"}}
    return {**sop, "meta": meta}


def test_five_rows_of_three_users_one_of_them_bad(
    *,
    release: Installation,
    outside: StackInfo,
    inside: ClusterObjects,
    tables: Tables,
    submit: Callable[..., str],
    not_a_video: Path,
    model: GeminiControl,
) -> None:
    users = [str(uuid4()) for _ in range(3)]
    for user in users:
        create_user(outside, user)
    owners = [users[0], users[0], users[1], users[2]]
    with _looking_on(outside) as seen:
        good = [submit(RECORDING, user) for user in owners]
        bad = submit(not_a_video, users[1])
        for _ in _watch(tables, [*good, bad]):
            pass

    attempts = {job_id: _attempts(release, job_id) for job_id in good}
    for job_id, owner in zip(good, owners, strict=True):
        assert seen[job_id][-1] == ("completed", "completed", 100)
        _check_contract(seen[job_id], attempts=attempts[job_id])
        transcript, (sop, user) = _results(tables, job_id)
        assert user == owner
        assert [parse_item(item) for item in transcript]
        assert graph_faults(Sop.model_validate(sop)) == []
    error = tables.execute("select status, error from public.jobs where job_id = %s", (bad,)).fetchone()
    assert error is not None
    assert error[0] == "error"
    assert "not a video" in error[1], error[1]

    assert any(call.faults for call in model.calls()), "the model made faults"
    _check_cluster(release, inside, good, bad)
    _check_costs(release, model, good)
    eventually(lambda: model.files() == [], "no file is left at Gemini")


def _attempts(release: Installation, job_id: str) -> int:
    """Return how many attempts a video took: a model that is unruly may need a second one."""
    return int(release.json("get", "videojob", f"vj-{job_id}")["status"]["attempts"])


def _check_costs(release: Installation, model: GeminiControl, good: list[str]) -> None:
    """The tokens of every complete answer are counted, and those that an incomplete answer reported."""
    counted = sum(release.json("get", "videojob", f"vj-{job_id}")["status"]["usage"]["totalTokens"] for job_id in good)
    calls = [call for call in model.calls() if call.finish_reason == "STOP" and not call.client_gone]
    assert calls
    assert counted >= sum(call.prompt_tokens + call.output_tokens + call.thoughts_tokens for call in calls)


@pytest.mark.usefixtures("model_without_faults")  # two runs are compared word by word
def test_the_same_recording_gives_the_same_results_with_and_without_a_cluster(
    release: Installation, outside: StackInfo, tables: Tables, runops: Any, ended: Any
) -> None:
    user = str(uuid4())
    create_user(outside, user)
    job_id = _submitted(runops, RECORDING, user)
    assert ended(job_id) == {job_id: "completed"}
    _check_same_without_cluster(release, tables, runops, job_id)


def _check_contract(states: list[State], *, attempts: int) -> None:
    """`status`, `progress_stage` and `progress_percent` move as the app's contract says.

    A row ends once. Stage and percentage begin again with a further attempt, which a model that makes faults may need.
    """
    statuses = [status for status, _, _ in states]
    assert statuses == sorted(statuses, key=["queued", "processing", "completed"].index)
    if attempts > 1:
        return
    stages = [Stage(stage) for _, stage, _ in states if stage]
    assert stages == sorted(stages, key=list(Stage).index)
    assert {Stage.PREPARING_VIDEO, Stage.COMPLETED} <= set(stages)
    percents = [percent for _, _, percent in states if percent is not None]
    assert percents == sorted(percents)
    for _, stage, percent in states:
        assert stage is None or percent in _ALLOWED[Stage(stage)], (stage, percent)


def _check_cluster(release: Installation, inside: ClusterObjects, good: list[str], bad: str) -> None:
    def phases() -> set[str]:
        return {videojob.get("status", {}).get("phase", "") for videojob in inside("videojobs")}

    eventually(lambda: phases() <= {"Succeeded", "Failed"}, "every VideoJob has ended")
    table = [line.split() for line in release.kubectl("get", "videojobs").splitlines()]
    assert table[0] == ["NAME", "PHASE", "STAGE", "PROGRESS", "ATTEMPTS", "ENDS", "AGE"]
    rows = {row[0].removeprefix("vj-"): row for row in table[1:]}
    for job_id in good:
        assert rows[job_id][1:4] == ["Succeeded", "completed", "100%"]
    assert rows[bad][1] == "Failed"
    wide = release.kubectl("get", "videojobs", "-o", "wide").splitlines()
    assert wide[0].split()[7:] == ["USER", "MODEL", "TOKENS", "REASON", "POSITION", "NODE"]
    failed = release.json("get", "videojob", f"vj-{bad}")["status"]
    assert failed["reason"] == "NotAVideo"
    assert {item["type"]: item["status"] for item in failed["conditions"]}["Finished"] == "True"
    done = release.json("get", "videojob", f"vj-{good[0]}")["status"]
    assert {output["name"] for output in done["outputs"]} == {"slim", "transcript", "sop", "evidence"}
    assert done["usage"]["totalTokens"] > 0
    assert {prompt["name"] for prompt in done["resolved"]["prompts"]} == {
        "transcription_prompt_v2.md",
        "sop_parser_v0.8.md",
    }
    assert done["workerPod"]["name"].startswith(f"vj-{good[0]}-"), "the VideoJob names the pod that is gone"

    def of_the_good() -> list[str]:
        found = [item for kind in ("jobs", "pods") for item in inside(kind, labels="runops.dev/job-id")]
        return [item["metadata"]["name"] for item in found if item["metadata"]["labels"]["runops.dev/job-id"] in good]

    eventually(lambda: not of_the_good(), "Jobs and pods of videos that succeeded are gone")
    # Those of videos of earlier tests that failed may still be there.
    assert f"vj-{bad}" in {job["metadata"]["name"] for job in inside("jobs")}, "its log can be read"
    assert all(job["metadata"]["ownerReferences"][0]["kind"] == "VideoJob" for job in inside("jobs")), "no orphan Job"
    # The worker has reported before its pod is gone.
    eventually(lambda: all(not job["status"].get("active") for job in inside("jobs")), "every Job has ended")


def _check_same_without_cluster(release: Installation, tables: Tables, runops: Any, finished: str) -> None:
    """The same recording through `runops work`, while no operator runs, gives the same results."""
    transcript, (sop, user) = _results(tables, finished)
    shown = runops("sop", finished)
    assert shown.returncode == 0, shown.stderr
    assert sop["meta"]["title"] in shown.stdout
    with _no_operator(release):
        again = _submitted(runops, RECORDING, user)
        worked = runops("work", "--once")
        assert worked.returncode == 0, worked.stdout + worked.stderr
    other_transcript, (other_sop, other_user) = _results(tables, again)
    claim = tables.execute("select metadata->'runops'->>'by' from public.jobs where job_id = %s", (again,)).fetchone()
    assert claim is not None
    assert claim[0].startswith("work/"), "it was `runops work` that did it"
    assert other_transcript == transcript
    assert _timeless(other_sop) == _timeless(sop)
    assert other_user == user


@contextmanager
def _no_operator(release: Installation) -> Iterator[None]:
    release.kubectl("scale", "deployment/runops-operator", "--replicas=0")
    release.kubectl(
        "wait", "--for=delete", "pod", "-l", "app.kubernetes.io/component=operator", "--timeout=180s", seconds=90
    )
    try:
        yield
    finally:
        release.kubectl("scale", "deployment/runops-operator", "--replicas=1")
        release.kubectl("rollout", "status", "deployment/runops-operator", "--timeout=180s", seconds=240)


def test_deleting_the_videojob_of_a_running_video_cancels_it_and_tells_the_row(
    release: Installation, inside: ClusterObjects, tables: Tables, submit: Callable[..., str]
) -> None:
    job_id = submit()
    name = f"vj-{job_id}"

    def runs() -> bool:
        return bool((inside.named("videojobs", name) or {}).get("status", {}).get("phase") == "Running")

    eventually(runs, "the worker runs")
    release.kubectl("delete", "videojob", name)
    for now in _watch(tables, [job_id]):
        status = now[job_id][0]
    assert status == "error"
    row = tables.execute("select error from public.jobs where job_id = %s", (job_id,)).fetchone()
    assert row == ("Cancelled: the VideoJob was deleted.",)
    label = f"runops.dev/job-id={job_id}"
    eventually(lambda: inside("jobs", labels=label) == inside("pods", labels=label) == [], "no Job and no pod is left")


def test_check_finds_everything_in_its_place(release: Installation, outside: StackInfo) -> None:
    cluster = release.cluster
    environment = {
        **outside.environment(),
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{cluster.kubectl.parent}:{os.environ['PATH']}",
        "HOME": "/nowhere",
    }
    command = [
        str(Path(sys.executable).parent / "runops"),
        "check",
        "--cluster",
        "--namespace",
        release.namespace,
        "-o",
        "json",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "videojobs.runops.dev" in done.stdout
    assert outside.secret_key not in done.stdout + done.stderr
