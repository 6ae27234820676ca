"""`runops logs`: print the log of a job's worker."""

from typing import Annotated

import typer

from runops_cli.cluster.find_videojobs import find_on_cluster
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.log_line import readable
from runops_cli.cluster.worker_logs import WorkerLogs
from runops_cli.terminal.console import to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, Job, Namespace, TextFormat
from runops_cli.terminal.run_command import run_async

__all__ = ["logs"]


def logs(
    job: Job,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the worker ends.")] = False,
    previous: Annotated[
        bool,
        typer.Option("--previous", "-p", help="Print the logs of earlier attempts first, if their pods still exist."),
    ] = False,
    output: Annotated[
        TextFormat, typer.Option("--output", "-o", help="Readable lines, or JSON lines as the worker wrote them.")
    ] = TextFormat.TEXT,
    context: Context = None,
    namespace: Namespace = None,
) -> None:
    """Print the log of a job's worker on the cluster; it runs kubectl.

    If there is no pod, or it has not started, the exit code is 3. With --follow it waits ten minutes for the start;
    then the exit code is 4. It is 4 also if the log is cut off while the worker goes on.

    Example: runops logs 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -n runops -f

    Example: runops logs 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -o json | jq -r .msg
    """
    kubectl, show = Kubectl(context, namespace), to_stdout if output is TextFormat.JSON else _print_readable

    async def printed() -> Exit:
        job_id = await find_on_cluster(kubectl, job)
        return await WorkerLogs(kubectl, job_id, show).print(previous=previous, follow=follow)

    run_async(printed())


def _print_readable(line: str) -> None:
    to_stdout(readable(line))
