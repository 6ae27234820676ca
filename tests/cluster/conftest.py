"""Clusters of their own for the tests of the local cluster itself: these kill what they start."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devstack.cluster import ClusterInfo, ClusterUnavailable, ensure_packages, running_cluster, up, write_image_archive
from devstack.cluster.selection import choose, look_around

TINY_IMAGE = "localhost/runops-test-tiny:1"
Kubectl = Callable[..., str]
Start = Callable[..., ClusterInfo]


@pytest.fixture(scope="module")
def _a_node_can_be_had() -> Iterator[None]:
    """The node in namespaces, even where another kind of cluster would be chosen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RUNOPS_KUBECONFIG", raising=False)
        patch.setenv("RUNOPS_CLUSTER", "node")
        try:
            choose(look_around())
        except ClusterUnavailable as missing:
            if os.environ.get("RUNOPS_REQUIRE_CLUSTER") == "1":
                raise
            pytest.skip(f"NO CLUSTER HERE: {missing}")
        yield


@pytest.fixture(scope="module")
def start(_a_node_can_be_had: None) -> Iterator[Start]:
    """Starts clusters, or finds them, that end with the module at the latest."""
    with ExitStack() as until_the_end:
        started: set[str] = set()

        def begin(name: str, *, kwok: bool = False) -> ClusterInfo:
            full = f"test-{os.getpid()}-{name}"
            if full in started:
                return up(full, kwok=kwok)
            started.add(full)
            return until_the_end.enter_context(running_cluster(full, kwok=kwok))

        yield begin


@pytest.fixture(scope="module")
def tiny_image(tmp_path_factory: pytest.TempPathFactory, _a_node_can_be_had: None) -> Path:
    """An image of nothing but a shell, made without any network."""
    ensure_packages(["busybox"], print)
    shell = next(path for path in (Path("/bin/busybox"), Path("/usr/bin/busybox")) if path.exists())
    archive = tmp_path_factory.mktemp("image") / "tiny.tar"
    files = {f"/bin/{name}": shell.read_bytes() for name in ("sh", "wget")}
    write_image_archive(archive, tag=TINY_IMAGE, files=files, entrypoint=["/bin/sh"])
    return archive


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    """Runs kubectl as anybody on this machine would, and gives what it prints."""

    def run(cluster: ClusterInfo, *arguments: str, document: dict[str, Any] | None = None) -> str:
        answer = subprocess.run(
            [cluster.kubectl, "--kubeconfig", cluster.kubeconfig, *arguments],
            input=None if document is None else json.dumps(document),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if answer.returncode != 0:
            raise RuntimeError(answer.stderr)
        return answer.stdout

    return run


@pytest.fixture(scope="session")
def job_of() -> Callable[[str, str], dict[str, Any]]:
    """Gives a Job whose one restricted pod runs a line of shell."""

    def job(name: str, line: str) -> dict[str, Any]:
        container = {
            "name": "only",
            "image": TINY_IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "args": ["-c", line],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
        }
        pod = {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name},
            "spec": {"backoffLimit": 0, "template": {"spec": pod}},
        }

    return job


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    """Waits for something to come true."""

    def wait(condition: Callable[[], object], *, within: float = 120.0) -> None:
        end = time.monotonic() + within
        while not condition():
            assert time.monotonic() < end, f"not true after {within} s"
            time.sleep(0.1)

    return wait
