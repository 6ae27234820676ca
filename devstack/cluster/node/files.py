"""Writes everything a node reads before it starts: certificates, kubeconfigs, configuration, its own plan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from devstack.cluster.configuration.certificates import Authority, Pair, signing_pair, write_secret
from devstack.cluster.configuration.components import control_plane, real_node, serving_names, simulated_nodes
from devstack.cluster.configuration.config_files import (
    CACHE,
    KERNEL_SETTINGS,
    NODE,
    PAUSE_IMAGE,
    containerd_config,
    kubelet_config,
    network_config,
    resolver_config,
)
from devstack.cluster.configuration.kubeconfig import render_kubeconfig
from devstack.cluster.machine.addresses import API_SERVICE, Addresses
from devstack.cluster.machine.packages import network_plugins
from devstack.cluster.machine.places import cache_root
from devstack.cluster.node.image_archive import write_image_archive
from devstack.cluster.programs.modules import program_path


def node_name(cluster: str) -> str:
    """Give the name of a cluster's one real node."""
    return f"{cluster}-node"


def write_node_files(state: Path, *, name: str, addresses: Addresses, kwok: bool) -> None:
    """Fill the state folder of a new cluster.

    Parameters
    ----------
    state
        The folder to make; its content outlives the cluster in no case.
    name
        The cluster's name.
    addresses
        What it uses of the network.
    kwok
        Simulate nodes instead of being one.
    """
    state.mkdir(parents=True, mode=0o700)
    for folder in ("logs", "pki", "kubeconfig", "cni", "volume-plugins", "kubelet", "containerd"):
        (state / folder).mkdir()
    _write_identities(state, name=name, addresses=addresses)
    if kwok:
        shutil.copyfile(Path(__file__).with_name("kwok_stages.yaml"), state / "kwok-stages.yaml")
    else:
        plugins = network_plugins()
        assert plugins is not None
        (state / "containerd.toml").write_text(containerd_config(snapshotter="overlayfs", plugins=str(plugins)))
        (state / "cni" / "10-runops.conflist").write_text(network_config(addresses))
        (state / "kubelet.json").write_text(kubelet_config(addresses))
        (state / "resolv.conf").write_text(resolver_config())
        pause = program_path("pause").read_bytes()
        write_image_archive(
            state / "pause.tar", tag=PAUSE_IMAGE, files={"/pause": pause}, entrypoint=["/pause"], user="65535:65535"
        )
    spec = node_spec(state, name=name, addresses=addresses, kwok=kwok)
    (state / "spec.json").write_text(json.dumps(spec, indent=1))


def node_spec(state: Path, *, name: str, addresses: Addresses, kwok: bool) -> dict[str, Any]:
    """Give the plan that the node's keeper and its first process follow."""

    def inside(program: str) -> str:
        return f"{CACHE}/{program_path(program).relative_to(cache_root())}"

    components = control_plane(addresses, inside)
    components += simulated_nodes(inside) if kwok else real_node(addresses, inside, node_name=node_name(name))
    return {
        "index": addresses.index,
        "kwok": kwok,
        "folders": {NODE: str(state), CACHE: str(cache_root())},
        "logs": f"{NODE}/logs",
        "failure": f"{NODE}/failure.json",
        "authority": f"{NODE}/pki/ca.crt",
        "containerd_config": f"{NODE}/containerd.toml",
        "kernel_settings": {} if kwok else KERNEL_SETTINGS,
        "network_before_link": [
            ["ip", "link", "set", "lo", "up"],
            # The API server's Service address: pods reach it here with no proxy and no address translation.
            ["ip", "address", "add", f"{API_SERVICE}/32", "dev", "lo"],
            ["ip", "link", "add", "cni0", "address", addresses.pod_gateway_hardware, "type", "bridge"],
            ["ip", "address", "add", f"{addresses.pod_gateway}/24", "dev", "cni0"],
            ["ip", "link", "set", "cni0", "up"],
        ],
        "network_after_link": [
            ["ip", "address", "add", f"{addresses.inside}/30", "dev", "node0"],
            ["ip", "link", "set", "node0", "up"],
            ["ip", "route", "add", "default", "via", addresses.outside],
        ],
        "components": [component.as_json() for component in components],
    }


def _write_identities(state: Path, *, name: str, addresses: Addresses) -> None:
    authority = Authority(f"runops-{name}")
    pki = state / "pki"
    (pki / "ca.crt").write_bytes(authority.certificate)
    signing_pair().write(pki, "service-account")
    authority.issue("kube-apiserver", names=serving_names(addresses)).write(pki, "apiserver")
    authority.issue("kube-apiserver", groups=("system:masters",)).write(pki, "apiserver-kubelet")
    node = node_name(name)
    authority.issue(f"system:node:{node}", names=(node, addresses.inside, "127.0.0.1")).write(pki, "kubelet-serving")
    admin = authority.issue("admin", groups=("system:masters",))
    admin.write(pki, "admin")
    components: dict[str, Pair] = {
        "kube-controller-manager": authority.issue("system:kube-controller-manager"),
        "kube-scheduler": authority.issue("system:kube-scheduler"),
        "kubelet": authority.issue(f"system:node:{node}", groups=("system:nodes",)),
        "kwok": admin,
    }
    files = {state / "kubeconfig" / component: (component, pair) for component, pair in components.items()}
    files[state / "kubeconfig.yaml"] = ("admin", admin)
    for path, (user, pair) in files.items():
        content = render_kubeconfig(
            cluster=f"runops-{name}", server=addresses.server, authority=authority.certificate, user=user, pair=pair
        )
        write_secret(path, content.encode())
