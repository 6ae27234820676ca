"""Why the operator in a namespace claims nothing: its order to drain, or the condition of its pod, by kubectl."""

import asyncio
import contextlib
from dataclasses import dataclass

from runops.drain_order import DrainOrder
from runops.standstill import Told, told_by
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.releases import Installed, operators_pods, read_releases

__all__ = ["ClaimingState", "read_claiming_state", "standstill_note"]

_NOTE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ClaimingState:
    """What keeps a release from claiming rows.

    Attributes
    ----------
    release
        Its name; "" where no release is known.
    drain, standstill
        The order to drain, and what the operator's pod says; None where that does not keep it.
    limit_of_user
        How many videos of one user may be at work; None for no limit.
    """

    release: str = ""
    drain: DrainOrder | None = None
    standstill: Told | None = None
    limit_of_user: int | None = None


async def read_claiming_state(kubectl: Kubectl) -> ClaimingState:
    """Return the state of the first release that claims nothing, else of the first one.

    It takes at most 5 s, and knows nothing after that: most who ask use no cluster, or one that is away.
    """
    states: list[ClaimingState] = []
    if kubectl.installed:
        with contextlib.suppress(KubectlFailed, TimeoutError):
            async with asyncio.timeout(_NOTE_SECONDS):
                for release in await read_releases(kubectl):
                    state = await _state_of(kubectl, release)
                    states.append(state)
    hindered = (one for one in states if one.drain is not None or one.standstill is not None)
    return next(hindered, states[0] if states else ClaimingState())


async def standstill_note(kubectl: Kubectl) -> str | None:
    """Return a sentence where a release claims nothing; None where each does, or where that is not known."""
    state = await read_claiming_state(kubectl)
    told = state.standstill
    if told is None:
        return None
    remedy = "" if told.remedy is None else f" {told.remedy}"
    return f"Queued jobs wait: {state.release} claims nothing. {told.reason}: {told.detail}{remedy}"


async def _state_of(kubectl: Kubectl, release: Installed) -> ClaimingState:
    if release.order is not None:
        return ClaimingState(release.release, drain=release.order, limit_of_user=release.limit_of_user)
    pods = await operators_pods(kubectl, release)
    told = told_by(one for pod in pods for one in (pod.get("status") or {}).get("conditions") or [])
    return ClaimingState(release.release, standstill=told, limit_of_user=release.limit_of_user)
