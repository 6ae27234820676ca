"""Says why the operator in a namespace claims nothing, by the condition of its pod, read through kubectl."""

import asyncio
import contextlib

from runops.standstill import told_by
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.releases import operators_pods, read_releases

__all__ = ["standstill_note"]

_NOTE_SECONDS = 5.0


async def standstill_note(kubectl: Kubectl) -> str | None:
    """Return a sentence where a release claims nothing; None where each does, or where that is not known.

    It takes at most 5 s: most who ask use no cluster, or one that is away.
    """
    if not kubectl.installed:
        return None
    with contextlib.suppress(KubectlFailed, TimeoutError):
        async with asyncio.timeout(_NOTE_SECONDS):
            for release in await read_releases(kubectl):
                pods = await operators_pods(kubectl, release)
                told = told_by(one for pod in pods for one in (pod.get("status") or {}).get("conditions") or [])
                if told is not None:
                    remedy = "" if told.remedy is None else f" {told.remedy}"
                    return f"Queued jobs wait: {release.release} claims nothing. {told.reason}: {told.detail}{remedy}"
    return None
