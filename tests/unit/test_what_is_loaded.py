"""A pod is not slowed down, nor made larger, by libraries that it may never need."""

import subprocess
import sys

import pytest

_LOADED = "import sys; import {program}; print(*sorted(name for name in sys.argv[1:] if name in sys.modules))"


@pytest.mark.parametrize(
    ("program", "not_needed"),
    [
        ("runops_worker.main", ["kubernetes", "kopf", "realtime", "supabase", "google.genai", "opentelemetry"]),
        (
            "runops_operator.main",
            ["opentelemetry", "realtime", "supabase", "google.genai", "kubernetes.client.models.v1_pod"],
        ),
    ],
)
def test_program_starts_without_what_it_may_never_need(program: str, not_needed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(program=program), *not_needed],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []
