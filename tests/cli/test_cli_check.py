"""`runops check` against a project that is well, and against broken ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from devstack import stack as stacks
from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo

Runops = Callable[..., Result]


def findings(result: Result) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(result.stdout)}


def problems(result: Result) -> dict[str, str]:
    return {name: f"{one['detail']} {one['remedy']}" for name, one in findings(result).items() if not one["ok"]}


def test_all_is_well(runops: Runops) -> None:
    result = runops("check")
    assert result.exit_code == 0
    assert "All is well." in result.stderr
    assert "bucket videos" in result.stdout
    assert "-> Apply the optional SQL in deploy/supabase/migrations." in result.stdout
    assert "no cluster configured; `runops work` needs none" in result.stdout


def test_no_key_is_shown(runops: Runops, stack: StackInfo) -> None:
    shown = runops("check", "-o", "json").output + runops("check").output
    assert stack.secret_key not in shown
    assert stack.gemini_api_key not in shown


def test_a_required_cluster_that_is_missing_is_a_problem(runops: Runops) -> None:
    result = runops("check", "--cluster", "-o", "json")
    assert result.exit_code == 1
    assert list(problems(result)) == ["cluster"]


def test_an_anon_key_is_refused(runops: Runops, stack: StackInfo, environment: dict[str, str]) -> None:
    environment["SUPABASE_SERVICE_ROLE_KEY"] = stack.anon_key
    result = runops("check", "-o", "json")
    assert result.exit_code == 1
    assert "anon JWT" in problems(result)["environment"]
    assert stack.anon_key not in result.output


def test_an_expired_key_is_reported_as_rejected(runops: Runops, stack: StackInfo, environment: dict[str, str]) -> None:
    environment["SUPABASE_SERVICE_ROLE_KEY"] = stacks.mint_jwt(stack, role="service_role", expires_in=-3600)
    result = runops("check", "-o", "json")
    assert result.exit_code == 1
    assert "key" in " ".join(problems(result).values())


@pytest.mark.parametrize(
    ("broken", "mended", "finding"),
    [
        ("alter table public.sops rename to sops_gone", "alter table public.sops_gone rename to sops", "table sops"),
        (
            "alter table public.sops rename column data to data_gone",
            "alter table public.sops rename column data_gone to data",
            "table sops",
        ),
    ],
    ids=["table", "column"],
)
def test_a_missing_table_or_column_is_named(
    runops: Runops, database: psycopg.Connection, broken: str, mended: str, finding: str
) -> None:
    database.execute(broken.encode())
    try:
        result = runops("check", "-o", "json")
    finally:
        database.execute(mended.encode())
    assert result.exit_code == 1
    assert finding in problems(result)
    assert "missing" in problems(result)[finding]


def test_an_address_that_does_not_answer(runops: Runops, environment: dict[str, str]) -> None:
    environment["SUPABASE_URL"] = "http://127.0.0.1:1"
    result = runops("check", "-o", "json", "--no-cluster")
    assert result.exit_code == 1
    assert "unavailable" in problems(result)["table jobs"]


def test_an_unknown_model(runops: Runops) -> None:
    result = runops("check", "-o", "json", "--sop-model", "gemini-0-nothing")
    assert result.exit_code == 1
    assert list(problems(result)) == ["model gemini-0-nothing"]


def test_a_gemini_key_that_is_rejected(runops: Runops, environment: dict[str, str]) -> None:
    environment["GOOGLE_GEMINI_API_KEY"] = "wrong-key-of-no-project"
    result = runops("check", "-o", "json")
    assert result.exit_code == 1
    assert "rejected the key" in problems(result)["model gemini-3.8-flash"]
    assert "wrong-key" not in result.output


def test_a_model_that_is_unavailable(runops: Runops, gemini_faults: FaultControl) -> None:
    gemini_faults.set(Fault(path="/models/", kind="status", status=503))
    assert "HTTP 503" in problems(runops("check", "-o", "json"))["model gemini-3.8-flash"]


def test_settings_come_from_a_file(
    runops: Runops, environment: dict[str, str], stack: StackInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in stack.environment():
        monkeypatch.delenv(name)
        del environment[name]
    assert problems(runops("check", "-o", "json"))["environment"].startswith("SUPABASE_URL and")
    text = "".join(f"{name}={value}\n" for name, value in stack.environment().items())
    (tmp_path / "project.env").write_text(text, "utf-8")
    assert runops("check", "--env-file", tmp_path / "project.env").exit_code == 0
    (tmp_path / ".env.local").write_text(text, "utf-8")
    assert runops("check").exit_code == 0


def test_a_cluster_without_videojobs(runops: Runops, tmp_path: Path, environment: dict[str, str]) -> None:
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text('#!/bin/sh\ncase "$*" in *current-context*) echo far-away;; esac\n', "utf-8")
    kubectl.chmod(0o755)
    environment["PATH"] = f"{kubectl.parent}:{environment['PATH']}"
    result = runops("check", "-o", "json")
    assert result.exit_code == 1
    assert problems(result) == {
        "VideoJob resource": "far-away has no videojobs.runops.dev. "
        "Install the chart (helm install runops-operator), or skip this check with --no-cluster."
    }
