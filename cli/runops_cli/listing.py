"""`runops list`: the jobs of the table."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.cells import cell_len, set_cell_size

from runops.environment import Environment
from runops.job_row import RowStatus
from runops.logs import redact
from runops.supabase.connection import Supabase
from runops.supabase.row_summaries import Order, RowSummary, list_summaries
from runops_cli.console import STDOUT, in_one_line, plain, say, tell
from runops_cli.exits import Exit
from runops_cli.running import known_errors, run_async
from runops_cli.settings import EnvFile, settings

__all__ = ["age", "list_jobs", "table"]

_MOST = 10_000
_TITLES = ("JOB", "STATUS", "STAGE", "%", "ATTEMPTS", "AGE", "ERROR")
_NARROWEST_ERROR = 20
_AGES = ((86_400, "d"), (3600, "h"), (60, "m"))


class _Form(StrEnum):
    TABLE = "table"
    JSON = "json"


def list_jobs(
    *,
    status: Annotated[
        list[RowStatus] | None,
        typer.Option("--status", "-s", help="Only jobs of this status; may be given several times."),
    ] = None,
    user: Annotated[UUID | None, typer.Option(help="Only jobs of this uploader.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=_MOST, help="How many at most.")] = 20,
    output: Annotated[_Form, typer.Option("--output", "-o", help="How to print it.")] = _Form.TABLE,
    env_file: EnvFile = None,
) -> None:
    """List jobs, newest first; with --status queued alone oldest first, as the queue is.

    Example: runops list

    Example: runops list --status error --limit 100 -o json
    """
    with known_errors():
        environment = settings(env_file)
    run_async(_list(status or [], user=user, limit=limit, form=output, environment=environment))


async def _list(
    statuses: list[RowStatus], *, user: UUID | None, limit: int, form: _Form, environment: Environment
) -> Exit:
    order = Order.OLDEST if set(statuses) == {RowStatus.QUEUED} else Order.NEWEST
    async with Supabase(environment.supabase_url, environment.supabase_key) as supabase:
        sights = await list_summaries(supabase, order=order, limit=limit, statuses=statuses, user=user)
        now = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
    if form is _Form.JSON:
        typer.echo(redact(json.dumps([_as_json(sight) for sight in sights], ensure_ascii=False, indent=2)))
        return Exit.OK
    if not sights:
        say("There are no such jobs." if statuses or user else "There are no jobs.")
        return Exit.OK
    for line in table(sights, now=now, width=STDOUT.width if STDOUT.is_terminal else None):
        tell(line)
    if len(sights) == limit:
        say(f"These are the first {limit}; --limit shows more.")
    return Exit.OK


def table(sights: Sequence[RowSummary], *, now: datetime, width: int | None) -> list[str]:
    """Return the table's lines, the titles first.

    Parameters
    ----------
    sights
        The rows.
    now
        The time at the server.
    width
        Where errors are cut off; whole where None.
    """
    cells = [_TITLES, *(_cells(sight, now) for sight in sights)]
    widths = [max(cell_len(line[column]) for line in cells) for column in range(len(_TITLES) - 1)]
    left = None if width is None else max(width - sum(widths) - 2 * len(widths), _NARROWEST_ERROR)
    return [_line(line, widths, left) for line in cells]


def _line(cells: Sequence[str], widths: Sequence[int], left: int | None) -> str:
    *short, error = cells
    if left is not None and cell_len(error) > left:
        error = set_cell_size(error, left - 1) + "\N{HORIZONTAL ELLIPSIS}"
    padded = [set_cell_size(cell, width) for cell, width in zip(short, widths, strict=True)]
    return "  ".join([*padded, error]).rstrip()


def _cells(sight: RowSummary, now: datetime) -> tuple[str, ...]:
    percent = "" if sight.progress_percent is None else str(sight.progress_percent)
    cells = (str(sight.job_id), sight.status, sight.progress_stage, percent, _attempts(sight), age(sight, now))
    shown = [plain(in_one_line(cell or "")) or "-" for cell in cells]
    return (*shown, plain(in_one_line(sight.error or "")))


def _attempts(sight: RowSummary) -> str:
    """Count as the VideoJob's column does: what was used up, and the one that runs."""
    claim = sight.claim
    if claim is None:
        return ""
    attempts = str(claim.failures + 1)
    return f"{attempts}, {claim.waits} waits" if claim.waits else attempts


def age(sight: RowSummary, now: datetime) -> str:
    """Return how long ago a row was made, as in `45s`, `12m`, `3h`, `8d`; empty where it does not say."""
    try:
        made = datetime.fromisoformat(sight.created_at or "")
    except ValueError:
        return ""
    seconds = max(0, int((now - (made if made.tzinfo else made.replace(tzinfo=UTC))).total_seconds()))
    for unit, letter in _AGES:
        if seconds >= 2 * unit:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def _as_json(sight: RowSummary) -> dict[str, Any]:
    claim = sight.claim
    held = {} if claim is None else claim.model_dump(mode="json", exclude={"claim", "more_memory"})
    return {**sight.model_dump(mode="json", exclude={"runops"}), "runops": held or None}
