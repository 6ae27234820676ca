"""Starts, finds and stops clusters, whatever their kind."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.cluster import kind
from devstack.cluster.machine.packages import NODE_PROGRAMS, ensure_packages
from devstack.cluster.machine.places import clusters_root
from devstack.cluster.model import ClusterInfo, ClusterUnavailable, Flavour, Progress
from devstack.cluster.node import start_and_stop as node
from devstack.cluster.programs import building
from devstack.cluster.programs.modules import NODE, program_path
from devstack.cluster.selection import choose, look_around
from devstack.processes.next_command import next_command
from devstack.processes.watchdog import watchdog

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def up(name: str = "dev", *, kwok: bool = False, progress: Progress = print) -> ClusterInfo:
    """Start a cluster, or find the one of this name that runs; returns when pods can be scheduled.

    Parameters
    ----------
    name
        Lower-case letters, digits and dashes.
    kwok
        Simulate nodes and pods instead of running them, for tests with many pods.
    progress
        Gets a line for every long step.

    Raises
    ------
    ClusterUnavailable
        This machine cannot run a cluster; the message says what is missing and how to get it.
    """
    _check(name)
    flavour = choose(look_around())
    if flavour == "external":
        return _external(name, progress)
    if flavour == "kind" and not kwok:
        return kind.up(name, progress=progress)
    if flavour == "kind":
        raise ClusterUnavailable("simulated nodes need Linux with root; set RUNOPS_CLUSTER=node there")
    return node.up(name, kwok=kwok, progress=progress)


def down(name: str = "dev") -> None:
    """Stop a cluster and remove everything it made; fine when there is none. Leaves an external cluster alone."""
    _check(name)
    # What was started decides, not what would be started now: settings change in between.
    if kind.made(name):
        kind.down(name)
    else:
        node.down(name)


@contextmanager
def running_cluster(name: str, *, kwok: bool = False, progress: Progress = print) -> Iterator[ClusterInfo]:
    """Give a cluster for the time of the block. It ends with this process, however that ends.

    Parameters
    ----------
    name, kwok, progress
        As for `up`.

    Raises
    ------
    ClusterUnavailable
        This machine cannot run a cluster.
    """
    code = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with watchdog([sys.executable, "-m", "devstack", "cluster", "down", "--name", name], os.environ | code):
        try:
            yield up(name, kwok=kwok, progress=progress)
        finally:
            down(name)


def status(name: str = "dev") -> ClusterInfo | None:
    """Find a running cluster.

    Raises
    ------
    ClusterUnavailable
        An external cluster is named, but what is needed to use it is missing.
    """
    _check(name)
    if os.environ.get("RUNOPS_KUBECONFIG"):
        return _external(name, lambda _line: None)
    if kind.made(name):
        return kind.status(name)
    running = node.find(name)
    return None if running is None else node.info_of(name, running)


def names() -> list[str]:
    """Give the names of all clusters that were started here and not stopped."""
    root = clusters_root()
    return sorted(folder.name for folder in root.iterdir() if folder.is_dir()) if root.exists() else []


def load_image(cluster: ClusterInfo, archive: Path) -> None:
    """Make the images of a docker-archive file known to the cluster, for pods that pull them only if missing.

    Raises
    ------
    ClusterUnavailable
        The cluster takes no images this way.
    """
    if cluster.flavour == "external":
        raise ClusterUnavailable(
            "an external cluster takes images from its registry only: push the image there and name it in the chart"
        )
    if cluster.flavour == "kind":
        kind.load_image(cluster.name, archive)
        return
    running = node.find(cluster.name)
    if running is None:
        start = next_command("cluster", "up", "--name", cluster.name)
        raise ClusterUnavailable(f"cluster {cluster.name} does not run; `{start}` starts it")
    node.load_image(running, archive)


def processes(cluster: ClusterInfo, component: str) -> list[int]:
    """Give the process ids of a component (`kube-apiserver`, `etcd`, `kubelet`, ...) of a node in namespaces.

    For tests of outages: stop one with SIGSTOP and let it go on with SIGCONT, or kill it, and it is started again
    after a second. Empty for clusters of another kind.
    """
    running = node.find(cluster.name) if cluster.flavour == "node" else None
    return [] if running is None else node.processes(running, component)


def ensure(tool: str, progress: Progress = print) -> Path:
    """Give the path of a program (kubectl, helm, kwok, ...), building it first where it is missing.

    Raises
    ------
    ClusterUnavailable
        It cannot be built here.
    ValueError
        There is no such program.
    """
    building.build_tools((tool,), progress)
    return program_path(tool)


def sources_of(tool: str) -> Path:
    """Give the folder with the sources of a program, for what is beside them: definitions of its resources.

    Raises
    ------
    ClusterUnavailable
        They cannot be downloaded or built.
    ValueError
        There is no such program.
    """
    return building.sources_of(tool)


def ensure_all(progress: Progress = print) -> None:
    """Install and build everything that `up` and a `helm install` need here; a run that was broken off goes on.

    Raises
    ------
    ClusterUnavailable
        This machine cannot run a cluster.
    """
    flavour = choose(look_around())
    if flavour == "node":
        ensure_packages(NODE_PROGRAMS, progress)
    building.build_tools(_tools(flavour), progress)


def is_built() -> bool:
    """Tell whether nothing is left to compile for a cluster and its `helm install` on this machine.

    Raises
    ------
    ClusterUnavailable
        This machine cannot run a cluster.
    """
    return building.is_built(_tools(choose(look_around())))


def _tools(flavour: Flavour) -> tuple[str, ...]:
    if flavour == "node":
        return (*NODE, "helm")
    if flavour == "kind":
        return (*kind.tools(), "helm")
    return ("helm",) if shutil.which("kubectl") else ("kubectl", "helm")


def _external(name: str, progress: Progress) -> ClusterInfo:
    address = os.environ.get("RUNOPS_HOST_ADDRESS", "")
    if not address:
        raise ClusterUnavailable(
            "RUNOPS_KUBECONFIG is set, but not RUNOPS_HOST_ADDRESS: the address of this machine that pods of that "
            "cluster can reach"
        )
    on_path = shutil.which("kubectl")
    return ClusterInfo(
        name=name,
        flavour="external",
        kubeconfig=Path(os.environ["RUNOPS_KUBECONFIG"]).resolve(),
        host_address=address,
        kubectl=Path(on_path) if on_path else ensure("kubectl", progress),
    )


def _check(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot name a cluster: lower-case letters, digits and inner dashes, at most 40")
