"""What may be claimed, for tests of what follows from it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from runops.failures import Reason
from runops.job_row import Lane
from runops_operator.intake.admission import Admission, LaneSlots


def admission(
    fresh: int,
    active: Mapping[str, int] | None = None,
    paused: Reason | None = None,
    *,
    claimed: int = 0,
    backfill: int = 0,
    at_backfill: Mapping[str, int] | None = None,
    **given: Any,
) -> Admission:
    """Return an admission with so many free slots in each lane."""
    lanes = {
        Lane.FRESH: LaneSlots(fresh, Counter(active or {}), claimed),
        Lane.BACKFILL: LaneSlots(backfill, Counter(at_backfill or {})),
    }
    return Admission(lanes, paused, **given)
