"""`runops pause`: hold jobs that run on the cluster."""

from typing import Annotated
from uuid import UUID

import typer

from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.suspension import suspend
from runops_cli.terminal.each_job import each_job
from runops_cli.terminal.options import Context, Namespace
from runops_cli.terminal.run_command import run_async

__all__ = ["pause"]


def pause(
    jobs: Annotated[list[UUID], typer.Argument(help="The jobs' ids.", metavar="JOB...")],
    *,
    context: Context = None,
    namespace: Namespace = None,
) -> None:
    """Stop the workers of jobs on the cluster until `runops resume`; what they finished is kept.

    It sets spec.suspend of their VideoJobs by kubectl. The exit code is 3 where there is no VideoJob, 1 where it has
    ended.

    Example: runops pause 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -n runops
    """
    kubectl = Kubectl(context, namespace)
    run_async(each_job(jobs, lambda job_id: suspend(kubectl, job_id, held=True)))
