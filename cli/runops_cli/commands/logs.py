"""`runops logs`: what the worker of a job logs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.pods import CONTAINER, Pod, read_pods
from runops_cli.cluster.videojobs import no_videojob, read_videojob
from runops_cli.cluster.worker_log import readable
from runops_cli.terminal.console import say, tell
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.options import Context, Namespace
from runops_cli.terminal.run_command import run_async

__all__ = ["logs"]

_PACE_SECONDS = 1.0
_STARTS_WITHIN_SECONDS = 600.0


class _Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def logs(
    job: Annotated[UUID, typer.Argument(help="The job's id.", metavar="JOB")],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the worker ends.")] = False,
    previous: Annotated[
        bool, typer.Option("--previous", "-p", help="Earlier attempts' pods first, where they are still there.")
    ] = False,
    output: Annotated[_Form, typer.Option("--output", "-o", help="Lines to read, or as they were written.")] = (
        _Form.TEXT
    ),
    context: Context = None,
    namespace: Namespace = None,
) -> None:
    """Print the log of a job's worker on the cluster, by kubectl.

    The exit code is 3 where there is no pod (any more) or it has not started. With --follow it is waited for ten
    minutes (4).

    Example: runops logs 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -n runops -f

    Example: runops logs 6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11 -o json | jq -r .msg
    """
    show = tell if output is _Form.JSON else _tell_readable
    run_async(_Logs(Kubectl(context, namespace), job, show=show).run(previous=previous, follow=follow))


def _tell_readable(line: str) -> None:
    tell(readable(line))


@dataclass(frozen=True, slots=True)
class _Logs:
    kubectl: Kubectl
    job_id: UUID
    show: Callable[[str], None]

    async def run(self, *, previous: bool, follow: bool) -> Exit:
        pods = await read_pods(self.kubectl, self.job_id)
        if not pods:
            say(f"{self.job_id}  {await self._without_pod()}", style="yellow")
            return Exit.NOT_THERE
        *earlier, last = pods
        if earlier and not previous:
            say(f"Earlier attempts left {len(earlier)} pod(s); --previous shows their logs too.")
        for pod in earlier if previous else ():
            await self._print(pod)
        if follow and not last.started:
            started = await self._once_started(last)
            if started is None:
                return Exit.TIMEOUT
            last = started
        return await self._print(last, follow=follow)

    async def _without_pod(self) -> str:
        videojob = await read_videojob(self.kubectl, self.job_id)
        if videojob is None:
            return no_videojob(self.kubectl)
        said = f": {videojob.status.message}" if videojob.status.message else "."
        if videojob.finished:
            return f"Its pod is gone, and the log with it; the VideoJob is {videojob.status.phase}{said}"
        return f"It has no pod at the moment; the VideoJob is {videojob.status.phase or 'new'}{said}"

    async def _once_started(self, pod: Pod) -> Pod | None:
        """Return the pod when its worker runs, or as it was last seen when it is gone; None after ten minutes."""
        clock = asyncio.get_running_loop().time
        end, told = clock() + _STARTS_WITHIN_SECONDS, ""
        while not pod.started:
            if pod.words != told:
                say(f"{pod.name}  {pod.words}")
                told = pod.words
            if clock() > end:
                say(f"{pod.name}  was waited for for {_STARTS_WITHIN_SECONDS:.0f} s.", style="yellow")
                return None
            await asyncio.sleep(_PACE_SECONDS)
            there = {one.name: one for one in await read_pods(self.kubectl, self.job_id)}
            if pod.name not in there:
                return pod
            pod = there[pod.name]
        return pod

    async def _print(self, pod: Pod, *, follow: bool = False) -> Exit:
        say(f"{pod.name}  {pod.words}")
        if not pod.started:
            return Exit.NOT_THERE
        arguments = ["logs", pod.name, f"--container={CONTAINER}", *(["--follow"] if follow else [])]
        try:
            async for line in self.kubectl.lines(*arguments):
                self.show(line)
        except KubectlFailed as error:
            if "(NotFound)" not in str(error):
                raise
            say(f"{pod.name}  is gone, and its log with it.", style="yellow")
            return Exit.NOT_THERE
        if follow:
            ended = next((one for one in await read_pods(self.kubectl, self.job_id) if one.name == pod.name), None)
            say(f"{pod.name}  {'is gone.' if ended is None else ended.words}")
        return Exit.OK
