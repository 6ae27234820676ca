"""Kills the processes of real workers at random moments, from outside of their pods.

A node in namespaces runs its containers in pid namespaces below this machine's own, so root sees them here.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["WorkerKiller"]

_LOOK_SECONDS = 0.05
_YOUNG_SECONDS = 60.0
"""So long after a process was first seen it may still become a worker: the container's runtime starts it, then the
program takes its place. Older ones are not looked at again and again; a busy machine has hundreds.
"""


class WorkerKiller:
    """Decides which workers die, and when.

    Parameters
    ----------
    job_ids
        Whose workers may be killed; no other process is.
    share
        Of the videos whose first worker is killed; half of these lose their second one, too.
    longest_seconds
        A worker is killed at most so long after its start, and lives if it is done by then.
    chance
        Source of randomness.
    """

    def __init__(
        self, job_ids: Collection[str], *, share: float, longest_seconds: float, chance: random.Random
    ) -> None:
        self.killed = 0
        self._plans = {
            job_id: [chance.uniform(0.2, longest_seconds) for _ in range(1 + (chance.random() < 0.5))]
            for job_id in sorted(job_ids)
            if chance.random() < share
        }
        self._seen: set[tuple[int, str]] = set()
        self._first_seen: dict[int, float] = {}
        self._deaths: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Kill until cancelled."""
        while True:
            for pid, job_id in _workers(self._young()):
                plan = self._plans.get(job_id)
                if plan and (pid, job_id) not in self._seen:
                    self._seen.add((pid, job_id))
                    death = asyncio.create_task(self._kill(pid, after=plan.pop(0)))
                    self._deaths.add(death)
                    death.add_done_callback(self._deaths.discard)
            await asyncio.sleep(_LOOK_SECONDS)

    def _young(self) -> list[int]:
        """Return the processes of this machine that began a short time ago."""
        now = time.monotonic()
        with os.scandir("/proc") as entries:
            running = [int(entry.name) for entry in entries if entry.name.isdigit()]
        self._first_seen = {pid: self._first_seen.get(pid, now) for pid in running}
        return [pid for pid, seen in self._first_seen.items() if now - seen < _YOUNG_SECONDS]

    async def _kill(self, pid: int, *, after: float) -> None:
        # By descriptor: the number may be another process's by the time.
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            await asyncio.sleep(after)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                self.killed += 1
        finally:
            os.close(handle)


def _workers(pids: Iterable[int]) -> list[tuple[int, str]]:
    """Find the workers among processes: the first process of each container, and its job id."""
    found = []
    for pid in pids:
        folder = Path(f"/proc/{pid}")
        with suppress(OSError):
            if b"runops-worker" not in (folder / "cmdline").read_bytes():
                continue
            for line in (folder / "environ").read_bytes().split(b"\0"):
                name, _, value = line.partition(b"=")
                if name == b"RUNOPS_JOB_ID":
                    found.append((pid, value.decode(errors="replace")))
    return found
