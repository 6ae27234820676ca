"""`runops list`: list the jobs of the table."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from runops.job_filter import JobFilter, Order
from runops.job_row import RowStatus
from runops.logs import redact
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops_cli.cluster.draining import drain_note
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.standing_still import standstill_note
from runops_cli.rows.job_table import table
from runops_cli.rows.read_jobs import first_jobs
from runops_cli.rows.shared_waits import waits_line
from runops_cli.terminal.console import STDOUT, to_stderr, to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, EnvFile, Namespace, TableFormat
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["list_jobs"]

_MOST = 10_000


def list_jobs(
    *,
    status: Annotated[
        list[RowStatus] | None,
        typer.Option("--status", "-s", help="Only jobs of this status; may be given several times."),
    ] = None,
    user: Annotated[UUID | None, typer.Option(help="Only jobs of this uploader.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=_MOST, help="Maximum number of jobs.")] = 20,
    output: Annotated[TableFormat, typer.Option("--output", "-o", help="Output format.")] = TableFormat.TABLE,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """List jobs, newest first. With only `--status queued`, oldest first, as the queue is.

    If kubectl has a cluster on which the installation drains, or claims nothing for another reason, a line on standard
    error says so.

    Example: runops list

    Example: runops list --status error --limit 100 -o json
    """
    statuses = status or []

    async def listed(supabase: Supabase) -> Exit:
        chosen = JobFilter(statuses=frozenset(status.value for status in statuses), user=user)
        rows, more = await first_jobs(supabase, chosen, order=_order(statuses), limit=limit)
        if output is TableFormat.JSON:
            typer.echo(redact(json.dumps([_as_json(row) for row in rows], ensure_ascii=False, indent=2)))
            return Exit.OK
        if not rows:
            to_stderr("No job matches. Leave out --status or --user to see more." if statuses or user else "No jobs.")
            return Exit.OK
        _print_table(rows, now=datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0))
        if (line := waits_line(rows)) is not None:
            to_stderr(line, style="yellow")
        if more:
            to_stderr(f"These are the first {limit}; --limit shows more.")
        if (note := await _why_rows_wait(rows, Kubectl(context, namespace))) is not None:
            to_stderr(note, style="yellow")
        return Exit.OK

    run_with_supabase(env_file, listed)


async def _why_rows_wait(rows: Sequence[RowSummary], kubectl: Kubectl) -> str | None:
    note = await drain_note(kubectl)
    if note is None and any(row.status == RowStatus.QUEUED for row in rows):
        note = await standstill_note(kubectl)
    return note


def _order(statuses: Sequence[RowStatus]) -> Order:
    return Order.OLDEST if set(statuses) == {RowStatus.QUEUED} else Order.NEWEST


def _print_table(rows: Sequence[RowSummary], *, now: datetime) -> None:
    for line in table(rows, now=now, width=STDOUT.width if STDOUT.is_terminal else None):
        to_stdout(line)


def _as_json(row: RowSummary) -> dict[str, Any]:
    claim = row.claim
    shown = None if claim is None else claim.model_dump(mode="json", exclude={"claim", "more_memory"})
    if claim is not None and shown is not None:
        # Scripts read one number; the table keeps one for each class.
        shown["waits"] = claim.interruptions
    return {**row.model_dump(mode="json", exclude={"runops", "completed_at"}), "runops": shown}
