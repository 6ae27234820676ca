"""`runops` in this process or in a separate one, pointed at the development stack."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from imageio_ffmpeg import get_ffmpeg_exe
from typer.testing import CliRunner, Result

from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from runops_cli.main import app

SETTINGS = ("SUPABASE", "NEXT_PUBLIC_SUPABASE", "GOOGLE", "GEMINI", "RUNOPS", "KUBECONFIG")


_PROGRAM = """
import signal
# Tests that run in the background of a shell ignore SIGINT, and a child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
from runops_cli.main import run
run()
"""


@pytest.fixture
def environment(
    stack: StackInfo,
    database: psycopg.Connection,  # noqa: ARG001 - empties the tables
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """The environment of a command, also set in this process; its directory is empty and there is no cluster."""
    for name in os.environ:
        if name.startswith(SETTINGS):
            monkeypatch.delenv(name)
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    for name in ("transcription_prompt_v2.md", "sop_parser_v0.8.md"):
        (prompts / name).write_text("Do as the schema says.\n", "utf-8")
    ours = {
        **stack.environment(),
        "RUNOPS_PROMPTS_DIR": str(prompts),
        "KUBECONFIG": str(tmp_path / "no-kubeconfig"),
        "COLUMNS": "80",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with GeminiControl(stack.gemini_url) as gemini:
        gemini.reset()
    return dict(os.environ)


@pytest.fixture
def gemini(stack: StackInfo) -> Iterator[GeminiControl]:
    """Control of the Gemini stand-in, which behaves as usual again after the test."""
    with GeminiControl(stack.gemini_url) as control:
        yield control
        control.reset()


@pytest.fixture
def runops(environment: dict[str, str]) -> Callable[..., Result]:
    """Run a command in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)

    return run


@pytest.fixture
def started(environment: dict[str, str]) -> Callable[..., AbstractContextManager[subprocess.Popen[str]]]:
    """Start a command as a separate process; it ends with the `with` block."""

    @contextmanager
    def start(*arguments: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    return start


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of moving picture with a tone."""
    path = tmp_path_factory.mktemp("recording") / "recording.mp4"
    sources = ["-f", "lavfi", "-i", "testsrc=d=3:s=320x240:r=10", "-f", "lavfi", "-i", "sine=d=3"]
    subprocess.run(
        [get_ffmpeg_exe(), "-loglevel", "error", *sources, "-c:v", "libx264", "-c:a", "aac", str(path)],
        check=True,
        timeout=240,
    )
    return path


@pytest.fixture
def installed() -> Callable[..., dict[str, Any]]:
    """Return the ConfigMap of a release with this section `cost` of its configuration."""

    def config(cost: dict[str, Any] | None, *, release: str = "runops", **settings: str) -> dict[str, Any]:
        content = yaml.dump(
            {"cost": cost, "leaderElection": {"lease": "runops-operator"}, "release": release, **settings}
        )
        labels = {"app.kubernetes.io/instance": release}
        return {"metadata": {"name": f"{release}-operator", "labels": labels}, "data": {"operator.yaml": content}}

    return config


@pytest.fixture
def kubectl_answers(tmp_path: Path, environment: dict[str, str]) -> Callable[[dict[str, str]], None]:
    """Put a kubectl on PATH that answers like a cluster with VideoJobs, and with these answers by what it is asked."""

    def install(answers: dict[str, str]) -> None:
        kubectl = tmp_path / "bin" / "kubectl"
        kubectl.parent.mkdir()
        lines = ["#!/bin/sh", 'case "$*" in', "*current-context*) echo here;;"]
        lines += ["*api-resources*) echo videojobs.runops.dev;;", "*can-i*) echo yes;;"]
        for number, (asked, answer) in enumerate(answers.items()):
            (tmp_path / f"answer-{number}").write_text(answer, "utf-8")
            lines.append(f'*"{asked}"*) cat {tmp_path}/answer-{number};;')
        kubectl.write_text("\n".join([*lines, '*) echo "asked for $*" >&2; exit 1;;', "esac"]) + "\n", "utf-8")
        kubectl.chmod(0o755)
        environment["PATH"] = f"{kubectl.parent}:{environment['PATH']}"

    return install
