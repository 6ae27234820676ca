"""What `JobsTable` writes, and what it concludes from each answer, or from none. Real servers: tests/adapters."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from postgrest import AsyncPostgrestClient

from runops.job_row import TIME_LEFT_KEY, Claim, JobRow, Lane
from runops.progress import Stage
from runops.retrying import RetryPolicy
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops.supabase.jobs import JobsTable
from runops.supabase.rest import Rest

ID, OTHER = UUID(int=1), UUID(int=2)
TOKEN = "6b1f8a0e-0000-4000-8000-000000000001"
NEXT = "6b1f8a0e-0000-4000-8000-000000000002"
AT, LATER = "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00"
CLAIM = Claim(claim=TOKEN, by="ours")
AWAY = SupabaseError(ErrorKind.UNAVAILABLE, "The database is away.")
REFUSED = SupabaseError(ErrorKind.KEY_REJECTED, "The key was rejected.")
CONFLICT = SupabaseError(ErrorKind.CONFLICT, "The row exists.")
UNREAD = SupabaseError(ErrorKind.INVALID, "A value cannot be read.", code=UNREADABLE)
ATTEMPTS = 3
READ = "job_id,status,created_at::timestamptz,updated_at::timestamptz,metadata"
_OPTIONAL = {"error", "completed_at", "progress_stage", "version:xmin"}
Answer = list[dict[str, Any]] | SupabaseError


def row(
    status: str = "processing", claim: str | None = None, *, updated_at: str = AT, job_id: UUID = ID
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"user_id": "u"}
    if claim is not None:
        metadata["runops"] = {"claim": claim, "by": "ours", "attempt": 1}
    return {"job_id": str(job_id), "status": status, "updated_at": updated_at, "metadata": metadata}


QUEUED = JobRow.model_validate(row("queued"))
OTHER_QUEUED = JobRow.model_validate(row("queued", job_id=OTHER))


@cache
def _client() -> AsyncPostgrestClient:
    """Return the request builder; making one takes longer than a test."""
    return AsyncPostgrestClient("http://supabase.test")


class Script:
    """Answers reads and writes in turn, and keeps what was written: the filters and the body."""

    read_first, read_among = Rest.read_first, Rest.read_among

    def __init__(self, *, columns: bool = True) -> None:
        self.waits = 0
        self.retries = RetryPolicy(attempts=ATTEMPTS, sleep=self._wait, clock=lambda: 0.0)
        self.reads: list[Answer] = []
        self.writes: list[Answer] = []
        self.written: list[tuple[dict[str, str], Any]] = []
        self.asked: list[dict[str, str]] = []
        self._columns = columns

    def may_be_cut(self, rows: int) -> bool:
        """Tell that all answers are whole."""
        assert rows >= 0
        return False

    async def _wait(self, _seconds: float) -> None:
        self.waits += 1

    def jobs(self, *, reads: list[Answer] | None = None, writes: list[Answer] | None = None) -> JobsTable:
        # Copies: the lists of a parametrised test are the same in each run of it.
        self.reads, self.writes = list(reads or []), list(writes or [])
        rest: Any = self
        return JobsTable(rest)

    async def read(self, build: Callable[[Any], Any], *, table: str, **_: str) -> list[dict[str, Any]]:
        assert table == "jobs"
        request = build(_client().from_(table)).request
        asked = dict(request.params.multi_items())
        if asked.get("limit") == "0":
            if not self._columns and set(asked["select"].split(",")) & _OPTIONAL:
                raise SupabaseError(ErrorKind.COLUMN_MISSING, "A column is missing.")
            return []
        self.asked.append(asked)
        return _given(self.reads.pop(0))

    async def send(self, build: Callable[[Any], Any], *, table: str, **_: str) -> list[dict[str, Any]]:
        assert table == "jobs"
        request = build(_client().from_(table)).request
        self.written.append((dict(request.params.multi_items()), request.json))
        return _given(self.writes.pop(0))

    def finished(self) -> bool:
        """Whether every answer was asked for."""
        return not self.reads and not self.writes

    def bodies(self) -> list[Any]:
        return [body for _, body in self.written]


def _given(answer: Answer) -> list[dict[str, Any]]:
    if isinstance(answer, SupabaseError):
        raise answer
    return answer


@pytest.fixture
def script() -> Script:
    return Script()


CLAIMED = row(claim=TOKEN, updated_at=LATER)


@pytest.mark.parametrize(
    ("writes", "reads", "won"),
    [
        pytest.param([[CLAIMED]], [], True, id="won at once"),
        pytest.param([[]], [], False, id="another client was faster"),
        pytest.param([AWAY], [[CLAIMED]], True, id="the answer was lost, the claim was not"),
        pytest.param([AWAY], [[row(claim=NEXT, updated_at=LATER)]], False, id="another client claimed it meanwhile"),
        pytest.param([AWAY], [[]], False, id="the row was deleted meanwhile"),
        pytest.param([AWAY, [CLAIMED]], [[row("queued")]], True, id="the claim did not arrive and is repeated"),
        pytest.param([AWAY, []], [[row("queued")], [CLAIMED]], True, id="the first claim arrived late"),
        pytest.param([AWAY, [], [CLAIMED]], [[row("queued")]] * 2, True, id="nothing written, and yet unchanged"),
    ],
)
async def test_the_result_of_a_claim(script: Script, writes: list[Answer], reads: list[Answer], won: bool) -> None:
    claimed = await script.jobs(writes=writes, reads=reads).claim(QUEUED, CLAIM)
    assert (claimed is not None) is won
    assert claimed is None or claimed.is_held_by(TOKEN)
    assert script.finished()


async def test_a_claim_resets_what_an_earlier_attempt_left(script: Script) -> None:
    await script.jobs(writes=[[CLAIMED]]).claim(QUEUED, CLAIM)
    assert script.written == [
        (
            {
                "job_id": f"eq.{ID}",
                "status": "eq.queued",
                "updated_at": f"eq.{AT}",
                "select": f"{READ},error,version:xmin",
            },
            {
                "status": "processing",
                "updated_at": "now",
                "metadata": {"user_id": "u", "runops": CLAIM.stamp()},
                "error": None,
                "completed_at": None,
                "progress_stage": None,
                "progress_percent": 0,
            },
        )
    ]


async def test_columns_that_are_missing_are_neither_read_nor_written() -> None:
    script = Script(columns=False)
    jobs = script.jobs(writes=[[CLAIMED], [CLAIMED], [CLAIMED], [CLAIMED]])
    await jobs.claim(QUEUED, CLAIM)
    await jobs.complete(ID, TOKEN)
    await jobs.fail(ID, TOKEN, "A sentence.")
    await jobs.heartbeat(ID, TOKEN, stage=Stage.TRANSCRIBING, percent=50)
    assert script.written[0][0]["select"] == READ
    assert [set(body) for body in script.bodies()] == [
        {"status", "updated_at", "metadata"},
        {"status", "updated_at"},
        {"status", "updated_at"},
        {"updated_at"},
    ]


async def test_a_claim_is_tried_so_often_and_then_the_error_is_raised(script: Script) -> None:
    jobs = script.jobs(writes=[AWAY] * ATTEMPTS, reads=[[row("queued")]] * ATTEMPTS)
    with pytest.raises(SupabaseError, match="away"):
        await jobs.claim(QUEUED, CLAIM)
    assert script.finished()
    assert script.waits == ATTEMPTS - 1


async def test_a_claim_whose_result_stays_open_is_an_error(script: Script) -> None:
    jobs = script.jobs(writes=[AWAY, [], []], reads=[[row("queued")]] * ATTEMPTS)
    with pytest.raises(SupabaseError, match="away"):
        await jobs.claim(QUEUED, CLAIM)


async def test_a_refused_claim_is_not_repeated(script: Script) -> None:
    with pytest.raises(SupabaseError, match="rejected"):
        await script.jobs(writes=[REFUSED]).claim(QUEUED, CLAIM)
    assert script.finished()


async def test_an_unreadable_row_is_set_to_error_instead_of_claimed(script: Script) -> None:
    assert await script.jobs(writes=[UNREAD, [row("error")]]).claim(QUEUED, CLAIM) is None
    filters, body = script.written[1]
    assert filters == {"job_id": f"eq.{ID}", "status": "eq.queued", "updated_at": f"eq.{AT}", "select": "job_id"}
    assert (body["status"], body["updated_at"]) == ("error", "now")
    assert "nested too deeply" in body["error"]


async def test_several_rows_are_claimed_in_one_request(script: Script) -> None:
    won = (await script.jobs(writes=[[CLAIMED]]).claim_batch([QUEUED, OTHER_QUEUED], CLAIM, from_status="queued")).won
    assert [one.job_id for one in won] == [ID]
    ((filters, body),) = script.written
    assert str(ID) in filters["or"]
    assert str(OTHER) in filters["or"]
    assert body["metadata"]["runops"] == CLAIM.stamp()


@pytest.mark.parametrize("answer", [[], [CLAIMED]])
async def test_a_batch_of_one_row_is_a_claim(script: Script, answer: list[dict[str, Any]]) -> None:
    won = (await script.jobs(writes=[answer]).claim_batch([QUEUED], CLAIM, from_status="queued")).won
    assert [one.job_id for one in won] == [ID] * len(answer)
    assert "or" not in script.written[0][0]
    assert script.written[0][0]["status"] == "eq.queued"


@pytest.mark.parametrize("error", [AWAY, UNREAD])
async def test_after_a_failed_batch_the_rows_are_read_back_and_the_open_ones_claimed(
    script: Script, error: SupabaseError
) -> None:
    third = JobRow.model_validate(row("queued", job_id=UUID(int=3)))
    there = [CLAIMED, row("queued", job_id=OTHER), row(claim=NEXT, updated_at=LATER, job_id=third.job_id)]
    jobs = script.jobs(writes=[error, [row(claim=TOKEN, job_id=OTHER)]], reads=[there])
    won = (await jobs.claim_batch([QUEUED, OTHER_QUEUED, third], CLAIM, from_status="queued")).won
    assert [one.job_id for one in won] == [ID, OTHER]
    assert script.written[1][0]["job_id"] == f"eq.{OTHER}"
    assert script.finished()


async def test_an_open_row_of_a_failed_batch_is_claimed_only_in_the_status_that_was_asked_for(script: Script) -> None:
    stale = [JobRow.model_validate(row(claim=NEXT, job_id=job_id)) for job_id in (ID, OTHER)]
    jobs = script.jobs(writes=[AWAY, [CLAIMED], []], reads=[[row(claim=NEXT), row(claim=NEXT, job_id=OTHER)]])
    await jobs.claim_batch(stale, CLAIM, from_status="processing")
    assert [filters["status"] for filters, _ in script.written] == ["eq.processing"] * 3
    assert script.finished()


async def test_an_open_row_of_a_failed_batch_may_be_lost_after_all(script: Script) -> None:
    jobs = script.jobs(writes=[AWAY, []], reads=[[row("queued")]])
    batch = await jobs.claim_batch([QUEUED, OTHER_QUEUED], CLAIM, from_status="queued")
    assert (batch.won, batch.refused) == ([], [])
    assert script.finished()


FROZEN = SupabaseError(ErrorKind.INVALID, "This row is frozen.", code="P0001")
SEVERAL = [JobRow.model_validate(row("queued", job_id=UUID(int=number))) for number in range(1, 9)]


async def test_a_row_whose_claim_is_refused_does_not_keep_the_others_of_its_batch(script: Script) -> None:
    there = [row("queued", job_id=one.job_id) for one in SEVERAL[:3]]
    answers: list[Answer] = [[row(claim=TOKEN, job_id=one.job_id)] for one in SEVERAL[:3]]
    jobs = script.jobs(writes=[FROZEN, FROZEN, *answers[1:]], reads=[there])
    batch = await jobs.claim_batch(SEVERAL[:3], CLAIM, from_status="queued")
    assert [one.job_id for one in batch.won] == [one.job_id for one in SEVERAL[1:3]]
    assert batch.refused == [(SEVERAL[0], FROZEN)]
    assert script.finished()


async def test_a_table_that_refuses_every_claim_is_not_asked_for_each_row(script: Script) -> None:
    there = [row("queued", job_id=one.job_id) for one in SEVERAL]
    jobs = script.jobs(writes=[FROZEN] * 6, reads=[there])
    batch = await jobs.claim_batch(SEVERAL, CLAIM, from_status="queued")
    assert ([one for one, _ in batch.refused], batch.untried, batch.won) == (SEVERAL[:5], SEVERAL[5:], [])
    assert script.finished()


async def test_a_single_row_whose_claim_is_refused_is_told_like_others(script: Script) -> None:
    batch = await script.jobs(writes=[FROZEN]).claim_batch([QUEUED], CLAIM, from_status="queued")
    assert (batch.won, batch.refused) == ([], [(QUEUED, FROZEN)])


async def test_a_row_that_waits_says_why_and_keeps_its_place(script: Script) -> None:
    assert await script.jobs(writes=[[CLAIMED]]).explain(QUEUED, "It waits.")
    ((filters, body),) = script.written
    assert body == {"error": "It waits."}
    assert (filters["status"], filters["updated_at"]) == ("eq.queued", f"eq.{QUEUED.updated_at}")


async def test_a_refused_batch_is_not_repeated(script: Script) -> None:
    with pytest.raises(SupabaseError, match="rejected"):
        await script.jobs(writes=[REFUSED]).claim_batch([QUEUED, OTHER_QUEUED], CLAIM, from_status="queued")
    assert script.finished()


HELD = JobRow.model_validate(row(claim=f"{TOKEN}/pod"))
NEXT_CLAIM = Claim(claim=NEXT, by="ours")


@pytest.mark.parametrize(
    ("writes", "reads", "done"),
    [
        pytest.param([[HELD.model_dump(mode="json")]], [], True, id="written"),
        pytest.param([[]], [[row(claim=NEXT)]], True, id="it carries the next claim already"),
        pytest.param([[]], [[]], False, id="the row is gone"),
        pytest.param([[]], [[row("queued")]], False, id="the row was queued again"),
        pytest.param([[], [CLAIMED]], [[row(claim=TOKEN, updated_at=LATER)]], True, id="a heartbeat came in between"),
        pytest.param([AWAY], [[row(claim=NEXT)]], True, id="the answer was lost"),
        pytest.param([AWAY, [CLAIMED]], [[row(claim=TOKEN)]], True, id="the write was lost"),
    ],
)
async def test_the_next_attempts_claim_replaces_the_one_before(
    script: Script, writes: list[Answer], reads: list[Answer], done: bool
) -> None:
    assert await script.jobs(writes=writes, reads=reads).succeed(HELD, NEXT_CLAIM) is done
    assert script.finished()
    filters, body = script.written[0]
    assert filters == {"job_id": f"eq.{ID}", "status": "eq.processing", "updated_at": f"eq.{AT}", "select": "job_id"}
    assert body == {"updated_at": "now", "metadata": {"user_id": "u", "runops": NEXT_CLAIM.stamp()}}


async def test_a_changed_row_is_written_as_it_was_read_last(script: Script) -> None:
    await script.jobs(writes=[[], [CLAIMED]], reads=[[row(claim=TOKEN, updated_at=LATER)]]).succeed(HELD, NEXT_CLAIM)
    assert script.written[1][0]["updated_at"] == f"eq.{LATER}"


def _bound(pod: str = "pod", **named: Any) -> dict[str, Any]:
    return row(claim=f"{TOKEN}/{pod}", **named)


@pytest.mark.parametrize(
    ("writes", "reads", "bound"),
    [
        pytest.param([[CLAIMED]], [[row(claim=TOKEN)]], True, id="bound"),
        pytest.param([[CLAIMED]], [[_bound("former")]], True, id="in place of a former pod"),
        pytest.param([], [[_bound()]], True, id="bound already"),
        pytest.param([], [[]], False, id="the row is gone"),
        pytest.param([], [[row(claim=NEXT)]], False, id="another claim"),
        pytest.param([], [[row("queued", claim=TOKEN)]], False, id="queued again"),
        pytest.param(
            [[], [CLAIMED]], [[row(claim=TOKEN)], [row(claim=TOKEN, updated_at=LATER)]], True, id="a heartbeat"
        ),
        pytest.param([AWAY], [[row(claim=TOKEN)], [_bound()]], True, id="the answer was lost"),
        pytest.param([AWAY, [CLAIMED]], [[row(claim=TOKEN)]] * 3, True, id="the write was lost"),
    ],
)
async def test_a_pod_is_bound(script: Script, writes: list[Answer], reads: list[Answer], bound: bool) -> None:
    token = await script.jobs(writes=writes, reads=reads).bind_pod(ID, TOKEN, "pod")
    assert token == (f"{TOKEN}/pod" if bound else None)
    assert script.finished()


async def test_a_pod_is_bound_by_a_write_that_keeps_everything_else(script: Script) -> None:
    await script.jobs(writes=[[CLAIMED]], reads=[[_bound("former")]]).bind_pod(ID, TOKEN, "pod")
    filters, body = script.written[0]
    assert filters["metadata->runops->>claim"] == f"eq.{TOKEN}/former"
    assert filters["select"] == "job_id"
    assert filters["updated_at"] == f"eq.{AT}"
    runops = {"claim": f"{TOKEN}/pod", "by": "ours", "attempt": 1}
    assert body == {"updated_at": "now", "metadata": {"user_id": "u", "runops": runops}}


Change = Callable[[JobsTable], Any]
CHANGES: list[Any] = [
    pytest.param(lambda jobs: jobs.succeed(HELD, NEXT_CLAIM), id="succeed"),
    pytest.param(lambda jobs: jobs.give_way(ID, TOKEN), id="give_way"),
    pytest.param(lambda jobs: jobs.bind_pod(ID, TOKEN, "pod"), id="bind_pod"),
    pytest.param(lambda jobs: jobs.release(ID, TOKEN), id="release"),
]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_row_that_changes_before_every_write_is_an_error(script: Script, change: Change) -> None:
    jobs = script.jobs(writes=[[]] * ATTEMPTS, reads=[[row(claim=TOKEN)]] * 10)
    with pytest.raises(SupabaseError, match="changed each time") as caught:
        await change(jobs)
    assert caught.value.kind is ErrorKind.CONFLICT
    assert not script.writes


@pytest.mark.parametrize("change", CHANGES)
async def test_a_write_is_tried_so_often_while_the_database_is_away(script: Script, change: Change) -> None:
    jobs = script.jobs(writes=[AWAY] * ATTEMPTS, reads=[[row(claim=TOKEN)]] * 10)
    with pytest.raises(SupabaseError, match="away"):
        await change(jobs)
    assert not script.writes
    assert script.waits == ATTEMPTS - 1


@pytest.mark.parametrize("change", CHANGES)
async def test_a_refused_write_is_not_repeated(script: Script, change: Change) -> None:
    jobs = script.jobs(writes=[REFUSED], reads=[[row(claim=TOKEN)]] * 10)
    with pytest.raises(SupabaseError, match="rejected"):
        await change(jobs)
    assert not script.writes


async def test_giving_way_removes_our_claim_and_nothing_else(script: Script) -> None:
    await script.jobs(writes=[[CLAIMED]], reads=[[row(claim=TOKEN)]]).give_way(ID, TOKEN)
    filters = {"job_id": f"eq.{ID}", "status": "eq.processing", "updated_at": f"eq.{AT}", "select": "job_id"}
    assert script.written == [(filters, {"metadata": {"user_id": "u"}})]


@pytest.mark.parametrize("there", [[], [row(claim=NEXT)], [row("queued", claim=TOKEN)]])
async def test_giving_way_leaves_a_row_alone_that_is_not_ours(script: Script, there: Answer) -> None:
    await script.jobs(reads=[there]).give_way(ID, TOKEN)
    assert script.written == []


async def test_a_released_row_is_queued_without_its_claim(script: Script) -> None:
    assert await script.jobs(writes=[[CLAIMED]], reads=[[row(claim=TOKEN)]]).release(ID, TOKEN)
    filters = {"job_id": f"eq.{ID}", "status": "eq.processing", "updated_at": f"eq.{AT}", "select": "job_id"}
    body = {"status": "queued", "updated_at": "now", "metadata": {"user_id": "u"}}
    assert script.written == [(filters, body | {"progress_stage": None, "progress_percent": None})]


@pytest.mark.parametrize(
    ("reads", "done"),
    [
        pytest.param([[]], False, id="the row is gone"),
        pytest.param([[row(claim=NEXT)]], False, id="another claim"),
        pytest.param([[row("queued")]], False, id="queued already, but not by us"),
        pytest.param([[row(claim=TOKEN)], [row("queued")]], True, id="our own write arrived without its answer"),
        pytest.param([[row(claim=TOKEN)], [row("queued", claim=NEXT)]], False, id="queued with a claim"),
        pytest.param([[row(claim=TOKEN)], [row(claim=NEXT)]], False, id="claimed by another client since"),
        pytest.param([[row(claim=TOKEN)], []], False, id="deleted since"),
    ],
)
async def test_the_result_of_a_release(script: Script, reads: list[Answer], done: bool) -> None:
    writes: list[Answer] = [AWAY] * (len(reads) - 1)
    assert await script.jobs(writes=writes, reads=reads).release(ID, TOKEN) is done
    assert script.finished()


async def test_rows_are_refreshed_a_hundred_at_a_time_each_once(script: Script) -> None:
    ids = [UUID(int=number) for number in range(101)]
    await script.jobs(writes=[[], AWAY, []]).keep_alive("ours", [*ids, *ids])
    sizes = [filters["job_id"].count(",") + 1 for filters, _ in script.written]
    assert sizes == [100, 1, 1]
    assert [filters["job_id"] for filters, _ in script.written[1:]] == [f"in.({ids[-1]})"] * 2
    assert all(filters["metadata->runops->>by"] == "eq.ours" for filters, _ in script.written)
    assert all(filters["select"] == "job_id" for filters, _ in script.written)
    assert script.bodies() == [{"updated_at": "now"}] * 3


async def test_no_rows_need_no_refresh(script: Script) -> None:
    await script.jobs().keep_alive("ours", [])
    assert script.written == []


@pytest.mark.parametrize(
    ("named", "body"),
    [
        ({}, {}),
        ({"stage": Stage.TRANSCRIBING}, {"progress_stage": "transcribing"}),
        ({"percent": 0}, {"progress_percent": 0}),
        ({"stage": Stage.TRANSCRIBING, "percent": 55}, {"progress_stage": "transcribing", "progress_percent": 55}),
    ],
)
async def test_a_heartbeat_refreshes_the_row_and_its_progress(script: Script, named: Any, body: dict[str, Any]) -> None:
    jobs = script.jobs(writes=[AWAY, [CLAIMED], []])
    assert await jobs.heartbeat(ID, f"{TOKEN}/pod", **named)
    assert not await jobs.heartbeat(ID, f"{TOKEN}/pod", **named)
    assert script.bodies() == [{"updated_at": "now", **body}] * 3
    assert script.written[0][0]["metadata->runops->>claim"] == f"eq.{TOKEN}/pod"
    # The answer is read only to see whether a row was written, so it is kept small.
    assert {filters["select"] for filters, _ in script.written} == {"job_id"}


async def test_a_completed_row_shows_no_error_and_all_progress(script: Script) -> None:
    assert await script.jobs(writes=[[CLAIMED]]).complete(ID, TOKEN)
    assert script.written[0][0]["select"] == "job_id"
    assert script.bodies() == [
        {
            "status": "completed",
            "updated_at": "now",
            "completed_at": "now",
            "error": None,
            "progress_stage": "completed",
            "progress_percent": 100,
        }
    ]


async def test_a_failed_row_shows_its_sentence_as_far_as_the_column_keeps_it(
    script: Script,
) -> None:
    assert await script.jobs(writes=[[CLAIMED]]).fail(ID, TOKEN, "a\x00b" + "c" * 3000)
    assert script.bodies() == [{"status": "error", "updated_at": "now", "error": "ab" + "c" * 1998}]


async def test_no_key_gets_into_the_sentence_of_a_failed_row(script: Script) -> None:
    assert await script.jobs(writes=[[CLAIMED]]).fail(ID, TOKEN, "The key sb_secret_abc was refused.")
    assert [body["error"] for body in script.bodies()] == ["The key [redacted] was refused."]


async def test_no_key_gets_into_the_sentence_of_a_refused_row_and_it_is_as_long_as_the_column_keeps(
    script: Script,
) -> None:
    assert await script.jobs(writes=[[CLAIMED]]).refuse(QUEUED, "The key sb_secret_abc " + "c" * 3000)
    assert [body["error"] for body in script.bodies()] == ["The key [redacted] " + "c" * 1981]


@pytest.mark.parametrize(
    ("there", "ended"),
    [
        pytest.param([row("completed", claim=TOKEN)], True, id="completed by an earlier try"),
        pytest.param([row("completed", claim=f"{TOKEN}/pod")], True, id="completed by our pod"),
        pytest.param([row("error", claim=TOKEN)], False, id="failed instead"),
        pytest.param([row("completed", claim=NEXT)], False, id="completed by another attempt"),
        pytest.param([row(claim=NEXT)], False, id="another attempt works"),
        pytest.param([], False, id="the row is gone"),
    ],
)
async def test_the_end_of_a_row_that_was_not_written_is_read_back(script: Script, there: Answer, ended: bool) -> None:
    assert await script.jobs(writes=[[]], reads=[there]).complete(ID, TOKEN) is ended


SAID = {"notes": [{"kind": "gaps", "sentence": "a\x00b"}], "took": {"recording": 5.0}}


@pytest.mark.parametrize(
    ("writes", "reads", "done"),
    [
        pytest.param([[CLAIMED]], [[CLAIMED]], True, id="at once"),
        pytest.param([[], [CLAIMED]], [[CLAIMED], [row(claim=TOKEN)]], True, id="the app wrote in between"),
        pytest.param([AWAY], [[CLAIMED], [row("completed", claim=TOKEN)]], True, id="the answer was lost"),
        pytest.param([AWAY, [CLAIMED]], [[CLAIMED], [CLAIMED]], True, id="the write was lost"),
        pytest.param([], [[row(claim=NEXT)]], False, id="another attempt works"),
        pytest.param([], [[row("queued", claim=TOKEN)]], False, id="the row was queued again"),
        pytest.param([], [[row("error", claim=TOKEN)]], False, id="the row was cancelled"),
        pytest.param([[]], [[CLAIMED], []], False, id="the row was deleted in between"),
    ],
)
async def test_a_row_is_completed_together_with_what_is_said_of_it(
    script: Script, writes: list[Answer], reads: list[Answer], done: bool
) -> None:
    assert await script.jobs(writes=writes, reads=reads).complete(ID, TOKEN, said=SAID) is done
    assert script.finished()
    for filters, body in script.written:
        assert filters["metadata->runops->>claim"] == f"eq.{TOKEN}"
        assert filters["status"] == "eq.processing"
        assert filters["select"] == "job_id"
        assert "updated_at" in filters
        assert (body["status"], body["updated_at"], body["completed_at"]) == ("completed", "now", "now")
        said = {"notes": [{"kind": "gaps", "sentence": "ab"}], "took": {"recording": 5.0}}
        assert body["metadata"]["runops"] == {**CLAIM.stamp(), **said}


@pytest.mark.parametrize(
    ("writes", "reads", "noted"),
    [
        pytest.param([[CLAIMED]], [[CLAIMED]], True, id="at once"),
        pytest.param([[], [CLAIMED]], [[CLAIMED], [row(claim=TOKEN)]], True, id="a heartbeat in between"),
        pytest.param([], [[row(claim=NEXT)]], False, id="another attempt works"),
        pytest.param([], [[row("completed", claim=TOKEN)]], False, id="the row has ended"),
    ],
)
async def test_a_note_in_a_row_at_work(script: Script, writes: list[Answer], reads: list[Answer], noted: bool) -> None:
    assert await script.jobs(writes=writes, reads=reads).say(ID, TOKEN, {"recording": {"seconds": 5.0}}) is noted
    assert script.finished()
    for filters, body in script.written:
        assert filters["metadata->runops->>claim"] == f"eq.{TOKEN}"
        assert body == {
            "updated_at": "now",
            "metadata": {"user_id": "u", "runops": {**CLAIM.stamp(), "recording": {"seconds": 5.0}}},
        }


async def test_a_row_that_always_changes_is_not_completed(script: Script) -> None:
    jobs = script.jobs(writes=[[]] * ATTEMPTS, reads=[[CLAIMED]] * ATTEMPTS)
    with pytest.raises(SupabaseError, match="changed each time it was to be completed"):
        await jobs.complete(ID, TOKEN, said=SAID)
    assert script.finished()


async def test_a_bound_claim_says_when_its_worker_started(script: Script) -> None:
    started = datetime(2026, 11, 30, 12, tzinfo=UTC)
    bound = await script.jobs(writes=[[CLAIMED]], reads=[[CLAIMED]]).bind_pod(ID, TOKEN, "pod", started=started)
    assert bound == f"{TOKEN}/pod"
    stamp = {**CLAIM.stamp(), "claim": bound, "started": "2026-11-30T12:00:00Z"}
    assert script.bodies()[0]["metadata"]["runops"] == stamp


async def test_a_job_is_queued_with_its_user(script: Script) -> None:
    await script.jobs(writes=[[]]).insert(ID, user_id=OTHER, metadata={"title": "a\x00b"})
    assert script.bodies() == [
        {"job_id": str(ID), "status": "queued", "metadata": {"title": "ab", "user_id": str(OTHER)}}
    ]


async def test_a_job_may_have_no_user(script: Script) -> None:
    await script.jobs(writes=[[]]).insert(ID, user_id=None)
    assert script.bodies()[0]["metadata"] == {}


async def test_a_conflict_after_a_lost_answer_is_our_own_row(script: Script) -> None:
    await script.jobs(writes=[AWAY, CONFLICT]).insert(ID, user_id=None)
    assert script.finished()


async def test_a_conflict_at_the_first_try_is_an_error(script: Script) -> None:
    with pytest.raises(SupabaseError, match="exists"):
        await script.jobs(writes=[CONFLICT]).insert(ID, user_id=None)


def _untouched(job_id: UUID, at: str | None) -> dict[str, Any]:
    return {"job_id": str(job_id), "updated_at": at}


async def test_rows_are_stale_by_their_own_times_in_any_zone(script: Script) -> None:
    in_tokyo, in_utc, alive = "2026-01-01T08:59:59+09:00", "2025-12-31T23:59:59Z", "2026-01-01T09:00:00+09:00"
    third, odd = UUID(int=3), [None, "infinity", "2025-01-01T00:00:00"]
    untouched = [_untouched(ID, in_tokyo), _untouched(OTHER, in_utc), _untouched(third, alive)]
    untouched += [_untouched(UUID(int=9), at) for at in odd]
    there = [row(updated_at=in_tokyo), row(updated_at=alive, job_id=OTHER)]
    jobs = script.jobs(reads=[untouched, there])
    stale = await jobs.stale(before=AT, installation="ours", limit=9, lane=Lane.FRESH)
    # The other one was touched between the two reads.
    assert [one.job_id for one in stale] == [ID]
    assert script.asked[1]["job_id"] == f"in.({ID},{OTHER})"
    assert script.finished()


async def test_no_stale_rows_cost_one_read_and_no_more_are_read_than_wanted(script: Script) -> None:
    assert (
        await script.jobs(reads=[[_untouched(ID, LATER)]]).stale(
            before=AT, installation="ours", limit=9, lane=Lane.FRESH
        )
        == []
    )
    ids = [UUID(int=number) for number in range(1, 205)]
    before = "2025-01-01T00:00:00+00:00"
    some = [row(updated_at=before, job_id=job_id) for job_id in ids[:202]]
    jobs = script.jobs(reads=[[_untouched(one, before) for one in ids], some[:100], some[100:200], some[200:]])
    assert len(await jobs.stale(before=AT, installation="ours", limit=202, lane=Lane.FRESH)) == 202
    assert [asked["job_id"].count(",") + 1 for asked in script.asked[2:]] == [100, 100, 2]


async def test_an_unreadable_row_whose_end_the_table_refuses_does_not_hide_the_others(script: Script) -> None:
    refused = SupabaseError(ErrorKind.INVALID, "a CHECK refuses it", code="23514")
    ids: Answer = [{"job_id": str(job_id), "updated_at": AT} for job_id in (ID, OTHER)]
    jobs = script.jobs(reads=[UNREAD, ids, UNREAD, [row("queued", job_id=OTHER)]], writes=[refused])
    assert [one.job_id for one in await jobs.queued(limit=9)] == [OTHER]
    assert script.finished()


RENAMED = Claim(claim=TOKEN, by="renamed")
BEFORE = JobRow.model_validate(row(claim=TOKEN))


def restamped(claim: Claim, *, updated_at: str = AT) -> dict[str, Any]:
    there = row(updated_at=updated_at)
    return {**there, "metadata": {"user_id": "u", "runops": claim.stamp()}}


@pytest.mark.parametrize(
    ("writes", "reads", "done"),
    [
        pytest.param([[CLAIMED]], [], True, id="at once"),
        pytest.param([[], [CLAIMED]], [[row(claim=TOKEN, updated_at=LATER)]], True, id="a heartbeat in between"),
        pytest.param([AWAY], [[restamped(RENAMED, updated_at=LATER)]], True, id="the answer was lost"),
        pytest.param([AWAY, [CLAIMED]], [[row(claim=TOKEN)]], True, id="the write was lost"),
        pytest.param([[]], [[row(claim=NEXT)]], False, id="another attempt works"),
        pytest.param([[]], [[row("error", claim=TOKEN)]], False, id="the row has ended"),
        pytest.param([[]], [[]], False, id="the row is gone"),
        pytest.param([[]], [[row()]], False, id="the claim was removed"),
    ],
)
async def test_a_claim_gets_another_name(script: Script, writes: list[Answer], reads: list[Answer], done: bool) -> None:
    assert await script.jobs(writes=writes, reads=reads).restamp(BEFORE, RENAMED) is done
    assert script.finished()
    times = [AT, LATER] if reads and reads[0] and reads[0] == [row(claim=TOKEN, updated_at=LATER)] else [AT] * 2
    for (filters, body), at in zip(script.written, times, strict=False):
        assert filters == {
            "job_id": f"eq.{ID}",
            "status": "eq.processing",
            "updated_at": f"eq.{at}",
            "select": "job_id",
        }
        assert body == {"updated_at": "now", "metadata": {"user_id": "u", "runops": RENAMED.stamp()}}


async def test_a_claim_is_written_into_a_row_whose_app_removed_it(script: Script) -> None:
    without = JobRow.model_validate(row())
    assert await script.jobs(writes=[[CLAIMED]]).restamp(without, CLAIM)
    assert script.bodies() == [{"updated_at": "now", "metadata": {"user_id": "u", "runops": CLAIM.stamp()}}]


async def test_a_claim_that_is_written_already_is_not_written_again(script: Script) -> None:
    there = JobRow.model_validate(restamped(RENAMED))
    assert await script.jobs().restamp(there, RENAMED)
    assert not await script.jobs().restamp(there.model_copy(update={"status": "completed"}), RENAMED)
    assert script.written == []


async def test_a_row_that_always_changes_is_not_written_again(script: Script) -> None:
    jobs = script.jobs(writes=[[]] * ATTEMPTS, reads=[[row(claim=TOKEN)]] * ATTEMPTS)
    with pytest.raises(SupabaseError, match="changed each time its claim was to be written again"):
        await jobs.restamp(BEFORE, RENAMED)
    assert script.finished()


async def test_an_outage_that_lasts_is_told_after_all_tries_of_writing_a_claim(script: Script) -> None:
    with pytest.raises(SupabaseError, match="away"):
        await script.jobs(writes=[AWAY] * ATTEMPTS, reads=[[row(claim=TOKEN)]] * ATTEMPTS).restamp(BEFORE, RENAMED)
    with pytest.raises(SupabaseError, match="The key was rejected"):
        await script.jobs(writes=[REFUSED]).restamp(BEFORE, RENAMED)
    assert script.finished()


END = {"likely": "2026-11-30T12:00:00Z"}


@pytest.mark.parametrize(
    ("metadata", "written"), [({"a": 1, "end": "old"}, {"a": 1, "end": END}), (None, {"end": END}), ({}, {"end": END})]
)
@pytest.mark.parametrize("status", ["queued", None])
async def test_what_is_expected_is_put_beside_everything_else_in_a_row_that_waits(
    script: Script, status: str | None, metadata: Any, written: Any
) -> None:
    waiting = JobRow(job_id=ID, status=status, updated_at=AT, metadata=metadata)
    there = await script.jobs(writes=[[row("queued", updated_at=LATER)]]).put_beside(waiting, "end", END)
    assert there is not None
    assert (there.job_id, there.status, there.updated_at) == (ID, "queued", LATER)
    ((filters, body),) = script.written
    assert filters == {
        "job_id": f"eq.{ID}",
        "status": "is.null" if status is None else "eq.queued",
        "updated_at": f"eq.{AT}",
        "select": "job_id,status,updated_at::timestamptz",
    }
    assert body == {"metadata": written}


async def test_what_is_expected_is_put_into_a_row_at_work_only_under_its_claim(script: Script) -> None:
    jobs = script.jobs(writes=[[CLAIMED], [CLAIMED], []])
    for there in (BEFORE, JobRow.model_validate(row("queued", claim=TOKEN)), JobRow.model_validate(row())):
        await jobs.put_beside(there, "end", END)
    fences = [filters.get("metadata->runops->>claim") for filters, _ in script.written]
    assert fences == [f"eq.{TOKEN}", None, None]
    assert script.bodies()[0]["metadata"] == {"user_id": "u", "runops": BEFORE.metadata["runops"], "end": END}


async def test_nothing_is_put_beside_metadata_that_is_no_object_nor_into_a_row_that_changed(script: Script) -> None:
    assert await script.jobs().put_beside(JobRow(job_id=ID, status="queued", metadata=["a"]), "end", END) is None
    assert script.written == []
    assert await script.jobs(writes=[[]]).put_beside(QUEUED, "end", END) is None
    jobs = script.jobs(writes=[AWAY, [row("queued")]])
    assert await jobs.put_beside(QUEUED, "end", {"text": "a\x00b"}) is not None
    assert script.bodies()[-1]["metadata"]["end"] == {"text": "ab"}


async def test_an_answer_that_cannot_be_read_names_what_was_put_beside(script: Script) -> None:
    with pytest.raises(SupabaseError, match=f"noting in the row {ID} of the table jobs when it is expected to end"):
        await script.jobs(writes=[[{"job_id": 7}]]).put_beside(QUEUED, "end", END)


async def test_a_job_may_be_added_that_is_claimed_already(script: Script) -> None:
    await script.jobs(writes=[[]]).insert(ID, user_id=OTHER, metadata={"title": "a"}, claim=CLAIM)
    metadata = {"title": "a", "user_id": str(OTHER), "runops": CLAIM.stamp()}
    assert script.bodies() == [{"job_id": str(ID), "status": "processing", "metadata": metadata}]


async def test_a_completed_row_says_no_more_when_it_is_expected_to_end(script: Script) -> None:
    there = row(claim=TOKEN)
    there["metadata"] |= {TIME_LEFT_KEY: END}
    await script.jobs(writes=[[CLAIMED]], reads=[[there]]).complete(ID, TOKEN, said=SAID)
    assert TIME_LEFT_KEY not in script.bodies()[0]["metadata"]
    await script.jobs(writes=[[CLAIMED]], reads=[[there]]).say(ID, TOKEN, {"recording": {}})
    assert script.bodies()[1]["metadata"][TIME_LEFT_KEY] == END


async def test_why_a_row_waits_is_not_written_into_a_table_without_the_column() -> None:
    script = Script(columns=False)
    assert not await script.jobs().explain(QUEUED, "It waits.")
    assert script.written == []
