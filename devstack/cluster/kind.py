"""A cluster by kind, on machines where a Docker engine answers.

kind comes from PATH, or is built from its Go module; the node image is what that kind version names.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from devstack.cluster.building import build_tools, last_lines
from devstack.cluster.locks import waiting_lock
from devstack.cluster.model import ClusterInfo, ClusterUnavailable, Progress
from devstack.cluster.places import clusters_root
from devstack.cluster.programs import program_path

_CREATE_DEADLINE = 900.0
_MARK = "made-by-kind"


def tools() -> tuple[str, ...]:
    """Give the programs that have to be built for kind here."""
    return tuple(name for name in ("kind", "kubectl") if shutil.which(name) is None)


def up(name: str, *, progress: Progress) -> ClusterInfo:
    """Create the cluster, or find the one that is there.

    Raises
    ------
    ClusterUnavailable
        kind cannot create it.
    """
    build_tools(tools(), progress)
    state = clusters_root() / name
    lock = clusters_root() / f".{name}.lock"
    with waiting_lock(lock, deadline=_CREATE_DEADLINE, waiting_for=f"starting {name}", progress=progress):
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        (state / _MARK).touch()
        if _kind_name(name) not in _kind("get", "clusters").split():
            progress(f"creating kind cluster {_kind_name(name)}")
            _kind(
                "create", "cluster", "--name", _kind_name(name), "--kubeconfig", str(_kubeconfig(name)), "--wait=180s"
            )
        elif not _kubeconfig(name).exists():
            _kind("export", "kubeconfig", "--name", _kind_name(name), "--kubeconfig", str(_kubeconfig(name)))
    return _info(name)


def made(name: str) -> bool:
    """Tell whether kind was told to create a cluster of this name here."""
    return (clusters_root() / name / _MARK).exists()


def status(name: str) -> ClusterInfo | None:
    """Find a cluster that was created here."""
    return _info(name) if _kubeconfig(name).exists() else None


def down(name: str) -> None:
    """Delete the cluster.

    Raises
    ------
    ClusterUnavailable
        kind cannot delete it.
    """
    _kind("delete", "cluster", "--name", _kind_name(name))
    shutil.rmtree(clusters_root() / name, ignore_errors=True)


def load_image(name: str, archive: Path) -> None:
    """Make the images of a docker-archive file known to the cluster's node."""
    _kind("load", "image-archive", str(archive), "--name", _kind_name(name))


def _info(name: str) -> ClusterInfo:
    on_path = shutil.which("kubectl")
    return ClusterInfo(
        name=name,
        flavour="kind",
        kubeconfig=_kubeconfig(name),
        host_address=_gateway(),
        kubectl=Path(on_path) if on_path else program_path("kubectl"),
    )


def _gateway() -> str:
    """Give this machine's address in the network that kind's nodes are in."""
    form = "{{range .IPAM.Config}}{{println .Gateway}}{{end}}"
    listing = subprocess.run(
        ["docker", "network", "inspect", "kind", "--format", form],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    for gateway in listing.stdout.split():
        if "." in gateway:
            return gateway
    raise ClusterUnavailable("Docker's network `kind` has no IPv4 gateway, so pods cannot reach this machine")


def _kubeconfig(name: str) -> Path:
    return clusters_root() / name / "kubeconfig.yaml"


def _kind_name(name: str) -> str:
    return f"runops-{name}"


def _kind(*arguments: str) -> str:
    program = shutil.which("kind") or str(program_path("kind"))
    answer = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=_CREATE_DEADLINE, check=False
    )
    if answer.returncode != 0:
        raise ClusterUnavailable(f"`kind {' '.join(arguments[:2])}` failed: {last_lines(answer.stderr.strip(), 10)}")
    return answer.stdout
