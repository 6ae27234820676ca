"""Runs `kubectl`, which knows the cluster, its contexts and how to sign in there."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["Kubectl", "KubectlFailed", "Said"]

_SECONDS = 15.0
_LONGEST_LINE = 4 * 1024**2
_ENDING_SECONDS = 5.0


class KubectlFailed(CommandFailed):
    """kubectl is missing, has no cluster, or failed; the message says which."""


@dataclass(frozen=True, slots=True)
class Said:
    """How kubectl ended: its exit code, its output, and the last line of its complaint."""

    code: int
    output: str
    complaint: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Which cluster is meant; KUBECONFIG is read by kubectl itself.

    Attributes
    ----------
    context, namespace
        As for kubectl; its current ones where None.
    """

    context: str | None = None
    namespace: str | None = None

    @property
    def installed(self) -> bool:
        """Whether there is a kubectl on PATH."""
        return shutil.which("kubectl") is not None

    @property
    def place(self) -> str:
        """The namespace, as it is named in a sentence."""
        return f"namespace {self.namespace}" if self.namespace else "the current namespace"

    async def current_context(self) -> str | None:
        """Return the context that is used; None where none is named or configured."""
        if self.context is not None:
            return self.context
        said = await self.run("config", "current-context")
        return said.output if said.code == 0 else None

    async def run(self, *arguments: str) -> Said:
        """Run it to its end, for a quarter of a minute at most."""
        async with _started(self._command(*arguments, request_timeout="5s")) as process:
            try:
                async with asyncio.timeout(_SECONDS):
                    output, complaint = await process.communicate()
            except TimeoutError:
                return Said(124, "", f"kubectl was not done after {_SECONDS:.0f} s")
        lines = _text(complaint).strip().splitlines()
        return Said(process.returncode or 0, _text(output).strip(), lines[-1] if lines else "")

    async def get(self, *arguments: str) -> dict[str, Any] | None:
        """Return what `kubectl get` finds, as JSON; None where it is not there.

        Raises
        ------
        KubectlFailed
            It could not be asked.
        """
        await self.demand()
        said = await self.run("get", *arguments, "--ignore-not-found", "-o", "json")
        if "doesn't have a resource type" in said.complaint:
            raise KubectlFailed("The cluster has no VideoJobs. Install the chart: helm install runops-operator.")
        if said.code != 0:
            raise KubectlFailed(f"The cluster could not be asked: {said.complaint or 'kubectl gave no reason'}")
        if not said.output:
            return None
        try:
            found: dict[str, Any] = json.loads(said.output)
        except ValueError:
            raise KubectlFailed("kubectl gave no JSON.") from None
        return found

    async def demand(self) -> None:
        """Make sure that there is a kubectl, and a cluster that it knows.

        Raises
        ------
        KubectlFailed
            There is none.
        """
        if not self.installed:
            raise KubectlFailed("kubectl is not installed; this command needs it.", Exit.USAGE)
        if await self.current_context() is None:
            raise KubectlFailed("No cluster is configured: set KUBECONFIG or name one with --context.", Exit.USAGE)

    async def lines(self, *arguments: str) -> AsyncIterator[str]:
        """Give what it prints line by line, for as long as it runs.

        Raises
        ------
        KubectlFailed
            It ended with an error, after what it had printed.
        """
        async with _started(self._command(*arguments, request_timeout="0")) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            complaint = asyncio.ensure_future(process.stderr.read())
            try:
                async for line in process.stdout:
                    yield _text(line).rstrip("\n")
            except ValueError:
                raise KubectlFailed(f"A line is longer than {_LONGEST_LINE // 1024**2} MiB.") from None
            lines = _text(await complaint).strip().splitlines()
            if await process.wait() != 0:
                raise KubectlFailed(lines[-1] if lines else "kubectl gave no reason")

    def _command(self, *arguments: str, request_timeout: str) -> list[str]:
        context = [] if self.context is None else [f"--context={self.context}"]
        namespace = [] if self.namespace is None else [f"--namespace={self.namespace}"]
        return ["kubectl", f"--request-timeout={request_timeout}", *context, *namespace, *arguments]


@asynccontextmanager
async def _started(command: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            async with asyncio.timeout(_ENDING_SECONDS):
                await process.wait()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
