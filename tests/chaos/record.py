"""What a scenario gives back, and how it is printed."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Record", "table"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of the rows of one scenario.

    Attributes
    ----------
    rows, completed, error
        How many rows there were, and how many ended so.
    wrong
        Rows that ended as they should not: in error without a fate that says so, or completed against it.
    lost
        Rows that never ended, or completed without a transcript or without a SOP.
    doubled
        Rows with more than one transcript or SOP, or that ended more than once.
    calls_again, transcodes_again
        Paid calls and transcodes made again although a checkpoint held their result.
    attempts_used
        Attempts that count as used although a fault that all videos shared ended them; None where videos may use some.
    orphans
        What is left that belongs to nothing: Jobs without VideoJob, pods without Job, unfinished objects, Gemini files.
    details
        For a person: counts that promise nothing, and the first rows of what went wrong.
    """

    scenario: str
    seconds: float
    rows: int
    completed: int
    error: int
    wrong: int
    lost: int
    doubled: int
    calls_again: int
    transcodes_again: int
    orphans: int
    attempts_used: int | None = None
    details: tuple[str, ...] = field(default=())

    @property
    def kept(self) -> bool:
        """Whether the promise was kept: each row ended once, as it should, and nothing was done or left over twice."""
        ends = (self.wrong, self.lost, self.doubled)
        return not any((*ends, self.attempts_used, self.calls_again, self.transcodes_again, self.orphans))


_COLUMNS = {
    "scenario": "scenario",
    "rows": "rows",
    "completed": "completed",
    "error": "error",
    "wrong": "wrong end",
    "lost": "lost",
    "doubled": "doubled",
    "attempts_used": "attempts used",
    "calls_again": "calls again",
    "transcodes_again": "transcodes again",
    "orphans": "orphans",
}


def table(records: Sequence[Record]) -> str:
    """Return the records as a table in Markdown, with the machine and what there is to say of each."""
    lines = [
        f"Machine: {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()} {platform.release()}",
        "",
        f"| {' | '.join(_COLUMNS.values())} | seconds | kept |",
        f"|{'---|' * (len(_COLUMNS) + 2)}",
    ]
    lines += [
        f"| {' | '.join(_shown(getattr(one, name)) for name in _COLUMNS)} | {one.seconds:.0f} "
        f"| {'yes' if one.kept else 'NO'} |"
        for one in records
    ]
    for one in records:
        if one.details:
            lines += ["", f"{one.scenario}:", *(f"- {detail}" for detail in one.details)]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return "-" if value is None else str(value)


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
