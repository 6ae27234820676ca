"""The worker's program as a process behind a gate, as a pod of an attempt runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Final
from uuid import uuid4

from runops.report import Report, parse_report
from tests.fork_server import fork_server
from tests.worker.gate import Gate
from tests.worker.job import Job

SMALL_BYTES: Final = 8 * 1024
"""What these pods send in one request, in place of 6 MiB: then the slim video of a test goes in pieces, too."""
_PROGRAM: Final = (
    f"import runops.supabase.upload as upload; upload.SMALL = {SMALL_BYTES}\nfrom runops_worker.main import run; run()"
)
_MODULES: Final = ("runops_worker.main", "google.genai", "httpx2")
"""The worker loads the last two when it opens the model: 0.6 s of CPU."""
_LONGEST_SECONDS: Final = 240


class Pod:
    """One process, started by `start`.

    Parameters
    ----------
    job, gate
        What it works on, and what it talks through.
    folder
        Its own; made here.
    """

    def __init__(self, job: Job, gate: Gate, folder: Path) -> None:
        self._job, self._gate, self._folder = job, gate, folder
        self._process = 0
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._code: int | None = None

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
        self._server = reader, writer = await asyncio.open_unix_connection(fork_server(*_MODULES))
        request = {"environment": environment, "log": str(self._folder / "log"), "program": _PROGRAM}
        writer.write(json.dumps(request).encode() + b"\n")
        self._process = int(await reader.readline())

    def terminate(self) -> None:
        """Ask it to stop."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as the kernel does for want of memory."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        assert self._process
        # The number of a process that has ended may be another's by now.
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, number)

    async def ended(self) -> int:
        """Wait until it is over and return its exit code, negative for a signal."""
        assert self._server is not None
        if self._code is None:
            reader, writer = self._server
            try:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    self._code = int(await reader.readline())
            except TimeoutError:
                self.kill()
                raise
            writer.close()
        return self._code

    @property
    def report(self) -> Report | None:
        """Its last word; None where it left none."""
        path = self._folder / "last-word"
        return parse_report(path.read_text("utf-8")) if path.exists() else None

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self._folder / "log").read_text("utf-8")
