"""An app writes `metadata` as it was before the claim while `runops work` has the row: the row does not stay behind."""

import asyncio
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops.job_row import Claim, JobRow, RowStatus, begins_with_sop
from tests.cli.test_cli_outages import Desk

pytestmark = pytest.mark.virtual_time


class OverwritingApp(Desk):
    """In front of an app that writes over the claim of the first attempt, after 10 s."""

    last_words: Failed | None = None

    async def run(self, row: JobRow, claim: Claim) -> None:
        if not self.attempts:
            asyncio.get_running_loop().call_later(10, self.overwrite)
        await super().run(row, claim)

    def overwrite(self) -> None:
        self.jobs.set(self.rows[0], metadata={"user_id": "u"})


class LosesIt(OverwritingApp):
    """The worker notices that the claim is gone."""

    async def run(self, row: JobRow, claim: Claim) -> None:
        try:
            await super().run(row, claim)
        except AssertionError:
            raise Failed(Reason.CLAIM_LOST) from None


async def test_a_row_whose_claim_was_written_over_is_queued_again_and_done() -> None:
    desk = LosesIt(1)
    await asyncio.sleep(120)
    assert len(desk.attempts) == 2
    assert desk.count(RowStatus.COMPLETED) == 1
    assert desk.jobs.rows[desk.rows[0]].metadata["user_id"] == "u", "what the app wrote is kept"
    await desk.end()


class OfSops(LosesIt):
    """Only the SOPs of its rows are to be made."""

    def __init__(self, count: int) -> None:
        self.begun: list[bool] = []
        super().__init__(count)
        for job_id in self.rows:
            self.jobs.set(job_id, metadata={"user_id": "u", "runops": {"from": "sop"}})

    async def run(self, row: JobRow, claim: Claim) -> None:
        self.begun.append(begins_with_sop(row.metadata))
        await super().run(row, claim)


async def test_a_row_of_which_only_the_sop_is_to_be_made_does_not_run_from_the_start() -> None:
    desk = OfSops(1)
    await asyncio.sleep(120)
    assert desk.begun == [True, True]
    assert desk.count(RowStatus.COMPLETED) == 1
    await desk.end()


async def test_a_stopped_process_puts_it_back_all_the_same() -> None:
    desk = OverwritingApp(1)
    await asyncio.sleep(20)
    await desk.end()
    assert desk.count(RowStatus.QUEUED) == 1


async def test_a_video_that_fails_for_good_ends_all_the_same() -> None:
    desk = OverwritingApp(1)
    desk.fault = Reason.NOT_A_VIDEO
    await asyncio.sleep(60)
    assert (desk.count(RowStatus.ERROR), len(desk.attempts)) == (1, 1)
    await desk.end()


@pytest.mark.parametrize(
    "change", [{"status": "error"}, {"status": "done"}, {"metadata": {"runops": {"claim": "theirs", "by": "other"}}}]
)
async def test_a_row_that_somebody_else_changed_stays_as_it_is(change: dict[str, Any]) -> None:
    desk = LosesIt(1)
    await asyncio.sleep(20)
    desk.jobs.set(desk.rows[0], **change)
    left = desk.jobs.rows[desk.rows[0]]
    await asyncio.sleep(120)
    assert desk.jobs.rows[desk.rows[0]] == left
    assert len(desk.attempts) == 1
    await desk.end()
