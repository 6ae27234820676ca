"""Rows go their whole way on tables of other shapes than the newest."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.stack import StackInfo, create_user
from runops.failures import Reason
from runops.job_row import Claim, Lane, RowStatus
from runops.progress import Stage
from runops.retry_policy import History
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import Outcome, cancel, run_again
from tests.adapters.test_supabase_dry_run import TAKEN
from tests.adapters.test_supabase_project_shapes import changed
from tests.schema_cache import read_anew

Connection = psycopg.Connection[Any]
SHAPES = {
    **TAKEN,
    "updated_at always by a trigger": (
        (
            "create function touch() returns trigger language plpgsql as $$ begin new.updated_at = clock_timestamp(); "
            "return new; end $$; create trigger touch before insert or update on jobs for each row "
            "execute function touch()"
        ),
        "drop trigger touch on jobs; drop function touch()",
    ),
    "updated_at once more after an update": (
        (
            "create function once_more() returns trigger language plpgsql as $$ begin "
            "update jobs set updated_at = now() where id = new.id; return null; end $$; "
            "create trigger once_more after update on jobs for each row when (pg_trigger_depth() = 0) "
            "execute function once_more()"
        ),
        "drop trigger once_more on jobs; drop function once_more()",
    ),
    "owners' policies": (
        (
            "create policy i on sops for insert to authenticated with check (user_id = auth.uid()); "
            "create policy u on sops for update to authenticated using (user_id = auth.uid()); "
            "create policy d on sops for delete to authenticated using (user_id = auth.uid())"
        ),
        "drop policy i on sops; drop policy u on sops; drop policy d on sops",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_row_is_worked_on_fails_and_is_run_again(
    shape: str, supabase: Supabase, queue: Callable[..., UUID], database: Connection, stack: StackInfo
) -> None:
    user = uuid4()
    create_user(stack, str(user))
    ids = [queue({"user_id": str(user)}) for _ in range(4)]
    with changed(database, stack, *SHAPES[shape]):
        read_anew(database, stack)
        jobs, results = supabase.jobs, supabase.results
        rows = await jobs.queued(limit=9)
        assert [row.job_id for row in rows] == ids
        claim = Claim(claim=str(uuid4()), by="ours")
        won = (await jobs.claim_batch(rows[:2], claim, from_status="queued")).won
        assert {row.job_id for row in won} == set(ids[:2])
        # Nothing looks like another consumer: the row is as the claim gave it.
        assert await jobs.get_many(ids[:2]) == {row.job_id: row for row in won}
        token = await jobs.bind_pod(ids[0], claim.claim, "pod")
        assert token is not None
        assert await jobs.heartbeat(ids[0], token, stage=Stage.TRANSCRIBING, percent=50)
        await jobs.keep_alive("ours", ids)
        await results.write_transcript(ids[0], token, [{"n": 1}])
        await results.write_sop(ids[0], token, {"n": 1}, user_id=user)
        assert await jobs.complete(ids[0], token, said={"notes": [{"kind": "gaps"}]})
        there = await jobs.get(ids[1])
        assert there is not None
        later = claim.after("a job", History(failures=1), not_before=None, reason=Reason.POD_LOST)
        assert await jobs.succeed(there, later)
        assert await jobs.fail(ids[1], later.claim, "A sentence.")
        assert (await run_again(supabase, ids[1], from_statuses=[RowStatus.ERROR])).outcome is Outcome.DONE
        assert await jobs.refuse(rows[2], "Another sentence.")
        assert (await cancel(supabase, ids[3], "Cancelled.")).outcome is Outcome.DONE
        (again,) = await jobs.queued(limit=9)
        assert await jobs.claim(again, Claim(claim=str(uuid4()), by="theirs")) is not None
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        (stale,) = await jobs.stale(before=soon, installation="ours", limit=9, lane=Lane.FRESH)
        assert await jobs.release(stale.job_id, stale.claim.claim if stale.claim else "")
    found = database.execute("select status::text, error from jobs order by id").fetchall()
    assert found == [
        ("completed", None),
        ("queued", None),
        ("error", "Another sentence."),
        ("error", "Cancelled."),
    ]
