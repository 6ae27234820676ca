"""Which kind of cluster this machine can have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack.cluster.machine.places import NAMESPACES
from devstack.cluster.machine.remains import may_make_cgroups
from devstack.cluster.model import ClusterUnavailable, Flavour

_DOCKER_DEADLINE = 10.0
_TRIAL_DEADLINE = 20.0


@dataclass(frozen=True)
class Machine:
    """What decides about the kind of cluster.

    Attributes
    ----------
    kubeconfig
        The value of RUNOPS_KUBECONFIG: a cluster that is there already.
    wish
        The value of RUNOPS_CLUSTER: `kind` or `node`, for machines that can have both.
    docker
        A Docker engine answers.
    linux
        The kernel is Linux.
    root
        We are root.
    namespaces
        We may make namespaces; root in an ordinary container may not.
    cgroups
        We may make control groups.
    """

    kubeconfig: str = ""
    wish: str = ""
    docker: bool = False
    linux: bool = False
    root: bool = False
    namespaces: bool = False
    cgroups: bool = False


def look_around() -> Machine:
    """Find out what this machine has."""
    kubeconfig, wish = os.environ.get("RUNOPS_KUBECONFIG", ""), os.environ.get("RUNOPS_CLUSTER", "")
    linux, root = sys.platform == "linux", os.geteuid() == 0
    return Machine(
        kubeconfig=kubeconfig,
        wish=wish,
        docker=not kubeconfig and wish != "node" and docker_answers(),
        linux=linux,
        root=root,
        namespaces=linux and root and _may_make_namespaces(),
        cgroups=linux and root and may_make_cgroups(),
    )


def choose(machine: Machine) -> Flavour:
    """Choose the kind of cluster.

    Raises
    ------
    ClusterUnavailable
        This machine cannot run one; the message says how to get one.
    """
    if machine.kubeconfig:
        if not Path(machine.kubeconfig).is_file():
            raise ClusterUnavailable(
                f"RUNOPS_KUBECONFIG names {machine.kubeconfig}, which is not a file. Correct it, or unset it"
            )
        return "external"
    if machine.wish not in {"", "kind", "node"}:
        raise ClusterUnavailable(f"RUNOPS_CLUSTER is {machine.wish!r}; it can be kind, node or not set")
    if machine.docker and machine.wish != "node":
        return "kind"
    if machine.wish == "kind":
        raise ClusterUnavailable("RUNOPS_CLUSTER asks for kind, but no Docker engine answers; start one")
    if machine.linux and machine.root:
        if not machine.namespaces or not machine.cgroups:
            what = "control groups" if machine.namespaces else "namespaces"
            raise ClusterUnavailable(
                f"root may not make {what} here, as in an ordinary container: run it on the machine itself or in a "
                "privileged container, start a Docker engine, or name a cluster you have by RUNOPS_KUBECONFIG"
            )
        return "node"
    raise ClusterUnavailable(
        "a local cluster needs one of three things: a running Docker engine (it is used by itself), Linux with root "
        "(run the same command as root), or a cluster you have, named by RUNOPS_KUBECONFIG"
    )


def _may_make_namespaces() -> bool:
    try:
        trial = subprocess.run(
            ["unshare", *NAMESPACES, "--", "true"], capture_output=True, timeout=_TRIAL_DEADLINE, check=False
        )
    except FileNotFoundError:
        # It comes with a package that is installed later on.
        return True
    except subprocess.TimeoutExpired:
        return False
    return trial.returncode == 0


def docker_answers() -> bool:
    """Tell whether there is a Docker engine that this user may use."""
    if shutil.which("docker") is None:
        return False
    try:
        answer = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            timeout=_DOCKER_DEADLINE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0
