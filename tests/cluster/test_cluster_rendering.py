from __future__ import annotations

import hashlib
import json
import tarfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.cluster.clusters import up
from devstack.cluster.configuration.components import control_plane, real_node, simulated_nodes
from devstack.cluster.configuration.config_files import containerd_config, kubelet_config, network_config
from devstack.cluster.machine.addresses import Addresses
from devstack.cluster.model import ClusterUnavailable
from devstack.cluster.node.apiserver import node_ready
from devstack.cluster.node.image_archive import write_image_archive
from devstack.cluster.programs.building import garbage_collection
from devstack.cluster.programs.modules import KWOK, MODULES, NODE, module_of, required_version
from devstack.cluster.programs.toolchain import parse_version
from devstack.cluster.selection import Machine, choose

ADDRESSES = Addresses(9)


def flags(argv: tuple[str, ...]) -> dict[str, str]:
    return dict(word.removeprefix("--").split("=", 1) for word in argv[1:])


def test_every_program_that_is_started_is_one_that_is_built() -> None:
    def program(name: str) -> str:
        return f"/{module_of(name).name}/{name}"

    real = [*control_plane(ADDRESSES, program), *real_node(ADDRESSES, program, node_name="n")]
    simulated = [*control_plane(ADDRESSES, program), *simulated_nodes(program)]
    assert {component.name for component in real} - {"containerd"} | {"pause", "kubectl"} == set(NODE)
    assert {component.name for component in simulated} | {"kubectl"} == set(KWOK)


def test_only_what_asks_the_api_server_waits_for_it() -> None:
    everything = [*control_plane(ADDRESSES, str), *real_node(ADDRESSES, str, node_name="n")]
    assert {component.name for component in everything if not component.needs_api} == {
        "etcd",
        "kube-apiserver",
        "containerd",
    }
    assert all("kubeconfig" in flags(component.argv) for component in everything if component.needs_api)


def test_the_api_server_and_the_kubelet_stand_at_the_address_that_the_outside_reaches() -> None:
    everything = [*control_plane(ADDRESSES, str), *real_node(ADDRESSES, str, node_name="n")]
    by_name = {component.name: flags(component.argv) for component in everything if component.name != "containerd"}
    assert by_name["kube-apiserver"]["advertise-address"] == by_name["kubelet"]["node-ip"] == "10.89.9.2"


def test_the_kubelet_keeps_to_its_own_control_group_and_root_folder() -> None:
    config = json.loads(kubelet_config(ADDRESSES))
    assert config["cgroupRoot"] == "/runops9"
    assert config["authentication"]["anonymous"]["enabled"] is False
    assert flags(real_node(ADDRESSES, str, node_name="n")[1].argv)["root-dir"].startswith("/run/node/")


def test_containerd_is_told_where_plugins_and_their_configuration_are() -> None:
    config = tomllib.loads(containerd_config(snapshotter="native", plugins="/usr/lib/cni"))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["cni"] == {"bin_dir": "/usr/lib/cni", "conf_dir": "/run/node/cni"}
    assert cri["containerd"]["snapshotter"] == "native"
    assert cri["restrict_oom_score_adj"] is True


def test_pods_get_addresses_of_their_clusters_range_and_no_translation() -> None:
    [bridge, _] = json.loads(network_config(ADDRESSES))["plugins"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.88.9.0/24", "gateway": "10.88.9.1"}]]
    assert bridge["ipMasq"] is False


def test_the_simulated_kubelet_knows_every_step_of_a_pod() -> None:
    path = Path(__file__).parents[2] / "devstack" / "cluster" / "node" / "kwok_stages.yaml"
    stages = list(yaml.safe_load_all(path.read_text()))
    kinds = [stage["spec"]["resourceRef"]["kind"] for stage in stages]
    assert (kinds.count("Node"), kinds.count("Pod")) == (1, 3)


@pytest.mark.parametrize(
    ("conditions", "taints", "expected"),
    [
        ([{"type": "Ready", "status": "True"}], [], True),
        ([{"type": "Ready", "status": "True"}], [{"key": "node.kubernetes.io/not-ready"}], False),
        ([{"type": "Ready", "status": "Unknown"}], [], False),
        ([], [], False),
    ],
)
def test_a_node_is_ready_when_pods_can_be_scheduled_to_it(
    conditions: list[dict[str, str]], taints: list[dict[str, str]], *, expected: bool
) -> None:
    assert node_ready({"spec": {"taints": taints}, "status": {"conditions": conditions}}) is expected


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_module_is_pinned_and_hashed(module: Any) -> None:
    assert module.version.startswith("v")
    if module.pin is not None:
        assert f"{module.pin} {module.version} h1:" in (module.folder / "go.sum").read_text()
        assert f"/{module.name}" in (module.folder / "go.mod").read_text()


def test_other_flags_make_other_programs() -> None:
    kwok = module_of("kwok")
    assert replace(kwok, stamps={}).key() != kwok.key()
    assert kwok.key().startswith(f"kwok-{kwok.version}-")


def test_kubernetes_tells_its_version() -> None:
    module = module_of("kubelet")
    major, minor, _ = module.version.removeprefix("v").split(".")
    assert f"gitVersion={module.version} " in module.linker_flags() + " "
    assert f"gitMajor={major} " in module.linker_flags()
    assert module.linker_flags().endswith(f"gitMinor={minor}")


def test_an_unknown_program_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'kubeadm'.*helm"):
        module_of("kubeadm")


@pytest.mark.parametrize("line", ["require example.org/a v1.2.3", "require (\n\texample.org/a v1.2.3 // indirect\n)"])
def test_the_pinned_version_is_read_from_go_mod(line: str) -> None:
    assert required_version(f"module m\n\n{line}\n", "example.org/a") == "v1.2.3"
    with pytest.raises(ValueError, match="does not require"):
        required_version(line, "example.org")


@pytest.mark.parametrize(
    ("text", "version"), [("go1.26.8\n", (1, 26)), ("go version go1.9 linux/amd64", (1, 9)), ("gopher", None)]
)
def test_gos_version_is_read(text: str, version: tuple[int, int] | None) -> None:
    assert parse_version(text) == version


def test_the_compilers_collect_garbage_only_where_memory_is_short() -> None:
    assert [garbage_collection(gib, 2) for gib in (24, 8, 4)] == ["off", "400", "100"]


def test_an_image_archive_names_its_parts_by_their_content_and_is_the_same_twice(tmp_path: Path) -> None:
    for name in ("one.tar", "two.tar"):
        write_image_archive(tmp_path / name, tag="localhost/a:1", files={"/bin/a": b"a"}, entrypoint=["/bin/a"])
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        parts = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        content = {name: part.read() for name, part in parts.items() if part is not None}
    [manifest] = json.loads(content["manifest.json"])
    config = content[manifest["Config"]]
    assert manifest["RepoTags"] == ["localhost/a:1"]
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    layer = hashlib.sha256(content[manifest["Layers"][0]]).hexdigest()
    assert json.loads(config)["rootfs"]["diff_ids"] == [f"sha256:{layer}"]


def test_the_kind_of_cluster_follows_from_the_machine(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.touch()
    everything = Machine(str(kubeconfig), docker=True, linux=True, root=True, namespaces=True, cgroups=True)
    assert choose(everything) == "external"
    assert choose(replace(everything, kubeconfig="")) == "kind"
    assert choose(replace(everything, kubeconfig="", wish="node")) == "node"
    assert choose(Machine(linux=True, root=True, namespaces=True, cgroups=True)) == "node"


@pytest.mark.parametrize(
    ("machine", "way_out"),
    [
        (Machine(linux=True), "as root"),
        (Machine(linux=True, root=True), "may not make namespaces.*privileged"),
        (Machine(linux=True, root=True, namespaces=True), "may not make control groups"),
        (Machine(root=True), "Docker"),
        (Machine(wish="kind", linux=True, root=True), "no Docker engine answers"),
        (Machine(wish="minikube"), "kind, node or not set"),
        (Machine(kubeconfig="/no/such/file"), "/no/such/file"),
    ],
)
def test_where_no_cluster_can_be_had_the_way_out_is_named(machine: Machine, way_out: str) -> None:
    with pytest.raises(ClusterUnavailable, match=way_out):
        choose(machine)


@pytest.mark.parametrize("name", ["", "../x", "Dev", "-a", "a-", "a" * 41])
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a cluster"):
        up(name)
