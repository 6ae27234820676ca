"""kind by pytest-kind, with programs in the place of kind, kubectl and docker: no Docker engine is at hand.

What this shows is which commands are run and what their failures mean, not that a cluster comes of it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.cluster import kind
from devstack.cluster.configuration.certificates import Authority
from devstack.cluster.configuration.kubeconfig import render_kubeconfig
from devstack.cluster.model import ClusterUnavailable

_PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> {log}
case "$(basename "$0") $1 $2" in
    "kind get clusters") cat {there} ;;
    "kind create cluster") {create}; echo runops-c > {there}; cp {config} {kubeconfig} ;;
    "kind export kubeconfig") cp {config} {kubeconfig} ;;
    "kind delete cluster") : > {there} ;;
    "kubectl "*) {ready} ;;
    "docker network inspect") echo 172.18.0.1 ;;
esac
"""
Ran = Callable[[], list[str]]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Puts programs onto PATH; gives the commands that were run, without those that only ask."""
    folder = tmp_path / "bin"
    folder.mkdir()
    authority = Authority("kind")
    config = tmp_path / "config"
    config.write_text(
        render_kubeconfig(
            cluster="kind",
            server="https://127.0.0.1:1",
            authority=authority.certificate,
            user="admin",
            pair=authority.issue("admin"),
        )
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(kind, "clusters_root", lambda: tmp_path / "clusters")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clusters").mkdir()

    def put(*, create: str = ":", ready: str = ":", there: str = "") -> Ran:
        log, clusters = tmp_path / "log", tmp_path / "there"
        clusters.write_text(there)
        log.touch()
        text = _PROGRAM.format(
            log=log,
            there=clusters,
            config=config,
            create=create,
            ready=ready,
            kubeconfig=tmp_path / "clusters" / "c" / "kubeconfig.yaml",
        )
        for name in ("kind", "kubectl", "docker"):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        return lambda: [
            " ".join(line.split()[:3]) for line in log.read_text().splitlines() if "get clusters" not in line
        ]

    return put


def _up() -> None:
    info = kind.up("c", progress=lambda _text: None)
    assert (info.flavour, info.host_address) == ("kind", "172.18.0.1")
    assert json.loads(info.kubeconfig.read_text())["current-context"] == "kind"


def test_a_cluster_is_created_waited_for_and_deleted(programs: Callable[..., Ran], tmp_path: Path) -> None:
    ran = programs()
    _up()
    assert kind.made("c")
    assert ran()[0] == "kind create cluster"
    assert ran()[1].startswith("kubectl --kubeconfig")
    kind.down("c")
    assert "kind delete cluster" in ran()
    assert not (tmp_path / "clusters" / "c").exists()


def test_a_cluster_that_is_there_is_used(programs: Callable[..., Ran]) -> None:
    ran = programs(there="runops-c\n")
    _up()
    assert ran()[0] == "kind export kubeconfig"
    assert "kind create cluster" not in ran()


@pytest.mark.parametrize(
    ("troubles", "sentence"),
    [
        ({"create": "exit 1"}, "creating the kind cluster failed"),
        ({"ready": "echo no node >&2; exit 1"}, "the kind cluster's node is not ready: no node"),
    ],
)
def test_what_fails_is_said(programs: Callable[..., Ran], troubles: dict[str, str], sentence: str) -> None:
    programs(**troubles)
    with pytest.raises(ClusterUnavailable, match=sentence):
        kind.up("c", progress=lambda _text: None)


def test_a_creation_without_an_end_is_given_up(programs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    programs(create="sleep 5")
    monkeypatch.setattr(kind, "_CREATE_DEADLINE", 1.0)
    with pytest.raises(ClusterUnavailable, match="took more than 1 s"):
        kind.up("c", progress=lambda _text: None)
