"""The rendered Job against a golden file: a change in it is a change in what every cluster runs."""

from pathlib import Path
from uuid import UUID

import pytest
import yaml

from runops.job_row import Claim, JobRow
from runops.videojob import VideoJobSpec, WorkerResources
from runops_operator.config import OperatorConfig
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.build_videojob import Arrival, build_videojob
from runops_operator.manifests.observed import parse_videojob
from tests.operator.world import CONFIG

GOLDEN = Path(__file__).parent / "golden"
JOB_ID = UUID("0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10")
USER = UUID("11111111-2222-4333-8444-555555555555")

FULL = OperatorConfig.model_validate(
    {
        **CONFIG.model_dump(by_alias=True, exclude={"worker"}),
        "queueName": "videos",
        "cost": {"maxPerVideoUsd": 0.5, "requirePrices": True},
        "worker": {
            "image": "worker:1",
            "serviceAccountName": "runops-worker",
            "secretName": "runops-keys",
            "imagePullSecrets": ["registry"],
            "resources": {"requests": {"cpu": "1", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
            "nodeSelector": {"pool": "batch"},
            "tolerations": [{"key": "batch", "operator": "Exists"}],
            "priorityClassName": "batch",
            "requireLandlock": True,
            "redaction": False,
            "leaveOutIdle": True,
            "pictureResolution": "low",
            "sopLanguage": "German",
            "page": True,
            "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
        },
    }
)


def _rendered(config: OperatorConfig, **spec: object) -> str:
    claim = Claim(claim="5f6e1d1c-0000-4000-8000-000000000001", by=config.installation)
    manifest = build_videojob(JobRow(job_id=JOB_ID), claim, USER, config)
    manifest["metadata"]["uid"] = "00000000-0000-4000-8000-00000000000a"
    manifest["spec"] |= spec
    view = parse_videojob(manifest)
    assert isinstance(view.spec, VideoJobSpec)
    job = build_job(view, view.spec, claim.claim, config)
    text: str = yaml.safe_dump(job, sort_keys=False, width=120)
    return text


def test_the_plain_job_is_the_golden_one() -> None:
    assert _rendered(CONFIG) == (GOLDEN / "job-plain.yaml").read_text()


def test_the_job_with_every_setting_is_the_golden_one() -> None:
    spec = {
        "model": {"fallback": ["gemini-4-hydrogen", "gemini-3.5-flash-lite"]},
        "worker": {"resources": {"limits": {"memory": "2Gi"}}, "tolerations": [{"key": "spot", "value": "yes"}]},
    }
    assert _rendered(FULL, **spec) == (GOLDEN / "job-full.yaml").read_text()


def test_no_key_is_in_a_job() -> None:
    assert "SUPABASE_SERVICE_ROLE_KEY" not in _rendered(FULL)
    assert "GOOGLE" not in _rendered(FULL)
    assert "API_KEY" not in _rendered(FULL)


@pytest.mark.parametrize(
    ("usual", "more"), [("1Gi", "2Gi"), ("1.5Gi", "3Gi"), ("750M", "1500M"), ("536870912", "1073741824")]
)
def test_after_running_out_of_memory_there_is_twice_as_much(usual: str, more: str) -> None:
    resources = {"requests": {"memory": usual, "cpu": "1"}, "limits": {"memory": usual}}
    worker = CONFIG.worker.model_copy(update={"resources": WorkerResources.model_validate(resources)})
    config = CONFIG.model_copy(update={"worker": worker})
    manifest = build_videojob(JobRow(job_id=JOB_ID), Claim(claim="c", by="here"), USER, config)
    view = parse_videojob(manifest)
    assert view.spec is not None
    container = build_job(view, view.spec, "c", config, more_memory=True)["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {"requests": {"memory": more, "cpu": "1"}, "limits": {"memory": more}}


@pytest.mark.parametrize(
    ("source_bytes", "usual", "asked"),
    [
        (100 * 2**20, "9Gi", "612Mi"),
        (100 * 2**20 + 1, "9Gi", "613Mi"),
        (0, "9Gi", "512Mi"),
        (4 * 2**30, "9G", "4608Mi"),
        (9 * 2**30, "9Gi", "9Gi"),
        (10**15 - 1, "9Gi", "9Gi"),
        (100 * 2**20, "500M", "500M"),
        (100 * 2**20, "9663676416000m", "9663676416000m"),
    ],
)
def test_a_worker_asks_for_the_disk_its_recording_needs_and_never_for_more_than_usual(
    source_bytes: int, usual: str, asked: str
) -> None:
    resources = {"requests": {"ephemeral-storage": usual}, "limits": {"ephemeral-storage": "10Gi"}}
    assert _resources_for(source_bytes, resources) == {
        "requests": {"ephemeral-storage": asked},
        "limits": {"ephemeral-storage": "10Gi"},
    }


def test_where_the_size_is_not_known_a_worker_asks_for_the_usual_disk() -> None:
    resources = {"requests": {"ephemeral-storage": "9Gi"}}
    assert _resources_for(None, resources) == resources


def test_where_no_disk_is_asked_for_none_is_added() -> None:
    assert _resources_for(100, {"requests": {"cpu": "1"}}) == {"requests": {"cpu": "1"}}


def _resources_for(source_bytes: int | None, resources: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    worker = CONFIG.worker.model_copy(update={"resources": WorkerResources.model_validate(resources)})
    config = CONFIG.model_copy(update={"worker": worker})
    arrival = Arrival(source_bytes=source_bytes)
    manifest = build_videojob(JobRow(job_id=JOB_ID), Claim(claim="c", by="here"), USER, config, arrival=arrival)
    view = parse_videojob(manifest)
    assert view.spec is not None
    pod = build_job(view, view.spec, "c", config)["spec"]["template"]["spec"]
    asked: dict[str, dict[str, str]] = pod["containers"][0]["resources"]
    return asked
