"""The two lists of mutants that survive: those that behave like the original, and those that still lack a test."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.mutation.verdicts import Change

__all__ = ["EQUIVALENT", "KNOWN_SURVIVORS", "read_listed", "survivors_as_toml"]

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
KNOWN_SURVIVORS = Path(__file__).with_name("known_survivors.toml")
_HEADER = """\
# Mutants that no fast test notices yet, written by `python -m tests.mutation --record`. Each is a test to write.
"""


def read_listed(path: Path) -> dict[Change, str]:
    """Read a list of mutants: each change with the reason beside it.

    Raises
    ------
    ValueError
        An entry has no reason.
    """
    listed: dict[Change, str] = {}
    for entry in tomllib.loads(path.read_text()).get("mutant", []):
        change = Change(entry["where"], tuple(entry["removed"]), tuple(entry["added"]))
        reason = str(entry.get("why", "")).strip()
        if not reason:
            raise ValueError(f"{path.name}: the mutant of {change.where} has no reason in `why`.")
        listed[change] = reason
    return listed


def survivors_as_toml(changes: Mapping[Change, str]) -> str:
    """Return the text of `known_survivors.toml`, sorted by function."""
    lines = [_HEADER]
    for change in sorted(changes):
        lines.append("\n[[mutant]]\n")
        lines.append(f"where = {_quoted(change.where)}\n")
        lines.append(f"removed = [{', '.join(_quoted(line) for line in change.removed)}]\n")
        lines.append(f"added = [{', '.join(_quoted(line) for line in change.added)}]\n")
        lines.append(f"why = {_quoted(changes[change])}\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    # JSON writes a string as TOML does.
    return json.dumps(text, ensure_ascii=False)
