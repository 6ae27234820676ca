"""The page of the queue over 100,000 rows: how long its pages take, how heavy they are, and how 10,000 rows scroll.

The tables are as an app has them, without our optional index. The rival of the last page is the same rows asked for by
their number, as a page with an offset would do it. Scrolling is measured in a headless Chromium, a step of 120 pixels a
frame, 7,000 pixels a second, on whatever else the machine does; a long frame is one of more than 50 ms.
"""

import re
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import httpx
import psycopg

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from devstack.stack import StackInfo, running_stack
from tests.browser.chromium import running_browser
from tests.ui.site import running_site

__all__ = ["free_port", "measure"]

_ROWS = 100_000
_SCROLLED = 10_000
_PAGE = 999
_PIXELS = 60_000
"""A thousand of the rows: the others are there, and cost what they cost."""
_SECONDS = 120.0
_LONG_MILLISECONDS = 50.0
_REASON = "The model could not be reached."
_FILL = """
insert into public.jobs (job_id, status, created_at, updated_at, completed_at, error, metadata, progress_stage,
    progress_percent)
select gen_random_uuid(), state, at, at + interval '20 minutes', case when state = 'completed' then at end,
    case when state = 'error' then %(reason)s end,
    jsonb_build_object('user_id', md5((number %% 50)::text)::uuid), null, null
from (
    select number, now() - number * interval '9 seconds' as at,
        case when number < 2000 then 'queued' when number %% 40 = 0 then 'error' else 'completed' end as state
    from generate_series(1, %(rows)s) as number
) as made
"""
_SOPS = """
insert into public.sops (job_id, data)
select job_id, jsonb_build_object('meta', jsonb_build_object('title', 'Book the invoices of supplier ' || id))
from public.jobs where status = 'completed'
"""
_NEXT = re.compile(r'rel="next" id="more" href="([^"]+)"')
_SCROLL = """() => new Promise((done) => {
    const frames = [];
    const end = %(pixels)s;
    let last = performance.now(), at = 0;
    const step = () => {
        const now = performance.now();
        frames.push(now - last);
        last = now;
        at += 120;
        scrollTo(0, at);
        if (at < end) requestAnimationFrame(step); else done(frames);
    };
    requestAnimationFrame(step);
})"""


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return times of pages, their weight, and the share of long frames."""
    with tempfile.TemporaryDirectory(prefix="runops-queue-page-") as folder, ExitStack() as open_:
        stack = open_.enter_context(running_stack(Path(folder) / "stack"))
        progress(f"inserting {_ROWS:,} rows")
        with psycopg.connect(stack.database_url, autocommit=True) as database:
            database.execute(_FILL, {"rows": _ROWS, "reason": _REASON})
            database.execute(_SOPS)
            database.execute("analyze public.jobs, public.sops")
        address = open_.enter_context(running_site(stack, port=free_port()))
        return _measured(stack, address, runs=runs, progress=progress)


def _measured(stack: StackInfo, address: str, *, runs: int, progress: Progress) -> Outcome:
    with httpx.Client(base_url=address, timeout=_SECONDS, trust_env=False) as client:
        cold, first_text = _timed(lambda: client.get("/").raise_for_status().text)
        last = _last_page(client)
        progress("measuring pages")
        first = [_timed(lambda: client.get("/").raise_for_status().text)[0] for _ in range(runs)]
        ours = [_timed(lambda: client.get(last).raise_for_status().text)[0] for _ in range(runs)]
        filtered = [
            _timed(lambda: client.get("/?status=error&reason=ModelUnavailable&since=30d").raise_for_status().text)[0]
            for _ in range(runs)
        ]
        failures = [_timed(lambda: client.get("/failures?since=30d").raise_for_status().text)[0] for _ in range(runs)]
        weight = sum(
            len(client.get(path).content) for path in ("/", "/static/page.css", "/static/page.js", "/static/icon.svg")
        )
        offset = [_timed(lambda: _by_offset(stack))[0] for _ in range(runs)]
    figures = {"first": first, "last": ours, "filtered": filtered, "failures": failures, "by offset": offset}
    progress(", ".join(f"{name} {median(some):.3f} s" for name, some in {"cold": [cold], **figures}.items()))
    progress(f"scrolling over {_SCROLLED:,} rows")
    shares, worst = zip(*(_scrolled(address) for _ in range(runs)), strict=True)
    results = [
        Measurement(
            what="page: first visit of a server that was just started",
            unit="s",
            figure=cold,
            limit=3.0,
            against="limit",
        ),
        Measurement.of_runs("page: the first 100 of 100,000 rows", "s", first, limit=1.0),
        Measurement.of_runs("page: the last 100 of 100,000 rows", "s", ours, limit=1.0),
        Measurement.of_runs("page: 100 rows of a status, a reason and a time", "s", filtered, limit=1.0),
        Measurement.of_runs("page: failures by reason, 2,450 of them", "s", failures, limit=3.0),
        Measurement(
            what="page: weight with 100 rows, uncompressed",
            unit="kB",
            figure=weight / 1000,
            limit=250.0,
            against="limit",
        ),
        Measurement.of_runs(
            "page: long frames while 10,000 rows scroll", "%", [100 * one for one in shares], limit=2.0
        ),
    ]
    details = {
        "worst_frame_milliseconds": list(worst),
        "html_bytes": len(first_text),
        "seconds_of_the_same_last_rows_by_offset": median(offset),
    }
    return Outcome(results, details)


def _timed(do: Callable[[], str]) -> tuple[float, str]:
    began = time.perf_counter()
    text = do()
    return time.perf_counter() - began, text


def _last_page(client: httpx.Client) -> str:
    """Walk to the end in large pages, and return the address of the last hundred rows."""
    path = f"/?limit={_PAGE}"
    while (found := _NEXT.search(client.get(path).raise_for_status().text)) is not None:
        before, path = path, found[1].replace("&amp;", "&")
    # The last large page, in small ones.
    path = before.replace(f"limit={_PAGE}", "limit=100")
    while (found := _NEXT.search(client.get(path).raise_for_status().text)) is not None:
        path = found[1].replace("&amp;", "&")
    return path


def _by_offset(stack: StackInfo) -> str:
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.service_role_jwt}"}
    query = {
        "select": "job_id,status,error",
        "order": "created_at.desc,id.desc",
        "limit": "100",
        "offset": f"{_ROWS - 100}",
    }
    return httpx.get(f"{stack.url}/rest/v1/jobs", params=query, headers=headers, timeout=_SECONDS, trust_env=False).text


def _scrolled(address: str) -> tuple[float, float]:
    """Return the share of long frames and the longest in milliseconds."""
    with running_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(1000 * _SECONDS)
        page.goto(f"{address}/?limit={_PAGE}")
        count = "document.querySelectorAll('.job').length"
        while (rows := page.evaluate(count)) < _SCROLLED:
            page.evaluate("document.getElementById('more').click()")
            while page.evaluate(count) == rows:
                page.wait_for_timeout(50)
        frames: list[float] = page.evaluate(_SCROLL % {"pixels": _PIXELS})
    # The first one waits for what came before it.
    return sum(one > _LONG_MILLISECONDS for one in frames[1:]) / len(frames[1:]), max(frames[1:])


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
