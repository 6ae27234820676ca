"""`runops list`: the jobs of the table."""

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from runops.environment import Environment
from runops.job_row import RowStatus
from runops.logs import redact
from runops.supabase.connection import Supabase
from runops.supabase.row_summaries import Order, RowSummary, list_summaries
from runops_cli.rows.job_table import table
from runops_cli.terminal.console import STDOUT, say, tell
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import EnvFile
from runops_cli.terminal.run_command import known_errors, run_async
from runops_cli.terminal.settings import settings

__all__ = ["list_jobs"]

_MOST = 10_000


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


def _as_json(sight: RowSummary) -> dict[str, Any]:
    claim = sight.claim
    held = {} if claim is None else claim.model_dump(mode="json", exclude={"claim", "more_memory"})
    return {**sight.model_dump(mode="json", exclude={"runops"}), "runops": held or None}
