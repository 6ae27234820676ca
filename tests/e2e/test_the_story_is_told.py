"""What somebody who operates the cluster sees of a video: events, metrics, a trace, the sandbox of its worker."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack.operator_runs.installation import Installation
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.otlp_receiver import Received

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("a whole video on a real pod: its events, metrics and trace exist only afterwards"),
]

_STAGES = ("preparing_video", "transcribing", "parsing_sop", "finalizing")


@pytest.fixture
def video(release: Installation, submit: Callable[..., str], ended: Callable[..., dict[str, str]]) -> str:
    """Name of the VideoJob of a recording that has become a SOP."""
    job_id = submit()
    assert ended(job_id) == {job_id: "completed"}
    name = f"vj-{job_id}"
    release.kubectl("wait", "--for=condition=Finished", f"videojob/{name}", "--timeout=180s", seconds=240)
    return name


def _metrics(release: Installation) -> dict[str, float]:
    """Return what the operator's replicas expose, by series; of a replica that does not lead it is 0 or absent."""
    found: dict[str, float] = {}
    for pod in release.json("get", "pods", "-l", "app.kubernetes.io/component=operator")["items"]:
        text = httpx.get(f"http://{pod['status']['podIP']}:8080/metrics", timeout=60, trust_env=False).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                series = f"{sample.name}{dict(sorted(sample.labels.items())) or ''}"
                found[series] = max(found.get(series, 0.0), sample.value)
    return found


@pytest.mark.usefixtures("model_without_faults")  # each event comes once only where one attempt is enough
def test_events_metrics_and_a_trace_tell_of_a_video(
    release: Installation, inside: ClusterObjects, video: str, collector: Received
) -> None:
    status = release.json("get", "videojob", video)["status"]
    seconds = {stage["stage"]: stage["seconds"] for stage in status["stages"]}
    assert set(seconds) == set(_STAGES)

    _check_events(release, inside, video)
    _check_metrics(_metrics(release), status)
    _check_trace(collector, release.json("get", "videojob", video))
    assert "landlock" in status["resolved"]["sandbox"].lower(), "the kernel of this machine has it"


def _check_events(release: Installation, inside: ClusterObjects, video: str) -> None:
    def told() -> list[str]:
        about = {"kind": "VideoJob", "name": video}
        ours = [item for item in inside("events") if about.items() <= item["involvedObject"].items()]
        return [item["reason"] for item in sorted(ours, key=lambda item: item["metadata"]["creationTimestamp"])]

    eventually(lambda: "Completed" in told(), "the last event")
    reasons = told()
    assert {"Claimed", "Started", "PreparingVideo", "Transcribing", "ParsingSop", "Completed"} <= set(reasons)
    assert len(reasons) == len(set(reasons)), "each thing once"
    described = release.kubectl("describe", "videojob", video)
    lines = described[described.index("Events:") :]
    assert "Transcript and SOP are in their tables" in lines
    assert "runops-operator" in lines


def _check_metrics(metrics: dict[str, float], status: dict[str, Any]) -> None:
    usage = status["usage"]["transcribing"]
    direction = {"direction": "input", "model": usage["model"]}
    assert metrics[f"runops_model_tokens_total{direction}"] >= usage["inputTokens"] > 0
    assert metrics[f"runops_model_cost_usd_total{ {'model': usage['model']} }"] >= float(usage["costUsd"]) > 0
    assert metrics["runops_media_seconds_total"] >= status["usage"]["mediaSeconds"] > 0
    assert metrics[f"runops_videos_finished_total{ {'outcome': 'Succeeded'} }"] >= 1
    assert metrics["runops_leader"] == 1
    for stage in _STAGES:
        assert metrics[f"runops_stage_seconds_count{ {'stage': stage} }"] >= 1
    for name in ("claim_wait", "start_wait"):
        assert metrics[f"runops_{name}_seconds_count"] >= 1
    assert metrics[f"runops_video_seconds_count{ {'outcome': 'Succeeded'} }"] >= 1


def _check_trace(collector: Received, videojob: dict[str, Any]) -> None:
    trace = bytes.fromhex(videojob["metadata"]["uid"].replace("-", ""))

    def spans() -> dict[str, Any]:
        return {span.name: span for span in collector.spans if span.trace_id == trace}

    eventually(lambda: "video" in spans(), "the trace")
    found = spans()
    assert set(found) == {"video", "queued", "scheduled", *_STAGES}
    root = found.pop("video")
    for span in found.values():
        assert span.parent_span_id == root.span_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    assert found["preparing_video"].start_time_unix_nano <= found["transcribing"].start_time_unix_nano
    costs = {item.key: item.value for item in found["transcribing"].attributes}
    assert costs["gen_ai.usage.input_tokens"].int_value > 0
