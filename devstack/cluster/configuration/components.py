"""The command lines of a node's components.

Flags as in the reference pages of each program for Kubernetes 1.37; paths are those inside the node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from devstack.cluster.configuration.config_files import CONTAINERD_SOCKET, NODE
from devstack.cluster.machine.addresses import API_SERVICE, SERVICE_RANGE, Addresses

_PKI = f"{NODE}/pki"
_ETCD = "http://127.0.0.1:2379"


@dataclass(frozen=True)
class Component:
    """A program that the node keeps running.

    Attributes
    ----------
    name
        Also the name of its log.
    argv
        Its command line.
    needs_api
        Start it only when the API server answers.
    needs_socket
        Start it only when this socket is there.
    """

    name: str
    argv: tuple[str, ...]
    needs_api: bool = False
    needs_socket: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as the node's first process reads it."""
        return asdict(self)


def control_plane(addresses: Addresses, program: Callable[[str], str]) -> list[Component]:
    """Give etcd, API server, controller manager and scheduler.

    Parameters
    ----------
    addresses
        The cluster's addresses.
    program
        Gives the path of a program inside the node.
    """
    return [
        _component(
            "etcd",
            program,
            {
                "name": "node",
                "data-dir": f"{NODE}/etcd",
                # The data outlive nothing: a cluster that is stopped is removed.
                "unsafe-no-fsync": "true",
                "listen-client-urls": _ETCD,
                "advertise-client-urls": _ETCD,
                "listen-peer-urls": "http://127.0.0.1:2380",
                "initial-advertise-peer-urls": "http://127.0.0.1:2380",
                "initial-cluster": "node=http://127.0.0.1:2380",
                "log-level": "warn",
            },
        ),
        _component(
            "kube-apiserver",
            program,
            {
                "secure-port": "443",
                "bind-address": "0.0.0.0",
                "advertise-address": addresses.inside,
                "etcd-servers": _ETCD,
                "cert-dir": f"{NODE}/apiserver",
                "tls-cert-file": f"{_PKI}/apiserver.crt",
                "tls-private-key-file": f"{_PKI}/apiserver.key",
                "client-ca-file": f"{_PKI}/ca.crt",
                "service-cluster-ip-range": SERVICE_RANGE,
                "service-account-issuer": "https://kubernetes.default.svc",
                "service-account-key-file": f"{_PKI}/service-account.crt",
                "service-account-signing-key-file": f"{_PKI}/service-account.key",
                "authorization-mode": "Node,RBAC",
                "enable-admission-plugins": "NodeRestriction",
                "allow-privileged": "true",
                "kubelet-certificate-authority": f"{_PKI}/ca.crt",
                "kubelet-client-certificate": f"{_PKI}/apiserver-kubelet.crt",
                "kubelet-client-key": f"{_PKI}/apiserver-kubelet.key",
                # Else `kubectl logs` looks the node's name up in a DNS that does not know it.
                "kubelet-preferred-address-types": "InternalIP",
                "profiling": "false",
            },
        ),
        _component(
            "kube-controller-manager",
            program,
            {
                "kubeconfig": f"{NODE}/kubeconfig/kube-controller-manager",
                "bind-address": "127.0.0.1",
                "leader-elect": "false",
                "use-service-account-credentials": "true",
                "root-ca-file": f"{_PKI}/ca.crt",
                "service-account-private-key-file": f"{_PKI}/service-account.key",
                "flex-volume-plugin-dir": f"{NODE}/volume-plugins",
                # The defaults hold a burst of Jobs back to 20 a second.
                "kube-api-qps": "100",
                "kube-api-burst": "200",
                "concurrent-job-syncs": "20",
                "profiling": "false",
            },
            needs_api=True,
        ),
        _component(
            "kube-scheduler",
            program,
            {
                "kubeconfig": f"{NODE}/kubeconfig/kube-scheduler",
                "bind-address": "127.0.0.1",
                "leader-elect": "false",
                "kube-api-qps": "100",
                "kube-api-burst": "200",
                "profiling": "false",
            },
            needs_api=True,
        ),
    ]


def real_node(addresses: Addresses, program: Callable[[str], str], *, node_name: str) -> list[Component]:
    """Give containerd and the kubelet.

    Parameters
    ----------
    addresses
        The cluster's addresses.
    program
        Gives the path of a program inside the node.
    node_name
        The name under which the kubelet registers.
    """
    return [
        Component("containerd", ("containerd", "--config", f"{NODE}/containerd.toml")),
        _component(
            "kubelet",
            program,
            {
                "config": f"{NODE}/kubelet.json",
                "kubeconfig": f"{NODE}/kubeconfig/kubelet",
                "root-dir": f"{NODE}/kubelet",
                "cert-dir": f"{NODE}/kubelet/pki",
                "node-ip": addresses.inside,
                "hostname-override": node_name,
            },
            needs_api=True,
            needs_socket=CONTAINERD_SOCKET,
        ),
    ]


def simulated_nodes(program: Callable[[str], str]) -> list[Component]:
    """Give kwok, which plays the kubelet of every node that is created."""
    return [
        _component(
            "kwok",
            program,
            {
                "kubeconfig": f"{NODE}/kubeconfig/kwok",
                "config": f"{NODE}/kwok-stages.yaml",
                "manage-all-nodes": "true",
                "node-lease-duration-seconds": "40",
            },
            needs_api=True,
        )
    ]


def serving_names(addresses: Addresses) -> tuple[str, ...]:
    """Give every name and address under which the API server is called."""
    services = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
    return ("localhost", *services, "127.0.0.1", API_SERVICE, addresses.pod_gateway, addresses.inside)


def _component(
    name: str,
    program: Callable[[str], str],
    flags: Mapping[str, str],
    *,
    needs_api: bool = False,
    needs_socket: str | None = None,
) -> Component:
    argv = (program(name), *(f"--{flag}={value}" for flag, value in flags.items()))
    return Component(name, argv, needs_api=needs_api, needs_socket=needs_socket)
