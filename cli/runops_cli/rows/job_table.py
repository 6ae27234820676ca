"""Jobs as the lines of a table. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from runops.job_row import RowStatus
from runops.job_story.attempts import attempts_of
from runops.job_story.known_job import KnownJob
from runops.logs import redact
from runops.row_summary import RowSummary, time_of
from runops.time_left import TimeLeft
from runops.why_waiting.at_work import awaited_attempt, is_about_to_start
from runops_cli.terminal.console import one_line, printable

__all__ = ["STATUS_STYLES", "age", "exact_length", "short_ids", "short_length", "table", "time_left"]

_NARROWEST_LAST = 20
_LEAST_LAST = 6
"""Where the terminal has no room for more beside id and status."""
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"))
_SHORTEST_ID = 8
_ROOM_FOR_TITLES = 28
_NEEDED_LEAST = ("ATTEMPTS", "COST", "AGE", "POSITION", "ETA", "%", "STAGE")
"""Left out in this order where a narrow terminal would show next to nothing of the titles, or break the lines."""
_GAP = "  "
_NOTHING = "-"
_WITHOUT_SOP = "(completed without a SOP)"
STATUS_STYLES = {
    RowStatus.QUEUED.value: "cyan",
    RowStatus.PROCESSING.value: "blue",
    RowStatus.COMPLETED.value: "green",
    RowStatus.ERROR.value: "red",
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its title, what a job shows in it, and when it is there.

    Attributes
    ----------
    needed
        Whether it is shown though it is empty.
    wide
        Whether only a wide table has it.
    right
        Whether its cells are flush right.
    """

    title: str
    cell: Callable[[KnownJob, datetime], str]
    needed: bool = True
    wide: bool = False
    right: bool = False


def table(
    jobs: Sequence[KnownJob], *, now: datetime, width: int | None, wide: bool = False, whole_ids: bool = True
) -> list[Text]:
    """Return the table's lines, the titles first.

    Parameters
    ----------
    jobs
        The jobs.
    now
        The time at the server.
    width
        Where to cut the last column off; None keeps it whole.
    wide
        With more columns.
    whole_ids
        Whether ids are whole; else as short as tells the jobs of this table apart.
    """
    names = {job.row.job_id: str(job.row.job_id) for job in jobs}
    if not whole_ids:
        names = short_ids(names)
    shown = {column: [_clean(column.cell(job, now)) for job in jobs] for column in _COLUMNS}
    kept = [column for column in _COLUMNS if (wide or not column.wide) and (column.needed or any(shown[column]))]
    ids = [names[job.row.job_id] for job in jobs]
    left = None
    if width is not None:
        kept = _fitting(ids, kept, shown, width)
        left = max(_left(ids, kept, shown, width), _LEAST_LAST)
    widths = _widths(ids, kept, shown)
    lines = [Text(_line("JOB", [column.title for column in kept], kept, widths, left), style="bold")]
    for number, job in enumerate(jobs):
        lines.append(Text(_line(ids[number], [shown[column][number] for column in kept], kept, widths, left)))
        _colour(lines[-1], job, kept, widths)
    return lines


def _fitting(
    ids: Sequence[str], columns: list[_Column], shown: Mapping[_Column, Sequence[str]], width: int
) -> list[_Column]:
    """Return the columns that a terminal has room for."""
    last = columns[-1]
    longest = max(map(cell_len, (last.title, *shown[last])))
    kept, room = columns, _ROOM_FOR_TITLES
    for title in _NEEDED_LEAST:
        if _left(ids, kept, shown, width) < min(room, longest):
            kept = [column for column in kept if column.title != title]
        room = _NARROWEST_LAST
    return kept


def _widths(ids: Sequence[str], columns: Sequence[_Column], shown: Mapping[_Column, Sequence[str]]) -> list[int]:
    """Return the widths of all columns but the last."""
    first = max(map(cell_len, ("JOB", *ids)))
    return [first, *(max(map(cell_len, (column.title, *shown[column], _NOTHING))) for column in columns[:-1])]


def _left(ids: Sequence[str], columns: Sequence[_Column], shown: Mapping[_Column, Sequence[str]], width: int) -> int:
    """Return what is left of a width for the last column."""
    widths = _widths(ids, columns, shown)
    return width - sum(widths) - len(_GAP) * len(widths)


def _line(name: str, cells: Sequence[str], columns: Sequence[_Column], widths: Sequence[int], left: int | None) -> str:
    *short, last = cells
    if left is not None and cell_len(last) > left:
        last = set_cell_size(last, left - 1) + "\N{HORIZONTAL ELLIPSIS}"
    padded = [set_cell_size(name, widths[0])]
    for cell, column, width in zip(short, columns, widths[1:], strict=False):
        text = cell or _NOTHING
        padded.append(" " * (width - cell_len(text)) + text if column.right else set_cell_size(text, width))
    return _GAP.join([*padded, last]).rstrip()


def _colour(line: Text, job: KnownJob, columns: Sequence[_Column], widths: Sequence[int]) -> None:
    begin = widths[0] + len(_GAP)
    for column, width in zip(columns, widths[1:], strict=False):
        if column.title == "STATUS" and (style := STATUS_STYLES.get(job.row.status or "")):
            line.stylize(style, begin, begin + width)
        begin += width + len(_GAP)


def _clean(text: str) -> str:
    return printable(redact(one_line(text)))


def short_ids(job_ids: dict[UUID, str]) -> dict[UUID, str]:
    """Return the beginnings of ids that tell them apart, of eight characters or more."""
    length = _SHORTEST_ID
    whole = list(job_ids.values())
    while len({one[:length] for one in whole}) < len(whole):
        length += 1
    return {job_id: text[:length].rstrip("-") for job_id, text in job_ids.items()}


def _stage(job: KnownJob, _now: datetime) -> str:
    row = job.row
    if row.status != RowStatus.PROCESSING:
        return ""
    if (reason := awaited_attempt(row)) is not None:
        return str(reason)
    if is_about_to_start(row):
        return "about to start"
    return (row.progress_stage or "").replace("_", " ")


def _percent(job: KnownJob, _now: datetime) -> str:
    row = job.row
    if row.status != RowStatus.PROCESSING or awaited_attempt(row) is not None or is_about_to_start(row):
        return ""
    return "" if row.progress_percent is None else str(row.progress_percent)


def _attempts(job: KnownJob, _now: datetime) -> str:
    attempts = attempts_of(job.row)
    if attempts is None:
        return ""
    waits = attempts.interruptions
    return f"{attempts.number}, {waits} waits" if waits else str(attempts.number)


def _position(job: KnownJob, _now: datetime) -> str:
    return "" if job.position is None else str(job.position)


def _eta(job: KnownJob, now: datetime) -> str:
    return "" if job.ends is None else time_left(job.ends, now)


def _cost(job: KnownJob, _now: datetime) -> str:
    try:
        return "" if job.cost_usd is None else f"{float(job.cost_usd):.2f}"
    except ValueError:
        return ""


def _title(job: KnownJob, _now: datetime) -> str:
    return job.row.error or job.title or (_WITHOUT_SOP if job.has_sop is False else "")


def _length(job: KnownJob, _now: datetime) -> str:
    return "" if job.recording_seconds is None else short_length(job.recording_seconds)


def time_left(ends: TimeLeft, now: datetime) -> str:
    """Return how long a job is expected to take still, as in `4m-9m`; "" where that time has passed."""
    first, last = ((at - now).total_seconds() for at in (ends.earliest, ends.latest))
    if last <= 0:
        return ""
    late = short_length(last)
    # Both in one unit, so that they are compared at a glance.
    unit, letter = next(((size, name) for size, name in _UNITS if name == late[-1]), (1, "s"))
    early = f"{max(0, int(first)) // unit}{letter}"
    return late if early == late else f"{early}-{late}"


def short_length(seconds: float) -> str:
    """Return a length in one number and a letter: `45s`, `12m`, `3h`, `8d`."""
    whole = max(0, int(seconds))
    for unit, letter in _UNITS:
        if whole >= 2 * unit:
            return f"{whole // unit}{letter}"
    return f"{whole}s"


def exact_length(seconds: float) -> str:
    """Return a length to the second: `4.2s`, `1m 03s`, `2h 05m`."""
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def age(row: RowSummary, now: datetime) -> str:
    """Return the age of a row, as in `45s`, `12m`, `3h`, `8d`; empty where it has no valid `created_at`."""
    created = time_of(row.created_at)
    return "" if created is None else short_length((now - created).total_seconds())


_COLUMNS = (
    _Column("STATUS", lambda job, _now: job.row.status or ""),
    _Column("STAGE", _stage, needed=False),
    _Column("%", _percent, needed=False, right=True),
    _Column("POSITION", _position, needed=False, right=True),
    _Column("ETA", _eta, needed=False),
    _Column("COST", _cost, needed=False, right=True),
    _Column("ATTEMPTS", _attempts, needed=False),
    _Column("AGE", lambda job, now: age(job.row, now), right=True),
    _Column("LENGTH", _length, wide=True, right=True),
    _Column("MODEL", lambda job, _now: ",".join(job.models), wide=True),
    _Column("REASON", lambda job, _now: job.to_json()["reason"] or "", wide=True),
    _Column("USER", lambda job, _now: job.row.user_id or "", wide=True),
    _Column("BY", lambda job, _now: "" if job.row.claim is None else job.row.claim.by, wide=True),
    _Column("TITLE", _title),
)
