"""Checks whether an installation has everything it needs: what `helm test` runs.

It runs in a pod like the operator's, with the operator's own rights and its Supabase key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from runops.environment import EnvironmentIncomplete, read_environment
from runops.job_row import Claim, JobRow
from runops.supabase.connection import Supabase
from runops.supabase.probe import Finding, inspect
from runops.videojob import VideoJobStatus
from runops_operator.config import OperatorConfig
from runops_operator.installation_name import NamespaceReader, with_name
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from runops_operator.manifests.build_videojob import build_videojob

__all__ = ["about_lease", "about_pods", "check_installation", "lines", "named"]

_WAIT_SECONDS = 90.0
_CHECK_AGAIN_SECONDS = 2.0
_SUPABASE_SECONDS = 60.0
_TOLERATED_SKEW_SECONDS = 30.0
_APPLY_THE_DEFINITION = "Apply crds/videojob.yaml of this version, or install the chart with crds.enabled=true."
_INVALID = 422
_NAME_SECONDS = 10.0
_SET_A_NAME = "Install the chart's Role, or set the value installation; see docs/install.md."
_STATUS = [str(field.alias) for field in VideoJobStatus.model_fields.values()]
"""An older definition does not know all of them, and drops what workers report."""


async def check_installation(config: OperatorConfig, *, pods: str, say: Callable[[str], None]) -> int:
    """Check everything and print the findings; return the exit code, 1 where a check failed.

    Parameters
    ----------
    config
        Settings of the installation.
    pods
        Label selector of the operator's pods.
    say
        Receives the lines.
    """
    outside = await _supabase_findings()
    # An operator that cannot reach Supabase never gets ready: do not wait for it.
    patience = _WAIT_SECONDS if all(finding.ok for finding in outside) else 0.0
    found = [*await _cluster_findings(config, pods, patience), *outside]
    for line in lines(found):
        say(line)
    return 0 if all(finding.ok for finding in found) else 1


def lines(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as lines for a person. Pure."""
    found = []
    for finding in findings:
        state = ("warning" if finding.warns else "ok") if finding.ok else "FAILED"
        found.append(f"{state:<7} {finding.name}: {finding.detail}")
        if finding.remedy is not None:
            found.append(f"        -> {finding.remedy}")
    failed = sum(1 for finding in findings if not finding.ok)
    found.append(f"{failed} of {len(findings)} checks failed." if failed else "All checks passed.")
    return found


def about_pods(pods: Sequence[Mapping[str, Any]]) -> Finding:
    """Return whether an operator is ready. Pure."""
    ready = [pod["metadata"]["name"] for pod in pods if _is_ready(pod)]
    if ready:
        return Finding("operator", ok=True, detail=f"{len(ready)} of {len(pods)} pods ready ({', '.join(ready)})")
    detail = f"none of {len(pods)} pods is ready" if pods else "there is no pod of the operator"
    remedy = "The readiness probe says why: kubectl describe pod, kubectl logs." if pods else "Is replicas 0?"
    return Finding("operator", ok=False, detail=detail, remedy=remedy)


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def about_lease(lease: Mapping[str, Any] | None, *, now: datetime) -> Finding:
    """Return whether a replica leads. Pure.

    Parameters
    ----------
    lease
        The Lease; None where there is none.
    now
        The time, with its zone; a node's clock may be wrong by half a minute.
    """
    spec = (lease or {}).get("spec") or {}
    holder = spec.get("holderIdentity")
    if not holder:
        return Finding("leader", ok=False, detail="no replica leads", remedy="See the operator's log.")
    renewed = datetime.fromisoformat(str(spec.get("renewTime") or "1970-01-01T00:00:00Z"))
    age = (now - renewed).total_seconds()
    if age > float(spec.get("leaseDurationSeconds") or 0) + _TOLERATED_SKEW_SECONDS:
        detail = f"{holder} leads, but has not renewed its Lease for {age:.0f} s"
        return Finding("leader", ok=False, detail=detail, remedy="See the log of that pod, or delete it.")
    return Finding("leader", ok=True, detail=str(holder))


async def _cluster_findings(config: OperatorConfig, pods: str, patience: float) -> list[Finding]:
    try:
        api = ApiServer(log_in)
    except ClusterError as error:
        return [Finding("API server", ok=False, detail=str(error), remedy="Run this in a pod of the release.")]
    async with api:
        cluster = KubernetesCluster(api, config.namespace)
        config, name = await named(config, cluster)
        found = [name, await _definition(cluster, config)]
        if not found[-1].ok:
            return found
        found.append(await _refusal(cluster, config))
        found.append(await _in_time(lambda: _pods(cluster, pods), patience))
        if config.leader_election.enabled:
            found.append(await _in_time(lambda: _lease(cluster, config.leader_election.lease), patience))
        return found


async def named(config: OperatorConfig, cluster: NamespaceReader) -> tuple[OperatorConfig, Finding]:
    """Return the settings with their name, and what is said of it."""
    trouble: list[str] = []
    try:
        async with asyncio.timeout(_NAME_SECONDS):
            config = await with_name(config, cluster, show=lambda words: trouble.append(words) if words else None)
    except TimeoutError:
        said = trouble[-1] if trouble else f"no answer in {_NAME_SECONDS:.0f} s"
        # The other checks need any name.
        return config.named("unknown"), Finding("installation", ok=False, detail=said, remedy=_SET_A_NAME)
    detail = f"claims rows as {config.installation}"
    if config.former_installations:
        detail += f"; rows of {', '.join(config.former_installations)} are its own, too"
    return config, Finding("installation", ok=True, detail=detail)


async def _definition(cluster: KubernetesCluster, config: OperatorConfig) -> Finding:
    name = "VideoJob definition"
    try:
        await cluster.try_videojob({**_example(config), "status": dict.fromkeys(_STATUS)})
    except NotFound:
        detail = "the API server does not know VideoJobs"
        return Finding(name, ok=False, detail=detail, remedy=_APPLY_THE_DEFINITION)
    except ClusterError as error:
        remedy = f"{_APPLY_THE_DEFINITION} If it says forbidden, the operator's Role is missing."
        detail = f"the API server does not accept a VideoJob of this version: {error}"
        return Finding(name, ok=False, detail=detail, remedy=remedy)
    return Finding(name, ok=True, detail="the API server accepts a VideoJob of this version")


async def _refusal(cluster: KubernetesCluster, config: OperatorConfig) -> Finding:
    name = "VideoJob schema"
    wrong = _example(config)
    wrong["spec"]["jobId"] = "not-a-uuid"
    try:
        await cluster.try_videojob(wrong)
    except ClusterError as error:
        if error.status == _INVALID:
            return Finding(name, ok=True, detail="the API server refuses an invalid VideoJob")
        return Finding(name, ok=False, detail=str(error), remedy="Try again: it must refuse an invalid VideoJob.")
    detail = "the API server accepts an invalid VideoJob"
    return Finding(name, ok=False, detail=detail, remedy=_APPLY_THE_DEFINITION)


def _example(config: OperatorConfig) -> dict[str, Any]:
    claim = Claim(claim=str(uuid4()), by=config.installation)
    return build_videojob(JobRow(job_id=uuid4()), claim, None, config)


async def _in_time(check: Callable[[], Awaitable[Finding]], patience: float) -> Finding:
    """Check until it passes or time is up: the pods of a new release take a moment."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while not (found := await check()).ok and loop.time() < deadline:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(_CHECK_AGAIN_SECONDS)
    return found


async def _pods(cluster: KubernetesCluster, labels: str) -> Finding:
    try:
        return about_pods(await cluster.list_pods_by(labels))
    except ClusterError as error:
        return Finding("operator", ok=False, detail=str(error), remedy="Does the operator's Role exist?")


async def _lease(cluster: KubernetesCluster, name: str) -> Finding:
    try:
        lease = await cluster.get_lease(name)
    except NotFound:
        lease = None
    except ClusterError as error:
        return Finding("leader", ok=False, detail=str(error), remedy="Does the operator's Role exist?")
    return about_lease(lease, now=datetime.now(UTC))


async def _supabase_findings() -> list[Finding]:
    try:
        environment = read_environment(needs_gemini=False)
    except EnvironmentIncomplete as error:
        return [Finding("keys", ok=False, detail=str(error), remedy="Create the Secret that existingSecret names.")]
    try:
        async with (
            asyncio.timeout(_SUPABASE_SECONDS),
            Supabase(environment.supabase_url, environment.supabase_key) as supabase,
        ):
            return await inspect(supabase)
    except TimeoutError:
        remedy = "Does a NetworkPolicy block the pod? Is SUPABASE_URL right?"
        return [Finding("Supabase", ok=False, detail=f"no answer in {_SUPABASE_SECONDS:.0f} s", remedy=remedy)]
