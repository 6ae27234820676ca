"""Where scenarios take place: a cluster that knows VideoJobs, and a stack."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devstack.cluster import ClusterInfo
from devstack.info import SeedOptions
from devstack.stack import StackInfo, running_stack
from tests.chaos.database import Database

__all__ = ["OLD_PROJECT", "Progress", "Site", "fresh_stack", "know_videojobs"]

Progress = Callable[[str], None]

OLD_PROJECT = SeedOptions(unique_sops=False)
"""The harder shape of the tables: no index keeps a second SOP out."""

_CRD = Path(__file__).parents[2] / "crds" / "videojob.yaml"


@dataclass(frozen=True)
class Site:
    """A place.

    Attributes
    ----------
    cluster, stack
        The place.
    folder
        Scratch.
    progress
        Told what goes on.
    """

    cluster: ClusterInfo
    stack: StackInfo
    folder: Path
    progress: Progress = field(repr=False)

    @property
    def database(self) -> Database:
        """The stack's tables."""
        return Database(self.stack.database_url)


@contextmanager
def fresh_stack() -> Iterator[StackInfo]:
    """Give a stack that pods reach, with no unique index on `sops`, for the time of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="runops-chaos-") as folder,
        running_stack(Path(folder) / "stack", listen="0.0.0.0", seed=OLD_PROJECT) as info,
    ):
        yield info


def know_videojobs(cluster: ClusterInfo) -> None:
    """Apply the committed definition of VideoJob."""
    base = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig)]
    subprocess.run(
        [*base, "apply", "--server-side", "--force-conflicts", "-f", str(_CRD)],
        check=True,
        timeout=60,
        capture_output=True,
    )
    waiting = [*base, "wait", "--for=condition=Established", "crd/videojobs.runops.dev", "--timeout=30s"]
    subprocess.run(waiting, check=True, timeout=60, capture_output=True)
