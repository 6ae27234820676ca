"""What the pages answer, from real tables and the manifests of a cluster."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from typer.testing import CliRunner

from devstack.stack import StackInfo
from runops.object_names import checkpoint_object
from runops.supabase.connection import Supabase
from runops.videojob import Source
from runops_cli.main import app
from tests.ui.conftest import Visit
from tests.ui.filled import HOSTILE, USER, fill, job, manifests_of
from tests.ui.site import Manifests

_JOB = re.compile(r'data-job="([0-9a-f-]{36})"')


def _jobs(text: str) -> list[str]:
    return _JOB.findall(text)


async def test_the_list_works_from_the_tables_alone(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    response, text = await visitor.get("/")
    assert response.status == 200
    assert _jobs(text)[:2] == [str(job(0)), str(job(1))]
    assert len(_jobs(text)) == 54
    assert "It waits in the queue behind 4 other jobs." in text
    assert "transcribing, 58 %" in text
    assert "Onboard a new employee in the HR system" in text
    assert "USD" not in text
    assert "Pause" not in text


async def test_a_cluster_adds_costs_lengths_time_left_and_what_is_paused(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit(Manifests(manifests_of()))
    _, text = await visitor.get("/")
    assert "0.118 USD" in text
    assert "20 min long" in text
    assert "3 to 6 min left" in text or "4 to 7 min left" in text
    assert text.count("</span>paused</span>") == 1
    _, text = await visitor.get("/?longer_than=15m")
    assert _jobs(text) == [str(job(12))]
    _, text = await visitor.get("/?model=gemini-3.8-flash&status=completed")
    assert _jobs(text) == [str(job(21))]
    assert "jobs left out" in text


async def test_a_cluster_that_fails_takes_nothing_of_the_tables_away(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    cluster = Manifests(manifests_of())
    cluster.trouble = "The API server does not answer."
    visitor = await visit(cluster)
    response, text = await visitor.get("/")
    assert response.status == 200
    assert len(_jobs(text)) == 54
    assert "What only the cluster tells is missing: The API server does not answer." in text
    response, text = await visitor.get(f"/jobs/{job(12)}")
    assert response.status == 200
    assert "is missing: The API server does not answer." in text


async def test_filters_combine_and_each_can_be_taken_out(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    _, text = await visitor.get(f"/?status=error&status=processing&user={USER}&reason=ModelUnavailable&since=7d")
    assert set(_jobs(text)) == {str(job(61)), str(job(62)), str(job(65))}
    assert "/?status=error%2Cprocessing&amp;user=" in text
    _, text = await visitor.get("/?text=wrong+recording")
    assert _jobs(text) == [str(job(70))]
    _, text = await visitor.get("/?status=queued&order=oldest")
    assert _jobs(text) == [str(job(number)) for number in (4, 3, 2, 1, 0)]
    _, text = await visitor.get("/?reason=DuplicateResults")
    assert "No job fits this filter." in text


@pytest.mark.parametrize("query", ["since=abc", "user=1", "reason=Nonsense", "longer_than=x", "after=x", "limit=0",
                                   "limit=99999", "limit=a", "order=up"])  # fmt: skip
async def test_a_filter_that_cannot_be_read_is_named_and_shows_no_jobs(
    database: psycopg.Connection, visit: Visit, query: str
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    response, text = await visitor.get(f"/?{query}")
    assert response.status == 400
    assert 'role="alert"' in text
    assert _jobs(text) == []
    assert 'class="actions"' not in text


async def test_pages_lead_on_and_back_and_show_each_job_once(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    seen: list[str] = []
    path: str | None = "/?limit=20"
    pages = []
    while path is not None:
        _, text = await visitor.get(path)
        seen += _jobs(text)
        pages.append(_jobs(text))
        found = re.search(r'rel="next" id="more" href="([^"]+)"', text)
        path = None if found is None else found[1].replace("&amp;", "&")
        assert len(pages) < 9
    assert [len(page) for page in pages] == [20, 20, 14]
    assert len(set(seen)) == 54
    back = re.search(r'rel="prev" href="([^"]+)"', text)
    assert back is not None
    _, text = await visitor.get(back[1].replace("&amp;", "&"))
    assert _jobs(text) == pages[1]


@pytest.mark.parametrize("path", ["/", f"/jobs/{job(71)}", f"/jobs/{job(12)}", "/failures", "/?text=" + "%3Cscript%3E",
                                  f"/actions/retry?job={job(71)}", "/login", "/nothing/%3Cscript%3E"])  # fmt: skip
async def test_what_others_wrote_is_escaped_everywhere(database: psycopg.Connection, visit: Visit, path: str) -> None:
    fill(database)
    database.execute("update jobs set metadata = jsonb_set(metadata, '{user_id}', to_jsonb(%s::text)) "
        "where job_id = %s",
                     (HOSTILE, job(71)))  # fmt: skip
    database.execute("update sops set data = jsonb_set(data, '{meta,title}', to_jsonb(%s::text))", (HOSTILE,))
    visitor = await visit(Manifests(manifests_of()), allow_actions=True)
    _, text = await visitor.get(path)
    assert "<script>" not in text
    assert "<img src=x" not in text
    assert text.count("<script ") == 1


async def test_the_page_of_a_video_tells_its_story(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(Manifests(manifests_of()))
    response, text = await visitor.get(f"/jobs/{job(12)}")
    assert response.status == 200
    for said in ("Claimed by the operator", "The video is prepared", "AttemptFailed (2 times)", "122,830", "is running",
                 "worker-3", "gemini-3.8-flash", "2 attempts"):  # fmt: skip
        assert said in text, said
    _, text = await visitor.get(f"/jobs/{job(21)}")
    assert "3. Decision: Is it above 1,000?" in text
    response, text = await visitor.get(f"/jobs/{job(999)}")
    assert response.status == 404
    assert str(job(999)) in text


@pytest.mark.parametrize("status", ["queued", "processing", "error"])
async def test_the_page_and_runops_get_tell_the_same_cost_where_there_is_no_videojob(
    database: psycopg.Connection, visit: Visit, stack: StackInfo, tmp_path: Path, status: str
) -> None:
    database.execute("insert into jobs (job_id, status) values (%s, %s)", [job(1), status])
    ledger = {"transcribing": {"cost_usd": "0.06"}, "parsing_sop": {"cost_usd": "0.0213"}}
    async with Supabase(stack.url, stack.secret_key) as supabase:
        kept = {"ledger": ledger, "slim": {"duration_seconds": 75}}
        await supabase.storage.upload_json(Source().bucket, checkpoint_object(job(1)), kept)
    environment = {**stack.environment(), "KUBECONFIG": str(tmp_path / "none"), "COLUMNS": "100"}
    told = await asyncio.to_thread(CliRunner().invoke, app, ["get", str(job(1))], env=environment)
    _, page = await (await visit()).get(f"/jobs/{job(1)}")
    for said, length in ((told.stdout, "1m 15s"), (page, "75 s")):
        assert "about 0.081300 USD" in said
        assert length in said


async def test_the_procedure_is_a_page_in_which_nothing_can_run(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    database.execute("update sops set data = jsonb_set(data, '{meta,title}', to_jsonb(%s::text))", (HOSTILE,))
    visitor = await visit()
    response, text = await visitor.get(f"/jobs/{job(21)}/procedure")
    assert response.status == 200
    assert "<script>alert" not in text
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-same-origin;")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    response, _ = await visitor.get(f"/jobs/{job(60)}/procedure")
    assert response.status == 404


async def test_failures_are_grouped_with_their_remedy_and_lead_to_their_jobs(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    _, text = await visitor.get("/failures")
    assert text.index('ModelUnavailable</a></h2><span class="number">3<') < text.index("Cancelled</a></h2>")
    assert "once the service is back." in text
    found = re.search(r'<h2><a href="([^"]+reason=ModelUnavailable[^"]+)"', text)
    assert found is not None
    _, text = await visitor.get(found[1].replace("&amp;", "&"))
    assert set(_jobs(text)) == {str(job(61)), str(job(62)), str(job(65))}
    response, text = await visitor.get("/failures?since=nonsense")
    assert response.status == 400
    assert "is no time" in text


@pytest.mark.usefixtures("database")
async def test_an_empty_table_says_how_to_begin(visit: Visit) -> None:
    visitor = await visit()
    _, text = await visitor.get("/")
    assert "runops submit recording.mp4" in text
    _, text = await visitor.get("/failures")
    assert "Nothing failed in this time." in text


async def test_tables_that_cannot_be_read_are_said_to_be_so(database: psycopg.Connection, visit: Visit) -> None:
    visitor = await visit()
    database.execute("alter table jobs rename to elsewhere")
    try:
        database.execute("notify pgrst, 'reload schema'")
        response, text = await visitor.get("/failures")
        assert response.status == 503
        assert "The tables cannot be read" in text
        assert "jobs" in text
    finally:
        database.execute("alter table elsewhere rename to jobs")
        database.execute("notify pgrst, 'reload schema'")


@pytest.mark.parametrize("place", ["x", "f!abc!", "b!9999999999999!2026-11-24T12:00:00+00:00", "f!1!yesterday"])
async def test_a_place_in_the_list_that_somebody_made_up_is_told_and_is_no_outage(
    database: psycopg.Connection, visit: Visit, place: str
) -> None:
    fill(database)
    visitor = await visit()
    response, text = await visitor.get(f"/?{urlencode({'after': place})}")
    assert response.status == 400
    assert "This is no place in the list. Begin at its first page." in text
