"""Checks that `kubectl` reaches a cluster that has VideoJobs."""

from dataclasses import dataclass
from datetime import UTC, datetime

from runops.supabase.probe import Finding
from runops_cli.checks.claims import check_claims, claims_without_cluster
from runops_cli.checks.finding import good, problem
from runops_cli.checks.installation import check_installations
from runops_cli.checks.spending import check_spending, spending_without_cluster
from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.videojobs import RESOURCE

__all__ = ["ClusterChoice", "check_cluster", "unknown_without_cluster"]


@dataclass(frozen=True, slots=True)
class ClusterChoice:
    """Which cluster to check, and whether it is a problem if none is configured."""

    kubectl: Kubectl
    required: bool = False


async def check_cluster(choice: ClusterChoice) -> list[Finding]:
    """Return the findings. It writes nothing to the cluster."""
    kubectl = choice.kubectl
    if not kubectl.installed:
        absent = _absent(choice, "kubectl is not installed", "Install kubectl, or leave --cluster out.")
        return [absent, *unknown_without_cluster()]
    context = await kubectl.current_context()
    if context is None:
        absent = _absent(choice, "no cluster configured", "Set KUBECONFIG or name a context with --context.")
        return [absent, *unknown_without_cluster()]
    listed = await kubectl.run("api-resources", f"--api-group={RESOURCE.partition('.')[2]}", "-o", "name")
    if listed.code != 0:
        remedy = "Check KUBECONFIG and --context with `kubectl cluster-info`, or skip this check with --no-cluster."
        return [
            problem("cluster", f"{context} does not answer: {listed.complaint or 'kubectl gave no reason'}", remedy)
        ]
    found = [good("cluster", f"{context} answers")]
    if RESOURCE not in listed.output.split():
        remedy = "Install the chart (helm install runops-operator), or skip this check with --no-cluster."
        return [*found, problem("VideoJob resource", f"{context} has no {RESOURCE}.", remedy)]
    found.append(good("VideoJob resource", f"{RESOURCE} is served"))
    found += [await _may_list(kubectl), *await check_installations(kubectl), *await check_claims(kubectl)]
    return [*found, *await check_spending(kubectl, today=datetime.now(UTC).date())]


def unknown_without_cluster() -> list[Finding]:
    """Return what only a cluster knows, where none is checked."""
    return [claims_without_cluster(), spending_without_cluster()]


async def _may_list(kubectl: Kubectl) -> Finding:
    answer = await kubectl.run("auth", "can-i", "list", RESOURCE)
    if answer.code == 0 and answer.output == "yes":
        return good("VideoJob rights", f"you may list VideoJobs in {kubectl.place}")
    return problem(
        "VideoJob rights",
        f"You may not list VideoJobs in {kubectl.place}.",
        "Ask the cluster's administrator for the right, or name another namespace with -n.",
    )


def _absent(choice: ClusterChoice, detail: str, remedy: str) -> Finding:
    if choice.required:
        return problem("cluster", detail, remedy)
    return good("cluster", f"{detail}; `runops work` needs none")
