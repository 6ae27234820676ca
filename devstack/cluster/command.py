"""`python -m devstack cluster ...`: the local cluster by hand."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.cluster import clusters
from devstack.cluster.machine.addresses import NODE_NETWORKS
from devstack.cluster.model import ClusterInfo, ClusterUnavailable
from devstack.processes.next_command import next_command

_DEFAULT = "dev"


def main(argv: Sequence[str]) -> int:
    """Run one subcommand.

    Parameters
    ----------
    argv
        The words after `cluster`.

    Returns
    -------
    int
        The exit code: 0, 1 when something is missing or does not run, 2 for words we do not know.
    """
    known, words = _parser().parse_known_args(argv)
    if words and known.command != "kubectl":
        _parser().error(f"unrecognized arguments: {' '.join(words)}")
    try:
        return _run(known, words[1:] if words[:1] == ["--"] else words)
    except (ClusterUnavailable, ValueError, TimeoutError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was built so far is kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devstack cluster", description="A real Kubernetes on this machine, for tests and demos."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="install and build everything a cluster needs; 5 to 12 minutes the first time")
    up = commands.add_parser("up", help="start a cluster, or find the one that runs")
    up.add_argument("--kwok", action="store_true", help="simulate nodes and pods instead of running them")
    down = commands.add_parser("down", help="stop a cluster and remove everything it made")
    down.add_argument("--all", action="store_true", help="stop every cluster that was started here")
    others = [
        commands.add_parser("kubeconfig", help="print the path of the kubeconfig"),
        commands.add_parser("load", help="load the images of a docker-archive file into the cluster"),
        commands.add_parser("status", help="show what runs"),
        commands.add_parser("kubectl", help="run kubectl against the cluster; all other arguments go to kubectl"),
    ]
    for command in (up, down, *others):
        command.add_argument("--name", default=_DEFAULT, help="the cluster's name (default: %(default)s)")
    others[1].add_argument("archive", type=Path, help="a docker-archive tar, as `docker save` and buildah make them")
    return parser


def _run(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    name: str = arguments.name if arguments.command != "build" else _DEFAULT
    match arguments.command:
        case "build":
            clusters.ensure_all()
        case "up":
            _describe(clusters.up(name, kwok=arguments.kwok))
        case "down":
            for each in clusters.names() if arguments.all else [name]:
                clusters.down(each)
        case "status":
            running = clusters.status(name)
            if running is None:
                print(f"cluster {name} does not run")
                return 1
            _describe(running)
        case "kubeconfig":
            print(_running(name).kubeconfig)
        case "load":
            clusters.load_image(_running(name), arguments.archive)
        case _:
            cluster = _running(name)
            return subprocess.run(
                [cluster.kubectl, *words],
                env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "NO_PROXY": without_proxy(os.environ)},
                check=False,
            ).returncode
    return 0


def without_proxy(environment: Mapping[str, str]) -> str:
    """Give NO_PROXY such that no proxy stands between us and the node's own addresses."""
    excepted = environment.get("NO_PROXY") or environment.get("no_proxy")
    return ",".join(filter(None, (excepted, NODE_NETWORKS)))


def _running(name: str) -> ClusterInfo:
    cluster = clusters.status(name)
    if cluster is None:
        start = next_command("cluster", "up", "--name", name)
        raise ClusterUnavailable(f"cluster {name} does not run; `{start}` starts it")
    return cluster


def _describe(cluster: ClusterInfo) -> None:
    print(f"cluster      {cluster.name} ({cluster.flavour})")
    print(f"kubeconfig   {cluster.kubeconfig}")
    print(f"kubectl      {cluster.kubectl}")
    print(f"pods reach this machine at {cluster.host_address}")
