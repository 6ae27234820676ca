"""A real node: its pods, its API server, and what is left of it afterwards (nothing)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from devstack.cluster import ClusterInfo, ClusterUnavailable, down, load_image, processes, status
from devstack.cluster.machine.remains import CGROUPS
from devstack.cluster.node import files
from devstack.cluster.node import start_and_stop as node

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow("starts and ends whole clusters, 6 to 9 s each"),
]

Kubectl = Callable[..., str]
JobOf = Callable[[str, str], dict[str, Any]]
Eventually = Callable[..., None]
TracesOf = Callable[[ClusterInfo], "Traces"]


@pytest.fixture(scope="module")
def cluster(start: Callable[..., ClusterInfo], tiny_image: Path) -> ClusterInfo:
    started = start("node")
    load_image(started, tiny_image)
    return started


@pytest.fixture(scope="module")
def greeting_port() -> Iterator[int]:
    """A server on this machine, outside every namespace."""

    class Greeter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello from outside")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("0.0.0.0", 0), Greeter) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def run_to_completion(kubectl: Kubectl, cluster: ClusterInfo, job: dict[str, Any]) -> str:
    """Run a Job and give its pod's log."""
    name = job["metadata"]["name"]
    kubectl(cluster, "create", "-f", "-", document=job)
    kubectl(cluster, "wait", "--for=condition=Complete", f"job/{name}", "--timeout=180s")
    return kubectl(cluster, "logs", f"job/{name}")


class Traces:
    """Everything of a node that somebody outside could still see after its end."""

    def __init__(self, cluster: ClusterInfo) -> None:
        found = node.find(cluster.name)
        assert found is not None
        self.node = found
        self.first = found.first
        self._namespaces = {kind: self._namespace(found.first.pid, kind) for kind in ("pid", "mnt", "net")}
        # The kernel gives a number that is free to the next namespace of anybody: held open, it stays this node's.
        self._held = [os.open(f"/proc/{found.first.pid}/ns/{kind}", os.O_RDONLY) for kind in self._namespaces]

    def close(self) -> None:
        for handle in self._held:
            os.close(handle)

    def left(self) -> list[str]:
        link, state = self.node.addresses.link, self.node.state
        processes = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
        left = [f"process {pid}" for pid in processes if self._inside(pid)]
        left += ["keeper"] if self.node.keeper.alive() else []
        # os.walk passes over a cgroup that is removed meanwhile; Path.rglob raises.
        left += [folder for folder, _, _ in os.walk(CGROUPS) if Path(folder).name.startswith(link)]
        left += [str(path) for path in (state, Path("/sys/class/net") / link) if path.exists()]
        routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout.splitlines()
        left += [route for route in routes if link in route.split() or self.node.addresses.pod_range in route]
        left += [line for line in Path("/proc/mounts").read_text().splitlines() if str(state) in line]
        left += [str(path) for path in Path("/run/runops-operator").glob(f"{self.node.addresses.index}.lock")]
        return left

    def _inside(self, pid: int) -> bool:
        try:
            return any(self._namespace(pid, kind) == name for kind, name in self._namespaces.items())
        except OSError:
            return False

    @staticmethod
    def _namespace(pid: int, kind: str) -> str:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


@pytest.fixture
def traces_of() -> Iterator[TracesOf]:
    with ExitStack() as open_until_the_end:
        yield lambda cluster: open_until_the_end.enter_context(closing(Traces(cluster)))


def test_a_job_of_a_local_image_completes_and_its_log_can_be_read(
    cluster: ClusterInfo, kubectl: Kubectl, job_of: JobOf
) -> None:
    assert run_to_completion(kubectl, cluster, job_of("speaks", "echo $((6 * 7))")) == "42\n"


def test_a_pod_reaches_a_server_of_this_machine_and_the_api_server(
    cluster: ClusterInfo, kubectl: Kubectl, job_of: JobOf, greeting_port: int
) -> None:
    line = f"wget -q -O - http://{cluster.host_address}:{greeting_port}/; wget -O - http://10.96.0.1:443/ 2>&1; true"
    log = run_to_completion(kubectl, cluster, job_of("calls", line))
    assert log.startswith("hello from outside")
    # It wants TLS, which this wget cannot speak: the refusal shows that it was reached.
    assert "400 Bad Request" in log


def test_up_again_finds_the_cluster_that_runs(cluster: ClusterInfo, start: Callable[..., ClusterInfo]) -> None:
    before = node.find(cluster.name)
    assert start("node") == cluster == status(cluster.name)
    assert node.find(cluster.name) == before


def test_pod_security_and_admission_policies_are_enforced(
    cluster: ClusterInfo, kubectl: Kubectl, eventually: Eventually
) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}}
    kubectl(cluster, "create", "-f", "-", document=namespace)
    with pytest.raises(RuntimeError, match="violates PodSecurity"):
        kubectl(cluster, "run", "careless", "--image=any", "--namespace=strict")

    policy: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "no-secrets-of-this-name"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
                ]
            },
            "validations": [{"expression": "object.metadata.name != 'forbidden'", "message": "not this one"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "no-secrets-of-this-name"},
        "spec": {"policyName": "no-secrets-of-this-name", "validationActions": ["Deny"]},
    }
    for document in (policy, binding):
        kubectl(cluster, "create", "-f", "-", document=document)

    def denied() -> bool:
        try:
            kubectl(cluster, "create", "configmap", "forbidden", "--dry-run=server")
        except RuntimeError as refusal:
            return "not this one" in str(refusal)
        return False

    eventually(denied)


def test_a_component_that_is_killed_comes_back(cluster: ClusterInfo, kubectl: Kubectl, eventually: Eventually) -> None:
    [killed] = processes(cluster, "kube-apiserver")
    os.kill(killed, signal.SIGKILL)

    def answers() -> bool:
        try:
            return kubectl(cluster, "get", "--raw", "/readyz") == "ok"
        except RuntimeError:
            return False

    eventually(lambda: processes(cluster, "kube-apiserver") not in ([], [killed]))
    eventually(answers)


def test_two_clusters_run_side_by_side_and_down_leaves_nothing_of_one(  # noqa: PLR0917  (pytest passes fixtures by name)
    cluster: ClusterInfo,
    start: Callable[..., ClusterInfo],
    tiny_image: Path,
    kubectl: Kubectl,
    job_of: JobOf,
    greeting_port: int,
    eventually: Eventually,
    traces_of: TracesOf,
) -> None:
    second = start("second")
    load_image(second, tiny_image)

    def greeted(which: ClusterInfo) -> str:
        line = f"wget -q -O - http://{which.host_address}:{greeting_port}/"
        return run_to_completion(kubectl, which, job_of("side-by-side", line))

    assert second.host_address != cluster.host_address
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(greeted, (cluster, second))) == ["hello from outside"] * 2
    kubectl(
        second,
        "create",
        "-f",
        "-",
        document=job_of("still-running", "while true; do read -t 60 line < /dev/zero; done"),
    )
    kubectl(second, "wait", "--for=jsonpath={.status.ready}=1", "job/still-running", "--timeout=180s")
    traces = traces_of(second)
    assert len(traces.left()) > 10

    down(second.name)

    # On a busy machine a process that was killed needs a moment to be gone.
    eventually(lambda: [trace for trace in traces.left() if trace.startswith("process ")] == [])
    assert traces.left() == []
    assert status(second.name) is None
    assert status(cluster.name) == cluster


def test_killing_the_first_process_leaves_nothing(  # noqa: PLR0917  (pytest passes fixtures by name)
    start: Callable[..., ClusterInfo],
    tiny_image: Path,
    kubectl: Kubectl,
    job_of: JobOf,
    eventually: Eventually,
    traces_of: TracesOf,
) -> None:
    doomed = start("doomed")
    load_image(doomed, tiny_image)
    run_to_completion(kubectl, doomed, job_of("first", "true"))
    traces = traces_of(doomed)

    os.kill(traces.first.pid, signal.SIGKILL)

    eventually(lambda: traces.left() == [])


def test_a_cluster_starts_again_at_once_under_the_name_of_one_that_was_killed(
    start: Callable[..., ClusterInfo], kubectl: Kubectl, traces_of: TracesOf
) -> None:
    first = start("again")
    os.kill(traces_of(first).first.pid, signal.SIGKILL)

    second = start("again")

    assert kubectl(second, "get", "--raw", "/readyz") == "ok"
    traces = traces_of(second)
    down(second.name)
    assert traces.left() == []


def test_down_cleans_up_for_a_keeper_that_was_killed(
    start: Callable[..., ClusterInfo], eventually: Eventually, traces_of: TracesOf
) -> None:
    orphaned = start("orphaned")
    traces = traces_of(orphaned)
    os.kill(traces.node.keeper.pid, signal.SIGKILL)

    down(orphaned.name)

    # On a busy machine a process that was killed may take a moment to end.
    eventually(lambda: [trace for trace in traces.left() if not trace.endswith(".lock")] == [])


def test_a_cluster_of_a_process_that_is_killed_ends(
    start: Callable[..., ClusterInfo], traces_of: TracesOf, eventually: Eventually
) -> None:
    name = f"test-{os.getpid()}-bound"
    code = (
        "import time; from devstack.cluster import running_cluster\n"
        f"with running_cluster({name!r}, kwok=True, progress=lambda _: None) as cluster:\n"
        "    print(cluster.name, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        try:
            assert owner.stdout.readline().strip() == name
            traces = traces_of(start("bound", kwok=True))
        finally:
            owner.kill()

    eventually(lambda: traces.left() == [])


def test_the_failing_component_is_named_with_its_last_words(
    start: Callable[..., ClusterInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = files.node_spec

    def with_a_broken_etcd(state: Path, **rest: Any) -> dict[str, Any]:
        spec = planned(state, **rest)
        [etcd] = [component for component in spec["components"] if component["name"] == "etcd"]
        etcd["argv"] = [*etcd["argv"], "--data-dir=/dev/null/impossible"]
        return spec

    monkeypatch.setattr(files, "node_spec", with_a_broken_etcd)
    with pytest.raises(ClusterUnavailable, match=r"(?s)etcd ended with exit code 1 .*/dev/null/impossible"):
        start("broken")
