"""What one burst gives back, how it is kept and how it is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Record", "table"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of one burst. Times in seconds after the rows were queued, unless said otherwise.

    Attributes
    ----------
    completed, error
        How many rows ended so.
    most_attempts
        The largest `status.attempts` of a VideoJob.
    stopped_at_work
        Workers that were evicted while they worked.
    pods_started, paid_calls, transcodes
        What was begun in all; one, two and one for each row where nothing was done twice.
    nodes_most, nodes_made
        At a time, and in all.
    first_node, workers_most, workers_most_at, last_row
        When the first node was there; how many workers ran at most at a time, and when; when the last row ended.
    last_node_after_last_row
        Between the end of the last row and the end of the last node.
    cpu_hours, dollars
        Of all nodes, at 0.05 dollars for a CPU-hour.
    held_without_worker
        Rows in `processing` that no worker worked on: the most at a time, after the first node came.
    queued_then
        Rows that were left in `queued` at that time.
    reasons
        What unfinished VideoJobs said of why they wait: for each reason how many at most at a time, and one message.
    nodes_over_time
        When there was another number of nodes than before, and which.
    disk_asked
        Scratch disk that workers' pods asked for, in GiB: the least and the most.
    """

    case: str
    says: str
    rows: int
    completed: int
    error: int
    most_attempts: int
    stopped_at_work: int
    pods_started: int
    paid_calls: int
    transcodes: int
    nodes_most: int
    nodes_made: int
    first_node: float
    workers_most: int
    workers_most_at: float
    last_row: float
    last_node_after_last_row: float
    cpu_hours: float
    dollars: float
    held_without_worker: int
    queued_then: int
    disk_asked: tuple[float, float]
    reasons: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    nodes_over_time: Sequence[tuple[float, int]] = ()


_COLUMNS = {
    "case": "case",
    "rows": "rows",
    "completed": "completed",
    "most_attempts": "attempts",
    "stopped_at_work": "evicted at work",
    "paid_calls": "paid calls",
    "nodes_most": "nodes",
    "nodes_made": "made",
    "first_node": "first node",
    "workers_most": "workers",
    "last_row": "last row",
    "last_node_after_last_row": "last node after it",
    "cpu_hours": "CPU-hours",
}


def table(records: Sequence[Record]) -> str:
    """Return the records as a table in Markdown, with what waiting VideoJobs said below."""
    lines = [f"| {' | '.join(_COLUMNS.values())} |", f"|{'---|' * len(_COLUMNS)}"]
    lines += [f"| {' | '.join(_shown(getattr(one, name)) for name in _COLUMNS)} |" for one in records]
    for one in records:
        lines += ["", f"{one.case}: {one.says}"]
        lines.append(
            f"- most rows held without a worker: {one.held_without_worker}, with {one.queued_then} left in the queue; "
            f"scratch disk asked for: {one.disk_asked[0]:.1f} to {one.disk_asked[1]:.1f} GiB"
        )
        lines += [f"- {reason} (up to {count} at a time): {says}" for reason, (count, says) in one.reasons.items()]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
