"""`runops stats`: say how many jobs ended, how fast, why they failed, what they cost."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from runops.job_filter import JobFilter
from runops.job_row import RowStatus
from runops.spans import parse_since
from runops.supabase.connection import Supabase
from runops.videojob_view import VideoJobView
from runops_cli.cluster.known_videojobs import known_videojobs
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.rows.job_output import as_json, as_yaml
from runops_cli.rows.job_stats import JobStats
from runops_cli.rows.read_jobs import all_pages
from runops_cli.rows.stats_page import stats_page
from runops_cli.terminal.console import STDOUT, data_to_stdout, lines_to_stdout, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.filter_options import User
from runops_cli.terminal.options import Context, EnvFile, Namespace, PageFormat
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["stats"]

_ENDED = frozenset({RowStatus.COMPLETED.value, RowStatus.ERROR.value})


def stats(
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help="Jobs that ended since then: 2h, 7d, 2026-11-30.")] = "7d",
    user: User = None,
    output: Annotated[PageFormat, typer.Option("--output", "-o", help="Output format.")] = PageFormat.TEXT,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """Say how many jobs ended since a time, how fast, why they failed, and what they cost.

    Times of stages are those that completed rows keep. Costs are those of the VideoJobs that still exist, so they need
    a cluster. p90 is what nine of ten do not exceed.

    Example: runops stats

    Example: runops stats --since 24h -o json | jq .failures
    """
    _since(since, datetime.now(UTC))

    async def counted(supabase: Supabase) -> Exit:
        # The first read tells the server's clock, which writes the rows.
        await supabase.jobs.columns()
        until = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
        found = JobStats(_since(since, until), until)
        views = await known_videojobs(Kubectl(context, namespace), None)
        await _read(supabase, found, user, views)
        match output:
            case PageFormat.JSON:
                data_to_stdout(as_json(found.to_json()))
            case PageFormat.YAML:
                data_to_stdout(as_yaml(found.to_json()))
            case PageFormat.TEXT:
                await _show(supabase, found, since)
        return Exit.OK

    run_with_supabase(env_file, counted)


async def _read(supabase: Supabase, found: JobStats, user: UUID | None, views: Mapping[UUID, VideoJobView]) -> None:
    chosen = JobFilter(statuses=_ENDED, user=user, changed_since=found.since)
    async for page in all_pages(supabase, chosen):
        found.add(page.rows, views)


async def _show(supabase: Supabase, found: JobStats, since: str) -> None:
    queued, at_work = [await supabase.jobs.count(one) for one in (RowStatus.QUEUED, RowStatus.PROCESSING)]
    width = STDOUT.width if STDOUT.is_terminal else None
    lines_to_stdout(stats_page(found, queued=queued, at_work=at_work, width=width))
    if found.failures:
        (reason, _), *_ = found.failures.most_common()
        to_stderr(
            f"`runops list --reason {reason} --changed-since {since}` shows those that failed most, "
            "`runops retry` with the same options runs them again."
        )
    else:
        to_stderr("`runops list` shows the jobs.")


def _since(text: str, now: datetime) -> datetime:
    try:
        return parse_since(text, now=now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
