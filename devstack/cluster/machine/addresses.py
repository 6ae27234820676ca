"""The addresses of a node and the choice of a free index, so that several clusters run side by side."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass

from devstack.cluster.machine.locks import FileLock
from devstack.cluster.machine.places import MACHINE_LOCKS
from devstack.cluster.model import ClusterUnavailable
from devstack.processes.next_command import next_command

LARGEST_INDEX = 250
API_SERVICE = "10.96.0.1"
SERVICE_RANGE = "10.96.0.0/16"
NODE_NETWORKS = "10.88.0.0/15"
"""Holds the addresses of all clusters in namespaces: what a proxy must never be asked for."""


@dataclass(frozen=True)
class Addresses:
    """What the cluster with this index uses of the network.

    Pods reach servers of this machine at `outside` without address translation: the machine has a route to
    `pod_range` over `inside`, and the node's default route leads to `outside`.
    """

    index: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= LARGEST_INDEX:
            raise ValueError(f"a cluster's index is 1 to {LARGEST_INDEX}, not {self.index}")

    @property
    def pod_range(self) -> str:
        """The addresses of pods."""
        return f"10.88.{self.index}.0/24"

    @property
    def pod_gateway(self) -> str:
        """The bridge's address, the pods' default gateway."""
        return f"10.88.{self.index}.1"

    @property
    def pod_gateway_hardware(self) -> str:
        """The bridge's hardware address: fixed, and locally administered.

        A bridge without one takes the lowest of its ports', so it changes when a pod comes; the other pods then send
        to the old one until their neighbour entry expires, half a minute later.
        """
        return f"0a:58:0a:58:{self.index:02x}:01"

    @property
    def outside(self) -> str:
        """The address of this machine, as the node and its pods see it."""
        return f"10.89.{self.index}.1"

    @property
    def inside(self) -> str:
        """The node, as this machine sees it; the API server listens there."""
        return f"10.89.{self.index}.2"

    @property
    def link(self) -> str:
        """The name of the network interface on this machine."""
        return f"runops{self.index}"

    @property
    def cgroup(self) -> str:
        """The control group of all pods, relative to each hierarchy's root."""
        return f"/{self.link}"

    @property
    def server(self) -> str:
        """The API server's URL, good inside and outside."""
        return f"https://{self.inside}:443"


def free_indices(addresses_in_use: Collection[str]) -> list[int]:
    """Give the indices whose ranges hold none of the addresses, lowest first.

    Parameters
    ----------
    addresses_in_use
        IPv4 addresses of this machine's interfaces.
    """
    taken = set()
    for text in addresses_in_use:
        first, second, third, _ = ipaddress.IPv4Address(text).packed
        if first == 10 and second in {88, 89}:
            taken.add(third)
    return [index for index in range(1, LARGEST_INDEX + 1) if index not in taken]


def machine_addresses() -> list[str]:
    """Ask the kernel for the IPv4 addresses of this machine's interfaces."""
    listing = subprocess.run(["ip", "-json", "-4", "address"], capture_output=True, text=True, timeout=120, check=True)
    return [address["local"] for link in json.loads(listing.stdout) for address in link.get("addr_info", [])]


def take_index(*, in_use: Callable[[], Collection[str]] = machine_addresses) -> tuple[Addresses, FileLock]:
    """Take the lowest free index, with the lock that keeps it ours.

    Raises
    ------
    ClusterUnavailable
        All are taken.
    """
    for index in free_indices(in_use()):
        lock = FileLock.try_take(MACHINE_LOCKS / f"{index}.lock")
        if lock is None:
            continue
        # Another run may have come and gone between the listing and the lock, or lost its keeper and kept its link.
        if index in free_indices(in_use()):
            return Addresses(index), lock
        lock.release()
    raise ClusterUnavailable(
        f"all {LARGEST_INDEX} address ranges 10.88.N.0/24 are taken on this machine; "
        f"`{next_command('cluster', 'down', '--all')}` stops clusters that are no longer needed"
    )
