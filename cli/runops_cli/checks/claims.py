"""Says whether the operator claims rows, and if not, why, since when and when it is tried again.

The operator shows it in its own pod, so only a cluster knows it.
"""

from collections.abc import Mapping
from typing import Any

from runops.failures import TABLE, FailureClass, Reason
from runops.standstill import CONDITION, Told, told_by
from runops.supabase.probe import Finding
from runops_cli.checks.finding import good, problem, warning
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.releases import Installed, operators_pods, read_releases

__all__ = ["check_claims", "claims_finding", "claims_without_cluster"]

_UNKNOWN = (
    f"no pod of the operator has the condition {CONDITION}: no replica leads yet, or its role has no `patch` on "
    "`pods/status`; `kubectl get videojobs -o wide` shows the reason of each video that waits"
)
_FOR_A_PERSON = frozenset(reason.value for reason, row in TABLE.items() if row.failure_class is FailureClass.KEY)


def claims_without_cluster() -> Finding:
    """Return what is known of the claims where no cluster is checked."""
    return good(
        "claims",
        "not known here: the operator on the cluster shows in its pod why it claims nothing; `runops work` prints it",
    )


async def check_claims(kubectl: Kubectl) -> list[Finding]:
    """Return for each release in the namespace whether rows are claimed. It writes nothing."""
    try:
        releases = await read_releases(kubectl)
        alone = len(releases) == 1
        return [
            claims_finding(release, await operators_pods(kubectl, release), "" if alone else f" of {release.release}")
            for release in releases
        ] or [good("claims", f"not known: no release of the chart is installed in {kubectl.place}")]
    except KubectlFailed as error:
        return [good("claims", f"not known: {error}")]


def claims_finding(release: Installed, pods: list[Mapping[str, Any]], named: str) -> Finding:
    """Return whether a release claims rows, by the conditions of its operator's pods. Pure.

    Parameters
    ----------
    release
        The release.
    pods
        Of its operator; that of the replica that leads, where one does.
    named
        Added to the name of the finding where there are several releases.
    """
    conditions = [one for pod in pods for one in (pod.get("status") or {}).get("conditions") or []]
    told = told_by(conditions)
    if told is not None:
        return _stopped(release, told, f"claims{named}")
    if any(one.get("type") == CONDITION and one.get("status") == "True" for one in conditions):
        return good(f"claims{named}", "rows are claimed when a slot is free")
    return good(f"claims{named}", f"not known: {_UNKNOWN}")


def _stopped(release: Installed, told: Told, name: str) -> Finding:
    detail = f"{told.reason}: {told.detail}"
    if told.reason == Reason.SPENDING_CAP_REACHED:
        return warning(name, detail, f"Wait, or raise the cap with `helm upgrade {release.release}`; see docs/cost.md.")
    if told.reason in _FOR_A_PERSON:
        return problem(name, detail, told.remedy or "Read the operator's log.")
    return warning(name, detail, told.remedy or "Wait: the operator tries again. Its log says more.")
