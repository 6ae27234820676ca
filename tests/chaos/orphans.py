"""What is left over that belongs to nothing."""

import asyncio
import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from uuid import UUID

from devstack.fake_kubelet import Api
from devstack.stack import StackInfo
from runops.object_names import made_objects

__all__ = ["cluster_orphans", "storage_orphans"]

_COLLECTING_SECONDS = 240.0
"""Kubernetes' garbage collector may take half a minute to notice that an owner is gone."""
_JOBS_OF_OURS = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Drunops-operator"


async def cluster_orphans(api: Api, namespace: str) -> list[str]:
    """Return Jobs without VideoJob and pods without Job, once the garbage collector has had its time."""
    deadline = time.monotonic() + _COLLECTING_SECONDS
    while True:
        found = await _ownerless(api, namespace)
        if not found or time.monotonic() > deadline:
            return found
        await asyncio.sleep(1)


async def _ownerless(api: Api, namespace: str) -> list[str]:
    # Children first: an owner that is made in between is seen, one that goes in between is looked for again.
    pods = await api.items(f"/api/v1/namespaces/{namespace}/pods", selector="labelSelector=runops.dev%2Fjob-id")
    jobs = await api.items(f"/apis/batch/v1/namespaces/{namespace}/jobs", selector=_JOBS_OF_OURS)
    videojobs = await api.items(f"/apis/runops.dev/v1alpha1/namespaces/{namespace}/videojobs")
    found = []
    for kind, children, owners in (("pod", pods, jobs), ("Job", jobs, videojobs)):
        alive = {owner["metadata"]["uid"] for owner in owners}
        found += [
            f"{kind} {child['metadata']['name']}"
            for child in children
            if not alive & {reference["uid"] for reference in child["metadata"].get("ownerReferences") or ()}
        ]
    return found


def storage_orphans(stack: StackInfo, job_ids: Collection[str]) -> list[str]:
    """Return unfinished uploads, and objects of these jobs that no contract names. Nothing may be on its way."""
    folder = stack.directory / "storage"
    with closing(sqlite3.connect(f"file:{folder / 'index.sqlite3'}?mode=ro", uri=True)) as index:
        names = [row[0] for row in index.execute("select name from objects where bucket = 'videos'")]
        uploads = [row[0] for row in index.execute("select id from uploads")]
    found = [f"unfinished upload {identity}" for identity in uploads]
    found += [f"unfinished upload {path.name}" for path in (folder / "incoming").iterdir()]
    contract = {name for job_id in job_ids for name in (f"raw/{job_id}.mp4", *made_objects(UUID(job_id)))}
    ours = frozenset(job_ids)
    return found + [f"object {name}" for name in names if name not in contract and any(one in name for one in ours)]
