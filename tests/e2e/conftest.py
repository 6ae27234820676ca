"""A release of the chart on a real cluster, with a stack of its own that pods can reach."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from devstack.cluster import ClusterInfo
from devstack.gemini.behaviour import Behaviour, as_unruly
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation, install
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack
from runops_cli.main import app
from tests.cluster_objects import ClusterObjects
from tests.otlp_receiver import Received, receiving

Runops = Callable[..., "subprocess.CompletedProcess[str]"]
Submit = Callable[..., str]
"""Takes a recording and the id of its user, and gives the id of the job."""

_VALUES = {"poll": {"idleSeconds": 1}, "maxConcurrent": 3, "admissionPolicy": {"enabled": True}}
_LONGEST_SECONDS = 900.0
UNRULY = as_unruly(seed=19)
"""How the model behaves in all tests but those that say why they need one that makes no faults."""


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    with running_stack(tmp_path_factory.mktemp("outside") / "stack", listen="0.0.0.0") as info:
        yield info


@pytest.fixture(scope="session")
def collector(cluster: ClusterInfo) -> Iterator[Received]:
    """Takes the traces of the release."""
    with receiving("0.0.0.0", reached_as=cluster.host_address) as received:
        yield received


@pytest.fixture(scope="session")
def release(cluster: ClusterInfo, outside: StackInfo, collector: Received) -> Iterator[Installation]:
    values = {**_VALUES, "tracing": {"endpoint": collector.endpoint}}
    installation = install(cluster, outside, namespace="e2e", values=values)
    yield installation
    # At the end of the whole run: waiting would make it longer, and the cluster goes next.
    installation.uninstall(wait=False)


@pytest.fixture(scope="session")
def inside(api_server: httpx.Client, release: Installation) -> ClusterObjects:
    """Reads what is in the release's namespace."""
    return ClusterObjects(api_server, release.namespace)


@pytest.fixture(autouse=True)
def model(outside: StackInfo) -> Iterator[GeminiControl]:
    """Have the model make faults as models do, and forget the calls of earlier tests."""
    with GeminiControl(outside.gemini_url) as control:
        control.reset()
        control.behave(UNRULY)
        yield control
        control.reset()


@pytest.fixture
def model_without_faults(model: GeminiControl) -> None:
    """For a test that needs the same words twice, or exactly one attempt."""
    model.behave(Behaviour())


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
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=600, check=False
        )

    return run


@pytest.fixture
def submit(outside: StackInfo) -> Submit:
    """Submits a recording as `runops submit`, in this process: to start the command costs a second of CPU."""

    def submitted(recording: Path = RECORDING, user: str | None = None) -> str:
        arguments = ["submit", str(recording), *(["--user", user] if user else [])]
        done = CliRunner().invoke(app, arguments, env={**outside.environment(), "KUBECONFIG": "/nowhere"})
        assert done.exit_code == 0, done.output
        job_id: str = done.stdout.strip().splitlines()[-1]
        return job_id

    return submitted


@pytest.fixture
def ended(tables: "psycopg.Connection[tuple[object, ...]]") -> Callable[..., dict[str, str]]:
    """Waits until rows have ended; gives their statuses."""

    def wait(*ids: str) -> dict[str, str]:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            rows = tables.execute(
                "select job_id::text, status from public.jobs where job_id = any(%s::uuid[])", (list(ids),)
            ).fetchall()
            statuses = {str(job_id): str(status) for job_id, status in rows}
            if set(statuses.values()) <= {"completed", "error"}:
                return statuses
            time.sleep(0.2)
        raise AssertionError(f"not all rows ended within {_LONGEST_SECONDS:.0f} s: {statuses}")

    return wait


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
