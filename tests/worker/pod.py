"""The worker's program as a process behind a gate, as a pod of an attempt runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

from runops.report import Report, parse_report
from tests.worker.gate import Gate
from tests.worker.job import Job

SMALL_BYTES: Final = 8 * 1024
"""What these pods send in one request, in place of 6 MiB: then the slim video of a test goes in pieces, too."""
_PROGRAM: Final = (
    f"import runops.supabase.upload as upload; upload.SMALL = {SMALL_BYTES}\nfrom runops_worker.main import run; run()"
)
_LONGEST_SECONDS: Final = 90


class Pod:
    """One process, begun by `start`.

    Parameters
    ----------
    job, gate
        What it works on, and what it talks through.
    folder
        Its own; made here.
    """

    def __init__(self, job: Job, gate: Gate, folder: Path) -> None:
        self._job, self._gate, self._folder = job, gate, folder
        self._process: asyncio.subprocess.Process | None = None
        self._killed = False

    async def start(self, **changes: str) -> None:
        """Begin; `changes` are settings."""
        self._folder.mkdir(parents=True)
        environment = {
            "PATH": os.environ["PATH"],
            **self._gate.environment(self._job.stack),
            "RUNOPS_JOB_ID": str(self._job.task.job_id),
            "RUNOPS_CLAIM": self._job.task.claim,
            "RUNOPS_POD_UID": str(uuid4()),
            "RUNOPS_WORKDIR": str(self._folder / "scratch"),
            "RUNOPS_TERMINATION_LOG": str(self._folder / "last-word"),
            "RUNOPS_TRANSCODE_HEIGHT": "360",
            **changes,
        }
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _PROGRAM, env=environment, stderr=log
            )

    def terminate(self) -> None:
        """Ask it to stop."""
        assert self._process is not None
        self._process.terminate()

    def kill(self) -> None:
        """End it at once, as the kernel does for want of memory. A second call does nothing."""
        assert self._process is not None
        # A second `Process.kill` could collect the exit code in place of asyncio, which then reports 255.
        if not self._killed:
            self._killed = True
            self._process.kill()

    async def ended(self) -> int:
        """Wait until it is over and return its exit code, negative for a signal."""
        assert self._process is not None
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            self.kill()
            raise

    @property
    def report(self) -> Report | None:
        """Its last word; None where it left none."""
        path = self._folder / "last-word"
        return parse_report(path.read_text("utf-8")) if path.exists() else None

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self._folder / "log").read_text("utf-8")
