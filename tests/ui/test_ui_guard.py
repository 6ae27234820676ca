"""Nobody sees the page or acts on it who should not."""

from __future__ import annotations

import re

import psycopg
import pytest

from runops_ui.security.clients import networks_of
from tests.ui.conftest import Visit, Visitor
from tests.ui.filled import fill, job

TOKEN = "a token of more than sixteen characters"
_PAGES = ("/", f"/jobs/{job(1)}", f"/jobs/{job(1)}/procedure", "/failures", "/actions/retry", "/nothing")


async def test_without_the_token_there_is_nothing_but_the_form(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(token=TOKEN, allow_actions=True)
    for path in _PAGES:
        response, text = await visitor.get(path)
        assert response.status == 303, path
        assert response.headers["Location"].startswith("/login")
        assert text == ""
        assert "Set-Cookie" not in response.headers
    for path in ("/events", "/changes"):
        response, text = await visitor.get(path)
        assert (response.status, text) == (401, "Log in first.\n")
    response, _ = await visitor.post("/actions", order="x", form_token="y")
    assert response.status == 401


async def test_the_token_opens_the_page_and_logging_out_closes_it(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(token=TOKEN)
    response, text = await visitor.get("/login?next=/failures?since=24h")
    assert 'value="/failures?since=24h"' in text
    response, text = await visitor.post("/login", token="another token of that length", next="/")
    assert response.status == 403
    assert "This is not the token." in text
    response, _ = await visitor.post("/login", token=f" {TOKEN} ", next="/failures?since=24h")
    assert (response.status, response.headers["Location"]) == (303, "/failures?since=24h")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    response, text = await visitor.get("/")
    assert response.status == 200
    form_token = re.search(r'name="form_token" value="([0-9a-f]+)"', text)
    assert form_token is not None
    response, _ = await visitor.post("/logout", form_token=form_token[1])
    assert response.headers["Location"] == "/login"
    response, _ = await visitor.get("/")
    assert response.status == 303


async def test_the_cookie_is_for_https_only_where_the_page_is_reached_so(visit: Visit) -> None:
    visitor = await visit(token=TOKEN)
    async with visitor.client.post(
        "/login",
        data={"token": TOKEN},
        headers={"Origin": visitor.origin, "X-Forwarded-Proto": "https"},
        allow_redirects=False,
    ) as response:
        assert "Secure" in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "following", ["//evil.example", "https://evil.example", "/\\evil.example", "/login", "/a\nb", ""]
)
async def test_a_login_leads_to_a_page_of_ours_only(visit: Visit, following: str) -> None:
    visitor = await visit(token=TOKEN)
    response, _ = await visitor.post("/login", token=TOKEN, next=following)
    assert (response.status, response.headers["Location"]) == (303, "/")


async def test_tokens_cannot_be_tried_for_long(visit: Visit) -> None:
    now = [1_000_000.0]
    visitor = await visit(token=TOKEN, clock=lambda: now[0])
    for _ in range(10):
        response, _ = await visitor.post("/login", token="wrong")
        assert response.status == 403
    response, text = await visitor.post("/login", token=TOKEN)
    assert (response.status, response.headers["Retry-After"]) == (429, "61")
    assert "Try again in 60 s." in text
    now[0] += 61
    response, _ = await visitor.post("/login", token=TOKEN)
    assert response.status == 303


async def test_wrong_tokens_of_one_visitor_keep_no_other_out(visit: Visit) -> None:
    """Behind a proxy that was named: visitors have one address, and `X-Forwarded-For` tells them apart."""
    visitor = await visit(token=TOKEN, clock=lambda: 1_000_000.0, trusted_proxies=networks_of(["127.0.0.0/8", "::1"]))

    async def entered(token: str, address: str) -> int:
        async with visitor.client.post(
            "/login",
            data={"token": token},
            headers={"Origin": visitor.origin, "X-Forwarded-For": address},
            allow_redirects=False,
        ) as response:
            return response.status

    assert [await entered("wrong", "203.0.113.9") for _ in range(11)] == [403] * 10 + [429]
    assert await entered(TOKEN, "203.0.113.9") == 429
    assert await entered(TOKEN, "203.0.113.9, 198.51.100.1") == 303
    # One that writes the header itself is still known by what the proxy adds.
    assert await entered(TOKEN, "198.51.100.1, 203.0.113.9") == 429


async def test_a_session_ends_after_half_a_day(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    now = [1_000_000.0]
    visitor = await visit(token=TOKEN, clock=lambda: now[0])
    await visitor.post("/login", token=TOKEN)
    now[0] += 12 * 3600 - 1
    assert (await visitor.get("/failures"))[0].status == 200
    now[0] += 2
    assert (await visitor.get("/failures"))[0].status == 303


@pytest.mark.parametrize("path", ["/", "/login", "/static/page.js", "/events"])
@pytest.mark.usefixtures("database")
async def test_another_name_for_this_machine_is_refused(visit: Visit, path: str) -> None:
    visitor = await visit(hosts=frozenset({"queue.example.com"}))
    response, text = await visitor.get(path, Host="rebound.evil.example:8765")
    assert response.status == 421
    assert "--allow-host" in text
    assert "Set-Cookie" not in response.headers
    response, _ = await visitor.get("/", Host="queue.example.com")
    assert response.status == 200


async def test_probes_are_answered_under_any_name_and_tell_nothing(visit: Visit) -> None:
    visitor = await visit(token=TOKEN)
    for path in ("/healthz", "/readyz"):
        response, text = await visitor.get(path, Host="10.0.0.3:8765")
        assert (response.status, text) == (200, "ok\n")


@pytest.mark.usefixtures("database")
async def test_every_answer_tells_the_browser_what_to_refuse(visit: Visit) -> None:
    visitor = await visit()
    for path in ("/", "/failures", "/static/page.css", "/nothing", f"/jobs/{job(5)}", "/changes"):
        response, _ = await visitor.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in response.headers or "aiohttp" not in response.headers["Server"]


async def _previewed(visitor: Visitor) -> dict[str, str]:
    _, form = await visitor.preview(f"/actions/cancel?job={job(1)}")
    return form


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", None])
async def test_a_form_that_another_site_sends_changes_nothing(
    database: psycopg.Connection, visit: Visit, origin: str | None
) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    response, _ = await visitor.post("/actions", origin, **await _previewed(visitor))
    assert response.status == 403
    assert database.execute("select status from jobs where job_id = %s", (job(1),)).fetchone() == ("queued",)


async def test_a_form_needs_the_token_of_its_own_session(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    form = await _previewed(visitor)
    for token in ("", "0" * 64, form["form_token"][:-1]):
        response, text = await visitor.post("/actions", order=form["order"], form_token=token)
        assert response.status == 403
        assert "Load the page once more." in text
    visitor.client.session.cookie_jar.clear()
    response, _ = await visitor.post("/actions", **form)
    assert response.status == 403
    assert database.execute("select status from jobs where job_id = %s", (job(1),)).fetchone() == ("queued",)


async def test_what_one_session_previewed_another_cannot_carry_out(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit(allow_actions=True)
    form = await _previewed(visitor)
    visitor.client.session.cookie_jar.clear()
    other = await _previewed(visitor)
    response, text = await visitor.post("/actions", order=form["order"], form_token=other["form_token"])
    assert response.status == 409
    assert "Nothing was changed" in text


async def test_a_page_that_only_reads_has_no_address_that_changes(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    _, text = await visitor.get("/?status=error")
    assert "read only" in text
    assert "/actions/" not in text
    for path in ("/actions/retry", "/actions/runs/000000000000"):
        response, _ = await visitor.get(path)
        assert response.status == 404
    response, _ = await visitor.post("/actions", order="x")
    assert response.status in {403, 404}


async def test_a_large_form_is_refused(visit: Visit) -> None:
    visitor = await visit(token=TOKEN)
    response, _ = await visitor.post("/login", token="x" * 100_000)
    assert response.status == 413
