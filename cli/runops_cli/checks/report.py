"""Prints findings as a table, as plain lines or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.table import Table

from runops.supabase.probe import Finding
from runops_cli.terminal.console import printable

__all__ = ["as_json", "as_lines", "as_table"]

_TITLES = ("CHECK", "STATE", "FOUND, AND WHAT TO DO")
_STYLES = {"ok": None, "warning": "yellow", "problem": "red"}


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON list."""
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2)


def as_table(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table that wraps at the width of the terminal."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(_TITLES[0], no_wrap=True)
    table.add_column(_TITLES[1], no_wrap=True)
    table.add_column(_TITLES[2], overflow="fold")
    for finding in findings:
        text = "\n".join(_found(finding))
        table.add_row(printable(finding.name), _state(finding), printable(text), style=_STYLES[_state(finding)])
    return table


def as_lines(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as lines of any length, for a pipe."""
    width = max(len(name) for name in [_TITLES[0], *(finding.name for finding in findings)])
    lines = [f"{_TITLES[0]:<{width}}  {_TITLES[1]:<7}  {_TITLES[2]}"]
    for finding in findings:
        detail, *remedy = _found(finding)
        lines.append(f"{finding.name:<{width}}  {_state(finding):<7}  {detail}")
        lines += [f"{'':<{width}}  {'':<7}  {line}" for line in remedy]
    return [printable(line) for line in lines]


def _state(finding: Finding) -> str:
    if not finding.ok:
        return "problem"
    return "warning" if finding.warns else "ok"


def _found(finding: Finding) -> list[str]:
    return [finding.detail] if finding.remedy is None else [finding.detail, f"-> {finding.remedy}"]
