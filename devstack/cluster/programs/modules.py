"""Which programs a cluster is made of, and where each built one is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from devstack.cluster.machine.places import programs_root

GO_MODULES = Path(__file__).parent / "go"
"""The Go modules the programs are built from, one folder each."""

COMPILER_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false")
"""Debug information is what the compiler spends a quarter of its time on; nobody debugs these programs here."""

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "etcd")
NODE = (*CONTROL_PLANE, "kubelet", "pause")
KWOK = (*CONTROL_PLANE, "kwok")


@dataclass(frozen=True)
class Module:
    """A Go module of ours and the programs it builds.

    Attributes
    ----------
    name
        Its folder's name.
    pin
        The required module whose version is the programs' version; None for our own code.
    packages
        Program name -> Go package.
    stamps
        Linker variables that make a program tell its version; `{version}`, `{major}` and `{minor}` are filled in.
    tags
        Go build tags, separated by commas.
    """

    name: str
    pin: str | None
    packages: Mapping[str, str]
    stamps: Mapping[str, str]
    tags: str = ""

    @property
    def folder(self) -> Path:
        """The folder of its go.mod."""
        return GO_MODULES / self.name

    @property
    def version(self) -> str:
        """The pinned version, such as v1.37.2."""
        if self.pin is None:
            return "v0"
        return required_version((self.folder / "go.mod").read_text(), self.pin)

    def compiler_flags(self) -> tuple[str, ...]:
        """Give the flags of `go build` that decide what is compiled."""
        return (*COMPILER_FLAGS, "-tags", self.tags) if self.tags else COMPILER_FLAGS

    def linker_flags(self) -> str:
        """Give the value of -ldflags."""
        major, _, rest = self.version.removeprefix("v").partition(".")
        minor = rest.partition(".")[0]
        filled = (
            f"-X {variable}={value.format(version=self.version, major=major, minor=minor)}"
            for variable, value in self.stamps.items()
        )
        return " ".join(("-s -w", *filled))

    def key(self) -> str:
        """Give a name for this exact source: other sources or flags are other programs."""
        digest = hashlib.sha256(" ".join((*self.compiler_flags(), self.linker_flags())).encode())
        for source in sorted(self.folder.iterdir()):
            digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
        return f"{self.name}-{self.version}-{digest.hexdigest()[:12]}"

    def output(self) -> Path:
        """Give the folder of its built programs."""
        return programs_root() / self.key()


def required_version(go_mod: str, path: str) -> str:
    """Read the version at which a go.mod requires a module.

    Raises
    ------
    ValueError
        The file does not require it.
    """
    match = re.search(rf"^(?:require\s+|\s+){re.escape(path)}\s+(v\S+)", go_mod, re.MULTILINE)
    if match is None:
        raise ValueError(f"go.mod does not require {path}")
    return match[1]


_VERSION = "k8s.io/component-base/version"
MODULES = (
    Module(
        name="kubernetes",
        pin="k8s.io/kubernetes",
        packages=MappingProxyType(
            {
                name: f"k8s.io/kubernetes/cmd/{name}"
                for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
            }
        ),
        stamps=MappingProxyType(
            {
                f"{_VERSION}.gitVersion": "{version}",
                f"{_VERSION}.gitMajor": "{major}",
                f"{_VERSION}.gitMinor": "{minor}",
            }
        ),
    ),
    Module(
        name="etcd",
        pin="go.etcd.io/etcd/server/v3",
        packages=MappingProxyType({"etcd": "go.etcd.io/etcd/server/v3"}),
        stamps=MappingProxyType({}),
    ),
    Module(name="pause", pin=None, packages=MappingProxyType({"pause": "."}), stamps=MappingProxyType({})),
    Module(
        name="helm",
        pin="helm.sh/helm/v4",
        packages=MappingProxyType({"helm": "helm.sh/helm/v4/cmd/helm"}),
        stamps=MappingProxyType({"helm.sh/helm/v4/internal/version.version": "{version}"}),
    ),
    Module(
        name="helm3",
        pin="helm.sh/helm/v3",
        packages=MappingProxyType({"helm3": "helm.sh/helm/v3/cmd/helm"}),
        stamps=MappingProxyType({"helm.sh/helm/v3/internal/version.version": "{version}"}),
    ),
    Module(
        name="kwok",
        pin="sigs.k8s.io/kwok",
        packages=MappingProxyType({"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
        stamps=MappingProxyType({"sigs.k8s.io/kwok/pkg/consts.Version": "{version}"}),
    ),
    Module(
        name="karpenter",
        pin="sigs.k8s.io/karpenter",
        packages=MappingProxyType({"karpenter-kwok": "sigs.k8s.io/karpenter/kwok"}),
        stamps=MappingProxyType({"sigs.k8s.io/karpenter/pkg/operator.Version": "{version}"}),
    ),
    Module(
        name="keda",
        pin="github.com/kedacore/keda/v2",
        packages=MappingProxyType({"keda": "github.com/kedacore/keda/v2/cmd/operator"}),
        stamps=MappingProxyType({"github.com/kedacore/keda/v2/version.Version": "{version}"}),
    ),
    Module(
        name="kind",
        pin="sigs.k8s.io/kind",
        packages=MappingProxyType({"kind": "sigs.k8s.io/kind"}),
        stamps=MappingProxyType({}),
    ),
    Module(
        name="kubeconform",
        pin="github.com/yannh/kubeconform",
        packages=MappingProxyType({"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"}),
        stamps=MappingProxyType({"main.version": "{version}"}),
    ),
    Module(
        name="helm-docs",
        pin="github.com/norwoodj/helm-docs",
        packages=MappingProxyType({"helm-docs": "github.com/norwoodj/helm-docs/cmd/helm-docs"}),
        stamps=MappingProxyType({"main.version": "{version}"}),
    ),
    Module(
        name="helm-unittest",
        pin="github.com/helm-unittest/helm-unittest",
        packages=MappingProxyType({"helm-unittest": "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"}),
        stamps=MappingProxyType({}),
    ),
    Module(
        name="promtool",
        pin="github.com/prometheus/prometheus",
        packages=MappingProxyType({"promtool": "github.com/prometheus/prometheus/cmd/promtool"}),
        stamps=MappingProxyType({"github.com/prometheus/common/version.Version": "{version}"}),
        # Every cloud's client, which takes longer to compile than all the rest, only finds targets; rules need none.
        tags="remove_all_sd",
    ),
)
"""In the order in which they are built: what a node needs comes first, what only tests of the chart need comes last."""


@cache
def module_of(tool: str) -> Module:
    """Give the module that builds a program.

    Raises
    ------
    ValueError
        There is no such program.
    """
    for module in MODULES:
        if tool in module.packages:
            return module
    known = ", ".join(sorted(name for module in MODULES for name in module.packages))
    raise ValueError(f"{tool!r} is not a program of the local cluster; there are {known}")


def program_path(tool: str) -> Path:
    """Give the path a built program has, whether or not it is built yet."""
    return module_of(tool).output() / tool
