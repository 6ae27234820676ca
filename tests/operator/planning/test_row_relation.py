"""How a row relates to the claim token of its VideoJob, row by row of the table."""

import pytest

from runops.job_row import JobRow
from runops_operator.config import OperatorConfig
from runops_operator.planning.row_relation import RowRelation, row_relation
from tests.operator.planning.observations import INSTALLATION, JOB_ID, OTHER_TOKEN, TOKEN, row
from tests.operator.world import CONFIG

OTHERS, FORMER = "other/installation", "former/name"


@pytest.mark.parametrize(
    ("found", "relation"),
    [
        pytest.param(None, RowRelation.DELETED, id="no row"),
        pytest.param(row(claim=None), RowRelation.UNSTAMPED, id="processing without a claim"),
        pytest.param(row("completed", claim=None), RowRelation.TAKEN_AWAY, id="completed without a claim"),
        pytest.param(JobRow(job_id=JOB_ID, status="processing"), RowRelation.UNSTAMPED, id="no metadata"),
        pytest.param(row(), RowRelation.HELD, id="processing under the token"),
        pytest.param(row(claim=f"{TOKEN}/pod-9"), RowRelation.HELD, id="processing by a pod bound to the token"),
        pytest.param(row(by=OTHERS), RowRelation.HELD, id="the token counts, not the name beside it"),
        pytest.param(row(by=FORMER), RowRelation.HELD_UNDER_FORMER_NAME, id="claimed before the release was renamed"),
        pytest.param(row("completed", by=FORMER), RowRelation.COMPLETED, id="completed before the row was re-stamped"),
        pytest.param(row(claim=OTHER_TOKEN, by=FORMER), RowRelation.HELD_BY_NEXT_ATTEMPT, id="the next one, too"),
        pytest.param(row(claim=OTHER_TOKEN), RowRelation.HELD_BY_NEXT_ATTEMPT, id="another token of this installation"),
        pytest.param(row(claim=OTHER_TOKEN, by=OTHERS), RowRelation.TAKEN_AWAY, id="another installation's token"),
        pytest.param(row("completed"), RowRelation.COMPLETED, id="completed under the token"),
        pytest.param(row("completed", OTHER_TOKEN), RowRelation.TAKEN_AWAY, id="completed under another token"),
        pytest.param(row("error"), RowRelation.FAILED, id="error under the token"),
        pytest.param(row("error", OTHER_TOKEN), RowRelation.TAKEN_AWAY, id="error under another token"),
        pytest.param(row("queued"), RowRelation.TAKEN_AWAY, id="queued again"),
        pytest.param(row("cancelled"), RowRelation.TAKEN_AWAY, id="a status of the app"),
        pytest.param(row(None), RowRelation.TAKEN_AWAY, id="no status"),
    ],
)
def test_row_relation(found: JobRow | None, relation: RowRelation) -> None:
    config = CONFIG.model_copy(update={"installation": INSTALLATION, "former_installations": (FORMER,)})
    assert row_relation(found, TOKEN, config) is relation


def _named_by_default() -> OperatorConfig:
    config = OperatorConfig.model_validate({**CONFIG.model_dump(), "installation": "", "release": "videos"})
    return config.named("uid-1")


SHARED = f"{CONFIG.namespace}/videos"


@pytest.mark.parametrize(
    ("found", "next_token", "relation"),
    [
        pytest.param(row(by=SHARED), None, RowRelation.HELD_UNDER_FORMER_NAME, id="our token: it is written again"),
        pytest.param(row(claim=OTHER_TOKEN, by=SHARED), None, RowRelation.TAKEN_AWAY, id="claimed in another cluster"),
        pytest.param(row(claim=OTHER_TOKEN, by=SHARED), "other", RowRelation.TAKEN_AWAY, id="there, too"),
        pytest.param(
            row(claim=OTHER_TOKEN, by=SHARED), OTHER_TOKEN, RowRelation.HELD_BY_NEXT_ATTEMPT, id="our next attempt"
        ),
        pytest.param(row("completed", by=SHARED), None, RowRelation.COMPLETED, id="completed by our worker"),
        pytest.param(row(by=f"{SHARED}@uid-1"), None, RowRelation.HELD, id="our own name"),
        pytest.param(
            row(claim=OTHER_TOKEN, by=f"{SHARED}@uid-2"), OTHER_TOKEN, RowRelation.TAKEN_AWAY, id="another cluster's"
        ),
    ],
)
def test_under_a_name_that_clusters_shared_only_the_token_tells_whose_a_row_is(
    found: JobRow, next_token: str | None, relation: RowRelation
) -> None:
    assert row_relation(found, TOKEN, _named_by_default(), next_token=next_token) is relation
