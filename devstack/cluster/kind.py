"""A cluster by kind, on machines where a Docker engine answers. pytest-kind creates and deletes it.

kind comes from PATH, or is built from its Go module; the node image is what that kind version names.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from devstack.cluster.machine.locks import waiting_lock
from devstack.cluster.machine.places import clusters_root
from devstack.cluster.model import ClusterInfo, ClusterUnavailable, Progress
from devstack.cluster.programs.building import build_tools, last_lines
from devstack.cluster.programs.modules import program_path

if TYPE_CHECKING:
    from pytest_kind import KindCluster

_CREATE_DEADLINE = 900.0
_READY_SECONDS = 180
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
        elif not _kubeconfig(name).exists():
            _kind("export", "kubeconfig", "--name", _kind_name(name), "--kubeconfig", str(_kubeconfig(name)))
        _in_time(_cluster(name).create, what="creating")
        _wait_until_ready(name)
    return _info(name)


def made(name: str) -> bool:
    """Whether kind was asked to create a cluster of this name here."""
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
    _in_time(_cluster(name).delete, what="deleting")
    shutil.rmtree(clusters_root() / name, ignore_errors=True)


def load_image(name: str, archive: Path) -> None:
    """Make the images of a docker-archive file known to the cluster's node."""
    _kind("load", "image-archive", str(archive), "--name", _kind_name(name))


def _info(name: str) -> ClusterInfo:
    return ClusterInfo(
        name=name,
        flavour="kind",
        kubeconfig=_kubeconfig(name),
        host_address=_gateway(),
        kubectl=_program("kubectl"),
    )


def _cluster(name: str) -> KindCluster:
    # It brings pykube and requests, which nobody without Docker needs.
    from pytest_kind import KindCluster  # noqa: PLC0415 - see above

    return KindCluster(
        _kind_name(name), _kubeconfig(name), kind_path=_program("kind"), kubectl_path=_program("kubectl")
    )


def _in_time(call: Callable[[], None], *, what: str) -> None:
    """Call pytest-kind, which knows no deadline.

    Raises
    ------
    ClusterUnavailable
        It failed or took too long.
    """
    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - of kind, pykube or the file system
            errors.append(error)

    thread = Thread(target=run, name=f"{what} a kind cluster", daemon=True)
    thread.start()
    thread.join(_CREATE_DEADLINE)
    if thread.is_alive():
        raise ClusterUnavailable(f"{what} the kind cluster took more than {_CREATE_DEADLINE:.0f} s")
    if errors:
        raise ClusterUnavailable(f"{what} the kind cluster failed: {errors[0]}") from errors[0]


def _wait_until_ready(name: str) -> None:
    waited = subprocess.run(
        [
            str(_program("kubectl")),
            *("--kubeconfig", str(_kubeconfig(name))),
            *("wait", "--for=condition=Ready", "node", "--all", f"--timeout={_READY_SECONDS}s"),
        ],
        capture_output=True,
        text=True,
        timeout=_READY_SECONDS + 30,
        check=False,
    )
    if waited.returncode != 0:
        raise ClusterUnavailable(f"the kind cluster's node is not ready: {last_lines(waited.stderr.strip(), 3)}")


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


def _program(name: str) -> Path:
    on_path = shutil.which(name)
    return Path(on_path) if on_path else program_path(name)


def _kind(*arguments: str) -> str:
    program = str(_program("kind"))
    answer = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=_CREATE_DEADLINE, check=False
    )
    if answer.returncode != 0:
        raise ClusterUnavailable(f"`kind {' '.join(arguments[:2])}` failed: {last_lines(answer.stderr.strip(), 10)}")
    return answer.stdout
