"""Karpenter's configuration: instance types to choose from, and the pool of nodes. Pure.

Fields as in Karpenter 1.14: `karpenter.sh_nodepools.yaml` and `kwok/cloudprovider/helpers.go` of its module.
"""

from dataclasses import dataclass
from typing import Any

__all__ = ["INSTANCE_TYPES", "NODE_CLASS", "NODE_POOL_LABEL", "PRICE_PER_CPU_HOUR", "InstanceType", "NodePool"]

NODE_CLASS = "default"
NODE_POOL_LABEL = "karpenter.sh/nodepool"
PRICE_PER_CPU_HOUR = 0.05
"""In dollars, about what general-purpose machines cost. It only has to be the same for all."""

_MEMORY_GIB_PER_CPU = 4
_ZONE = "zone-a"
_PODS = 110


@dataclass(frozen=True)
class InstanceType:
    """A kind of machine.

    Attributes
    ----------
    cpus
        Its memory is 4 GiB for each of them.
    disk_gib
        For pods' scratch.
    """

    cpus: int
    disk_gib: int = 100

    @property
    def name(self) -> str:
        """As the label `node.kubernetes.io/instance-type` has it."""
        return f"general-{self.cpus}"

    @property
    def dollars_per_hour(self) -> float:
        """What it costs."""
        return self.cpus * PRICE_PER_CPU_HOUR

    def as_json(self) -> dict[str, Any]:
        """Give it as the kwok provider's file of instance types has it: on demand, in one zone."""
        return {
            "name": self.name,
            "architecture": "amd64",
            "operatingSystems": ["linux"],
            "resources": {
                "cpu": str(self.cpus),
                "memory": f"{self.cpus * _MEMORY_GIB_PER_CPU}Gi",
                "ephemeral-storage": f"{self.disk_gib}Gi",
                "pods": str(_PODS),
            },
            "offerings": [
                {
                    "Price": self.dollars_per_hour,
                    "Available": True,
                    "Requirements": [
                        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
                        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [_ZONE]},
                    ],
                }
            ],
        }


INSTANCE_TYPES = (InstanceType(4), InstanceType(8), InstanceType(16))


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """A pool of nodes that only pods reach which ask for it.

    Attributes
    ----------
    name
        Its name; nodes have it as the label `karpenter.sh/nodepool`.
    consolidate_after
        How long a node is left alone after a pod came or went; Karpenter's own default is none.
    most_cpus
        Of all its nodes together; None for no limit.
    underutilized_at_once
        Share of the nodes that may be emptied at a time; those that are empty go all at once.
    """

    name: str
    consolidate_after: str = "0s"
    most_cpus: int | None = None
    underutilized_at_once: str = "10%"

    @property
    def node_selector(self) -> dict[str, str]:
        """What a pod must select to land here."""
        return {NODE_POOL_LABEL: self.name}

    @property
    def toleration(self) -> dict[str, str]:
        """What a pod must tolerate to land here."""
        return {"key": "devstack.runops.dev/pool", "operator": "Equal", "value": self.name, "effect": "NoSchedule"}

    def manifest(self) -> dict[str, Any]:
        """Give the object."""
        toleration = self.toleration
        limits = {} if self.most_cpus is None else {"limits": {"cpu": str(self.most_cpus)}}
        return {
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": {"name": self.name},
            "spec": {
                "template": {
                    "spec": {
                        "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": NODE_CLASS},
                        "requirements": [
                            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]}
                        ],
                        "taints": [{name: toleration[name] for name in ("key", "value", "effect")}],
                        "expireAfter": "Never",
                    }
                },
                "disruption": {
                    "consolidationPolicy": "WhenEmptyOrUnderutilized",
                    "consolidateAfter": self.consolidate_after,
                    "budgets": [
                        {"nodes": "100%", "reasons": ["Empty"]},
                        {"nodes": self.underutilized_at_once, "reasons": ["Underutilized", "Drifted"]},
                    ],
                },
                **limits,
            },
        }


def node_class(*, boot_seconds: int) -> dict[str, Any]:
    """Give the kwok provider's node class.

    Parameters
    ----------
    boot_seconds
        Between a node's order and its registration, as a machine has to boot.
    """
    return {
        "apiVersion": "karpenter.kwok.sh/v1alpha1",
        "kind": "KWOKNodeClass",
        "metadata": {"name": NODE_CLASS},
        "spec": {"nodeRegistrationDelay": f"{boot_seconds}s"},
    }
