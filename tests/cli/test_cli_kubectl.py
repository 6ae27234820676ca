"""What `runops pause`, `resume` and `logs` do with what kubectl says; `test_cli_on_cluster` asks a real one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import Result

from runops_cli.cluster.log_line import readable
from runops_cli.cluster.pods import parse_pod

Runops = Callable[..., Result]
JOB = str(uuid4())


@pytest.fixture
def answers(tmp_path: Path, environment: dict[str, str]) -> Callable[[str], Path]:
    """Put a kubectl on PATH that does what a shell script says; gives the file with the arguments it was run with."""

    def install(script: str) -> Path:
        kubectl, log = tmp_path / "bin" / "kubectl", tmp_path / "asked"
        kubectl.parent.mkdir()
        lines = ["#!/bin/sh", f'echo "$*" >> {log}', 'case "$*" in *current-context*) echo here; exit;; esac', script]
        kubectl.write_text("\n".join(lines) + "\n", "utf-8")
        kubectl.chmod(0o755)
        environment["PATH"] = f"{kubectl.parent}:{environment['PATH']}"
        return log

    return install


def videojob(*, suspend: bool = False, finished: bool = False, message: str = "") -> str:
    conditions = [
        {"type": "Finished", "status": "True", "reason": "Done", "lastTransitionTime": "2026-11-24T12:00:00Z"}
    ]
    status = {"phase": "Failed", "conditions": conditions, "message": message} if finished else {}
    return json.dumps({"metadata": {"name": f"vj-{JOB}"}, "spec": {"suspend": suspend}, "status": status})


@pytest.mark.parametrize("command", ["pause", "resume", "logs"])
def test_without_a_cluster_the_message_says_what_to_set(runops: Runops, command: str) -> None:
    result = runops(command, JOB)
    assert result.exit_code == 2
    assert "set KUBECONFIG or name one with --context" in result.stderr


@pytest.mark.parametrize("command", ["pause", "resume", "logs"])
def test_without_kubectl_the_message_names_it(
    runops: Runops, command: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    environment["PATH"] = str(tmp_path)
    result = runops(command, JOB)
    assert result.exit_code == 2
    assert "kubectl is not installed" in result.stderr


@pytest.mark.parametrize("command", ["pause", "resume", "logs"])
def test_a_refusal_of_the_cluster_is_one_line(runops: Runops, answers: Callable[[str], Path], command: str) -> None:
    answers('echo "Error from server (Forbidden): no" >&2; exit 1')
    result = runops(command, JOB)
    assert result.exit_code == 5
    assert "kubectl failed: Error from server (Forbidden): no. Run `runops check --cluster`" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_job_that_has_ended_is_neither_paused_nor_resumed(
    runops: Runops, answers: Callable[[str], Path], command: str
) -> None:
    log = answers(f"echo '{videojob(finished=True)}'")
    result = runops(command, JOB)
    assert result.exit_code == 1
    assert f"has ended (Failed): there is nothing to {command}" in result.stderr
    assert "patch" not in log.read_text()


@pytest.mark.parametrize(("command", "suspend"), [("pause", True), ("resume", False)])
def test_a_videojob_in_the_wanted_state_is_not_patched(
    runops: Runops, answers: Callable[[str], Path], command: str, *, suspend: bool
) -> None:
    log = answers(f"echo '{videojob(suspend=suspend)}'")
    assert runops(command, JOB).exit_code == 0
    assert "patch" not in log.read_text()


def test_context_and_namespace_are_passed_on(runops: Runops, answers: Callable[[str], Path]) -> None:
    log = answers(f"echo '{videojob()}'")
    assert runops("pause", JOB, "--context", "far", "-n", "runops").exit_code == 0
    patch = log.read_text().splitlines()[-1]
    assert patch.startswith("--request-timeout=5s --context=far --namespace=runops patch videojobs.runops.dev vj-")
    assert patch.endswith('--type=merge --patch={"spec": {"suspend": true}}')


def test_without_a_pod_the_videojobs_phase_and_message_are_printed(
    runops: Runops, answers: Callable[[str], Path]
) -> None:
    answers(f"case \"$*\" in *pods*) echo '{{}}';; *) echo '{videojob(finished=True, message='No picture.')}';; esac")
    result = runops("logs", JOB)
    assert (result.exit_code, result.stdout) == (3, "")
    assert (
        "Its pod is gone, and its log with it: Jobs and pods are deleted some time after the video ended"
        in result.stderr
    )
    assert "The VideoJob is Failed: No picture." in result.stderr


def test_a_pod_that_is_deleted_while_its_log_is_read(runops: Runops, answers: Callable[[str], Path]) -> None:
    pods = json.dumps({"items": [pod("one", {"running": {}})]})
    answers(
        f"case \"$*\" in *get*) echo '{pods}';; *) echo 'Error from server (NotFound): pods one' >&2; exit 1;; esac"
    )
    result = runops("logs", JOB)
    assert result.exit_code == 3
    assert "is gone, and its log with it" in result.stderr


def pod(name: str, state: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"containerStatuses": [{"name": "worker", "state": state}], **status}}


@pytest.mark.parametrize(
    ("manifest", "started", "state"),
    [
        (pod("p", {"running": {}}), True, "is running"),
        (pod("p", {"terminated": {"exitCode": 0, "reason": "Completed"}}), True, "ended with exit code 0"),
        (pod("p", {"terminated": {"exitCode": 104}}), True, "ended with exit code 104, ModelUnavailable"),
        (
            pod("p", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            True,
            "ended with exit code 137, OOMKilled",
        ),
        (
            pod("p", {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}),
            False,
            "has not started (ErrImagePull: no such image)",
        ),
        (
            {
                "metadata": {"name": "p"},
                "status": {
                    "phase": "Pending",
                    "conditions": [
                        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
                    ],
                },
            },
            False,
            "has not started (Unschedulable: no room)",
        ),
        ({"metadata": {"name": "p"}}, False, "has not started (Pending)"),
    ],
)
def test_the_state_of_a_pod_in_words(manifest: dict[str, Any], state: str, *, started: bool) -> None:
    seen = parse_pod(manifest)
    assert (seen.started, seen.state) == (started, state)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"ts": "2026-11-24T12:00:00.123+00:00", "level": "warning", "msg": "away", "job_id": "x", "tries": 2}',
            "2026-11-24 12:00:00Z  warning away  tries=2",
        ),
        (
            '{"ts": "2026-11-24T14:00:00+02:00", "level": "error", "msg": "fault", "exception": "Trace\\n  line"}',
            "2026-11-24 12:00:00Z  error   fault\n    Trace\n      line",
        ),
        ('{"msg": "bare"}', "-  -       bare"),
        ("Killed", "Killed"),
        ("[1, 2]", "[1, 2]"),
        ('{"cut": ', '{"cut": '),
    ],
)
def test_a_log_line_is_time_level_message_and_the_rest(line: str, said: str) -> None:
    assert readable(line) == said
