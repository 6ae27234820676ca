"""Folders of the local cluster on this machine, all outside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

MACHINE_LOCKS = Path("/run/runops-operator")
"""Locks that every user of this machine's network must see, whatever their cache folder."""


NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
"""Arguments of unshare(1) that isolate a node."""


def cache_root() -> Path:
    """Give the folder for everything that can be made again: `$XDG_CACHE_HOME/runops-operator`."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "runops-operator"


def programs_root() -> Path:
    """Give the folder of the built programs."""
    return cache_root() / "bin"


def clusters_root() -> Path:
    """Give the folder that holds the state of each running cluster in a folder of its name."""
    return cache_root() / "clusters"
