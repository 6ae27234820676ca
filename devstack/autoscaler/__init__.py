"""Karpenter on a local cluster: it makes nodes for pods that find none, and removes those that are not needed.

Karpenter and its `kwok` provider are the released programs, and so is kwok, which keeps the nodes fresh. The machines
behind the nodes are not there: `devstack.fake_kubelet.FakeNodeGroup` runs the pods.
"""

from devstack.autoscaler.autoscaler import Autoscaler, running_autoscaler
from devstack.autoscaler.manifests import INSTANCE_TYPES, InstanceType, NodePool

__all__ = ["INSTANCE_TYPES", "Autoscaler", "InstanceType", "NodePool", "running_autoscaler"]
