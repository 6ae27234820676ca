"""`runops list`: list the jobs of the table."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from runops.job_filter import JobFilter, Order
from runops.job_row import RowStatus
from runops.job_story.known_job import KnownJob
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.row_times import read_row_times
from runops.supabase.sop_titles import titles_of
from runops.time_left.of_rows import NO_TIME, RowTime
from runops.videojob_view import VideoJobView
from runops_cli.cluster.draining import drain_note
from runops_cli.cluster.known_videojobs import known_videojobs
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.standing_still import standstill_note
from runops_cli.rows.job_output import as_csv, as_json, as_names, as_yaml
from runops_cli.rows.job_sort import Sort, order_of, sorted_jobs
from runops_cli.rows.job_table import short_ids, table
from runops_cli.rows.read_jobs import FoundJobs, first_jobs
from runops_cli.rows.shared_waits import waits_line
from runops_cli.terminal.console import STDOUT, data_to_stdout, lines_to_stdout, to_stderr
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.filter_options import with_filter
from runops_cli.terminal.options import Context, EnvFile, ListFormat, Namespace
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["list_jobs", "next_commands"]

_MOST = 10_000


@with_filter
def list_jobs(
    *,
    chosen: JobFilter,
    sort: Annotated[
        Sort | None,
        typer.Option(help="Which jobs come first.", show_default="newest; oldest with only --status queued"),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=_MOST, help="Maximum number of jobs.")] = 20,
    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Output format.")] = ListFormat.TABLE,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """List jobs, newest first. With only `--status queued`, oldest first, as the queue is.

    Columns that would be empty are left out. ETA is the time that a job is expected to take still. With a cluster there
    is also what it has cost. If the installation drains, or claims nothing for another reason, a line on standard
    error says so.

    Example: runops list

    Example: runops list --status error --since 7d -o wide

    Example: runops list -s processing --sort eta

    Example: runops list --reason ModelUnavailable -l 1000 -o name
    """
    queue_alone = chosen.statuses == {RowStatus.QUEUED.value}
    listing = _Listing(
        chosen, sort or (Sort.OLDEST if queue_alone else Sort.NEWEST), limit, Kubectl(context, namespace)
    )
    run_with_supabase(env_file, lambda supabase: _listed(supabase, listing, output))


@dataclass(frozen=True, slots=True)
class _Listing:
    chosen: JobFilter
    sort: Sort
    limit: int
    kubectl: Kubectl

    async def read(self, supabase: Supabase) -> tuple[list[KnownJob], FoundJobs, str | None]:
        """Return the jobs, what was found when they were looked for, and why rows wait that could be claimed."""
        order = order_of(self.sort)
        views: dict[UUID, VideoJobView] = {}
        if self.chosen.needs_facts:
            views = await known_videojobs(self.kubectl, None)
        facts = {job_id: view.facts for job_id, view in views.items()}
        found = await first_jobs(
            supabase,
            self.chosen,
            order=order or Order.NEWEST,
            limit=self.limit if order is not None else _MOST,
            facts=facts,
        )
        # Side by side: a cluster that is away lets each wait for its time limit.
        named = [] if self.chosen.needs_facts else [row.job_id for row in found.rows]
        more, note = await asyncio.gather(
            known_videojobs(self.kubectl, named), _why_rows_wait(found.rows, self.kubectl)
        )
        views |= more
        jobs = sorted_jobs(await _known(supabase, found.rows, views, paused=note is not None), self.sort)
        return jobs[: self.limit], found, note


async def _known(
    supabase: Supabase, rows: Sequence[RowSummary], views: dict[UUID, VideoJobView], *, paused: bool
) -> list[KnownJob]:
    times: dict[UUID, RowTime] = {}
    if not all(row.ended for row in rows):
        times = await read_row_times(supabase, paused=paused)
    completed = {row.job_id for row in rows if row.status == RowStatus.COMPLETED}
    sops = await titles_of(supabase.rest, completed)
    if sops.trouble is not None:
        to_stderr(f"Titles are left out. {sops.trouble} `runops check` tests the project.", style="yellow")
    jobs = []
    for row in rows:
        time = times.get(row.job_id, NO_TIME)
        jobs.append(
            KnownJob(
                row,
                views.get(row.job_id),
                time.position,
                sops.titles.get(row.job_id) or None,
                time_left=time.time_left,
                has_sop=row.job_id in sops.titles if row.job_id in completed and sops.trouble is None else None,
            )
        )
    return jobs


async def _listed(supabase: Supabase, listing: _Listing, output: ListFormat) -> Exit:
    jobs, found, note = await listing.read(supabase)
    match output:
        case ListFormat.JSON:
            data_to_stdout(as_json([job.to_json() for job in jobs]))
        case ListFormat.YAML:
            data_to_stdout(as_yaml([job.to_json() for job in jobs]))
        case ListFormat.CSV:
            data_to_stdout(as_csv(jobs))
        case ListFormat.NAME:
            data_to_stdout(as_names(jobs))
        case ListFormat.TABLE | ListFormat.WIDE:
            await _show_table(supabase, listing, jobs, note, wide=output is ListFormat.WIDE)
    if found.undecided:
        to_stderr(f"{found.undecided} more are left out: nothing tells their model or length.", style="yellow")
    if jobs and (found.more or len(found.rows) > len(jobs)):
        to_stderr(_more(listing, found))
    if jobs and output in {ListFormat.TABLE, ListFormat.WIDE}:
        to_stderr(next_commands(jobs))
    return Exit.OK


def next_commands(jobs: Sequence[KnownJob]) -> str:
    """Return the line below a table: a command for any job, and one that fits the first job that has such a one."""
    names = short_ids({job.row.job_id: str(job.row.job_id) for job in jobs})
    line = f"`runops get {names[jobs[0].row.job_id]}` tells all of a job"
    fits = next((said for job in jobs if (said := _fits(job, names[job.row.job_id])) is not None), None)
    return f"{line}." if fits is None else f"{line}, {fits}."


def _fits(job: KnownJob, name: str) -> str | None:
    match job.row.status:
        case RowStatus.QUEUED:
            return f"`runops why {name}` why it waits"
        case RowStatus.PROCESSING:
            return f"`runops why {name}` what it does"
        case RowStatus.ERROR:
            return f"`runops why {name}` what to do about it"
        case RowStatus.COMPLETED if job.has_sop is False:
            return f"`runops why {name}` which command makes its SOP"
        case RowStatus.COMPLETED:
            return f"`runops sop {name}` prints its SOP"
        case _:
            return None


def _more(listing: _Listing, found: FoundJobs) -> str:
    if order_of(listing.sort) is None and found.more:
        return f"Of more than {_MOST} jobs, the newest {_MOST} were sorted. --since or --status takes fewer."
    return f"These are the first {listing.limit}; --limit shows more."


async def _show_table(
    supabase: Supabase, listing: _Listing, jobs: Sequence[KnownJob], note: str | None, *, wide: bool
) -> None:
    if not jobs:
        filtered = listing.chosen != JobFilter()
        to_stderr("No job matches. `runops list` without options shows all." if filtered else _EMPTY)
        return
    rows = [job.row for job in jobs]
    on_terminal = STDOUT.is_terminal
    lines_to_stdout(
        table(
            jobs,
            now=_now(supabase),
            width=STDOUT.width if on_terminal and not wide else None,
            wide=wide,
            whole_ids=wide or not on_terminal,
        )
    )
    if (line := waits_line(rows)) is not None:
        to_stderr(line, style="yellow")
    if note is not None:
        to_stderr(note, style="yellow")


_EMPTY = "No jobs. `runops submit RECORDING` queues the first one."


async def _why_rows_wait(rows: Sequence[RowSummary], kubectl: Kubectl) -> str | None:
    note = await drain_note(kubectl)
    if note is None and any(row.status == RowStatus.QUEUED for row in rows):
        note = await standstill_note(kubectl)
    return note


def _now(supabase: Supabase) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
