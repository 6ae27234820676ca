"""The configuration files of containerd, its network plugins and the kubelet.

Paths in them are those inside the node's namespaces, where the state folder is `NODE`.
Sources: containerd's docs/cri/config.md, the CNI bridge plugin's reference, kubelet.config.k8s.io/v1beta1.
"""

from __future__ import annotations

import json
from typing import Any

from devstack.cluster.machine.addresses import Addresses

NODE = "/run/node"
"""Where the state folder appears inside the node."""

CACHE = "/run/cache"
"""Where the cache folder appears inside the node."""

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
PAUSE_IMAGE = "localhost/runops-pause:1"

KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet would set for the whole machine; the node shows it these values instead, so it sets nothing."""


def containerd_config(*, snapshotter: str, plugins: str) -> str:
    """Give containerd's configuration.

    Parameters
    ----------
    snapshotter
        `overlayfs`, or `native` where the state folder's file system cannot carry an overlay.
    plugins
        The folder of the network plugins.
    """
    # `restrict_oom_score_adj`: without CAP_SYS_RESOURCE (containers, sandboxes) runc could not lower the score.
    # The disabled plugins write to fixed places of the machine or need kernel features nobody uses here.
    return f"""version = 2
root = "{NODE}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    default_runtime_name = "runc"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{NODE}/cni"
"""


def network_config(addresses: Addresses) -> str:
    """Give the CNI configuration: pods on one bridge, with routes to the node and beyond, nothing translated."""
    document = {
        "cniVersion": "0.4.0",
        "name": "runops",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isDefaultGateway": True,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni",
                    "ranges": [[{"subnet": addresses.pod_range, "gateway": addresses.pod_gateway}]],
                },
            },
            {"type": "loopback"},
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def kubelet_config(addresses: Addresses) -> str:
    """Give the kubelet's configuration."""
    document: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{NODE}/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{NODE}/pki/kubelet-serving.crt",
        "tlsPrivateKeyFile": f"{NODE}/pki/kubelet-serving.key",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": addresses.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "resolvConf": f"{NODE}/resolv.conf",
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": f"{NODE}/volume-plugins",
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": 0,
        "maxPods": 200,
        "serializeImagePulls": False,
        "imageMinimumGCAge": "24h",
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "evictionPressureTransitionPeriod": "10s",
        "kubeAPIQPS": 100,
        "kubeAPIBurst": 200,
        "eventRecordQPS": 0,
        "registryPullQPS": 0,
        "shutdownGracePeriod": "0s",
    }
    return json.dumps(document, indent=2) + "\n"


def resolver_config() -> str:
    """Return the pods' resolv.conf: there is no name server, and a lookup fails at once instead of after 10 s."""
    return "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
