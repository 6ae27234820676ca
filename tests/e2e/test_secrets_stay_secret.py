"""A canary: every key, signed address and private text has a mark, and no mark turns up where somebody can read it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation
from devstack.stack import StackInfo
from tests.cluster_objects import ClusterObjects
from tests.e2e.pod_logs import everything_said
from tests.eventually import eventually
from tests.marks import found_in
from tests.otlp_receiver import Received
from tests.process_watch import Process, node_of, processes_seen

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow(
        "two videos on real pods, one of them through failed attempts, so that every log, process and "
        "object can be searched"
    ),
]

_SIGNED = "a-signed-url-that-opens-the-recording"
_KINDS = "videojobs,jobs,pods,events,configmaps,leases,deployments,replicasets,serviceaccounts,rolebindings"
_OURS = re.compile(r"/bin/runops-(worker|operator)(?: |$)")
_SHORTEST_TEXT = 16
"""Of a private text: shorter ones are words that anybody may use."""


@pytest.fixture(autouse=True)
def undisturbed(outside: StackInfo) -> Iterator[None]:
    yield
    for url in (outside.url, outside.gemini_url):
        faults = FaultControl(url)
        faults.clear()
        faults.close()


def test_no_key_no_signed_url_and_no_private_text_turns_up_anywhere(
    *,
    release: Installation,
    outside: StackInfo,
    tables: "psycopg.Connection[tuple[Any, ...]]",
    inside: ClusterObjects,
    submit: Callable[..., str],
    ended: Callable[..., dict[str, str]],
    collector: Received,
) -> None:
    with (
        processes_seen([node_of(release.cluster)]) as seen,
        everything_said(release.cluster, release.namespace) as logs,
    ):
        smooth = submit()
        assert ended(smooth) == {smooth: "completed"}
        _have_services_repeat_secrets(outside)
        troubled = submit()
        eventually(lambda: _went_wrong(inside, tables, troubled), "an attempt goes wrong")
        _let_services_recover(outside)
        ended(troubled)

    with GeminiControl(outside.gemini_url) as gemini:
        upload_ids = gemini.upload_ids()
    marks = {
        "the Supabase key": [outside.secret_key],
        "the Gemini key": [outside.gemini_api_key],
        "a signed address": [*upload_ids, _SIGNED],
        "a token of a service account": sorted({token for process in seen for token in process.token.split()}),
        "a transcript or a SOP": _private_texts(tables, smooth),
        "a prompt": _prompt_lines(release),
    }
    assert all(marks.values()), "each sort of secret was at hand"

    places = {
        **{f"log of {pod}": text for pod, text in logs.items()},
        **_shown(release, collector),
        "the rows": _rows(tables),
    }
    for job_id in (smooth, troubled):
        assert any(f"log of vj-{job_id}" in place for place in places), "each worker's log is among them"
    assert found_in(marks, places) == []
    _check_processes(seen, marks)


def _have_services_repeat_secrets(outside: StackInfo) -> None:
    """Let both services fail, with words that hold what must not be repeated."""
    address = f"https://storage.example.com/object/sign/raw.mp4?token={_SIGNED}"
    words = f"refused: key {outside.secret_key}, key {outside.gemini_api_key}, {address}"
    supabase, gemini = FaultControl(outside.url), FaultControl(outside.gemini_url)
    body = json.dumps({"code": "XX000", "message": words, "details": words, "hint": words})
    supabase.set(
        Fault(kind="status", status=500, path="/rest/v1/transcripts", body=body, times=4),
        Fault(kind="status", status=500, path="/storage/v1/object/info", times=2, body=json.dumps({"message": words})),
    )
    refused = json.dumps({"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": words}})
    gemini.set(Fault(kind="status", status=400, path="generateContent|streamGenerateContent", body=refused, times=None))
    for control in (supabase, gemini):
        control.close()


def _let_services_recover(outside: StackInfo) -> None:
    for url in (outside.url, outside.gemini_url):
        faults = FaultControl(url)
        faults.clear()
        faults.close()


def _went_wrong(inside: ClusterObjects, tables: "psycopg.Connection[tuple[Any, ...]]", job_id: str) -> bool:
    row = tables.execute("select status from public.jobs where job_id = %s", (job_id,)).fetchone()
    assert row != ("completed",), "the faults have to hit it"
    videojob = inside.named("videojobs", f"vj-{job_id}") or {}
    return row == ("error",) or "Trying again" in videojob.get("status", {}).get("message", "")


def _shown(release: Installation, collector: Received) -> dict[str, str]:
    """Return what the API server, the metrics and the traces show."""
    objects = release.json("get", _KINDS)["items"]
    places = {
        f"{item['kind']} {item['metadata']['name']}": json.dumps(item, ensure_ascii=False)
        for item in objects
        # The prompts have to stand there; who may read ConfigMaps may read them.
        if not (item["kind"] == "ConfigMap" and "prompt" in item["metadata"]["name"])
    }
    for pod in release.json("get", "pods", "-l", "app.kubernetes.io/component=operator")["items"]:
        address = f"http://{pod['status']['podIP']}:8080"
        for path in ("metrics", "readyz"):
            places[path] = httpx.get(f"{address}/{path}", timeout=60, trust_env=False).text
    return places | {"the traces": "\n".join(str(span) for span in collector.spans)}


def _rows(tables: "psycopg.Connection[tuple[Any, ...]]") -> str:
    return "\n".join(str(row) for row in tables.execute("select to_json(jobs)::text from public.jobs").fetchall())


def _private_texts(tables: "psycopg.Connection[tuple[Any, ...]]", job_id: str) -> list[str]:
    found = tables.execute(
        "select transcript::text from public.transcripts where job_id = %(id)s "
        "union all select data::text from public.sops where job_id = %(id)s",
        {"id": job_id},
    ).fetchall()
    return sorted({text for row in found for text in _texts(json.loads(str(row[0])))})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value) >= _SHORTEST_TEXT and " " in value:
        yield value


def _prompt_lines(release: Installation) -> list[str]:
    maps = release.json("get", "configmaps")["items"]
    texts = [text for item in maps if "prompt" in item["metadata"]["name"] for text in item["data"].values()]
    return [line.strip() for text in texts for line in text.splitlines() if len(line.strip()) > 2 * _SHORTEST_TEXT]


def _check_processes(seen: list[Process], marks: dict[str, list[str]]) -> None:
    shown = {
        f"{part} of {process.name} {process.pid}": getattr(process, part)
        for process in seen
        for part in ("arguments", "environment")
    }
    assert found_in(marks, shown) == []
    children = [process for process in seen if process.name.startswith("ffmpeg")]
    assert children, "ffmpeg was seen at work"
    assert {process.environment for process in children} == {""}
    ours = [(process, found[1]) for process in seen if (found := _OURS.search(process.arguments))]
    assert {program for _, program in ours} == {"worker", "operator"}
    for process, program in ours:
        assert process.hidden or _hides_later(process, seen), f"the {program} hides its memory"


def _hides_later(process: Process, seen: list[Process]) -> bool:
    """A program that begins has not hidden itself yet."""
    return any(other.pid == process.pid and other.hidden for other in seen)
