"""Whether `kubectl` reaches a cluster that has VideoJobs."""

from dataclasses import dataclass

from runops.supabase.probe import Finding
from runops.videojob import GROUP, PLURAL
from runops_cli.checks.finding import good, problem
from runops_cli.cluster.kubectl import Kubectl

__all__ = ["ClusterChoice", "check_cluster"]

_NO_NEED = "`runops work` needs none"
_RESOURCE = f"{PLURAL}.{GROUP}"


@dataclass(frozen=True, slots=True)
class ClusterChoice:
    """Which cluster is meant, and whether it is a problem that none is configured."""

    kubectl: Kubectl
    required: bool = False


async def check_cluster(choice: ClusterChoice) -> list[Finding]:
    """Return what is found; nothing is written to the cluster."""
    kubectl = choice.kubectl
    if not kubectl.installed:
        return [_absent(choice, "kubectl is not installed", "Install kubectl, or leave --cluster out.")]
    context = await kubectl.current_context()
    if context is None:
        return [_absent(choice, "no cluster configured", "Set KUBECONFIG or name one with --context.")]
    said = await kubectl.run("api-resources", f"--api-group={GROUP}", "-o", "name")
    if said.code != 0:
        remedy = "Check KUBECONFIG and --context; `kubectl cluster-info` tells more. --no-cluster leaves this out."
        return [problem("cluster", f"{context} does not answer: {said.complaint or 'no reason given'}", remedy)]
    found = [good("cluster", f"{context} answers")]
    if _RESOURCE not in said.output.split():
        remedy = "Install the chart (helm install runops-operator), or leave the cluster out with --no-cluster."
        return [*found, problem("VideoJob resource", f"{context} has no {_RESOURCE}.", remedy)]
    found.append(good("VideoJob resource", f"{_RESOURCE} is served"))
    return [*found, await _may_list(kubectl)]


async def _may_list(kubectl: Kubectl) -> Finding:
    said = await kubectl.run("auth", "can-i", "list", _RESOURCE)
    if said.code == 0 and said.output == "yes":
        return good("VideoJob rights", f"you may list VideoJobs in {kubectl.place}")
    return problem(
        "VideoJob rights",
        f"You may not list VideoJobs in {kubectl.place}.",
        "Ask for the right, or name another with -n.",
    )


def _absent(choice: ClusterChoice, detail: str, remedy: str) -> Finding:
    return problem("cluster", detail, remedy) if choice.required else good("cluster", f"{detail}; {_NO_NEED}")
