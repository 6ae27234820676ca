"""A claim that an app wrote over: the worker waits for it a bounded time and writes nothing. Another claim ends it."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import Failed, Reason
from runops.job_row import Claim, JobRow
from runops.progress import Stage
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.kept_claim import LONGEST_WAIT_SECONDS, ClaimState, KeptClaim, claim_state
from runops_worker.check_row import check_row
from runops_worker.reporting.row_sink import RowSink
from runops_worker.task import Task
from tests.virtual_time import VirtualTimeLoop

JOB = UUID("00000000-0000-4000-8000-000000000001")
TOKEN = "aaaaaaaa-0000-4000-8000-000000000000/pod-1"


def row(metadata: Any, status: str | None = "processing") -> JobRow:
    return JobRow(job_id=JOB, status=status, metadata=metadata)


def stamped(token: str) -> dict[str, Any]:
    return {"user_id": "u", "runops": Claim(claim=token, by="runops/here").stamp()}


OURS = row(stamped(TOKEN))
OVERWRITTEN = row({"user_id": "u"})
OTHERS = row(stamped("bbbbbbbb-0000-4000-8000-000000000000"))


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (OURS, ClaimState.OURS),
        (OVERWRITTEN, ClaimState.WRITTEN_OVER),
        # As an app read it while the row waited, queued by `runops retry --from sop`.
        (row({"user_id": "u", "runops": {"from": "sop"}}), ClaimState.WRITTEN_OVER),
        (row({"runops": {"from": "sop", "claim": "*", "by": "x"}}), ClaimState.LOST),
        (row(None), ClaimState.WRITTEN_OVER),
        (row([]), ClaimState.WRITTEN_OVER),
        (row({"runops": None}), ClaimState.WRITTEN_OVER),
        (OTHERS, ClaimState.LOST),
        (row(stamped(f"{TOKEN}0")), ClaimState.LOST),
        (row({"runops": {"of": "a later version"}}), ClaimState.LOST),
        (row({"user_id": "u"}, "queued"), ClaimState.LOST),
        (row({"user_id": "u"}, "completed"), ClaimState.LOST),
        (row(stamped(TOKEN), "error"), ClaimState.LOST),
        (row(None, None), ClaimState.LOST),
        (None, ClaimState.LOST),
    ],
)
def test_what_a_row_says_of_a_claim(found: JobRow | None, state: ClaimState) -> None:
    assert claim_state(found, TOKEN) is state


class Table:
    """A row that others change while the worker looks; it refuses what is not fenced by the claim in it."""

    def __init__(self, *, changes: dict[float, JobRow | None], away: tuple[float, float] = (0.0, 0.0)) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._changes = changes
        self._away = away
        self.reads: list[float] = []
        self.writes: list[float] = []

    @property
    def seconds(self) -> float:
        return self._loop.time() - self._begun

    @property
    def row(self) -> JobRow | None:
        return self._changes[max(at for at in self._changes if at <= self.seconds)]

    async def get(self, job_id: UUID) -> JobRow | None:
        assert job_id == JOB
        self.reads.append(self.seconds)
        if self._away[0] <= self.seconds < self._away[1]:
            raise SupabaseError(ErrorKind.UNAVAILABLE, "Away.")
        return self.row

    async def heartbeat(
        self, job_id: UUID, token: str, *, stage: Stage | None = None, percent: int | None = None
    ) -> bool:
        assert (job_id, stage, percent) in {(JOB, Stage.TRANSCRIBING, 50), (JOB, None, None)}
        held = self.row is not None and self.row.is_held_by(token)
        if held:
            self.writes.append(self.seconds)
        return held


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("changes", "back", "within"),
    [
        ({0: OURS}, True, 0),
        ({0: OVERWRITTEN, 20: OURS}, True, 23),
        ({0: OVERWRITTEN, 20: OTHERS}, False, 23),
        ({0: OVERWRITTEN, 20: None}, False, 23),
        ({0: OVERWRITTEN, 20: row({}, "cancelled")}, False, 23),
        ({0: OTHERS, 20: OURS}, False, 0),
        ({0: OVERWRITTEN}, False, LONGEST_WAIT_SECONDS + 1),
    ],
    ids=["never gone", "restamped", "claimed by another", "deleted", "cancelled", "of another", "nobody restamps"],
)
async def test_a_claim_is_waited_for_only_while_no_claim_is_in_the_row(
    changes: dict[float, JobRow | None], back: bool, within: float
) -> None:
    table = Table(changes=changes)
    assert await KeptClaim(table, JOB, TOKEN).is_back() is back
    assert table.seconds <= within
    assert table.writes == []


@pytest.mark.virtual_time
async def test_an_outage_while_it_waits_does_not_end_it() -> None:
    table = Table(changes={0: OVERWRITTEN, 30: OURS}, away=(10, 60))
    assert await KeptClaim(table, JOB, TOKEN).is_back()
    assert 60 <= table.seconds < 64


@pytest.mark.virtual_time
async def test_the_heartbeat_waits_and_writes_again_once_the_claim_is_back() -> None:
    table = Table(changes={0: OURS, 10: OVERWRITTEN, 50: OURS})
    sink = RowSink(table, JOB, TOKEN, clock=asyncio.get_running_loop().time)
    for _ in range(10):
        await sink.report(Stage.TRANSCRIBING, 50)
        await asyncio.sleep(15)
    assert all(at < 10 or at >= 50 for at in table.writes), "fenced meanwhile"
    assert any(at >= 50 for at in table.writes)


@pytest.mark.virtual_time
@pytest.mark.parametrize(("changes", "within"), [({0: OTHERS}, 0), ({0: OVERWRITTEN}, LONGEST_WAIT_SECONDS + 3)])
async def test_the_heartbeat_ends_the_run_where_the_claim_is_anothers_or_does_not_come_back(
    changes: dict[float, JobRow | None], within: float
) -> None:
    table = Table(changes=changes)
    with pytest.raises(Failed) as raised:
        await RowSink(table, JOB, TOKEN).report(Stage.TRANSCRIBING, 50)
    assert raised.value.reason is Reason.CLAIM_LOST
    assert table.seconds <= within


@pytest.mark.virtual_time
async def test_a_fenced_write_is_made_once_more_when_the_claim_is_back_and_other_failures_pass() -> None:
    table, calls = Table(changes={0: OVERWRITTEN, 5: OURS}), 0

    async def write() -> str:
        nonlocal calls
        calls += 1
        if not await table.heartbeat(JOB, TOKEN):
            raise Failed(Reason.CLAIM_LOST)
        return "written"

    kept = KeptClaim(table, JOB, TOKEN)
    assert await kept.fenced(write) == "written"
    assert calls == 2

    async def refused() -> str:
        raise Failed(Reason.INVALID_USER)

    with pytest.raises(Failed, match="InvalidUser"):
        await kept.fenced(refused)
    assert await kept.written(lambda: table.heartbeat(JOB, TOKEN))


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("changes", "written", "tries"),
    [({0: OURS}, True, 1), ({0: OVERWRITTEN, 5: OURS}, True, 2), ({0: OTHERS}, False, 1)],
    ids=["at once", "once more", "lost"],
)
async def test_a_write_is_made_once_more_only_where_the_claim_is_back(
    changes: dict[float, JobRow | None], written: bool, tries: int
) -> None:
    table, calls = Table(changes=changes), 0

    async def write() -> bool:
        nonlocal calls
        calls += 1
        return await table.heartbeat(JOB, TOKEN)

    assert await KeptClaim(table, JOB, TOKEN).written(write) is written
    assert calls == tries


_ROWS = st.sampled_from([OURS, OVERWRITTEN, OTHERS, None, row({"user_id": "u"}, "completed")])


@given(later=st.lists(st.tuples(st.floats(0.1, 150), _ROWS), max_size=6), first=_ROWS)
def test_whatever_happens_to_the_row_nothing_is_written_without_the_claim_and_the_wait_ends(
    later: list[tuple[float, JobRow | None]], first: JobRow | None
) -> None:
    async def waits() -> None:
        table = Table(changes={0.0: first, **dict(later)})
        back = await KeptClaim(table, JOB, TOKEN).is_back()
        assert table.seconds <= LONGEST_WAIT_SECONDS + 3
        assert back is (table.row is not None and table.row.is_held_by(TOKEN))
        assert table.writes == []

    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(waits())
    finally:
        loop.close()


class _Nothing:
    """Tables without results."""

    async def look_at_columns(self) -> None:
        pass

    async def refuse_duplicates(self, _job_id: UUID) -> frozenset[str]:
        return frozenset()


@pytest.mark.virtual_time
async def test_a_run_begins_with_what_is_in_the_row_once_its_claim_is_back() -> None:
    """An app wrote over the claim before the worker looked at its row, and over what the run begins with."""
    stamp = Claim(claim=TOKEN, by="runops/here").stamp()
    rows = [OVERWRITTEN, OVERWRITTEN, row({"user_id": None, "runops": {**stamp, "from": "sop"}})]

    class Jobs:
        async def get(self, _job_id: UUID) -> JobRow | None:
            return rows.pop(0) if len(rows) > 1 else rows[0]

    task = SimpleNamespace(job_id=JOB, claim=TOKEN, user_id=None)
    found = await check_row(cast("Task", task), cast("Supabase", SimpleNamespace(jobs=Jobs(), results=_Nothing())))
    assert found.only_sop
