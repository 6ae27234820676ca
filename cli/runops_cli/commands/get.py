"""`runops get`: show all that is known of a job."""

from typing import Annotated

import typer

from runops.job_story.story import JobStory
from runops.supabase.connection import Supabase
from runops.supabase.job_results import read_results
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.commands.explained_job import ExplainedJob, read_explained
from runops_cli.rows.job_output import as_json, as_yaml
from runops_cli.rows.job_page import job_page
from runops_cli.terminal.console import STDOUT, data_to_stdout, lines_to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, EnvFile, Job, Namespace, PageFormat
from runops_cli.terminal.run_command import run_with_supabase

__all__ = ["get"]

_WIDEST = 100


def get(
    job: Job,
    *,
    output: Annotated[PageFormat, typer.Option("--output", "-o", help="Output format.")] = PageFormat.TEXT,
    context: Context = None,
    namespace: Namespace = None,
    env_file: EnvFile = None,
) -> None:
    """Show all that is known of a job: what it waits for, timeline, attempts, cost, and where its results are.

    Times are in UTC. With a cluster, its VideoJob adds stages, tokens and what of the recording is lost.

    Example: runops get 6f1d3a52

    Example: runops get 6f1d3a52 -o json | jq .timeline
    """

    async def shown(supabase: Supabase) -> Exit:
        found = await read_explained(supabase, Kubectl(context, namespace), job)
        story = await _story(supabase, found)
        match output:
            case PageFormat.JSON:
                data_to_stdout(as_json(story.to_json(found.told)))
            case PageFormat.YAML:
                data_to_stdout(as_yaml(story.to_json(found.told)))
            case PageFormat.TEXT:
                width = min(STDOUT.width, _WIDEST) if STDOUT.is_terminal else None
                lines_to_stdout(job_page(story, found.told, project_url=supabase.url, width=width))
        return Exit.OK

    run_with_supabase(env_file, shown)


async def _story(supabase: Supabase, found: ExplainedJob) -> JobStory:
    """Read the rest. What cannot be read is named on the page, and the page is shown all the same."""
    job = found.job
    results = await read_results(supabase, job.row.job_id, with_checkpoint=job.needs_checkpoint)
    return JobStory(job, found.now, results)
