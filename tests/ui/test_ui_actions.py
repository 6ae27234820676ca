"""Retry, cancel and pause on the page: previewed, confirmed, counted."""

from __future__ import annotations

import asyncio
import re

import psycopg
import pytest

from runops_ui.cluster.access import ClusterUnavailable
from tests.ui.conftest import Visit, Visitor
from tests.ui.filled import fill, job, manifests_of
from tests.ui.site import Manifests


async def _carried_out(visitor: Visitor, form: dict[str, str], **more: str) -> str:
    response, text = await visitor.post("/actions", **form, **more)
    assert response.status == 303, text
    async with asyncio.timeout(120):
        while True:
            outcome, text = await visitor.get(response.headers["Location"])
            assert outcome.status == 200
            if "To the queue" in text:
                return text
            assert 'http-equiv="refresh"' in text
            await asyncio.sleep(0.05)


def _counts(text: str) -> dict[str, int]:
    found = re.findall(r"<li(?: class=\"will\")?><b>([\d,]+)</b> ([^<]+)</li>", text)
    return {said: int(number.replace(",", "")) for number, said in found}


def _statuses(database: psycopg.Connection) -> dict[str, int]:
    return dict(database.execute("select status, count(*) from jobs group by status").fetchall())


async def test_what_the_filter_shows_is_queued_again_as_it_was_previewed(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    text, form = await visitor.preview("/actions/retry?reason=ModelUnavailable")
    assert _counts(text) == {"are queued again": 3}
    assert "Run again 3 jobs" in text
    # Exactly these: one that fails meanwhile was not counted.
    database.execute(
        "update jobs set status = 'error', error = 'The model could not be reached.' where job_id = %s", (job(20),)
    )
    text = await _carried_out(visitor, form)
    assert _counts(text) == {"queued again": 3}
    assert _statuses(database) == {"queued": 8, "processing": 5, "completed": 35, "error": 6}
    response, _ = await visitor.post("/actions", **form)
    assert response.status == 409


async def test_completed_jobs_run_again_only_where_they_were_asked_for(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    text, _ = await visitor.preview("/actions/retry?since=30d")
    assert _counts(text) == {
        "are queued again": 8,
        "stay as they are: they are completed; choose the status completed to run them again": 36,
        "stay as they are: they have not ended (queued)": 5,
        "stay as they are: they have not ended (processing)": 5,
    }
    text, form = await visitor.preview("/actions/retry?status=completed")
    assert _counts(text) == {"are queued again and cost again; what people edited in their SOPs is kept": 36}
    text = await _carried_out(visitor, form)
    assert _counts(text) == {"queued again": 36}
    assert _statuses(database)["queued"] == 41


async def test_jobs_are_cancelled_with_the_reason_and_what_ended_meanwhile_stays(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    text, form = await visitor.preview("/actions/cancel?status=queued&status=processing")
    assert _counts(text) == {"leave the queue and end in error": 5, "stop and end in error": 5}
    database.execute("update jobs set status = 'completed' where job_id = %s", (job(0),))
    database.execute("delete from jobs where job_id = %s", (job(1),))
    text = await _carried_out(visitor, form, why="The wrong\nfolder.")
    assert _counts(text) == {"cancelled": 8, "changed meanwhile and left alone": 1, "no longer there": 1}
    assert f"/jobs/{job(0)}" in text
    errors = database.execute("select distinct error from jobs where job_id = any(%s)", ([job(2), job(10)],)).fetchall()
    assert errors == [("Cancelled by `runops cancel`: The wrong folder.",)]
    assert database.execute("select status from jobs where job_id = %s", (job(0),)).fetchone() == ("completed",)


async def test_jobs_are_paused_and_continued_through_the_cluster(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    cluster = Manifests(manifests_of())
    visitor = await visit(cluster, allow_actions=True)
    text, form = await visitor.preview("/actions/pause?status=processing")
    assert _counts(text)["stop until they are continued"] == 3
    assert _counts(text)["stay as they are: they are paused already"] == 1
    text = await _carried_out(visitor, form)
    assert _counts(text) == {"paused": 3}
    assert cluster.suspended == {f"vj-{job(number)}": True for number in (10, 11, 12)}
    _, form = await visitor.preview(f"/actions/resume?job={job(14)}")
    await _carried_out(visitor, form)
    assert cluster.suspended[f"vj-{job(14)}"] is False


async def test_pausing_needs_a_cluster_and_says_so(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    response, text = await visitor.get("/actions/pause?status=processing")
    assert response.status == 409
    assert "Pausing needs a cluster" in text


async def test_a_cluster_that_refuses_ends_the_order_and_says_what_was_not_tried(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)

    class Refusing(Manifests):
        async def set_suspended(self, name: str, *, suspended: bool) -> None:
            raise ClusterUnavailable(f"Your role may not patch {name} ({suspended}).")

    visitor = await visit(Refusing(manifests_of()), allow_actions=True)
    _, form = await visitor.preview("/actions/pause?status=processing")
    text = await _carried_out(visitor, form)
    assert " (True). The rest was not tried." in text


async def test_a_job_that_the_table_refuses_does_not_stop_the_others(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    refuse = f"alter table jobs add constraint stays check (not (job_id = '{job(62)}' and status = 'queued')) not valid"
    database.execute(refuse)
    try:
        visitor = await visit(allow_actions=True)
        _, form = await visitor.preview("/actions/retry?reason=ModelUnavailable")
        text = await _carried_out(visitor, form)
    finally:
        database.execute("alter table jobs drop constraint stays")
    assert _counts(text) == {"queued again": 2, "could not be changed": 1}
    assert f'href="/jobs/{job(62)}"' in text


@pytest.mark.parametrize("chosen", ["status=queued", "status=queued&status=processing", f"job={job(0)}"])
async def test_a_job_that_was_claimed_since_is_not_cancelled_as_one_that_waits(
    database: psycopg.Connection, visit: Visit, chosen: str
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    text, form = await visitor.preview(f"/actions/cancel?{chosen}")
    shown = sum(_counts(text).values())
    database.execute("update jobs set status = 'processing' where job_id = %s", (job(0),))
    text = await _carried_out(visitor, form)
    assert _counts(text).get("cancelled", 0) == shown - 1
    assert _counts(text)["changed meanwhile and left alone"] == 1
    assert database.execute("select status from jobs where job_id = %s", (job(0),)).fetchone() == ("processing",)


async def test_a_job_that_ran_to_its_end_since_is_not_queued_again(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    text, form = await visitor.preview("/actions/retry?status=completed")
    assert sum(_counts(text).values()) == 36
    # Somebody else queued it again, and that run has ended.
    database.execute("update jobs set updated_at = clock_timestamp() where job_id = %s", (job(30),))
    text = await _carried_out(visitor, form)
    assert _counts(text) == {"queued again": 35, "changed meanwhile and left alone": 1}


async def test_an_order_of_the_most_jobs_says_that_more_fit(
    database: psycopg.Connection, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    monkeypatch.setattr("runops_ui.pages.action_pages.MOST_JOBS", 2)
    text, _ = await visitor.preview("/actions/retry?reason=ModelUnavailable")
    assert _counts(text) == {"are queued again": 2}
    assert "More jobs fit. These are the oldest 2; do it again for the rest." in text


async def test_an_action_without_a_filter_says_that_it_is_about_all(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    text, _ = await visitor.preview("/actions/cancel")
    assert "No filter is set: this is about all jobs of the table." in text
    response, text = await visitor.get("/actions/cancel?since=abc")
    assert response.status == 400
    response, text = await visitor.get("/actions/runs/0123456789ab")
    assert response.status == 404


async def _asked(database: psycopg.Connection, visit: Visit, **settings: bool) -> tuple[Visitor, str]:
    fill(database)
    question = '[{"id": "q1", "question": "How often <b>?", "importance": "high"}]'
    database.execute(
        "update sops set data = jsonb_set(data, '{public,clarification_requests}', %s::jsonb) where job_id = %s",
        (question, job(21)),
    )
    visitor = await visit(**settings)
    _, text = await visitor.get(f"/jobs/{job(21)}")
    return visitor, text


async def test_an_open_question_is_answered_and_only_the_sop_is_made_again(
    database: psycopg.Connection, visit: Visit
) -> None:
    visitor, text = await _asked(database, visit, allow_actions=True)
    assert "How often &lt;b&gt;?" in text
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', text)
    assert token is not None
    path = f"/jobs/{job(21)}/answers"
    response, text = await visitor.post(path, form_token=token[1], **{"answer:q1": " "})
    assert (response.status, "Each field was empty." in text) == (400, True)
    response, text = await visitor.post(path, form_token=token[1], **{"answer:q9": "Monthly."})
    assert response.status == 400
    response, text = await visitor.post(path, form_token=token[1], **{"answer:q1": "Monthly."})
    assert response.status == 200
    assert "1 answer is kept. 0 questions left open. It is queued again: only its SOP is made." in text
    assert database.execute("select status from jobs where job_id = %s", (job(21),)).fetchone() == ("queued",)
    _, text = await visitor.get(f"/jobs/{job(21)}")
    assert "<textarea" not in text
    _, text = await visitor.post(path, form_token=token[1], **{"answer:q1": "Daily <b>."})
    assert "q1 has another answer too, and yours counts: &#34;Monthly.&#34; 0 questions left open." in text


async def test_a_page_that_only_reads_shows_questions_without_a_form(
    database: psycopg.Connection, visit: Visit
) -> None:
    visitor, text = await _asked(database, visit)
    assert "How often &lt;b&gt;?" in text
    assert "<textarea" not in text
    response, _ = await visitor.post(f"/jobs/{job(21)}/answers", **{"answer:q1": "Monthly."})
    assert response.status in {403, 404}
