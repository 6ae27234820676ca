"""Where scenarios take place: a cluster that knows VideoJobs, and a stack."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devstack.cluster import ClusterInfo
from devstack.operator_runs.observed_tables import Database
from devstack.stack import StackInfo, running_stack
from devstack.supabase.schema import SeedOptions

__all__ = ["OLD_PROJECT", "Progress", "Site", "fresh_stack"]

Progress = Callable[[str], None]

OLD_PROJECT = SeedOptions(unique_sops=False)
"""The harder shape of the tables: no index keeps a second SOP out."""


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
