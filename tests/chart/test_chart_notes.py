from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def test_notes_say_how_the_definition_is_removed(helm: Callable[..., Any], chart: Path) -> None:
    assert "kubectl delete customresourcedefinition videojobs.runops.dev" in _notes(helm, chart)
    assert "deletes every VideoJob" in _notes(helm, chart, "--set", "crds.keep=false")


def test_example_is_a_videojob(chart: Path) -> None:
    example = yaml.safe_load((chart / "examples" / "videojob.yaml").read_text("utf-8"))

    job = VideoJob.model_validate(example)
    assert job.metadata["name"] == f"vj-{job.spec.job_id}"
    assert set(example["spec"]) <= {field.alias for field in type(job.spec).model_fields.values()}
