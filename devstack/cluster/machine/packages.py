"""Installs the Debian packages that the development stack needs: the one place that does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from devstack.cluster.machine.locks import waiting_lock
from devstack.cluster.machine.places import MACHINE_LOCKS
from devstack.cluster.model import ClusterUnavailable, Progress

PACKAGES = {
    "Xvfb": "xvfb",
    "buildah": "buildah",
    "busybox": "busybox-static",
    "chromium": "chromium",
    "cni-bridge": "containernetworking-plugins",
    "containerd": "containerd",
    "ctr": "containerd",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nsenter": "util-linux",
    "openbox": "openbox",
    "runc": "runc",
    "skopeo": "skopeo",
    "unshare": "util-linux",
    "xdotool": "xdotool",
}
"""Program -> the package that brings it."""

NODE_PROGRAMS = ("containerd", "ctr", "runc", "cni-bridge", "ip", "unshare", "nsenter")
KWOK_PROGRAMS = ("ip", "unshare", "nsenter")

_NETWORK_PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
_INSTALL_DEADLINE = 900.0


def network_plugins() -> Path | None:
    """Find the folder of the CNI plugins."""
    return next((folder for folder in _NETWORK_PLUGINS if (folder / "bridge").exists()), None)


def missing_packages(programs: Iterable[str]) -> list[str]:
    """Give the packages of those programs that are not installed."""
    return sorted({PACKAGES[program] for program in programs if not _installed(program)})


def ensure_packages(programs: Iterable[str], progress: Progress) -> None:
    """Install what is missing of the programs (keys of `PACKAGES`).

    Raises
    ------
    ClusterUnavailable
        Something is missing and cannot be installed by this user or on this system.
    """
    wanted = tuple(programs)
    if not missing_packages(wanted):
        return
    names = " ".join(missing_packages(wanted))
    if os.geteuid() != 0:
        raise ClusterUnavailable(f"missing here: {names}; as root `apt-get install {names}` brings them")
    if shutil.which("apt-get") is None:
        raise ClusterUnavailable(f"missing here: {names}; install them with this system's package manager")
    with waiting_lock(
        MACHINE_LOCKS / "apt.lock", deadline=_INSTALL_DEADLINE, waiting_for="installing packages", progress=progress
    ):
        missing = missing_packages(wanted)
        if missing:
            _install(missing, progress)
    still = missing_packages(wanted)
    if still:
        raise ClusterUnavailable(f"apt-get installed {' '.join(still)}, but the programs are not on PATH")


def _installed(program: str) -> bool:
    if program == "cni-bridge":
        return network_plugins() is not None
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _install(names: list[str], progress: Progress) -> None:
    progress(f"installing Debian packages: {' '.join(names)}")
    install = ["install", "--yes", "--no-install-recommends", *names]
    if _apt(install).returncode == 0:
        return
    progress("refreshing the package lists first")
    _apt(["update"])
    again = _apt(install)
    if again.returncode != 0:
        said = " ".join(line for line in again.stderr.splitlines() if line.startswith("E:"))
        raise ClusterUnavailable(f"`apt-get install {' '.join(names)}` failed: {said or again.stderr[-300:]}")


def _apt(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_INSTALL_DEADLINE,
        check=False,
    )
