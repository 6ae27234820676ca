"""What follows for a VideoJob without a claim, which somebody made by hand. Pure."""

from datetime import datetime

from runops.failures import Failed, Reason
from runops.job_row import JobRow, RowStatus, user_of
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import Unread
from runops_operator.planning import status
from runops_operator.planning.actions import Action, AdoptClaim, ClaimRow, ReadRow, RequeueAfter
from runops_operator.planning.observation import Observation
from runops_operator.planning.patch import patch_if_it_changes
from runops_operator.planning.refuse import refuse
from runops_operator.planning.waiting import Wait

__all__ = ["plan_unclaimed"]

_NO_SLOT = Wait("NoSlot", "As many videos are at work as may be (maxConcurrent, maxConcurrentPerUser).")
_SLOT_CHECK_SECONDS = 15.0
"""Each check reads the row, and hundreds may wait."""


def plan_unclaimed(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the actions that run the row again, unless somebody else works on it or the user does not match."""
    row = seen.row
    if isinstance(row, Unread):
        return [ReadRow()]
    if row is None:
        return refuse(seen, Reason.ROW_MISSING, f"There is no row in jobs with job_id {seen.spec.job_id}.", now)
    try:
        user = user_of(row)
    except Failed as error:
        return refuse(seen, error.reason, error.detail, now)
    if user is not None and seen.spec.user_id != str(user):
        message = f"The row belongs to user {user}; spec.userId must say so, or the SOP would be shown to others."
        return refuse(seen, Reason.INVALID_SPEC, message, now)
    if row.status == RowStatus.PROCESSING:
        return _row_in_processing(seen, row, config, now)
    if not seen.slot_free:
        shown = status.waiting(seen.videojob, None, (), _wait(seen), now)
        return [*patch_if_it_changes(seen.videojob, shown), RequeueAfter(_SLOT_CHECK_SECONDS)]
    return [ClaimRow(row)]


def _wait(seen: Observation) -> Wait:
    if seen.drained is not None:
        return Wait(Reason.DRAINED, seen.drained)
    return _NO_SLOT if seen.capped is None else Wait(Reason.SPENDING_CAP_REACHED, seen.capped)


def _row_in_processing(seen: Observation, row: JobRow, config: OperatorConfig, now: datetime) -> list[Action]:
    if row.claim is not None and row.claim.by in config.own_names:
        return [AdoptClaim(row.claim.token, seen.videojob.version)]
    holder = row.claim.by if row.claim is not None else "a consumer that leaves no name"
    message = f"The row is being processed by {holder[:100]}; wait until it ends, or set it back to queued."
    return refuse(seen, Reason.CLAIM_LOST, message, now)
