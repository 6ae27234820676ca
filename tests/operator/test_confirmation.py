"""What a claimed row shows when it is read again."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from runops.job_row import Claim, JobRow
from runops_operator.intake.confirm import ClaimedAt, Verdict, verdict_on
from runops_operator.manifests.build_videojob import Arrival

CLAIM = Claim(claim=str(uuid4()), by="ours")
CLAIMED = "2026-01-01T00:00:00+00:00"


def row(*, status: str = "processing", token: str = CLAIM.claim, updated_at: str = CLAIMED) -> JobRow:
    metadata: dict[str, Any] = {"runops": {"claim": token, "by": "ours"}}
    return JobRow(job_id=UUID(int=1), status=status, updated_at=updated_at, metadata=metadata)


BARE = JobRow(job_id=UUID(int=1), status="processing", updated_at=CLAIMED, metadata={})
LATER = "2026-01-01T00:00:01+00:00"


@pytest.mark.parametrize(
    ("there", "after", "verdict"),
    [
        pytest.param(None, 1.0, Verdict.CLAIM_LOST, id="the row is gone"),
        pytest.param(BARE, 1.0, Verdict.CLAIM_LOST, id="the claim is gone"),
        pytest.param(row(token=str(uuid4())), 1.0, Verdict.CLAIM_LOST, id="another claim"),
        pytest.param(row(status="queued"), 1.0, Verdict.CLAIM_LOST, id="queued again"),
        pytest.param(row(status="completed"), 1.0, Verdict.CLAIM_LOST, id="ended"),
        pytest.param(row(), 1.0, Verdict.HELD, id="unchanged"),
        pytest.param(row(updated_at=LATER), 1.0, Verdict.RIVAL, id="refreshed by a consumer without claims"),
        pytest.param(row(updated_at=LATER), 19.9, Verdict.RIVAL, id="refreshed, just before our own refresh"),
        pytest.param(row(updated_at=LATER), 20.0, Verdict.HELD, id="refreshed so late that it may be our replica"),
        pytest.param(row(token=f"{CLAIM.claim}/pod", updated_at=LATER), 1.0, Verdict.HELD, id="our pod works already"),
        pytest.param(row(token=f"{uuid4()}/pod", updated_at=LATER), 1.0, Verdict.CLAIM_LOST, id="a pod of another one"),
    ],
)
def test_a_claimed_row_read_again(there: JobRow | None, after: float, verdict: Verdict) -> None:
    claimed = ClaimedAt(row(), CLAIM, at=100.0, arrival=Arrival())
    assert verdict_on(claimed, there, now=100.0 + after) is verdict
