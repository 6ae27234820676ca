"""`runops resume`: continue jobs that are paused."""

from runops_cli.cluster.find_videojobs import find_all_on_cluster
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.suspension import set_suspended
from runops_cli.terminal.each_job import each_job
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, Jobs, Namespace
from runops_cli.terminal.run_command import run_async

__all__ = ["resume"]


def resume(jobs: Jobs, *, context: Context = None, namespace: Namespace = None) -> None:
    """Continue jobs on the cluster that `runops pause` has paused.

    It clears spec.suspend of their VideoJobs with kubectl. The exit code is 3 if there is no VideoJob,
    and 1 if it has ended.

    Example: runops resume 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -n runops
    """
    kubectl = Kubectl(context, namespace)

    async def resumed() -> Exit:
        job_ids = await find_all_on_cluster(kubectl, jobs)
        return await each_job(job_ids, lambda job_id: set_suspended(kubectl, job_id, suspended=False))

    run_async(resumed())
