"""When the claimed rows are read again: at a pace that follows their number, and later after each failure."""

import asyncio
from typing import Any

import pytest

from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.intake.rows import RowWatch
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics
from tests.operator.world import CONFIG

pytestmark = pytest.mark.virtual_time
AWAY = SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")
PACE = CONFIG.rows_seconds


class Watch(RowWatch):
    """A row watch whose reads find what a test says; it keeps their times."""

    def __init__(self, found: int | Exception) -> None:
        self.unfinished = 0
        self.found = found
        self.reads: list[float] = []
        parts: Any = self
        super().__init__(
            jobs=parts,
            store=parts,
            queue=parts,
            adopter=parts,
            refused=parts,
            config=CONFIG,
            metrics=Metrics(),
            clock=lambda: 0.0,
        )

    def count_unfinished(self) -> int:
        return self.unfinished

    async def once(self) -> int:
        self.reads.append(asyncio.get_running_loop().time())
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def run_for(self, seconds: float) -> list[float]:
        """Return the pauses between the reads of so many seconds."""
        self.reads.clear()
        task = asyncio.create_task(self.run())
        await asyncio.sleep(seconds)
        task.cancel()
        return [after - before for before, after in zip(self.reads, self.reads[1:], strict=False)]


@pytest.mark.parametrize(
    ("claimed", "pause"),
    [
        pytest.param(1, PACE, id="few rows"),
        pytest.param(int(PACE) * 50, PACE, id="as many as the pace allows"),
        pytest.param(5000, 100.0, id="50 rows a second at most"),
    ],
)
async def test_the_pace_of_the_reads_follows_the_number_of_claimed_rows(claimed: int, pause: float) -> None:
    assert await Watch(claimed).run_for(3.5 * pause) == pytest.approx([pause] * 3)


async def test_without_rows_and_videojobs_the_rows_are_read_once_a_minute() -> None:
    pauses = await Watch(0).run_for(200)
    assert len(pauses) == 3
    assert all(60 <= pause < 60 + PACE for pause in pauses)


async def test_without_rows_an_unfinished_videojob_brings_back_the_usual_pace() -> None:
    watch = Watch(0)
    watch.unfinished = 1
    assert await watch.run_for(3.5 * PACE) == pytest.approx([PACE] * 3)


@pytest.mark.parametrize("failure", [AWAY, ClusterError("The API server is away."), RuntimeError("a bug")])
async def test_after_a_failure_the_rows_are_read_again_with_growing_pauses(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert await Watch(failure).run_for(9) == pytest.approx([0.5, 1.0, 2.0, 4.0])
    unexpected = isinstance(failure, RuntimeError)
    assert len(caplog.records) == (5 if unexpected else 1), "an outage is logged once, a bug each time"
    assert "Unexpected error while the claimed rows were read." in caplog.text or not unexpected


async def test_the_first_failure_of_an_outage_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await Watch(AWAY).run_for(0.1)
    assert caplog.messages == ["The claimed rows could not be read: The database is away."]


async def test_a_read_that_succeeds_ends_the_growing_pauses(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(AWAY)
    task = asyncio.create_task(watch.run())
    await asyncio.sleep(5)
    watch.found = 1
    await asyncio.sleep(60)
    watch.found = AWAY
    watch.reads.clear()
    await asyncio.sleep(PACE + 1)
    task.cancel()
    assert [after - before for before, after in zip(watch.reads, watch.reads[1:], strict=False)][:1] == [0.5]
    assert len(caplog.records) == 2, "each outage is logged"
