"""A release of the chart on a real cluster, with a stack of its own that pods can reach."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.cluster import ClusterInfo
from devstack.installation import Installation, install
from devstack.stack import StackInfo, running_stack

Runops = Callable[..., "subprocess.CompletedProcess[str]"]

_VALUES = {"poll": {"idleSeconds": 1}, "maxConcurrent": 3, "admissionPolicy": {"enabled": True}}


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    with running_stack(tmp_path_factory.mktemp("outside") / "stack", listen="0.0.0.0") as info:
        yield info


@pytest.fixture(scope="session")
def release(cluster: ClusterInfo, outside: StackInfo) -> Iterator[Installation]:
    installation = install(cluster, outside, namespace="e2e", values=_VALUES)
    yield installation
    installation.uninstall()


@pytest.fixture
def tables(outside: StackInfo) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(outside.database_url, autocommit=True) as connection:
        connection.execute("truncate public.jobs, public.transcripts, public.sops, auth.users cascade")
        yield connection


@pytest.fixture
def runops(outside: StackInfo) -> Runops:
    """Runs the command line as a user would, without any cluster configured."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, **outside.environment(), "KUBECONFIG": "/nowhere"}
        program = str(Path(sys.executable).parent / "runops")
        return subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed test beside what the cluster and the operator said."""
    report = yield
    release = getattr(item, "funcargs", {}).get("release")
    if call.when == "call" and report.failed and isinstance(release, Installation):
        for words in (["get", "videojobs,jobs,pods", "-o", "wide"], ["logs", "deployment/runops-operator"]):
            report.sections.append((f"kubectl {' '.join(words)}", release.kubectl(*words)))
    return report
