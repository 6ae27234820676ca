"""One Kubernetes node in Linux namespaces of this machine: started, watched and removed from the outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devstack.cluster.configuration.config_files import CONTAINERD_SOCKET
from devstack.cluster.machine.addresses import Addresses, take_index
from devstack.cluster.machine.locks import FileLock, waiting_lock
from devstack.cluster.machine.packages import KWOK_PROGRAMS, NODE_PROGRAMS, ensure_packages
from devstack.cluster.machine.places import clusters_root
from devstack.cluster.machine.remains import (
    ProcessId,
    children_of,
    remove_cgroups,
    remove_folder,
    remove_link,
    wait_until,
)
from devstack.cluster.model import ClusterInfo, ClusterUnavailable, Progress
from devstack.cluster.node.apiserver import ApiServer, node_ready, simulated_node
from devstack.cluster.node.files import node_name, write_node_files
from devstack.cluster.node.reports import KeeperReports, fail
from devstack.cluster.programs.building import build_tools, last_lines
from devstack.cluster.programs.modules import KWOK, NODE, program_path
from devstack.processes.next_command import next_command

_START_DEADLINE = 240.0
_NAME_DEADLINE = 3600.0
_LOAD_DEADLINE = 600.0
_PAUSE = 0.1
_SIMULATED_NODES = 4
_LOG_TAIL = 15


@dataclass(frozen=True)
class RunningNode:
    """A node that runs.

    Attributes
    ----------
    first
        Its first process, which holds the namespaces.
    keeper
        The process outside that cleans up after it.
    kwok
        Whether its nodes are simulated.
    """

    state: Path
    addresses: Addresses
    first: ProcessId
    keeper: ProcessId
    kwok: bool


def find(name: str) -> RunningNode | None:
    """Find a running node by its cluster's name."""
    node = _record(name)
    return node if node is not None and node.first.alive() else None


def _record(name: str) -> RunningNode | None:
    """Read what a node's keeper wrote about it, whether or not it still runs."""
    state = clusters_root() / name
    try:
        spec = json.loads((state / "spec.json").read_text())
        running = json.loads((state / "running.json").read_text())
    except (OSError, ValueError):
        return None
    return RunningNode(
        state=state,
        addresses=Addresses(spec["index"]),
        first=ProcessId(**running["node"]),
        keeper=ProcessId(**running["keeper"]),
        kwok=bool(spec["kwok"]),
    )


def info_of(name: str, node: RunningNode) -> ClusterInfo:
    """Describe a running node to its users."""
    return ClusterInfo(
        name=name,
        flavour="node",
        kubeconfig=node.state / "kubeconfig.yaml",
        host_address=node.addresses.outside,
        kubectl=program_path("kubectl"),
    )


def up(name: str, *, kwok: bool, progress: Progress) -> ClusterInfo:
    """Start a node, or find the one that runs, and wait until pods can be scheduled to it.

    Raises
    ------
    ClusterUnavailable
        Something is missing here, or a component does not start: the message ends with what it logged last.
    """
    with waiting_lock(
        clusters_root() / f".{name}.lock", deadline=_NAME_DEADLINE, waiting_for=f"starting {name}", progress=progress
    ):
        running = find(name)
        if running is not None and _join(name, running, kwok=kwok):
            return info_of(name, running)
        ensure_packages(KWOK_PROGRAMS if kwok else NODE_PROGRAMS, progress)
        build_tools(KWOK if kwok else NODE, progress)
        down(name)
        started = time.monotonic()
        try:
            node = _start(name, kwok=kwok, progress=progress)
        except BaseException:
            down(name)
            raise
        progress(f"cluster {name} is ready after {time.monotonic() - started:.1f} s")
        return info_of(name, node)


def _join(name: str, running: RunningNode, *, kwok: bool) -> bool:
    """Wait for a node that somebody started; False when it ended meanwhile."""
    if running.kwok != kwok:
        raise ClusterUnavailable(
            f"cluster {name} runs with {'simulated' if running.kwok else 'real'} nodes; take another name, "
            f"or stop it first: {next_command('cluster', 'down', '--name', name)}"
        )
    try:
        _wait_ready(name, running, None)
    except ClusterUnavailable:
        if running.first.alive():
            raise
        return False
    return True


def down(name: str) -> None:
    """End a node and remove everything it made; fine when there is none.

    Raises
    ------
    TimeoutError
        Something of it cannot be removed.
    """
    state = clusters_root() / name
    node = _record(name)
    if node is not None:
        node.first.kill()
        # The keeper wakes up from that and cleans up; it must be done before the name is used again.
        wait_until(lambda: not node.keeper.alive())
    try:
        addresses = Addresses(json.loads((state / "spec.json").read_text())["index"])
    except (OSError, ValueError):
        pass
    else:
        # Only a keeper that was killed leaves these.
        remove_link(addresses.link)
        remove_cgroups(addresses.cgroup)
    remove_folder(state)


def processes(node: RunningNode, component: str) -> list[int]:
    """Give the process ids (of this machine) of a component, such as `kube-apiserver`."""
    found = []
    for pid in children_of(node.first.pid):
        with suppress(OSError):
            program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            if Path(program).name == component:
                found.append(pid)
    return found


def load_image(node: RunningNode, archive: Path) -> None:
    """Make the images of a docker-archive file known to the kubelet.

    Raises
    ------
    ClusterUnavailable
        The node simulates its pods, or containerd refuses the file.
    """
    if node.kwok:
        raise ClusterUnavailable("a cluster with simulated nodes runs no images, so it takes none")
    with archive.open("rb") as content:
        _ctr(node, "images", "import", "-", stdin=content)
    # containerd tells its Kubernetes part by an event; a pod that is faster would find no image.
    unseen = ("images", "list", "--quiet", 'labels."io.cri-containerd.image"!=managed')
    if not wait_until(lambda: not _ctr(node, *unseen).strip()):
        raise ClusterUnavailable(f"containerd took {archive.name} but does not offer it to the kubelet")


def _ctr(node: RunningNode, *arguments: str, stdin: IO[bytes] | None = None) -> str:
    inside = ("nsenter", "--target", str(node.first.pid), "--mount", "--pid", "--net", "--")
    ctr = ("ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io")
    answer = subprocess.run(
        [*inside, *ctr, *arguments],
        stdin=stdin if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        timeout=_LOAD_DEADLINE,
        check=False,
    )
    if answer.returncode != 0:
        said = answer.stderr.decode(errors="replace").strip()[-500:]
        raise ClusterUnavailable(f"containerd refused `ctr {' '.join(arguments[:2])}`: {said}")
    return answer.stdout.decode(errors="replace")


def _start(name: str, *, kwok: bool, progress: Progress) -> RunningNode:
    addresses, lock = take_index()
    state = clusters_root() / name
    try:
        write_node_files(state, name=name, addresses=addresses, kwok=kwok)
        progress(f"starting cluster {name}: etcd, API server, {'kwok' if kwok else 'containerd, kubelet'}")
        keeper = _start_keeper(state, lock)
    except BaseException:
        lock.release()
        raise
    lock.hand_over()
    with keeper:
        assert keeper.stdout is not None
        reports = KeeperReports(keeper.stdout)
        node = _wait_started(name, reports)
        _wait_ready(name, node, reports)
    if not kwok:
        load_image(node, state / "pause.tar")
    return node


def _start_keeper(state: Path, lock: FileLock) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).parents[3])
    with (state / "logs" / "keeper.log").open("wb") as log:
        return subprocess.Popen(
            # Apart from us in every way, so that neither our end nor a Ctrl-C meant for us ends it.
            ["setsid", "--fork", sys.executable, "-m", "devstack.cluster.node.keeper", str(state)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            pass_fds=(lock.descriptor,),
            cwd="/",
            # Nothing of our environment, which may hold keys.
            env={"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "HOME": "/", "PYTHONPATH": source},
        )


def _wait_started(name: str, reports: KeeperReports) -> RunningNode:
    end = time.monotonic() + _START_DEADLINE
    while not reports.started:
        if time.monotonic() > end:
            fail("its keeper says nothing", "")
        reports.listen(_PAUSE)
    node = find(name)
    if node is None:
        # It ended between its start and now: the keeper will say why.
        reports.listen(_START_DEADLINE)
        fail("its first process ended", "")
    return node


def _wait_ready(name: str, node: RunningNode, reports: KeeperReports | None) -> None:
    """Wait until pods can be created and scheduled."""
    server = ApiServer(node.addresses.inside, node.state / "pki")
    names = [f"kwok-{number}" for number in range(_SIMULATED_NODES)] if node.kwok else [node_name(name)]
    missing = set(names) if node.kwok else set()
    end = time.monotonic() + _START_DEADLINE
    while True:
        if reports is not None:
            reports.listen(_PAUSE)
        else:
            time.sleep(_PAUSE)
        what = _not_ready(server, names, missing)
        if what is None:
            return
        if not node.first.alive() and reports is None:
            fail("its first process ended", "")
        if time.monotonic() > end:
            guilty = "kube-apiserver" if what == "API server" else ("kwok" if node.kwok else "kubelet")
            log = (node.state / "logs" / f"{guilty}.log").read_text(errors="replace")
            fail(f"{what} is not ready after {_START_DEADLINE:.0f} s", last_lines(log, _LOG_TAIL))


def _not_ready(server: ApiServer, names: list[str], missing: set[str]) -> str | None:
    """Give what still has to come; simulated nodes that are missing are created on the way."""
    if not server.ready():
        return "API server"
    for name in sorted(missing):
        if server.create("/api/v1/nodes", simulated_node(name)):
            missing.discard(name)
    for name in names:
        node = server.get(f"/api/v1/nodes/{name}")
        if node is None or not node_ready(node):
            return f"node {name}"
    if server.get("/api/v1/namespaces/default/serviceaccounts/default") is None:
        return "service account of the default namespace"
    return None
