"""Writes settings into a file in the form of `.env`, readable by its owner only."""

import os
import re
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

__all__ = ["merged", "write_settings"]

_ONLY_OWNER = 0o600
_NAME = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def write_settings(path: Path, settings: Mapping[str, str], *, instead_of: Collection[str]) -> None:
    """Put settings into a file. All other lines of it stay; it is whole at any moment.

    Parameters
    ----------
    path
        The file; it need not exist.
    settings
        By name.
    instead_of
        Names whose lines are removed.

    Raises
    ------
    OSError
        It could not be read or written.
    """
    before = path.read_text("utf-8") if path.exists() else ""
    descriptor, written = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(merged(before, settings, instead_of))
        Path(written).chmod(_ONLY_OWNER)
        Path(written).replace(path)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise


def merged(before: str, settings: Mapping[str, str], instead_of: Collection[str]) -> str:
    """Return the content of the file. Pure."""
    gone = {*settings, *instead_of}
    kept = [line for line in before.splitlines() if not ((found := _NAME.match(line)) and found[1] in gone)]
    lines = [*kept, *(f"{name}={_quoted(text)}" for name, text in settings.items())]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
