"""A stand-in for the kubelet, for many cheap workers on a real API server.

It registers a node, or serves those that an autoscaler makes, takes the pods that the scheduler binds to it and
reports their states as a kubelet does. What a pod runs is not its image but a Python coroutine of this process. It
stands for a kubelet's side of the Kubernetes API and for nothing else of it: no containers, images, volumes, probes,
limits or network, and a SIGKILL strikes where the coroutine waits, not at any instruction.
"""

from devstack.fake_kubelet.api import Api, ApiAway, ApiRefused
from devstack.fake_kubelet.kubelet import FakeKubelet
from devstack.fake_kubelet.model import Exit, Pod, Program
from devstack.fake_kubelet.node_group import FakeNodeGroup

__all__ = ["Api", "ApiAway", "ApiRefused", "Exit", "FakeKubelet", "FakeNodeGroup", "Pod", "Program"]
