from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from runops.videojob import VideoJob


def _notes(helm: Callable[..., Any], chart: Path, *arguments: str) -> str:
    done = helm("install", "runops-operator", str(chart), "--namespace", "videos-ns", "--dry-run=client", *arguments)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.partition("NOTES:\n")[2])


def test_notes_give_the_line_that_makes_the_missing_secret(helm: Callable[..., Any], chart: Path) -> None:
    notes = _notes(helm, chart)

    assert "WARNING: existingSecret is empty" in notes
    assert "kubectl create secret generic runops-operator-keys --namespace videos-ns" in notes
    for name in ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "GOOGLE_GEMINI_API_KEY"):
        assert name in notes


def test_notes_do_not_warn_where_a_secret_is_named(helm: Callable[..., Any], chart: Path) -> None:
    assert "WARNING" not in _notes(helm, chart, "--set", "existingSecret=keys")


def test_videojob_of_the_notes_can_be_pasted(helm: Callable[..., Any], chart: Path) -> None:
    text = _notes(helm, chart).partition("<<EOF\n")[2].partition("  EOF")[0]

    job = VideoJob.model_validate(yaml.safe_load(text))
    assert job.metadata["name"] == f"vj-{job.spec.job_id}"
    assert job.spec.user_id, "without it a row that has a user is refused"


def test_notes_say_how_the_definition_is_removed(helm: Callable[..., Any], chart: Path) -> None:
    assert "kubectl delete customresourcedefinition videojobs.runops.dev" in _notes(helm, chart)
    namespaced = _notes(helm, chart, "--set", "namespaced=true")
    assert "kubectl delete videojobs --all --namespace videos-ns" in namespaced
    assert "customresourcedefinition" not in namespaced
    assert "deletes every VideoJob" in _notes(helm, chart, "--set", "crds.keep=false")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("replicas=1", "WARNING: replicas is 1"),
        ("replicas=0", "WARNING: replicas is 0"),
        ("crds.keep=false", "WARNING: crds.keep is false"),
        ("crds.enabled=false", "crds.enabled is false: the definition of VideoJob must already be in the cluster"),
        ("namespaced=true", "namespaced is true: the definition of VideoJob must already be in the cluster"),
        ("namespaced=true,admissionPolicy.enabled=true", "WARNING: admissionPolicy.enabled has no effect"),
        ("metrics.serviceMonitor.enabled=true", "WARNING: metrics.serviceMonitor is enabled but was left out"),
        ("metrics.podMonitor.enabled=true", "WARNING: metrics.podMonitor is enabled but was left out"),
        ("metrics.prometheusRule.enabled=true", "WARNING: metrics.prometheusRule is enabled but was left out"),
        ("networkPolicy.enabled=false", "NOTE: networkPolicy.enabled is false"),
        ("networkPolicy.enabled=true,networkPolicy.except={10.0.0.0/8}", "WARNING: networkPolicy.except has no effect"),
        ("networkPolicy.enabled=true,tracing.endpoint=http://otel:4318", "needs a rule in networkPolicy.extraEgress"),
    ],
)
def test_notes_say_what_to_think_of(settings: str, expected: str, helm: Callable[..., Any], chart: Path) -> None:
    assert expected in _notes(helm, chart, "--set", settings)
    # Where nothing of it is set, nothing of it is said.
    quiet = _notes(
        *(helm, chart, "--set", "existingSecret=keys,networkPolicy.enabled=true"),
        *("--set", "networkPolicy.apiServer.cidrs={10.96.0.1/32},networkPolicy.except={10.0.0.0/8}"),
    )
    assert expected not in quiet


def test_notes_do_not_grow_gaps(helm: Callable[..., Any], chart: Path) -> None:
    assert "\n\n\n" not in _notes(helm, chart, "--set", "replicas=1,metrics.serviceMonitor.enabled=true")


def test_example_is_a_videojob(chart: Path) -> None:
    example = yaml.safe_load((chart / "examples" / "videojob.yaml").read_text("utf-8"))

    job = VideoJob.model_validate(example)
    assert job.metadata["name"] == f"vj-{job.spec.job_id}"
    assert job.spec.user_id, "without it a row that has a user is refused"
    assert set(example["spec"]) <= {field.alias for field in type(job.spec).model_fields.values()}
