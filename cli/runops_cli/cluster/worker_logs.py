"""Prints the logs of a job's worker pods."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from runops.videojob_view import VideoJobView
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.pods import CONTAINER, Pod, read_pods
from runops_cli.cluster.videojobs import no_videojob, read_videojob
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.exit_codes import Exit

__all__ = ["WorkerLogs", "without_pod"]

_READ_EVERY_SECONDS = 1.0
_START_SECONDS = 600.0
_END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WorkerLogs:
    """The logs of one job.

    Parameters
    ----------
    kubectl
        Reads them.
    job_id
        The job.
    show
        Receives each log line.
    """

    kubectl: Kubectl
    job_id: UUID
    show: Callable[[str], None]

    async def print(self, *, previous: bool, follow: bool) -> Exit:
        """Print the log of the newest pod.

        Parameters
        ----------
        previous
            Whether to print the logs of earlier pods first.
        follow
            Whether to wait for the pod to start, and to go on until it ends.

        Raises
        ------
        KubectlFailed
            The pods or their logs could not be read.
        """
        pods = await read_pods(self.kubectl, self.job_id)
        if not pods:
            videojob = await read_videojob(self.kubectl, self.job_id)
            sentence = no_videojob(self.kubectl) if videojob is None else without_pod(videojob)
            to_stderr(f"{self.job_id}  {sentence}", style="yellow")
            return Exit.NOT_FOUND
        *earlier, newest = pods
        if earlier and not previous:
            to_stderr(f"There are {len(earlier)} pods of earlier attempts; --previous prints their logs too.")
        for pod in earlier if previous else ():
            await self._print_pod(pod)
        if not follow:
            return await self._print_pod(newest)
        started = await self._wait_for_start(newest)
        return Exit.TIMEOUT if started is None else await self._follow_pod(started)

    async def _wait_for_start(self, pod: Pod) -> Pod | None:
        """Return the pod once it has started, or as last seen if it is gone; None after ten minutes."""
        clock = asyncio.get_running_loop().time
        deadline, printed = clock() + _START_SECONDS, ""
        while not pod.started:
            if pod.state != printed:
                to_stderr(f"{pod.name}  {pod.state}")
                printed = pod.state
            if clock() > deadline:
                hint = f"`kubectl describe pod {pod.name}` shows why"
                to_stderr(f"{pod.name}  did not start within {_START_SECONDS:.0f} s; {hint}.", style="yellow")
                return None
            await asyncio.sleep(_READ_EVERY_SECONDS)
            found = await self._read(pod)
            if found is None:
                return pod
            pod = found
        return pod

    async def _follow_pod(self, pod: Pod) -> Exit:
        code = await self._print_pod(pod, follow=True)
        if code is Exit.OK:
            return await self._print_end(pod)
        return code

    async def _print_end(self, pod: Pod) -> Exit:
        """Print how the pod ended. The kubelet reports that after the log has ended, within seconds."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _END_SECONDS
        while (found := await self._read(pod)) is not None and not found.ended:
            if clock() > deadline:
                to_stderr(f"{pod.name}  still runs, but its log was cut off. Run the command again.", style="yellow")
                return Exit.TIMEOUT
            await asyncio.sleep(_READ_EVERY_SECONDS)
        to_stderr(f"{pod.name}  {'is gone.' if found is None else found.state}")
        return Exit.OK

    async def _print_pod(self, pod: Pod, *, follow: bool = False) -> Exit:
        to_stderr(f"{pod.name}  {pod.state}")
        if not pod.started:
            return Exit.NOT_FOUND
        arguments = ["logs", pod.name, f"--container={CONTAINER}", *(["--follow"] if follow else [])]
        try:
            async for line in self.kubectl.lines(*arguments):
                self.show(line)
        except KubectlFailed as error:
            if "(NotFound)" not in str(error):
                raise
            to_stderr(
                f"{pod.name}  is gone, and its log with it. `runops list` shows the job's status.", style="yellow"
            )
            return Exit.NOT_FOUND
        return Exit.OK

    async def _read(self, pod: Pod) -> Pod | None:
        return next((one for one in await read_pods(self.kubectl, self.job_id) if one.name == pod.name), None)


def without_pod(videojob: VideoJobView) -> str:
    """Return the sentence for a VideoJob that has no pod."""
    message = f": {videojob.status.message}" if videojob.status.message else "."
    if videojob.finished:
        pod = f" {videojob.status.worker_pod.name}" if videojob.status.worker_pod is not None else ""
        return (
            f"Its pod{pod} is gone, and its log with it: Jobs and pods are deleted some time after the video ended "
            "(values worker.succeededJobTtlSeconds, worker.failedJobTtlSeconds). "
            f"The VideoJob is {videojob.status.phase}{message}"
        )
    return f"It has no pod at the moment; the VideoJob is {videojob.status.phase or 'new'}{message}"
