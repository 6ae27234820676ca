"""Whether `kubectl` reaches a cluster that has VideoJobs."""

import asyncio
import shutil
from dataclasses import dataclass

from runops.supabase.probe import Finding
from runops.videojob import GROUP, PLURAL
from runops_cli.finding import good, problem

__all__ = ["ClusterChoice", "check_cluster"]

_SECONDS = 15.0
_NO_NEED = "`runops work` needs none"
_RESOURCE = f"{PLURAL}.{GROUP}"


@dataclass(frozen=True, slots=True)
class ClusterChoice:
    """Which cluster is meant; KUBECONFIG is read by kubectl itself.

    Attributes
    ----------
    context, namespace
        As for kubectl; its current ones where None.
    required
        Whether it is a problem that none is configured.
    """

    context: str | None = None
    namespace: str | None = None
    required: bool = False

    def arguments(self) -> list[str]:
        """Return the options for kubectl."""
        context = [] if self.context is None else [f"--context={self.context}"]
        return [*context, *([] if self.namespace is None else [f"--namespace={self.namespace}"])]


async def check_cluster(choice: ClusterChoice) -> list[Finding]:
    """Return what is found; nothing is written to the cluster."""
    if shutil.which("kubectl") is None:
        return [_absent(choice, "kubectl is not installed", "Install kubectl, or leave --cluster out.")]
    context = choice.context
    if context is None:
        code, said, _ = await _kubectl("config", "current-context")
        if code != 0:
            return [_absent(choice, "no cluster configured", "Set KUBECONFIG or name one with --context.")]
        context = said
    code, said, complaint = await _kubectl(*choice.arguments(), "api-resources", f"--api-group={GROUP}", "-o", "name")
    if code != 0:
        remedy = "Check KUBECONFIG and --context; `kubectl cluster-info` tells more. --no-cluster leaves this out."
        return [problem("cluster", f"{context} does not answer: {complaint or 'no reason given'}", remedy)]
    found = [good("cluster", f"{context} answers")]
    if _RESOURCE not in said.split():
        remedy = "Install the chart (helm install runops-operator), or leave the cluster out with --no-cluster."
        return [*found, problem("VideoJob resource", f"{context} has no {_RESOURCE}.", remedy)]
    found.append(good("VideoJob resource", f"{_RESOURCE} is served"))
    return [*found, await _may_list(choice)]


async def _may_list(choice: ClusterChoice) -> Finding:
    where = f"namespace {choice.namespace}" if choice.namespace else "the current namespace"
    code, said, _ = await _kubectl(*choice.arguments(), "auth", "can-i", "list", _RESOURCE)
    if code == 0 and said == "yes":
        return good("VideoJob rights", f"you may list VideoJobs in {where}")
    return problem(
        "VideoJob rights", f"You may not list VideoJobs in {where}.", "Ask for the right, or name another with -n."
    )


def _absent(choice: ClusterChoice, detail: str, remedy: str) -> Finding:
    return problem("cluster", detail, remedy) if choice.required else good("cluster", f"{detail}; {_NO_NEED}")


async def _kubectl(*arguments: str) -> tuple[int, str, str]:
    """Run kubectl; return its exit code, its output, and the last line of its complaint."""
    process = await asyncio.create_subprocess_exec(
        "kubectl",
        "--request-timeout=5s",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        return 124, "", f"kubectl was not done after {_SECONDS:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = err.decode("utf-8", "replace").strip().splitlines()
    return process.returncode or 0, out.decode("utf-8", "replace").strip(), lines[-1] if lines else ""
