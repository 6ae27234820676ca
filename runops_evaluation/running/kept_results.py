"""Results that an earlier run paid for, by a hash of everything that they depend on."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runops_evaluation.results.files import KINDS, ResultMissing, ResultUnreadable, read_result, write_result_files

__all__ = ["KeptResults", "default_folder", "key_of"]

_NAME: Final = "result"


def key_of(parts: Mapping[str, Any]) -> str:
    """Return a hash of what a result depends on; the order of the parts makes no difference."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def default_folder() -> Path:
    """Return the user's folder for results."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "runops-evaluation"


class KeptResults:
    """Keeps results; failures are not kept.

    Parameters
    ----------
    folder
        Where; one folder in it for each key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> dict[str, Any] | None:
        """Return the contents of a result's files; None where there is none, or it is damaged."""
        folder = self._folder / key
        try:
            read_result(folder, _NAME)
        except (ResultMissing, ResultUnreadable):
            return None
        paths = {kind: folder / f"{_NAME}.{kind}.json" for kind in KINDS}
        return {kind: json.loads(path.read_bytes()) for kind, path in paths.items() if path.exists()}

    def keep(self, key: str, contents: Mapping[str, Any]) -> None:
        """Keep a result."""
        if "failed" not in contents:
            write_result_files(self._folder / key, _NAME, contents)
