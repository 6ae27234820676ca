"""Cancel, pause and run again, from the row's side and from the cluster's, with real pods."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation
from devstack.stack import StackInfo
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow(
        "a real pod with the whole worker for each cancel, which waits for an answer of the model until it is asked "
        "to stop"
    ),
]

Tables = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def slow_model(model: GeminiControl) -> None:
    """Have every call of the model take longer than a busy machine needs to stop a worker, which is met in the middle.

    It makes no faults: one that is tried again would end before the cancel, or count as an attempt.
    """
    model.behave(Behaviour(latency_seconds=60.0))


@pytest.fixture
def running(
    *,
    release: Installation,
    inside: ClusterObjects,
    tables: Tables,
    submit: Callable[..., str],
    model: GeminiControl,
    tmp_path: Path,
) -> Iterator["Video"]:
    video = Video(release, inside, tables, submit(), tmp_path / "worker.log")
    video.until_transcribing()
    # A worker that has not made its call yet finds out by itself that its claim is gone, and is not asked to stop.
    eventually(lambda: bool(model.calls()), "the worker waits for the model")
    yield video
    video.close()


class Video:
    """A video whose worker waits for the model just now."""

    def __init__(self, release: Installation, inside: ClusterObjects, tables: Tables, job_id: str, log: Path) -> None:
        self.release, self.inside, self.tables = release, inside, tables
        self.job_id, self.name, self._log = job_id, f"vj-{job_id}", log
        self._following: subprocess.Popen[bytes] | None = None

    def until_transcribing(self) -> None:
        eventually(lambda: self.row()[1] == "transcribing", "the worker transcribes")
        pod = self.release.kubectl("get", "pods", "-l", f"runops.dev/job-id={self.job_id}", "-o", "name").strip()
        cluster = self.release.cluster
        command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), "-n", self.release.namespace]
        with self._log.open("wb") as sink:
            self._following = subprocess.Popen([*command, "logs", "-f", pod], stdout=sink)
        # A pod that goes before kubectl follows its log takes the log with it.
        eventually(lambda: self._log.stat().st_size > 0, "kubectl follows the worker's log")

    def close(self) -> None:
        if self._following is not None:
            self._following.kill()
            self._following.wait()

    def row(self) -> tuple[Any, ...]:
        query = "select status, progress_stage, error from public.jobs where job_id = %s"
        return self.tables.execute(query, (self.job_id,)).fetchone() or (None, None, None)

    def until_asked_to_stop(self) -> None:
        eventually(lambda: _said(self._log.read_text().splitlines(), "asked to stop"), "the worker is asked to stop")

    def operator_acted(self) -> bool:
        pods = self.inside("pods", labels="app.kubernetes.io/component=operator")
        lines = [line for pod in pods for line in self.inside.log(pod["metadata"]["name"]).splitlines()]
        return _said([line for line in lines if self.job_id in line], "Kubernetes Job deleted")

    def status(self) -> dict[str, Any]:
        videojob = self.inside.named("videojobs", self.name) or {}
        found: dict[str, Any] = videojob.get("status", {})
        return found

    def is_left_in_the_cluster(self) -> bool:
        return any(self.inside(kind, labels=f"runops.dev/job-id={self.job_id}") for kind in ("jobs", "pods"))


def _said(lines: list[str], words: str) -> bool:
    return any(words in json.loads(line)["msg"] for line in lines if words in line and line.endswith("}"))


def _nothing_is_left(video: Video, outside: StackInfo) -> None:
    eventually(lambda: not video.is_left_in_the_cluster(), "no Job and no pod is left")
    with GeminiControl(outside.gemini_url) as gemini:
        eventually(lambda: gemini.files() == [], "no file is left at Gemini")


@pytest.mark.parametrize("how", ["row set to cancelled", "row deleted", "VideoJob deleted", "runops cancel"])
def test_a_cancel_reaches_the_worker_and_leaves_nothing(
    running: Video, outside: StackInfo, runops: Any, how: str
) -> None:
    if how == "row set to cancelled":
        running.tables.execute("update public.jobs set status = 'cancelled' where job_id = %s", (running.job_id,))
    elif how == "row deleted":
        running.tables.execute("delete from public.jobs where job_id = %s", (running.job_id,))
    elif how == "VideoJob deleted":
        running.release.kubectl("delete", "videojob", running.name, "--wait=false")
    else:
        done = runops("cancel", running.job_id)
        assert done.returncode == 0, done.stdout + done.stderr

    # How soon is measured by `benchmarks/cancel.py`.
    running.until_asked_to_stop()
    if how != "VideoJob deleted":
        # There Kubernetes' garbage collector may be first.
        eventually(running.operator_acted, "the operator deleted the Job")
    _nothing_is_left(running, outside)
    expected = {"row set to cancelled": "cancelled", "row deleted": None}.get(how, "error")
    eventually(lambda: running.row()[0] == expected, f"the row's status is {expected}")
    if how == "VideoJob deleted":
        assert running.row()[2] == "Cancelled: the VideoJob was deleted."
    else:
        eventually(lambda: running.status().get("phase") == "Failed", "the VideoJob has ended, too")
        assert running.status()["reason"] == "ClaimLost"
    results = running.tables.execute("select count(*) from public.transcripts where job_id = %s", (running.job_id,))
    assert results.fetchone() == (0,)
    if how == "row deleted":
        assert _objects(outside, running.job_id) == [f"raw/{running.job_id}.mp4"], "only the recording stays"


def test_a_paused_video_gives_its_place_up_and_goes_on_later(running: Video, model: GeminiControl) -> None:
    running.release.kubectl("patch", "videojob", running.name, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    running.until_asked_to_stop()
    eventually(lambda: running.status().get("phase") == "Suspended", "it is suspended")
    assert running.row()[0] == "processing", "the row is kept"
    model.behave(Behaviour())
    running.release.kubectl("patch", "videojob", running.name, "--type=merge", "-p", '{"spec":{"suspend":false}}')
    eventually(lambda: running.row()[0] == "completed", "it goes on and is completed")
    _check_once(running)
    assert running.status()["attempts"] == 1, "a pause is no attempt"


def test_a_row_queued_again_while_it_is_worked_on_runs_again_and_ends_once(
    running: Video, model: GeminiControl
) -> None:
    query = "select metadata->'runops'->>'claim' from public.jobs where job_id = %s"
    before = running.tables.execute(query, (running.job_id,)).fetchone()
    running.tables.execute("update public.jobs set status = 'queued' where job_id = %s", (running.job_id,))
    running.until_asked_to_stop()
    model.behave(Behaviour())
    eventually(lambda: running.row()[0] == "completed", "it runs again and is completed")
    after = running.tables.execute(query, (running.job_id,)).fetchone()
    assert before is not None
    assert after is not None
    assert before[0].partition("/")[0] != after[0].partition("/")[0], "under another claim"
    _check_once(running)


def test_answers_and_edits_are_in_the_sop_that_a_pod_makes_again(
    running: Video, model: GeminiControl, runops: Any
) -> None:
    eventually(lambda: running.row()[0] == "completed", "the video is done")
    model.behave(Behaviour())
    read = "select data from public.sops where job_id = %s"
    (sop,) = running.tables.execute(read, (running.job_id,)).fetchone() or ({},)
    public = sop["public"]
    next(node for node in public["nodes"] if node["type"] == "end")["label"] = "Mine"
    public["clarification_requests"] = [{"id": "q1", "question": "Who is told?", "importance": "high"}]
    running.tables.execute("update public.sops set data = %s where job_id = %s", (json.dumps(sop), running.job_id))
    transcribed = [call.kind for call in model.calls()].count("transcribe")
    done = runops("answer", running.job_id, "--answer", "q1=Tell the team lead.")
    assert done.returncode == 0, done.stderr

    def is_there() -> bool:
        (now,) = running.tables.execute(read, (running.job_id,)).fetchone() or ({},)
        return "Tell the team lead." in [node["label"] for node in now["public"]["nodes"]]

    eventually(is_there, "the SOP has the answer")
    eventually(lambda: running.row()[0] == "completed", "the row is completed again")
    (after,) = running.tables.execute(read, (running.job_id,)).fetchone() or ({},)
    assert next(node for node in after["public"]["nodes"] if node["type"] == "end")["label"] == "Mine"
    assert [call.kind for call in model.calls()].count("transcribe") == transcribed, "nothing is transcribed again"
    eventually(lambda: running.status().get("phase") == "Succeeded", "the VideoJob has ended")
    assert running.status()["quality"]["sop"]["edits"] == "kept"
    _check_once(running)


def _check_once(video: Video) -> None:
    for table in ("transcripts", "sops"):
        found = video.tables.execute(
            f"select count(*) from public.{table} where job_id = %s",  # noqa: S608 - our own names
            (video.job_id,),
        )
        assert found.fetchone() == (1,), table


def _objects(outside: StackInfo, job_id: str) -> list[str]:
    headers = {"apikey": outside.secret_key, "Authorization": f"Bearer {outside.secret_key}"}
    found = []
    for folder in ("raw", "slim", "transcripts", "sops"):
        body = {"prefix": folder, "limit": 100, "offset": 0, "search": job_id}
        listed = httpx.post(f"{outside.url}/storage/v1/object/list/videos", json=body, headers=headers, timeout=60)
        found += [f"{folder}/{item['name']}" for item in listed.raise_for_status().json()]
    return found


def test_a_video_whose_prompts_were_deleted_before_another_attempt_ends_at_once_and_says_so(running: Video) -> None:
    running.release.kubectl("annotate", "videojob", running.name, "runops.dev/prompts=deleted-prompts", "--overwrite")
    running.release.kubectl("delete", "pods", "-l", f"runops.dev/job-id={running.job_id}", "--wait=false")

    eventually(lambda: running.row()[0] == "error", "the row ends, long before a wait for a pod would")
    assert "The prompts of this video are gone: the ConfigMap deleted-prompts" in running.row()[2]
    eventually(lambda: running.status().get("phase") == "Failed", "the VideoJob ends, too")
    assert "PromptMissing" in running.release.kubectl("get", "videojob", running.name, "-o", "json")
