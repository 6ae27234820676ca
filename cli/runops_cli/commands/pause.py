"""`runops pause`: pause jobs that run on the cluster."""

from runops_cli.cluster.find_videojobs import find_all_on_cluster
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.suspension import set_suspended
from runops_cli.terminal.each_job import each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, Jobs, Namespace
from runops_cli.terminal.run_command import run_async

__all__ = ["pause"]


def pause(jobs: Jobs, *, context: Context = None, namespace: Namespace = None) -> None:
    """Stop the workers of jobs on the cluster until `runops resume`. Finished stages are kept.

    It sets spec.suspend of their VideoJobs with kubectl. The exit code is 3 if there is no VideoJob,
    and 1 if it has ended.

    Example: runops pause 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -n runops
    """
    kubectl = Kubectl(context, namespace)

    async def paused() -> Exit:
        job_ids = await find_all_on_cluster(kubectl, jobs)
        return await each_job(job_ids, lambda job_id: set_suspended(kubectl, job_id, suspended=True))

    run_async(paused())
