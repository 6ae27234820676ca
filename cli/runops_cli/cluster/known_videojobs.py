"""VideoJobs of many jobs, where there is a cluster: most who ask use none, or one that is away."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from runops.job_filter import JobFilter, VideoFacts
from runops.videojob import videojob_name
from runops.videojob_view import VideoJobView, parse_videojob
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.videojobs import RESOURCE

__all__ = ["facts_for", "known_videojobs", "videojobs_of"]

_SECONDS = 5.0
_NAMED_AT_ONCE = 100


async def known_videojobs(kubectl: Kubectl, job_ids: Collection[UUID] | None) -> dict[UUID, VideoJobView]:
    """Return the VideoJobs of these jobs, of all where None; none without a cluster, or after 5 s."""
    if (job_ids is not None and not job_ids) or not kubectl.installed:
        return {}
    try:
        async with asyncio.timeout(_SECONDS):
            return await videojobs_of(kubectl, job_ids)
    except (KubectlFailed, TimeoutError):
        return {}


async def facts_for(kubectl: Kubectl, chosen: JobFilter) -> dict[UUID, VideoFacts]:
    """Return what VideoJobs tell a filter that the table does not; nothing where it needs none, or without a cluster.

    Rows that were completed keep it themselves.
    """
    if not chosen.needs_facts:
        return {}
    return {job_id: view.facts for job_id, view in (await known_videojobs(kubectl, None)).items()}


async def videojobs_of(kubectl: Kubectl, job_ids: Collection[UUID] | None) -> dict[UUID, VideoJobView]:
    """Return VideoJobs by the ids of their jobs; all of the namespace where `job_ids` is None.

    Raises
    ------
    KubectlFailed
        They could not be read.
    """
    if job_ids is None or len(job_ids) > _NAMED_AT_ONCE:
        found = await kubectl.get(RESOURCE, "--chunk-size=500")
    else:
        found = await kubectl.get(RESOURCE, *map(videojob_name, sorted(job_ids)))
    manifests = [] if found is None else found.get("items", [found])
    views = [parse_videojob(one) for one in manifests]
    return {view.job_id: view for view in views if view.job_id is not None}
