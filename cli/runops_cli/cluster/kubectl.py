"""Runs `kubectl`, which has the user's contexts, proxies and credential plugins."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["Kubectl", "KubectlFailed", "KubectlResult"]

_RUN_SECONDS = 15.0
_LONGEST_LINE = 4 * 1024**2
_KILL_SECONDS = 5.0


class KubectlFailed(CommandFailed):
    """kubectl is missing, has no cluster, or failed; the message says which."""


@dataclass(frozen=True, slots=True)
class KubectlResult:
    """The exit code of a kubectl run, its output, and the last line of its standard error."""

    code: int
    output: str
    complaint: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl for one cluster; kubectl itself reads KUBECONFIG.

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
        """The namespace, for a sentence."""
        return f"namespace {self.namespace}" if self.namespace else "the current namespace"

    async def current_context(self) -> str | None:
        """Return the context in use; None where none is named or configured."""
        if self.context is not None:
            return self.context
        result = await self.run("config", "current-context")
        return result.output if result.code == 0 else None

    async def run(self, *arguments: str) -> KubectlResult:
        """Run kubectl to its end, for at most 15 s."""
        async with _started(self._command(*arguments, request_timeout="5s")) as process:
            try:
                async with asyncio.timeout(_RUN_SECONDS):
                    output, complaint = await process.communicate()
            except TimeoutError:
                return KubectlResult(124, "", f"kubectl did not finish within {_RUN_SECONDS:.0f} s")
        return KubectlResult(process.returncode or 0, _text(output).strip(), _last_line(complaint))

    async def get(self, *arguments: str) -> dict[str, Any] | None:
        """Return what `kubectl get` finds, as JSON; None where the object does not exist.

        Raises
        ------
        KubectlFailed
            There is no kubectl or no cluster, or kubectl failed.
        """
        await self.require_cluster()
        result = await self.run("get", *arguments, "--ignore-not-found", "-o", "json")
        if "doesn't have a resource type" in result.complaint:
            raise KubectlFailed("The cluster has no VideoJobs. Install the chart: helm install runops-operator.")
        if result.code != 0:
            raise KubectlFailed(
                f"kubectl failed: {result.complaint or 'it gave no reason'}. "
                "Run `runops check --cluster` to find out what is wrong."
            )
        if not result.output:
            return None
        try:
            found: dict[str, Any] = json.loads(result.output)
        except ValueError:
            raise KubectlFailed("kubectl did not print JSON. Check which kubectl is first on PATH.") from None
        return found

    async def lines(self, *arguments: str) -> AsyncIterator[str]:
        """Yield the output of kubectl line by line, for as long as it runs.

        Raises
        ------
        KubectlFailed
            kubectl ended with an error; the lines before it were yielded.
        """
        async with _started(self._command(*arguments, request_timeout="0")) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            complaint = asyncio.ensure_future(process.stderr.read())
            try:
                async for line in process.stdout:
                    yield _text(line).rstrip("\n")
            except ValueError:
                limit = _LONGEST_LINE // 1024**2
                raise KubectlFailed(f"A line is longer than {limit} MiB. Read it with `kubectl logs`.") from None
            last = _last_line(await complaint)
            if await process.wait() != 0:
                raise KubectlFailed(f"kubectl failed: {last or 'it gave no reason'}")

    async def require_cluster(self) -> None:
        """Make sure that there is a kubectl and a cluster.

        Raises
        ------
        KubectlFailed
            There is none.
        """
        if not self.installed:
            raise KubectlFailed(
                "kubectl is not installed, and this command needs it. Install it, or add it to PATH.", Exit.USAGE
            )
        if await self.current_context() is None:
            raise KubectlFailed(
                "No cluster is configured: set KUBECONFIG or name one with --context. `kubectl config get-contexts` "
                "lists those that are known.",
                Exit.USAGE,
            )

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
            async with asyncio.timeout(_KILL_SECONDS):
                await process.wait()


def _last_line(data: bytes) -> str:
    lines = _text(data).strip().splitlines()
    return lines[-1] if lines else ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
