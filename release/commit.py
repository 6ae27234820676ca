"""The commit a release is made of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from devstack.images.programs import capture
from release.failure import ReleaseFailed

__all__ = ["Commit", "read_commit"]


@dataclass(frozen=True, slots=True)
class Commit:
    """What a release is made of.

    Attributes
    ----------
    revision
        The commit's hash, with `-dirty` where files differ from it.
    seconds
        When it was made, since 1970: the time of everything in the release.
    """

    revision: str
    seconds: int

    @property
    def time(self) -> dt.datetime:
        """When it was made."""
        return dt.datetime.fromtimestamp(self.seconds, tz=dt.UTC)

    @property
    def timestamp(self) -> str:
        """When it was made, as RFC 3339 has it."""
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_commit(checkout: Path, *, dirty_allowed: bool) -> Commit:
    """Return the commit that is checked out.

    Parameters
    ----------
    checkout
        The checkout.
    dirty_allowed
        Whether files may differ from the commit.

    Raises
    ------
    ReleaseFailed
        There is no commit, or files differ from it.
    """
    git = ["git", "-C", str(checkout)]
    known = capture([*git, "log", "-1", "--format=%H %ct"])
    if not known:
        raise ReleaseFailed(f"{checkout} is no git clone with a commit, and a release is made of one. Clone it first.")
    revision, _, seconds = known.partition(" ")
    changed = (capture([*git, "status", "--porcelain"]) or "").splitlines()
    if not changed:
        return Commit(revision, int(seconds))
    if not dirty_allowed:
        raise ReleaseFailed(
            f"{len(changed)} files differ from commit {revision[:12]}, such as {changed[0].split()[-1]}: nobody could "
            "build that release again. Commit or stash them; to try something out: PACKAGE_DIRTY=1 make package"
        )
    return Commit(f"{revision}-dirty", int(seconds))
