"""What a local cluster is to those who use one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Flavour = Literal["external", "kind", "node"]
"""Somebody else's cluster, kind on Docker, or one node in Linux namespaces of this machine."""

Progress = Callable[[str], None]
"""Takes one line for a person about what is going on."""


class ClusterUnavailable(Exception):  # noqa: N818  (it is a state of the machine, not a bug)
    """A cluster cannot run on this machine; the message says in one sentence what is missing and how to get it."""


@dataclass(frozen=True)
class ClusterInfo:
    """A running cluster.

    Attributes
    ----------
    name
        The name it was started under; several can run side by side.
    flavour
        Where it comes from.
    kubeconfig
        A file that gives full rights from anywhere on this machine.
    host_address
        The address under which pods reach servers that listen on 0.0.0.0 on this machine.
    kubectl
        A kubectl of a version that fits.
    """

    name: str
    flavour: Flavour
    kubeconfig: Path
    host_address: str
    kubectl: Path
