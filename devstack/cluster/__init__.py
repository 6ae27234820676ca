"""A real Kubernetes on this machine: somebody's cluster, kind on Docker, or one node in Linux namespaces."""

from devstack.cluster.clusters import (
    down,
    ensure,
    ensure_all,
    is_built,
    load_image,
    names,
    processes,
    running_cluster,
    sources_of,
    status,
    up,
)
from devstack.cluster.machine.packages import ensure_packages
from devstack.cluster.model import ClusterInfo, ClusterUnavailable
from devstack.cluster.node.image_archive import write_image_archive

__all__ = [
    "ClusterInfo",
    "ClusterUnavailable",
    "down",
    "ensure",
    "ensure_all",
    "ensure_packages",
    "is_built",
    "load_image",
    "names",
    "processes",
    "running_cluster",
    "sources_of",
    "status",
    "up",
    "write_image_archive",
]
